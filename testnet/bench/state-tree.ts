/**
 * Measures the state tree against its goals at a million keys: `node dist/testnet/bench/state-tree.js [--json]`.
 * Keys come from a counter through SHA-256, so every run does the same work; only the times differ.
 */
import { createHash } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { StateTree, type StateUpdate } from '../../chain/state-tree.ts';
import { encodeStateProof, verifyStateProof } from '../../chain/state-tree-proof.ts';

interface Measurement {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly goal: number;
  readonly met: boolean;
}

const keys = 1_000_000;
const batchUpdates = 1_000;
const batches = 60;
const adversarialKeys = 10_000;
const proofs = 2_000;

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

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function measurement(name: string, value: number, { unit, goal }: { unit: string; goal: number }): Measurement {
  return { name, value: Number(value.toFixed(2)), unit, goal, met: value <= goal };
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

function updateTimes(tree: StateTree): { forward: number; back: number } {
  const forward: number[] = [];
  const back: number[] = [];
  for (let batch = 0; batch < batches; batch++) {
    const updates = mixedBatch(batch);
    let inverse: StateUpdate[] = [];
    forward.push(timed(() => (inverse = tree.update(updates))));
    back.push(timed(() => tree.update(inverse)));
  }
  return { forward: median(forward), back: median(back) };
}

function measure(): Measurement[] {
  const records = sortedRecords(keys);
  const rebuilds: number[] = [];
  let tree = new StateTree();
  for (let run = 0; run < 3; run++) {
    rebuilds.push(
      timed(() => {
        tree = StateTree.build([records]);
      }),
    );
  }
  const { forward, back } = updateTimes(tree);
  const absent = Array.from({ length: proofs }, (_, index) => digest('absent', index));
  const proofBytes = proofBytesMax(tree, absent);
  const bytes = tree.bytes;
  const adversarial = Array.from({ length: adversarialKeys }, (_, index) => ({
    path: adversarialPath(index),
    payloadHash: digest('payload', index),
  }));
  const adversarialInsert = timed(() => tree.update(adversarial));
  const adversarialAbsent = absent.map((_, index) => adversarialPath(adversarialKeys + index));
  return [
    measurement('sorted rebuild', median(rebuilds), { unit: 'ms', goal: 1_500 }),
    measurement('1,000 updates and the root', forward, { unit: 'ms', goal: 5 }),
    measurement('undo of 1,000 updates', back, { unit: 'ms', goal: 5 }),
    measurement('memory', bytes / 1e6, { unit: 'MB', goal: 150 }),
    measurement('largest proof', proofBytes, { unit: 'bytes', goal: 1_500 }),
    measurement('10,000 adversarial inserts', adversarialInsert, { unit: 'ms', goal: 100 }),
    measurement('memory with adversarial keys', tree.bytes / 1e6, { unit: 'MB', goal: 150 }),
    measurement('largest adversarial proof', proofBytesMax(tree, adversarialAbsent), { unit: 'bytes', goal: 1_500 }),
  ];
}

function show(rows: readonly Measurement[]): string {
  return rows
    .map(({ name, value, unit, goal, met }) => {
      const figure = `${value} ${unit}`.padStart(14);
      return `${name.padEnd(30)}${figure}  goal ${`${goal} ${unit}`.padEnd(12)}${met ? 'met' : 'MISSED'}`;
    })
    .join('\n');
}

const rows = measure();
process.stdout.write(`${process.argv.includes('--json') ? JSON.stringify(rows) : show(rows)}\n`);
process.exitCode = rows.every(row => row.met) ? 0 : 1;
