/**
 * The Merkle tree of a list, such as the transactions of a block: one root, and proofs that an item stands at an index.
 *
 * - a leaf: SHA-256(0x00 || item hash), over 33 bytes;
 * - a node: SHA-256(left || right), over 64 bytes, so that a leaf is never taken for a node (CVE-2017-12842);
 * - the last of an odd number moves up a level as it is: nothing is hashed twice;
 * - the root: SHA-256(count || top), the count as 8 bytes, big-endian; top is 32 zero bytes for an empty list.
 * The count under the root means that two lists of different lengths never share one (CVE-2012-2459).
 */
import { concat, equalBytes } from './bytes.ts';
import { hashPairsInto, sha256, zeroHash } from './hash.ts';

/** What `verifyMerkleProof` checks: the item hash `leaf` stands at `index` of the `count` items under `root`. */
export interface MerkleClaim {
  readonly root: Uint8Array;
  readonly count: number;
  readonly index: number;
  readonly leaf: Uint8Array;
  /** From the leaf's level up; a level where the way moves up alone has none. */
  readonly siblings: readonly Uint8Array[];
}

/** The root, 32 bytes, of a list of item hashes of 32 bytes each. */
export function merkleRoot(hashes: readonly Uint8Array[]): Uint8Array {
  let level = leafLevel(hashes);
  while (level.length > 32) level = levelAbove(level);
  return rootOf(hashes.length, level.length === 0 ? zeroHash : level);
}

/** The siblings that prove the item at `index` of `hashes`: at most 14 for 8,000 items. Throws RangeError when there is no such item. */
export function merkleProof(hashes: readonly Uint8Array[], index: number): Uint8Array[] {
  if (!(Number.isInteger(index) && index >= 0 && index < hashes.length)) {
    throw new RangeError(`no item ${index} in a list of ${hashes.length}`);
  }
  const siblings: Uint8Array[] = [];
  let position = index;
  for (let level = leafLevel(hashes); level.length > 32; level = levelAbove(level)) {
    const sibling = (position ^ 1) * 32;
    if (sibling < level.length) siblings.push(level.slice(sibling, sibling + 32));
    position = position >>> 1;
  }
  return siblings;
}

/** True when the siblings, and exactly as many as there must be, lead from the leaf to the root. Total: bad input gives false. */
export function verifyMerkleProof({ root, count, index, leaf, siblings }: MerkleClaim): boolean {
  if (!Number.isSafeInteger(count) || !Number.isSafeInteger(index) || index < 0 || index >= count) return false;
  if (!isHash(root) || !isHash(leaf) || !Array.isArray(siblings)) return false;
  let hash = leafHash(leaf);
  let used = 0;
  let position = index;
  // No bit operations here: a count may be larger than 32 bits.
  for (let width = count; width > 1; width = Math.ceil(width / 2)) {
    const isRight = position % 2 === 1;
    if (isRight || position + 1 < width) {
      const sibling: unknown = siblings[used++];
      if (!isHash(sibling)) return false;
      hash = sha256(isRight ? concat(sibling, hash) : concat(hash, sibling));
    }
    position = Math.floor(position / 2);
  }
  return used === siblings.length && equalBytes(rootOf(count, hash), root);
}

function leafLevel(hashes: readonly Uint8Array[]): Uint8Array {
  const level = new Uint8Array(hashes.length * 32);
  const preimage = new Uint8Array(33);
  for (const [index, hash] of hashes.entries()) {
    if (hash.length !== 32) throw new RangeError(`item hash ${index}: ${hash.length} bytes, not 32`);
    preimage.set(hash, 1);
    level.set(sha256(preimage), index * 32);
  }
  return level;
}

/** The level above one of at least two hashes: its pairs hashed, an odd last one moved up. */
function levelAbove(level: Uint8Array): Uint8Array {
  const count = level.length / 32;
  const pairs = Math.floor(count / 2);
  const above = new Uint8Array(Math.ceil(count / 2) * 32);
  hashPairsInto(level.subarray(0, pairs * 64), above.subarray(0, pairs * 32));
  if (count % 2 === 1) above.set(level.subarray(pairs * 64), pairs * 32);
  return above;
}

function leafHash(itemHash: Uint8Array): Uint8Array {
  return sha256(concat(Uint8Array.of(0), itemHash));
}

function rootOf(count: number, top: Uint8Array): Uint8Array {
  const preimage = new Uint8Array(40);
  new DataView(preimage.buffer).setBigUint64(0, BigInt(count));
  preimage.set(top, 8);
  return sha256(preimage);
}

function isHash(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array && value.length === 32;
}
