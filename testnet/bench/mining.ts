/**
 * How near the miner comes to its hardware: `node dist/testnet/bench/mining.js [--json]`. One mining thread, the bare batch hasher and
 * node:crypto's createHash take turns on one machine in one run, so that the ratios hold where the absolute figures do not. The
 * goals: at least 0.8 of the bare hasher, at least 40 times createHash.
 */
import '../../daemon/polyfill.ts';
import { createHash } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { hashPairsInto } from '../../chain/hash.ts';
import { WorkerMiner } from '../../daemon/mining/worker-miner.ts';

const rounds = 5;
const roundMs = 600;
const batchSize = 512;

interface Round {
  readonly bare: number;
  readonly miner: number;
  readonly createHash: number;
}

/** Runs `once`, which hashes `count` times, for a round; hashes per second. */
function rateOf(count: number, once: () => void): number {
  const start = performance.now();
  let hashes = 0;
  while (performance.now() - start < roundMs) {
    once();
    hashes += count;
  }
  return (hashes * 1_000) / (performance.now() - start);
}

async function minerRate(miner: WorkerMiner): Promise<number> {
  const start = performance.now();
  const before = miner.hashes;
  await sleep(roundMs);
  return (Number(miner.hashes - before) * 1_000) / (performance.now() - start);
}

async function runRound(): Promise<Round> {
  const input = new Uint8Array(batchSize * 64);
  const output = new Uint8Array(batchSize * 32);
  const single = new Uint8Array(64);
  const bare = rateOf(100 * batchSize, () => {
    for (let index = 0; index < 100; index++) hashPairsInto(input, output);
  });
  const fail = (error: unknown) => {
    throw error;
  };
  const miner = new WorkerMiner({ threads: 1, rateMax: null, onSwitch: () => {}, onFault: fail });
  // No hash is at most zero: the search lasts until it is stopped.
  miner.search({ contentHash: new Uint8Array(32), target: new Uint8Array(32) }, () => {});
  while (miner.hashes < 100_000n) await sleep(10);
  const mined = await minerRate(miner);
  await miner.close();
  const created = rateOf(1_000, () => {
    for (let index = 0; index < 1_000; index++) createHash('sha256').update(single).digest();
  });
  return { bare, miner: mined, createHash: created };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

const measured: Round[] = [];
for (let round = 0; round < rounds; round++) measured.push(await runRound());
const result = {
  minerHashesPerSecond: Math.round(median(measured.map(round => round.miner))),
  bareHashesPerSecond: Math.round(median(measured.map(round => round.bare))),
  createHashPerSecond: Math.round(median(measured.map(round => round.createHash))),
  ratioToBare: Number(median(measured.map(round => round.miner / round.bare)).toFixed(2)),
  ratioToCreateHash: Number(median(measured.map(round => round.miner / round.createHash)).toFixed(1)),
};
const lines = [
  `miner, one thread   ${(result.minerHashesPerSecond / 1e6).toFixed(2)} million hashes a second`,
  `bare batch hasher   ${(result.bareHashesPerSecond / 1e6).toFixed(2)} million: the miner reaches ${result.ratioToBare} of it (goal 0.8)`,
  `createHash          ${(result.createHashPerSecond / 1e6).toFixed(2)} million: the miner is ${result.ratioToCreateHash} times as fast (goal 40)`,
];
process.stdout.write(process.argv.includes('--json') ? `${JSON.stringify(result)}\n` : `${lines.join('\n')}\n`);
