import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareBytes, concat, toHex } from './bytes.ts';
import { sha256, zeroHash } from './hash.ts';
import { StateTree, type StateUpdate } from './state-tree.ts';
import { type StateLeaf, verifyStateProof } from './state-tree-proof.ts';

type Model = Map<string, StateLeaf>;

const bitOf = (path: Uint8Array, depth: number) => ((path[depth >> 3] ?? 0) >> (7 - (depth % 8))) & 1;

/** The specification once more, as plainly as it can be said. */
function modelRoot(leaves: readonly StateLeaf[], depth = 0): Uint8Array {
  const [first] = leaves;
  if (first === undefined) return zeroHash;
  if (leaves.length === 1) return sha256(concat(Uint8Array.of(0), first.path, first.payloadHash));
  const side = (bit: number) =>
    modelRoot(
      leaves.filter(leaf => bitOf(leaf.path, depth) === bit),
      depth + 1,
    );
  return sha256(concat(side(0), side(1)));
}

const bytes32 = (...start: number[]) => Uint8Array.from({ length: 32 }, (_, index) => start[index] ?? 0);
const numbered = (number: number) => sha256(Uint8Array.of(number >> 8, number));
const put = (path: Uint8Array, payloadHash: Uint8Array): StateUpdate => ({ path, payloadHash });
const remove = (path: Uint8Array): StateUpdate => ({ path, payloadHash: null });
const hexRoot = (tree: StateTree) => toHex(tree.root());

function treeOf(leaves: readonly StateUpdate[]): StateTree {
  const tree = new StateTree();
  tree.update(leaves);
  return tree;
}

function applyToModel(model: Model, updates: readonly StateUpdate[]): void {
  for (const { path, payloadHash } of updates) {
    if (payloadHash === null) model.delete(toHex(path));
    else model.set(toHex(path), { path, payloadHash });
  }
}

function sortedRun(leaves: readonly StateLeaf[]): Uint8Array {
  const sorted = leaves.toSorted((a, b) => compareBytes(a.path, b.path));
  return concat(...sorted.map(leaf => concat(leaf.path, leaf.payloadHash)));
}

/** Few different bits, so that paths share prefixes of every length, up to all but the last bit. */
const closePath = fc
  .tuple(
    fc.constantFrom(0, 1, 7, 8, 9, 39, 128, 254, 255),
    fc.integer({ min: 0, max: 3 }),
    fc.integer({ min: 0, max: 3 }),
  )
  .map(([bit, first, last]) => {
    const path = bytes32(first << 6);
    path[31] = last;
    path[bit >> 3] = (path[bit >> 3] ?? 0) ^ (0x80 >> (bit % 8));
    return path;
  });
const anyPath = fc.oneof(closePath, fc.integer({ min: 0, max: 40 }).map(numbered));
const anyHash = fc.uint8Array({ minLength: 32, maxLength: 32 });
const anyUpdate: fc.Arbitrary<StateUpdate> = fc.record({ path: anyPath, payloadHash: fc.option(anyHash, { freq: 3 }) });
const anyBatch = fc.uniqueArray(anyUpdate, { selector: update => toHex(update.path), maxLength: 40 });
const anyLeaves = fc.uniqueArray(fc.record({ path: anyPath, payloadHash: anyHash }), {
  selector: leaf => toHex(leaf.path),
  maxLength: 60,
});

describe('the root', () => {
  test('of nothing is 32 zero bytes', () => {
    expect(new StateTree().root()).toEqual(zeroHash);
    expect(StateTree.build([]).root()).toEqual(zeroHash);
  });

  test('of the same leaves is the same, as written down', () => {
    const leaf = (number: number) => put(numbered(number), numbered(number + 1_000));
    const goldenRoots: [number, string][] = [
      [1, 'f7f96537222e1c8c67b244e1edf011c50993c0b5234647259e10d9f7bf8c094c'],
      [2, '15ab072a51b41cf8b84c9bdbd31379e7e5fdbe63b2b4a6889be616fe60a5a598'],
      [3, 'd439cedff84eb57b11956e25c30b763e30bcfe2142a9a8f06146dac073d46dff'],
      [100, 'bc929d6bfa6e63d9d46741548c0af9690edf6697fa1ef329493e20210f63a910'],
    ];
    for (const [count, root] of goldenRoots) {
      expect(hexRoot(treeOf(Array.from({ length: count }, (_, number) => leaf(number))))).toBe(root);
    }
  });

  test('of two paths that differ in their last bit only is the top of 256 nodes', () => {
    const left = put(bytes32(), numbered(1));
    const right = put(
      Uint8Array.from({ length: 32 }, (_, index) => (index === 31 ? 1 : 0)),
      numbered(2),
    );
    const tree = treeOf([left, right]);
    expect(hexRoot(tree)).toBe('60f18bb51357216a2355c7a2379aa23b08bcedf5fd609bec6a68f98925b98b9b');
    expect(tree.prove(left.path).depth).toBe(256);
  });

  test('is the one of the recursive definition, after any batches', () => {
    fc.assert(
      fc.property(fc.array(anyBatch, { maxLength: 6 }), batches => {
        const tree = new StateTree();
        const model: Model = new Map();
        for (const batch of batches) {
          tree.update(batch);
          applyToModel(model, batch);
          expect(hexRoot(tree)).toBe(toHex(modelRoot([...model.values()])));
          expect(tree.size).toBe(model.size);
        }
      }),
    );
  });

  test('does not depend on the order or the batches in which leaves came, nor on a rebuild', () => {
    fc.assert(
      fc.property(
        anyLeaves,
        fc.infiniteStream(fc.nat()),
        fc.integer({ min: 1, max: 9 }),
        (leaves, chance, batchLeaves) => {
          const keyed = leaves.map(leaf => ({ leaf, order: chance.next().value }));
          const shuffled = keyed.toSorted((a, b) => a.order - b.order).map(({ leaf }) => leaf);
          const piecemeal = new StateTree();
          for (let start = 0; start < shuffled.length; start += batchLeaves) {
            piecemeal.update(shuffled.slice(start, start + batchLeaves));
          }
          const run = sortedRun(leaves);
          const cut = Math.floor(leaves.length / 2) * 64;
          expect(hexRoot(piecemeal)).toBe(hexRoot(treeOf(leaves)));
          expect(hexRoot(StateTree.build([run]))).toBe(hexRoot(piecemeal));
          expect(hexRoot(StateTree.build([run.subarray(0, cut), run.subarray(cut)]))).toBe(hexRoot(piecemeal));
        },
      ),
    );
  });

  test('of thousands of leaves under one 40-bit prefix is the one of the recursive definition', () => {
    const leaves = Array.from({ length: 3_000 }, (_, number) => {
      const path = numbered(number);
      if (number % 3 > 0) path.set(bytes32(0xde, 0xad, 0xbe, 0xef, 0x01).subarray(0, 5));
      return { path, payloadHash: numbered(number + 7) };
    });
    const tree = treeOf(leaves);
    expect(hexRoot(tree)).toBe(toHex(modelRoot(leaves)));
    tree.update(leaves.slice(0, 2_990).map(leaf => remove(leaf.path)));
    expect(hexRoot(tree)).toBe(toHex(modelRoot(leaves.slice(2_990))));
  });
});

describe('an update', () => {
  test('is taken back by its inverse: root, size and every proof', () => {
    fc.assert(
      fc.property(anyLeaves, anyBatch, (leaves, batch) => {
        const tree = treeOf(leaves);
        const paths = [...leaves, ...batch].map(({ path }) => path);
        const before = { root: hexRoot(tree), size: tree.size, proofs: paths.map(path => tree.prove(path)) };
        const inverse = tree.update(batch);
        const again = tree.update(inverse);
        expect({ root: hexRoot(tree), size: tree.size, proofs: paths.map(path => tree.prove(path)) }).toEqual(before);
        expect(again).toEqual(batch.toSorted((a, b) => compareBytes(a.path, b.path)));
      }),
    );
  });

  test('that removes a leaf lets the one beside it rise to its shallowest unique prefix', () => {
    const [low, high, far] = [bytes32(0b0000_0000), bytes32(0b0000_0001), bytes32(0b1000_0000)];
    const tree = treeOf([put(low, numbered(1)), put(high, numbered(2)), put(far, numbered(3))]);
    expect(tree.prove(low).depth).toBe(8);
    tree.update([remove(high)]);
    expect(tree.prove(low).depth).toBe(1);
    tree.update([remove(far)]);
    expect(tree.prove(low).depth).toBe(0);
    expect(hexRoot(tree)).toBe(toHex(sha256(concat(Uint8Array.of(0), low, numbered(1)))));
    tree.update([remove(low)]);
    expect(tree.root()).toEqual(zeroHash);
  });

  test('of nothing, and the removal of what is absent, change nothing', () => {
    const tree = treeOf([put(numbered(1), numbered(2))]);
    const before = hexRoot(tree);
    expect(tree.update([])).toEqual([]);
    expect(tree.update([remove(numbered(3))])).toEqual([remove(numbered(3))]);
    expect(hexRoot(tree)).toBe(before);
    expect(tree.size).toBe(1);
  });

  test('with a path given twice, or of a wrong length, throws and changes nothing', () => {
    const tree = treeOf([put(numbered(1), numbered(2))]);
    const before = hexRoot(tree);
    const good = put(numbered(5), numbered(6));
    expect(() => tree.update([good, put(numbered(7), numbered(1)), remove(numbered(5))])).toThrow('is given twice');
    expect(() => tree.update([good, remove(numbered(1).subarray(1))])).toThrow('path: 31 bytes, not 32');
    expect(() => tree.update([good, put(numbered(1), new Uint8Array(33))])).toThrow('payload hash: 33 bytes, not 32');
    expect(hexRoot(tree)).toBe(before);
  });

  test('of many leaves pauses every few hundred, and ends as without pauses', () => {
    const batch = Array.from({ length: 1_200 }, (_, number) => put(numbered(number), numbered(number + 1)));
    const tree = new StateTree();
    const steps = tree.updateInSteps(batch);
    expect([steps.next().done, steps.next().done]).toEqual([false, false]);
    expect(steps.next()).toEqual({
      done: true,
      value: treeOf(batch)
        .update(batch.map(({ path }) => remove(path)))
        .map(({ path }) => remove(path)),
    });
    expect(hexRoot(tree)).toBe(hexRoot(treeOf(batch)));
  });

  test('of thousands of leaves, over and over, does not take more and more memory', () => {
    const tree = new StateTree();
    const batch = Array.from({ length: 5_000 }, (_, number) => put(numbered(number), numbered(number + 1)));
    const first = tree.update(batch);
    tree.update(first);
    const { bytes } = tree;
    for (let round = 0; round < 5; round++) tree.update(tree.update(batch));
    expect(tree.bytes).toBe(bytes);
    expect(tree.size).toBe(0);
  });
});

describe('a rebuild', () => {
  const record = (number: number) => concat(bytes32(number), numbered(number));

  test('refuses records that do not ascend', () => {
    expect(() => StateTree.build([concat(record(2), record(1))])).toThrow('record 1: its path does not ascend');
    expect(() => StateTree.build([record(2), record(2)])).toThrow('record 1: its path does not ascend');
  });

  test('refuses a run that is cut short', () => {
    expect(() => StateTree.build([record(1).subarray(1)])).toThrow('63 bytes are not a run of 64-byte records');
  });

  test('from the runs of a tree gives that tree', () => {
    fc.assert(
      fc.property(anyLeaves, fc.integer({ min: 1, max: 9 }), (leaves, recordsMax) => {
        const tree = treeOf(leaves);
        const runs = [...tree.runs(recordsMax)];
        expect(concat(...runs)).toEqual(sortedRun(leaves));
        expect(hexRoot(StateTree.build(runs))).toBe(hexRoot(tree));
      }),
    );
  });

  test('gives a tree that can be updated', () => {
    const leaves = [1, 2, 3, 4, 5].map(number => ({ path: bytes32(number), payloadHash: numbered(number) }));
    const tree = StateTree.build([sortedRun(leaves.slice(0, 4))]);
    tree.update(leaves.slice(4));
    expect(hexRoot(tree)).toBe(toHex(modelRoot(leaves)));
  });
});

describe('a proof from the tree', () => {
  test('verifies: of presence for what is there, of absence for what is not', () => {
    fc.assert(
      fc.property(anyLeaves, fc.array(anyPath), (leaves, others) => {
        const tree = treeOf(leaves);
        const root = tree.root();
        const model: Model = new Map();
        applyToModel(model, leaves);
        for (const path of [...leaves.map(leaf => leaf.path), ...others]) {
          const payloadHash = model.get(toHex(path))?.payloadHash ?? null;
          const proof = tree.prove(path);
          expect(verifyStateProof({ root, path, payloadHash, proof })).toBe(true);
          const opposite = payloadHash === null ? numbered(1) : null;
          expect(verifyStateProof({ root, path, payloadHash: opposite, proof })).toBe(false);
        }
      }),
    );
  });
});
