/** A program in a process of its own: waited for until it is ready, stopped, killed, and never left behind. */
import type { ChildProcess } from 'node:child_process';
import { KvchainError } from '../chain/errors.ts';
import { until } from './until.ts';

const readyMs = 60_000;
const stopMs = 10_000;
/** So much of what it said last is in the message when it dies. */
const lastWordsLength = 4_000;

export class Child {
  /** Resolves with the exit code; null when a signal ended it. */
  readonly exited: Promise<number | null>;
  readonly #process: ChildProcess;
  #exitCode: number | null | undefined;

  constructor(process: ChildProcess) {
    this.#process = process;
    this.exited = new Promise(resolve => {
      // Not `exit`: what it said last is here by now.
      process.once('close', code => {
        this.#exitCode = code;
        resolve(code);
      });
    });
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** Resolves with the first answer that is not null. Error thrown: UNREACHABLE with its last words (`said`) when it ends before that; it is killed then. */
  async ready<T>(name: string, said: () => string, ask: () => Promise<T | null>): Promise<T> {
    try {
      return await until(`${name} to be ready`, readyMs, async () => {
        if (this.#exitCode === undefined) return ask();
        const words = said().slice(-lastWordsLength);
        throw new KvchainError('UNREACHABLE', `${name} ended with ${this.#exitCode}: ${words}`);
      });
    } catch (error) {
      // Nobody would have it to stop it, and it would go on writing into a folder that is removed.
      await this.kill();
      throw error;
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** kill -9; resolves when the process is gone. */
  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.exited;
  }

  /** SIGTERM, and SIGKILL when it has not ended after 10 s; gives the exit code. */
  async stop(): Promise<number | null> {
    this.#process.kill('SIGTERM');
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), stopMs);
    const code = await this.exited;
    clearTimeout(timer);
    return code;
  }
}
