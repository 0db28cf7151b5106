/**
 * The Verifier on worker threads. Checks are cut into chunks, packed into transferred buffers and given to the thread that has least
 * to do; the answers come back in the order of the checks. A thread that dies is started again and its chunks are tried once more.
 * When too much waits, callers wait for room: the queue has a limit, and the pressure goes back to whoever brings signatures.
 */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { assert, KvchainError } from '../../chain/errors.ts';
import type { SignatureCheck, Verifier } from '../ports.ts';
import { isPackable, type PackedChunk, packChecks, type WorkerReply } from './packed-checks.ts';

/** Checks that wait or run at most before callers wait for room; a single call may be larger. About 20 MB. */
export const checksWaitingMax = 65_536;
/** Checks in one message to a thread: about 10 ms of its work. */
export const checksPerChunk = 128;
/** Chunks that a thread holds, so that it never waits for the main thread. */
const chunksPerThread = 2;
/** How often a chunk is given out again after its thread died. */
const retriesMax = 1;
/** Threads that may die one after the other without an answer between; then the verifier gives up. */
const deathsMax = 5;

export interface WorkerVerifierOptions {
  /** Default: the cores of the machine minus one, at least one. */
  readonly threads?: number;
  /** Called once when the native library does not load: the portable one is about 40 times slower. */
  readonly onFallback: (reason: string) => void;
  /** The threads' program; tests put a faulty one here. */
  readonly workerUrl?: URL;
}

interface Chunk {
  readonly id: number;
  readonly checks: readonly SignatureCheck[];
  readonly resolve: (answers: Uint8Array) => void;
  readonly reject: (reason: KvchainError) => void;
  retries: number;
}

interface Thread {
  worker: Worker;
  readonly chunks: Map<number, Chunk>;
  lastError: unknown;
}

export class WorkerVerifier implements Verifier {
  readonly #workerUrl: URL;
  readonly #onFallback: (reason: string) => void;
  readonly #threads: Thread[] = [];
  readonly #waitingChunks: Chunk[] = [];
  readonly #waitingCallers: (() => void)[] = [];
  #checksHeld = 0;
  #nextId = 0;
  #deathsInARow = 0;
  #fallbackTold = false;
  #failure: KvchainError | null = null;

  constructor(options: WorkerVerifierOptions) {
    this.#workerUrl = options.workerUrl ?? new URL('./verifier-worker.js', import.meta.url);
    this.#onFallback = options.onFallback;
    const count = options.threads ?? Math.max(1, availableParallelism() - 1);
    assert(Number.isInteger(count) && count >= 1, `a verifier has at least one thread, not ${count}`);
    for (let index = 0; index < count; index++) this.#threads.push(this.#startThread());
  }

  /** Errors: STOPPING after close, INTERNAL when the threads die again and again. */
  async verify(checks: readonly SignatureCheck[]): Promise<readonly boolean[]> {
    await this.#roomFor(checks.length);
    const packable = checks.filter(isPackable);
    this.#checksHeld += packable.length;
    try {
      const chunks: Promise<Uint8Array>[] = [];
      for (let start = 0; start < packable.length; start += checksPerChunk) {
        chunks.push(this.#enqueue(packable.slice(start, start + checksPerChunk)));
      }
      const answers = (await Promise.all(chunks)).flatMap(part => [...part]);
      let next = 0;
      return checks.map(check => isPackable(check) && answers[next++] === 1);
    } finally {
      this.#checksHeld -= packable.length;
      for (const wake of this.#waitingCallers.splice(0)) wake();
    }
  }

  /** Ends the threads; calls that still wait are refused with STOPPING. */
  async close(): Promise<void> {
    this.#fail(new KvchainError('STOPPING', 'the verifier is closed'));
    await Promise.all(this.#threads.map(thread => thread.worker.terminate()));
  }

  async #roomFor(count: number): Promise<void> {
    while (this.#failure === null && this.#checksHeld > 0 && this.#checksHeld + count > checksWaitingMax) {
      await new Promise<void>(wake => this.#waitingCallers.push(wake));
    }
    if (this.#failure) throw this.#failure;
  }

  #enqueue(checks: readonly SignatureCheck[]): Promise<Uint8Array> {
    if (this.#failure) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#waitingChunks.push({ id: this.#nextId++, checks, resolve, reject, retries: 0 });
      this.#dispatch();
    });
  }

  /** Gives waiting chunks, oldest first, to threads that have room, the idlest first. */
  #dispatch(): void {
    while (this.#waitingChunks.length > 0) {
      const idlest = this.#threads.reduce((best, thread) => (thread.chunks.size < best.chunks.size ? thread : best));
      if (idlest.chunks.size >= chunksPerThread) return;
      const chunk = this.#waitingChunks.shift();
      if (!chunk) return;
      const message: PackedChunk = { id: chunk.id, packed: packChecks(chunk.checks) };
      idlest.chunks.set(chunk.id, chunk);
      idlest.worker.postMessage(message, [message.packed.buffer]);
    }
  }

  #startThread(): Thread {
    const thread: Thread = { worker: new Worker(this.#workerUrl), chunks: new Map(), lastError: null };
    this.#listen(thread);
    return thread;
  }

  #listen(thread: Thread): void {
    thread.worker.on('message', (reply: WorkerReply) => this.#onReply(thread, reply));
    thread.worker.on('error', error => {
      thread.lastError = error;
    });
    thread.worker.on('exit', () => this.#onExit(thread));
  }

  #onReply(thread: Thread, reply: WorkerReply): void {
    if (reply.type === 'ready') {
      if (reply.fallbackReason !== null && !this.#fallbackTold) {
        this.#fallbackTold = true;
        this.#onFallback(reply.fallbackReason);
      }
      return;
    }
    const chunk = thread.chunks.get(reply.id);
    assert(chunk !== undefined && chunk.checks.length === reply.answers.length, 'an answer belongs to a chunk');
    this.#deathsInARow = 0;
    thread.chunks.delete(reply.id);
    chunk.resolve(reply.answers);
    this.#dispatch();
  }

  #onExit(thread: Thread): void {
    if (this.#failure) return;
    const orphans = [...thread.chunks.values()];
    thread.chunks.clear();
    const cause = thread.lastError;
    for (const chunk of orphans) {
      if (chunk.retries >= retriesMax) {
        chunk.reject(new KvchainError('INTERNAL', 'two verifier threads died over the same signatures', { cause }));
      }
    }
    const again = orphans.filter(chunk => chunk.retries++ < retriesMax);
    this.#waitingChunks.unshift(...again);
    if (++this.#deathsInARow >= deathsMax) {
      this.#fail(new KvchainError('INTERNAL', `${deathsMax} verifier threads died in a row`, { cause }));
      return;
    }
    thread.worker = new Worker(this.#workerUrl);
    this.#listen(thread);
    this.#dispatch();
  }

  #fail(failure: KvchainError): void {
    this.#failure ??= failure;
    const held = this.#threads.flatMap(thread => [...thread.chunks.values()]);
    for (const thread of this.#threads) thread.chunks.clear();
    for (const chunk of [...held, ...this.#waitingChunks.splice(0)]) chunk.reject(this.#failure);
    for (const wake of this.#waitingCallers.splice(0)) wake();
  }
}
