/**
 * How near the miner comes to its hardware. One mining thread, the bare batch hasher and node:crypto's createHash take turns on one
 * machine in one run, so that the ratios hold where the absolute figures do not.
 */
import { createHash } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { hashPairsInto } from '../../chain/hash.ts';
import { WorkerMiner } from '../../daemon/mining/worker-miner.ts';

import { type Effort, type Figure, figure, median } from './figure.ts';

const roundMs = 600;
const batchSize = 512;

interface Round {
  readonly bare: number;
  readonly miner: number;
  readonly createHash: number;
}

export async function benchMining(effort: Effort): Promise<readonly Figure[]> {
  const rounds: Round[] = [];
  for (let round = 0; round < (effort === 'full' ? 7 : 2); round++) rounds.push(await runRound());
  const miner = median(rounds.map(round => round.miner));
  const named = { unit: 'million hashes/s', value: miner / 1e6, rule: 'ratio at least' } as const;
  return [
    figure({
      ...named,
      name: 'mining, one thread',
      reference: {
        name: 'the bare batch hasher',
        value: miner / 1e6 / median(rounds.map(each => each.miner / each.bare)),
      },
      goal: 0.8,
    }),
    figure({
      ...named,
      name: 'mining, one thread',
      reference: {
        name: "node:crypto's createHash",
        value: miner / 1e6 / median(rounds.map(each => each.miner / each.createHash)),
      },
      goal: 40,
    }),
  ];
}

async function runRound(): Promise<Round> {
  const input = new Uint8Array(batchSize * 64);
  const output = new Uint8Array(batchSize * 32);
  const single = new Uint8Array(64);
  const bare = rateOf(100 * batchSize, () => {
    for (let index = 0; index < 100; index++) hashPairsInto(input, output);
  });
  const miner = await minerRate();
  const created = rateOf(1_000, () => {
    for (let index = 0; index < 1_000; index++) createHash('sha256').update(single).digest();
  });
  return { bare, miner, createHash: created };
}

async function minerRate(): Promise<number> {
  const fail = (error: unknown) => {
    throw error;
  };
  const miner = new WorkerMiner({ threads: 1, rateMax: null, onSwitch: () => {}, onFault: fail });
  // No hash is at most zero: the search lasts until it is stopped.
  miner.search({ contentHash: new Uint8Array(32), target: new Uint8Array(32) }, () => {});
  while (miner.hashes < 100_000n) await pause(10);
  const start = performance.now();
  const before = miner.hashes;
  await pause(roundMs);
  const rate = (Number(miner.hashes - before) * 1_000) / (performance.now() - start);
  await miner.close();
  return rate;
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
