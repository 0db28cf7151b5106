/**
 * The Verifier on worker threads. Checks stand in one line, whoever brought them; a thread that has room gets the next ones as one chunk,
 * packed into a transferred buffer, so that many small calls cost few messages when there is much to do, and one call does not wait when
 * there is not. A thread that dies is started again; its chunks are tried once more, each call's part by itself. When too much waits, callers wait for room: the queue has a limit, and the pressure goes back to whoever brings signatures.
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

interface Call {
  readonly checks: readonly SignatureCheck[];
  /** One byte a check. */
  readonly answers: Uint8Array;
  /** How many of them were put into chunks, and how many have no answer yet. */
  taken: number;
  unanswered: number;
  readonly resolve: (answers: Uint8Array) => void;
  readonly reject: (reason: KvchainError) => void;
}

/** Checks of one call, side by side. */
interface Part {
  readonly call: Call;
  readonly start: number;
  readonly end: number;
}

interface Chunk {
  readonly parts: readonly Part[];
  readonly retries: number;
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
  readonly #waitingCalls: Call[] = [];
  /** What threads held that died. */
  readonly #orphans: Chunk[] = [];
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
      const answers = await this.#enqueue(packable);
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
    const answers = new Uint8Array(checks.length);
    if (checks.length === 0) return Promise.resolve(answers);
    return new Promise((resolve, reject) => {
      this.#waitingCalls.push({ checks, answers, taken: 0, unanswered: checks.length, resolve, reject });
      this.#dispatch();
    });
  }

  /** Gives what waits, oldest first, to threads that have room, the idlest first. */
  #dispatch(): void {
    for (;;) {
      const idlest = this.#threads.reduce((best, thread) => (thread.chunks.size < best.chunks.size ? thread : best));
      if (idlest.chunks.size >= chunksPerThread) return;
      const chunk = this.#orphans.shift() ?? this.#nextChunk();
      if (chunk === null) return;
      const checks = chunk.parts.flatMap(({ call, start, end }) => call.checks.slice(start, end));
      const message: PackedChunk = { id: this.#nextId++, count: checks.length, packed: packChecks(checks) };
      idlest.chunks.set(message.id, chunk);
      idlest.worker.postMessage(message, [message.packed.buffer]);
    }
  }

  /** The next checks of the line; null when nobody waits. */
  #nextChunk(): Chunk | null {
    const parts: Part[] = [];
    let room = checksPerChunk;
    for (let call = this.#waitingCalls[0]; call && room > 0; call = this.#waitingCalls[0]) {
      const start = call.taken;
      const end = Math.min(start + room, call.checks.length);
      parts.push({ call, start, end });
      call.taken = end;
      room -= end - start;
      if (end === call.checks.length) this.#waitingCalls.shift();
    }
    return parts.length === 0 ? null : { parts, retries: 0 };
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
    // What comes while the threads end belongs to calls that were refused.
    if (this.#failure) return;
    const chunk = thread.chunks.get(reply.id);
    assert(chunk !== undefined, 'an answer belongs to a chunk');
    this.#deathsInARow = 0;
    thread.chunks.delete(reply.id);
    let next = 0;
    for (const { call, start, end } of chunk.parts) {
      call.answers.set(reply.answers.subarray(next, next + end - start), start);
      next += end - start;
      call.unanswered -= end - start;
      if (call.unanswered === 0) call.resolve(call.answers);
    }
    assert(next === reply.answers.length, 'a chunk is answered whole');
    this.#dispatch();
  }

  #onExit(thread: Thread): void {
    if (this.#failure) return;
    const orphans = [...thread.chunks.values()];
    thread.chunks.clear();
    const cause = thread.lastError;
    // It worked at its oldest chunk when it died; the others are not to blame.
    for (const [place, { parts, retries }] of orphans.entries()) {
      const deaths = place === 0 ? retries + 1 : retries;
      if (deaths <= retriesMax) {
        this.#orphans.push(...parts.map(part => ({ parts: [part], retries: deaths })));
        continue;
      }
      const failure = new KvchainError('INTERNAL', 'two verifier threads died over the same signatures', { cause });
      for (const { call } of parts) call.reject(failure);
    }
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
    const held = [...this.#threads.flatMap(thread => [...thread.chunks.values()]), ...this.#orphans.splice(0)];
    for (const thread of this.#threads) thread.chunks.clear();
    const calls = new Set(held.flatMap(({ parts }) => parts.map(({ call }) => call)));
    for (const call of [...calls, ...this.#waitingCalls.splice(0)]) call.reject(this.#failure);
    for (const wake of this.#waitingCallers.splice(0)) wake();
  }
}
