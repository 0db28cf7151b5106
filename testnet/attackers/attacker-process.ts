/** An attacker in a process of its own, beside daemons: it tells its peer id and address when it has begun, and logs what it does. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { KvchainError } from '../../chain/errors.ts';
import type { DaemonHost } from '../daemon-process.ts';
import { until } from '../until.ts';
import { type AttackerIdentity, readIdentityLine } from './identity-line.ts';
import type { AttackerKind } from './kinds.ts';

const program = fileURLToPath(new URL('./main.js', import.meta.url));
const readyMs = 60_000;
const stopMs = 10_000;
const lastWordsLength = 4_000;

export interface AttackerOptions {
  readonly kind: AttackerKind;
  readonly hashRate: number;
  /** With the genesis of the network that it attacks. */
  readonly dataDir: string;
  readonly logFile: string;
  /** Multiaddresses of those whom it dials. */
  readonly bootstrap: readonly string[];
  readonly host: Pick<DaemonHost, 'command' | 'address'>;
}

export class AttackerProcess {
  readonly identity: AttackerIdentity;
  readonly exited: Promise<number | null>;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, exited: Promise<number | null>, identity: AttackerIdentity) {
    this.#child = child;
    this.exited = exited;
    this.identity = identity;
  }

  /** Resolves when it takes part. Error thrown: UNREACHABLE with its last words. */
  static async start(options: AttackerOptions): Promise<AttackerProcess> {
    const { kind, hashRate, dataDir, logFile, bootstrap, host } = options;
    const log = openSync(logFile, 'a', 0o600);
    const place = ['--data-dir', dataDir, '--address', host.address, '--hash-rate', String(hashRate)];
    const dials = bootstrap.flatMap(address => ['--bootstrap', address]);
    const [file = '', ...rest] = [...host.command, process.execPath, program, kind, ...place, ...dials];
    const child = spawn(file, rest, { stdio: ['ignore', 'pipe', log], detached: true });
    closeSync(log);
    let exitCode: number | null | undefined;
    let said = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString('utf8')).slice(-lastWordsLength);
    });
    const exited = new Promise<number | null>(resolve => {
      child.once('close', code => {
        exitCode = code;
        resolve(code);
      });
    });
    const identity = await until(`attacker ${kind} to take part`, readyMs, async () => {
      if (exitCode === undefined) return readIdentityLine(said);
      const words = readFileSync(logFile, 'utf8').slice(-lastWordsLength);
      throw new KvchainError('UNREACHABLE', `attacker ${kind} ended with ${exitCode}: ${words}`);
    }).catch((error: unknown) => {
      child.kill('SIGKILL');
      throw error;
    });
    return new AttackerProcess(child, exited, identity);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.exited;
  }

  async stop(): Promise<number | null> {
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), stopMs);
    const code = await this.exited;
    clearTimeout(timer);
    return code;
  }
}
