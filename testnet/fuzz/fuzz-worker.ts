/**
 * Runs one target in a thread of its own. What it feeds stands in shared memory before it is fed, so that the one who started it can
 * name the input of a thread that never came back.
 */
import '../../daemon/polyfill.ts';
import { parentPort, workerData } from 'node:worker_threads';
import type { Campaign, Word } from './campaign.ts';
import { readCorpus, writeCorpus } from './corpus.ts';
import { Fuzzer } from './fuzzer.ts';
import { closeTargets, openTargets } from './targets.ts';

/** The parent is told how far it is this often. */
const wordEveryMs = 1_000;

const { name, seed, ms, shared, isWritten }: Campaign = workerData;
const counters = new Int32Array(shared, 0, 2);
const input = new Uint8Array(shared, 8);

const targets = await openTargets();
const target = targets.find(each => each.name === name);
if (target === undefined) throw new Error(`assertion failed: no target is called ${name}`);
const fuzzer = new Fuzzer(target, {
  seed,
  corpus: readCorpus(name),
  onCase: begin,
});
const startedMs = performance.now();
let told = 0;
let toldMs = startedMs;
await fuzzer.replay();
while (performance.now() - startedMs < ms) {
  await fuzzer.step();
  if (performance.now() - toldMs < wordEveryMs && fuzzer.findings.length === told) continue;
  tell(null);
}
const found = fuzzer.discoveries.map(({ bytes }) => bytes);
// Shortening is watched as well: it feeds the target thousands of times.
const watched = {
  ...target,
  run: (bytes: Uint8Array) => {
    begin(bytes);
    return target.run(bytes);
  },
};
tell(isWritten ? await writeCorpus(watched, found) : null);
await closeTargets(targets);

/** Says what is fed next to whoever watches. */
function begin(bytes: Uint8Array): void {
  input.set(bytes.subarray(0, input.length));
  Atomics.store(counters, 1, Math.min(bytes.length, input.length));
  Atomics.add(counters, 0, 1);
}

function tell(kept: number | null): void {
  toldMs = performance.now();
  const word: Word = {
    cases: fuzzer.cases,
    traits: fuzzer.discoveries.length,
    seconds: (toldMs - startedMs) / 1_000,
    findings: fuzzer.findings.slice(told),
    kept,
  };
  told = fuzzer.findings.length;
  parentPort?.postMessage(word);
}
