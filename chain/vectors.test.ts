/** The vectors of Merkle trees and of the state, against the code; the other structures have theirs beside them. */
import { describe, expect, it } from 'vitest';
import { toHex } from './bytes.ts';
import { merkleProof, merkleRoot, verifyMerkleProof } from './merkle.ts';
import { pathOf, payloadHashOf } from './state.ts';
import { StateTree } from './state-tree.ts';
import { decodeStateProof, encodeStateProof, verifyStateProof } from './state-tree-proof.ts';
import { bytesOf, readVectors } from './vectors.suite.ts';

interface MerkleVectors {
  readonly items: readonly string[];
  readonly roots: readonly string[];
  readonly proofs: readonly {
    readonly count: number;
    readonly index: number;
    readonly leaf: string;
    readonly siblings: readonly string[];
    readonly root: string;
  }[];
}

interface ShownLeaf {
  readonly path: string;
  readonly payloadHash: string;
}

interface StateVectors {
  readonly records: readonly (ShownLeaf & { readonly stateKey: string; readonly hex: string })[];
  readonly root: string;
  readonly leaves: readonly ShownLeaf[];
  readonly roots: readonly string[];
  readonly closeLeaves: readonly ShownLeaf[];
  readonly closeRoot: string;
  readonly proofs: readonly {
    readonly key: string;
    readonly path: string;
    readonly payloadHash: string | null;
    readonly hex: string;
    readonly root: string;
  }[];
}

const merkle = readVectors<MerkleVectors>('merkle');
const state = readVectors<StateVectors>('state');

function treeOf(leaves: readonly ShownLeaf[]): StateTree {
  const tree = new StateTree();
  tree.update(leaves.map(leaf => ({ path: bytesOf(leaf.path), payloadHash: bytesOf(leaf.payloadHash) })));
  return tree;
}

describe('the vectors of Merkle trees', () => {
  it('hold for lists of 0 to 9 items', () => {
    const items = merkle.items.map(bytesOf);
    expect(merkle.roots.map((_, count) => toHex(merkleRoot(items.slice(0, count))))).toEqual(merkle.roots);
  });

  it.each(merkle.proofs)('hold for item $index of $count, and for no other place', ({ count, index, ...shown }) => {
    const items = merkle.items.map(bytesOf).slice(0, count);
    expect(merkleProof(items, index).map(toHex)).toEqual(shown.siblings);
    const claim = { root: bytesOf(shown.root), leaf: bytesOf(shown.leaf), siblings: shown.siblings.map(bytesOf) };
    for (let place = 0; place < count; place++) {
      expect(verifyMerkleProof({ ...claim, count, index: place })).toBe(place === index);
    }
    expect(verifyMerkleProof({ ...claim, count: count + 1, index })).toBe(false);
  });
});

describe('the vectors of the state', () => {
  it.each(state.records)('hold for the record of $stateKey', ({ stateKey, path, hex, payloadHash }) => {
    expect(toHex(pathOf(bytesOf(stateKey)))).toBe(path);
    expect(toHex(payloadHashOf(bytesOf(hex)))).toBe(payloadHash);
  });

  it('hold for the roots of trees, also of paths that part at their last bit', () => {
    expect(state.roots.map((_, count) => toHex(treeOf(state.leaves.slice(0, count)).root()))).toEqual(state.roots);
    expect(toHex(treeOf(state.closeLeaves).root())).toBe(state.closeRoot);
  });

  it.each(state.proofs)('hold for the proof of "$key", and for no other claim', ({ path, payloadHash, hex, root }) => {
    const proof = decodeStateProof(bytesOf(hex));
    if (proof === null) throw new Error('a proof of the vectors does not decode');
    expect(toHex(encodeStateProof(proof))).toBe(hex);
    const claim = { root: bytesOf(root), path: bytesOf(path), payloadHash: payloadHash && bytesOf(payloadHash), proof };
    expect(verifyStateProof({ ...claim, payloadHash: claim.payloadHash || null })).toBe(true);
    expect(verifyStateProof({ ...claim, payloadHash: payloadHash ? null : new Uint8Array(32) })).toBe(false);
    expect(verifyStateProof({ ...claim, payloadHash: new Uint8Array(32).fill(1) })).toBe(false);
  });

  it.each(['', '00', '000000', '0100', '000180', '0001', `0000${'00'.repeat(32)}`])('refuse %j as a proof', hex => {
    expect(decodeStateProof(bytesOf(hex))).toBeNull();
  });
});
