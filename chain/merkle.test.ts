import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concat, toHex } from './bytes.ts';
import { sha256, zeroHash } from './hash.ts';
import { type MerkleClaim, merkleProof, merkleRoot, verifyMerkleProof } from './merkle.ts';

const item = (number: number) => sha256(Uint8Array.of(number >> 8, number));
const items = (count: number) => Array.from({ length: count }, (_, number) => item(number));
const node = (left: Uint8Array, right: Uint8Array) => sha256(concat(left, right));
const leaf = (hash: Uint8Array) => sha256(concat(Uint8Array.of(0), hash));
const hexRoot = (hashes: readonly Uint8Array[]) => toHex(merkleRoot(hashes));
const [a, b, c] = [item(0), item(1), item(2)] as const;

function claimOf(count: number, index: number): MerkleClaim {
  const hashes = items(count);
  return { root: merkleRoot(hashes), count, index, leaf: item(index), siblings: merkleProof(hashes, index) };
}

describe('the root', () => {
  test.each([
    [0, '2c34ce1df23b838c5abf2a7f6437cca3d3067ed509ff25f11df6b11b582b51eb'],
    [1, '7413184c5be7ec7d48017bd63c9d9e5670fb7986df074888bd6a70ae9d4d7ac6'],
    [2, 'b53454612a72a70aa06bf1bd22fb76fd2bc357663f28a88da9ce5dc7b20ea10e'],
    [3, '1fd96eb75df8ddb74e9fca2906153914bd1475dfb5d42eda2e502458fc77a3c9'],
    [7, 'dc9b5fc7a73ac9e02e163dfbbd06bd64a9a1e20d62a487982767405b099de4b6'],
    [8000, 'e9e74ff5987db9fcf387d9eaa803d890ce605fbf5ff52a3de4db976d9c0eda42'],
  ])('of %d items is as written down', (count, root) => {
    expect(hexRoot(items(count))).toBe(root);
  });

  test('of three items is made as the rules say', () => {
    const top = node(node(leaf(a), leaf(b)), leaf(c));
    expect(merkleRoot([a, b, c])).toEqual(sha256(concat(Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 3), top)));
  });

  test('of no items is the hash of a count of zero over 32 zero bytes', () => {
    expect(merkleRoot([])).toEqual(sha256(new Uint8Array(40)));
    expect(merkleRoot([])).not.toEqual(zeroHash);
  });

  test('C8: of [a, b, c] has no twin in [a, b, c, c] (CVE-2012-2459)', () => {
    expect(hexRoot([a, b, c])).not.toBe(hexRoot([a, b, c, c]));
    expect(hexRoot([...items(6)])).not.toBe(hexRoot([...items(6), item(4), item(5)]));
  });

  test('differs for every two lists in which something repeats, swaps or is missing', () => {
    const list = fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 9 });
    fc.assert(
      fc.property(list, list, (left, right) => {
        const same = left.join() === right.join();
        expect(hexRoot(left.map(item)) === hexRoot(right.map(item))).toBe(same);
      }),
    );
  });

  test('C9: of leaves is not the root of the nodes above them', () => {
    expect(hexRoot([a, b])).not.toBe(hexRoot([node(leaf(a), leaf(b))]));
  });

  test('refuses an item hash that is not of 32 bytes', () => {
    expect(() => merkleRoot([a, b.subarray(1)])).toThrow('item hash 1: 31 bytes, not 32');
  });
});

describe('a proof', () => {
  test('verifies for each item of lists of all small lengths, and for no other item', () => {
    for (let count = 1; count <= 33; count++) {
      for (let index = 0; index < count; index++) {
        const claim = claimOf(count, index);
        expect(verifyMerkleProof(claim)).toBe(true);
        expect(verifyMerkleProof({ ...claim, leaf: item(index + 1) })).toBe(false);
        expect(verifyMerkleProof({ ...claim, index: index + 1 })).toBe(false);
        expect(verifyMerkleProof({ ...claim, index: index - 1 })).toBe(false);
        expect(verifyMerkleProof({ ...claim, count: count + 1 })).toBe(false);
        expect(verifyMerkleProof({ ...claim, count: count - 1 })).toBe(false);
        expect(verifyMerkleProof({ ...claim, siblings: [...claim.siblings, item(1)] })).toBe(false);
        if (claim.siblings.length > 0) {
          expect(verifyMerkleProof({ ...claim, siblings: claim.siblings.slice(1) })).toBe(false);
        }
      }
    }
  });

  test('has at most 13 siblings for 8,000 items', () => {
    expect(claimOf(8_000, 0).siblings).toHaveLength(13);
    expect(verifyMerkleProof(claimOf(8_000, 7_999))).toBe(true);
  });

  test('fails with any byte of root, leaf or siblings changed', () => {
    const claim = claimOf(11, 10);
    const flipped = (bytes: Uint8Array, at: number) => bytes.with(at, (bytes[at] ?? 0) ^ 1);
    for (let at = 0; at < 32; at++) {
      expect(verifyMerkleProof({ ...claim, root: flipped(claim.root, at) })).toBe(false);
      expect(verifyMerkleProof({ ...claim, leaf: flipped(claim.leaf, at) })).toBe(false);
      for (const [level, sibling] of claim.siblings.entries()) {
        const siblings = claim.siblings.with(level, flipped(sibling, at));
        expect(verifyMerkleProof({ ...claim, siblings })).toBe(false);
      }
    }
  });

  test('C9: of an inner node as an item fails (CVE-2017-12842)', () => {
    const claim = claimOf(4, 0);
    const inner = node(leaf(item(0)), leaf(item(1)));
    const siblings = claim.siblings.slice(1);
    expect(verifyMerkleProof({ ...claim, leaf: inner, siblings })).toBe(false);
    expect(verifyMerkleProof({ ...claim, count: 2, leaf: inner, siblings })).toBe(false);
  });

  test('of an item that is not in the list cannot be asked for', () => {
    for (const index of [-1, 3, 0.5, Number.NaN]) expect(() => merkleProof([a, b, c], index)).toThrow(RangeError);
    expect(() => merkleProof([], 0)).toThrow('no item 0 in a list of 0');
  });

  test('gives false, and never throws, on whatever stands in place of a field', () => {
    const claim = claimOf(5, 2);
    const rubbish = fc.oneof(
      fc.anything(),
      fc.uint8Array(),
      fc.array(fc.uint8Array()),
      fc.double(),
      fc.maxSafeInteger(),
    );
    const fields = ['root', 'count', 'index', 'leaf', 'siblings'] as const;
    fc.assert(
      fc.property(fc.constantFrom(...fields), rubbish, (field, value) => {
        fc.pre(value !== claim[field]);
        expect(verifyMerkleProof({ ...claim, [field]: value })).toBe(false);
      }),
    );
  });
});
