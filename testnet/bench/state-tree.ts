/**
 * The state tree at a million keys, its times beside those of the hashing that no tree can do without. Keys come from a counter through
 * SHA-256, so every run does the same work; only the times differ.
 */
import { createHash } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { hashPairsInto, sha256 } from '../../chain/hash.ts';
import { StateTree, type StateUpdate } from '../../chain/state-tree.ts';
import { encodeStateProof, verifyStateProof } from '../../chain/state-tree-proof.ts';

import { type Effort, type Figure, figure, median } from './figure.ts';

const keys = 1_000_000;
const batchUpdates = 1_000;
const adversarialKeys = 10_000;
const proofs = 2_000;

export async function benchStateTree(effort: Effort): Promise<readonly Figure[]> {
  const { tree, figures } = benchRebuild(effort === 'full' ? 5 : 2);
  return [...figures, ...benchUpdates(tree, effort === 'full' ? 100 : 30), ...benchSizes(tree)];
}

function benchRebuild(runs: number) {
  const records = sortedRecords(keys);
  const rebuilds: { tree: number; hashing: number }[] = [];
  let tree = new StateTree();
  for (let run = 0; run < runs; run++) {
    const took = timed(() => {
      tree = StateTree.build([records]);
    });
    // A random tree of n leaves in buckets of two has 0.72 n nodes outside them, and about a third of n pairs within.
    rebuilds.push({ tree: took, hashing: hashingMs(keys, keys) });
  }
  const rebuild = figure({
    name: 'state tree, rebuild of a million',
    value: median(rebuilds.map(run => run.tree)),
    unit: 'ms',
    reference: { name: 'hashing them alone', value: median(rebuilds.map(run => run.hashing)) },
    rule: 'value at most',
    goal: 1_500,
  });
  return { tree, figures: [rebuild] };
}

function benchUpdates(tree: StateTree, batches: number): readonly Figure[] {
  const { forward, back } = updateTimes(tree, batches);
  // 1,000 ways of 20 levels share the first 10.
  const hashing = median(Array.from({ length: 20 }, () => hashingMs(batchUpdates, 11 * batchUpdates)));
  const reference = { name: 'hashing 1,000 leaves and 11,000 pairs', value: hashing };
  const same = { unit: 'ms', reference, rule: 'value at most', goal: 5 } as const;
  return [
    figure({ name: 'state tree, 1,000 updates and the root', value: forward, ...same }),
    figure({ name: 'state tree, undo of 1,000 updates', value: back, ...same }),
  ];
}

function benchSizes(tree: StateTree): readonly Figure[] {
  const absent = Array.from({ length: proofs }, (_, index) => digest('absent', index));
  const { bytes } = tree;
  const proofBytes = proofBytesMax(tree, absent);
  const adversarial = Array.from({ length: adversarialKeys }, (_, index) => ({
    path: adversarialPath(index),
    payloadHash: digest('payload', index),
  }));
  const adversarialInsert = timed(() => tree.update(adversarial));
  const adversarialAbsent = absent.map((_, index) => adversarialPath(adversarialKeys + index));
  const adversarialBytes = proofBytesMax(tree, adversarialAbsent);
  const rule = 'value at most';
  const proof = { unit: 'bytes', reference: { name: '20 siblings', value: 640 }, rule, goal: 1_500 } as const;
  return [
    figure({
      name: 'state tree, memory',
      value: bytes / 1e6,
      unit: 'MB',
      reference: { name: 'the leaves themselves', value: (keys * 64) / 1e6 },
      rule,
      goal: 150,
    }),
    figure({ name: 'state tree, largest of 2,000 proofs', value: proofBytes, ...proof }),
    figure({
      name: 'state tree, 10,000 adversarial inserts',
      value: adversarialInsert,
      unit: 'ms',
      reference: { name: 'hashing 10,000 leaves and 400,000 pairs', value: hashingMs(10_000, 400_000) },
      rule,
      goal: 100,
    }),
    figure({ name: 'state tree, largest adversarial proof', value: adversarialBytes, ...proof }),
  ];
}

function digest(label: string, index: number): Buffer {
  return createHash('sha256').update(`${label}/${index}`).digest();
}

/** `count` records path || payloadHash in the order of their paths, as one run. */
function sortedRecords(count: number): Uint8Array {
  const records = Array.from({ length: count }, (_, index) => Buffer.concat([path(index), digest('payload', index)]));
  return Buffer.concat(records.sort(Buffer.compare));
}

function path(index: number): Uint8Array {
  return digest('path', index);
}

/** A path under the 40-bit prefix that the adversary has chosen. */
function adversarialPath(index: number): Uint8Array {
  const chosen = digest('adversary', index);
  digest('prefix', 0).copy(chosen, 0, 0, 5);
  return chosen;
}

/** 70 % changes of what is there, 20 % new paths, 10 % deletions; no path twice in a batch. */
function mixedBatch(batch: number): StateUpdate[] {
  return Array.from({ length: batchUpdates }, (_, position) => {
    const index = (batch * batchUpdates + position) * 7;
    const payloadHash = digest('update', index);
    if (position % 10 < 7) return { path: path(index % keys), payloadHash };
    if (position % 10 < 9) return { path: path(keys + index), payloadHash };
    return { path: path(index % keys), payloadHash: null };
  });
}

/** Milliseconds of one call. */
function timed(action: () => void): number {
  const start = performance.now();
  action();
  return performance.now() - start;
}

/** The size of the largest encoded proof among `paths`, each verified first. */
function proofBytesMax(tree: StateTree, paths: readonly Uint8Array[]): number {
  const root = tree.root();
  const sizes = paths.map(absent => {
    const proof = tree.prove(absent);
    if (!verifyStateProof({ root, path: absent, payloadHash: null, proof })) throw new Error('a proof does not verify');
    return encodeStateProof(proof).length;
  });
  return Math.max(...sizes);
}

function updateTimes(tree: StateTree, batches: number): { forward: number; back: number } {
  const forward: number[] = [];
  const back: number[] = [];
  for (let batch = 0; batch < batches; batch++) {
    const updates = mixedBatch(batch);
    let inverse: readonly StateUpdate[] = [];
    forward.push(timed(() => (inverse = tree.update(updates))));
    back.push(timed(() => tree.update(inverse)));
  }
  return { forward: median(forward), back: median(back) };
}

/** What must be hashed: `leaves` of 65 bytes each, and `pairs` of 64 bytes in batches. */
function hashingMs(leaves: number, pairs: number): number {
  const leaf = new Uint8Array(65);
  const input = new Uint8Array(1_024 * 64);
  const output = new Uint8Array(1_024 * 32);
  return timed(() => {
    for (let index = 0; index < leaves; index++) sha256(leaf);
    for (let index = 0; index < pairs; index += 1_024) hashPairsInto(input, output);
  });
}
