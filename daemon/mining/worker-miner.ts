/**
 * The Miner on worker threads. A job goes to all threads; the first that finds a nonce ends the search. A new job stops the old one
 * within a batch, in well under a millisecond when the threads have a core each.
 */
import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { assert } from '../../chain/errors.ts';
import type { Miner, MinerStatus, MiningJob } from '../ports.ts';
import type { Assignment, MiningReport, MiningThreadData } from './assignment.ts';

const miningThreadsMax = 256;
/** The hash rate is the mean over this long. */
const rateWindowMs = 5_000;
const sampleEveryMs = 500;
/** Threads that may die one after the other before the miner gives up. */
const deathsMax = 5;

export interface WorkerMinerOptions {
  /** 1 to miningThreadsMax. */
  readonly threads: number;
  /** Hashes per second of all threads together; null is as fast as it goes. */
  readonly rateMax: number | null;
  /** For a histogram: how long each thread took to leave a job that was replaced or stopped. */
  readonly onSwitch: (ms: number) => void;
  /** A thread died; it is started again, unless `deathsMax` died without a find between. */
  readonly onFault: (error: unknown) => void;
  /** The threads' program; tests put a faulty one here. */
  readonly workerUrl?: URL;
}

interface Thread {
  readonly worker: Worker;
  readonly assignments: MessagePort;
  readonly ended: Promise<void>;
}

interface Search {
  readonly job: MiningJob;
  readonly onFound: (nonce: Uint8Array) => void;
}

interface Sample {
  readonly atMs: number;
  readonly hashes: bigint;
}

export class WorkerMiner implements Miner {
  readonly #onSwitch: (ms: number) => void;
  readonly #onFault: (error: unknown) => void;
  readonly #workerUrl: URL;
  readonly #sequence = new Int32Array(new SharedArrayBuffer(4));
  readonly #hashes = new BigInt64Array(new SharedArrayBuffer(8 * miningThreadsMax));
  readonly #threads: Thread[] = [];
  readonly #ending = new Set<Promise<void>>();
  #samples: Sample[] = [];
  #sampler: NodeJS.Timeout | null = null;
  #threadsWanted: number;
  #rateMax: number | null;
  #search: Search | null = null;
  #jobId = 0;
  #deathsInARow = 0;
  #isClosed = false;

  constructor({ threads, rateMax, onSwitch, onFault, workerUrl }: WorkerMinerOptions) {
    assertSettings(threads, rateMax);
    this.#workerUrl = workerUrl ?? new URL('./mining-worker.js', import.meta.url);
    this.#threadsWanted = threads;
    this.#rateMax = rateMax;
    this.#onSwitch = onSwitch;
    this.#onFault = onFault;
  }

  /** Hashes tried since the miner was made, all threads. */
  get hashes(): bigint {
    let sum = 0n;
    for (let index = 0; index < miningThreadsMax; index++) sum += Atomics.load(this.#hashes, index);
    return sum;
  }

  search(job: MiningJob, onFound: (nonce: Uint8Array) => void): void {
    assert(job.contentHash.length === 32 && job.target.length === 32, 'a content hash and a target have 32 bytes');
    assert(!this.#isClosed, 'a closed miner gets no job');
    this.#search = { job, onFound };
    this.#jobId++;
    this.#startSampling();
    this.#fitThreads();
    this.#assign();
  }

  stop(): void {
    if (this.#search === null) return;
    this.#search = null;
    this.#jobId++;
    this.#stopSampling();
    this.#assign();
  }

  configure(settings: { readonly threads?: number; readonly rateMax?: number | null }): void {
    const { threads = this.#threadsWanted, rateMax = this.#rateMax } = settings;
    assertSettings(threads, rateMax);
    if (threads === this.#threadsWanted && rateMax === this.#rateMax) return;
    this.#threadsWanted = threads;
    this.#rateMax = rateMax;
    if (this.#search !== null) this.#fitThreads();
    this.#assign();
  }

  status(): MinerStatus {
    return { threads: this.#threadsWanted, hashRate: this.#hashRate(), rateMax: this.#rateMax };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.stop();
    this.#endThreads(0);
    await Promise.all(this.#ending);
  }

  /** Starts or ends threads until there are as many as wanted. They start with the first job: a node that does not mine has none. */
  #fitThreads(): void {
    this.#endThreads(this.#threadsWanted);
    while (this.#threads.length < this.#threadsWanted) this.#startThread();
  }

  #startThread(): void {
    const { port1, port2 } = new MessageChannel();
    const workerData: MiningThreadData = {
      assignments: port2,
      sequence: this.#sequence,
      hashes: this.#hashes,
      threadIndex: this.#threads.length,
      noncePrefix: Uint8Array.from(randomBytes(16)),
    };
    const worker = new Worker(this.#workerUrl, { workerData, transferList: [port2] });
    let cause: unknown = null;
    const ended = new Promise<void>(resolve => worker.once('exit', () => resolve()));
    const thread: Thread = { worker, assignments: port1, ended };
    this.#threads.push(thread);
    worker.on('message', (message: MiningReport) => this.#onReport(message));
    worker.on('error', error => {
      cause = error;
    });
    worker.on('exit', () => {
      port1.close();
      this.#onExit(thread, cause);
    });
  }

  #endThreads(countKept: number): void {
    for (const thread of this.#threads.splice(countKept)) {
      thread.assignments.postMessage({ ...this.#assignment(this.#advance()), job: null, isLast: true });
      this.#ending.add(thread.ended);
      void thread.ended.then(() => this.#ending.delete(thread.ended)); // It resolves when the thread is gone, and never fails.
    }
    this.#announce();
  }

  #onExit(thread: Thread, cause: unknown): void {
    const index = this.#threads.indexOf(thread);
    if (index === -1) return;
    this.#threads.splice(index, 1);
    this.#onFault(cause ?? new Error('a mining thread ended by itself'));
    if (++this.#deathsInARow >= deathsMax) return;
    this.#startThread();
    this.#assign();
  }

  /** Gives every thread what it shall do now. */
  #assign(): void {
    const assignment = this.#assignment(this.#advance());
    for (const { assignments } of this.#threads) assignments.postMessage(assignment);
    this.#announce();
  }

  #assignment(sequence: number): Assignment {
    const hashesPerSecond = this.#rateMax === null ? null : this.#rateMax / this.#threadsWanted;
    const job = this.#search?.job ?? null;
    return { sequence, jobId: this.#jobId, job, hashesPerSecond, isLast: false, givenAtNs: process.hrtime.bigint() };
  }

  #advance(): number {
    return Atomics.load(this.#sequence, 0) + 1;
  }

  /** After the messages were sent: a thread that wakes finds them. */
  #announce(): void {
    Atomics.add(this.#sequence, 0, 1);
    Atomics.notify(this.#sequence, 0);
  }

  #onReport(report: MiningReport): void {
    if (report.type === 'switched') {
      this.#onSwitch(report.afterMs);
      return;
    }
    if (this.#search === null || report.jobId !== this.#jobId) return;
    const { onFound } = this.#search;
    this.#deathsInARow = 0;
    this.stop();
    onFound(report.nonce);
  }

  #startSampling(): void {
    if (this.#sampler !== null) return;
    this.#samples = [this.#sample()];
    this.#sampler = setInterval(() => {
      this.#samples.push(this.#sample());
      if (this.#samples.length > rateWindowMs / sampleEveryMs) this.#samples.shift();
    }, sampleEveryMs);
    this.#sampler.unref();
  }

  #stopSampling(): void {
    if (this.#sampler !== null) clearInterval(this.#sampler);
    this.#sampler = null;
  }

  #sample(): Sample {
    return { atMs: performance.now(), hashes: this.hashes };
  }

  #hashRate(): number {
    const [oldest] = this.#samples;
    if (this.#sampler === null || oldest === undefined) return 0;
    const { atMs, hashes } = this.#sample();
    return (Number(hashes - oldest.hashes) * 1_000) / Math.max(1, atMs - oldest.atMs);
  }
}

function assertSettings(threads: number, rateMax: number | null): void {
  const isCount = Number.isInteger(threads) && threads >= 1 && threads <= miningThreadsMax;
  assert(isCount, `a miner has 1 to ${miningThreadsMax} threads, not ${threads}`);
  assert(rateMax === null || (Number.isFinite(rateMax) && rateMax > 0), `a rate is above 0, not ${rateMax}`);
}
