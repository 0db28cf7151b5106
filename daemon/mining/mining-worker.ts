/**
 * A miner's thread. It never returns to its event loop: between two batches it looks at a shared number that changes with every
 * assignment, and when it has nothing to do it sleeps on that number. So a new job stops the old one within a batch.
 */
import '../polyfill.ts';
import { performance } from 'node:perf_hooks';
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { assert } from '../../chain/errors.ts';
import type { Assignment, MiningReport, MiningThreadData } from './assignment.ts';
import { batchSizeMax, NonceSearch } from './nonce-search.ts';
import { Throttle } from './throttle.ts';

const data: MiningThreadData = workerData;
const search = new NonceSearch(data.noncePrefix);
let throttle: Throttle | null = null;
let throttleRate: number | null = null;
let isWorking = false;

run();

function run(): void {
  let seen = 0;
  for (;;) {
    throttle?.pause(performance.now());
    Atomics.wait(data.sequence, 0, seen);
    // The number is read before the messages: every assignment up to it was sent before, so none is slept over.
    const announced = Atomics.load(data.sequence, 0);
    const assignment = takeNewest();
    seen = assignment?.sequence ?? announced;
    if (assignment === null) continue;
    if (assignment.isLast) return;
    adopt(assignment);
    work(assignment);
  }
}

function takeNewest(): Assignment | null {
  let newest: Assignment | null = null;
  for (;;) {
    const received: { message: Assignment } | undefined = receiveMessageOnPort(data.assignments);
    if (received === undefined) return newest;
    newest = received.message;
  }
}

function adopt({ job, hashesPerSecond, givenAtNs }: Assignment): void {
  if (isWorking) report({ type: 'switched', afterMs: Number(process.hrtime.bigint() - givenAtNs) / 1e6 });
  isWorking = job !== null;
  if (job !== null) search.setJob(job);
  if (hashesPerSecond === throttleRate) return;
  throttleRate = hashesPerSecond;
  throttle = hashesPerSecond === null ? null : new Throttle(hashesPerSecond, performance.now());
}

/** Tries nonces until one is found or the assignment is replaced. */
function work({ job, jobId, sequence }: Assignment): void {
  if (job === null) return;
  while (Atomics.load(data.sequence, 0) <= sequence) {
    const count = throttle === null ? batchSizeMax : Math.min(batchSizeMax, throttle.due(performance.now()));
    if (count === 0) {
      Atomics.wait(data.sequence, 0, sequence, throttle?.waitMs(performance.now()) ?? 0);
      continue;
    }
    const nonce = search.tryNonces(count);
    throttle?.take(count);
    Atomics.add(data.hashes, data.threadIndex, BigInt(count));
    if (nonce === null) continue;
    isWorking = false;
    report({ type: 'found', jobId, nonce });
    return;
  }
}

function report(message: MiningReport): void {
  assert(parentPort !== null, 'the miner runs on worker threads');
  parentPort.postMessage(message);
}
