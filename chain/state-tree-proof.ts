/**
 * Proofs that the state holds something at a path, or nothing, against the state root of a header. This file needs only the hash, so
 * that a light client can take it without the tree.
 *
 * The tree is a compact sparse Merkle tree over paths of 256 bits, the first bit of the first byte at the top:
 * - nothing: 32 zero bytes;
 * - one leaf, wherever it hangs: SHA-256(0x00 || path || payloadHash), over 65 bytes;
 * - more leaves: SHA-256(left || right), over 64 bytes, so that a leaf is never taken for a node.
 * One leaf alone hangs at its shallowest unique prefix; the root depends on what the tree holds and on nothing else.
 */
import { compareBytes, concat, equalBytes } from './bytes.ts';
import { sha256, sha256Into, zeroHash } from './hash.ts';

/** What the tree holds for one path: both 32 bytes. */
export interface StateLeaf {
  readonly path: Uint8Array;
  readonly payloadHash: Uint8Array;
}

/** What hangs at one place of the tree. A lone leaf may hang higher than there, at its shallowest unique prefix, so it is told from a node. */
export interface Subtree {
  readonly hash: Uint8Array;
  readonly isLeaf: boolean;
}

/** The way from the root to where `path` ends: at its own leaf, at another one, or at nothing. */
export interface StateProof {
  /** Bits of the path walked, 0..256. */
  readonly depth: number;
  /** One bit a level from the root down, the highest bit of a byte first: 1 when the sibling is not empty. ceil(depth / 8) bytes. */
  readonly bitmap: Uint8Array;
  /** The hashes of the siblings that are not empty, from the root down, 32 bytes each. */
  readonly siblings: readonly Uint8Array[];
  /** The leaf of another path that stands where the proven one is absent, else null. */
  readonly otherLeaf: StateLeaf | null;
}

/** What a proof is checked for: `payloadHash` stands at `path` under `root`; null claims that nothing does. */
export interface StateClaim {
  readonly root: Uint8Array;
  readonly path: Uint8Array;
  readonly payloadHash: Uint8Array | null;
  readonly proof: StateProof;
}

/** The most levels: two paths that differ in their last bit only hang at depth 256. */
const depthMax = 256;

/** The most bytes of an encoded proof: every level with a sibling, and another leaf. */
export const stateProofBytesMax: number = 2 + depthMax / 8 + depthMax * 32 + 64;

const leafPreimage = new Uint8Array(65);

/** SHA-256(0x00 || path || payloadHash) of the 64-byte record path || payloadHash; 32 bytes. */
export function stateLeafHash(record: Uint8Array): Uint8Array {
  const hash = new Uint8Array(32);
  stateLeafHashInto(record, 0, hash);
  return hash;
}

/** Writes the hash of the leaf that is record `index` of `records`, each 64 bytes path || payloadHash, to record `index` of `hashes`. */
export function stateLeafHashInto(records: Uint8Array, index: number, hashes: Uint8Array): void {
  // Copied here, for a subarray and its set() take as long as half of the hash.
  const start = index * 64;
  for (let byte = 0; byte < 64; byte++) leafPreimage[byte + 1] = records[start + byte] ?? 0;
  sha256Into(leafPreimage, hashes, index * 32);
}

/** Bit `depth` (0 is the first) of `path`. */
export function pathBit(path: Uint8Array, depth: number): number {
  return ((path[depth >>> 3] ?? 0) >>> (7 - (depth & 7))) & 1;
}

/** True when the proof shows the claim. Total: whatever is malformed, not canonical or false gives false, never an exception. */
export function verifyStateProof(claim: StateClaim): boolean {
  const { root, path, payloadHash, proof } = claim;
  if (!isHash(root) || !isHash(path) || !(payloadHash === null || isHash(payloadHash))) return false;
  if (!isWellFormed(proof)) return false;
  const bottom = bottomHash(claim);
  return bottom !== null && equalBytes(rootFrom(bottom, path, proof), root);
}

/**
 * The proof's only encoding: depth (2 bytes, big-endian) || bitmap || siblings || path and payloadHash of the other leaf, if there is
 * one. Depth and bitmap say how many siblings follow, so the total length says whether there is another leaf.
 */
export function encodeStateProof(proof: StateProof): Uint8Array {
  const other = proof.otherLeaf === null ? [] : [proof.otherLeaf.path, proof.otherLeaf.payloadHash];
  return concat(Uint8Array.of(proof.depth >>> 8, proof.depth & 0xff), proof.bitmap, ...proof.siblings, ...other);
}

/** The proof that `bytes` are the encoding of, or null. What comes out is well-formed, so `encodeStateProof` gives `bytes` again. */
export function decodeStateProof(bytes: Uint8Array): StateProof | null {
  if (bytes.length < 2 || bytes.length > stateProofBytesMax) return null;
  const depth = ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0);
  if (depth > depthMax) return null;
  const siblingsStart = 2 + Math.ceil(depth / 8);
  const bitmap = bytes.slice(2, siblingsStart);
  const otherStart = siblingsStart + 32 * countBits(bitmap);
  if (bytes.length !== otherStart && bytes.length !== otherStart + 64) return null;
  const siblings: Uint8Array[] = [];
  for (let start = siblingsStart; start < otherStart; start += 32) siblings.push(bytes.slice(start, start + 32));
  const otherLeaf =
    bytes.length === otherStart
      ? null
      : { path: bytes.slice(otherStart, otherStart + 32), payloadHash: bytes.slice(otherStart + 32) };
  const proof = { depth, bitmap, siblings, otherLeaf };
  return isWellFormed(proof) ? proof : null;
}

/** The hash that the claim puts at the end of the way, or null when claim and proof cannot both be true. */
function bottomHash({ path, payloadHash, proof }: StateClaim): Uint8Array | null {
  const other = proof.otherLeaf;
  if (payloadHash !== null) return other === null ? stateLeafHash(concat(path, payloadHash)) : null;
  if (other === null) return zeroHash;
  const standsInTheWay = !equalBytes(other.path, path) && sharesPrefix(other.path, path, proof.depth);
  return standsInTheWay ? stateLeafHash(concat(other.path, other.payloadHash)) : null;
}

function rootFrom(bottom: Uint8Array, path: Uint8Array, proof: StateProof): Uint8Array {
  let hash = bottom;
  let left = proof.siblings.length;
  for (let depth = proof.depth - 1; depth >= 0; depth--) {
    const sibling = pathBit(proof.bitmap, depth) === 1 ? (proof.siblings[--left] ?? zeroHash) : zeroHash;
    hash = sha256(pathBit(path, depth) === 0 ? concat(hash, sibling) : concat(sibling, hash));
  }
  return hash;
}

/** Checks the shape, and that it is the only one: no zero sibling listed, no bit past the depth, none but a real fork at the end. */
function isWellFormed(proof: StateProof): boolean {
  if (typeof proof !== 'object' || proof === null) return false;
  const { depth, bitmap, siblings, otherLeaf } = proof;
  if (!Number.isInteger(depth) || depth < 0 || depth > depthMax) return false;
  if (!(bitmap instanceof Uint8Array) || bitmap.length !== Math.ceil(depth / 8)) return false;
  if (depth % 8 !== 0 && ((bitmap.at(-1) ?? 0) & (0xff >>> (depth % 8))) !== 0) return false;
  // The deepest sibling cannot be empty: what has no sibling hangs one level higher.
  if (depth > 0 && pathBit(bitmap, depth - 1) === 0) return false;
  if (!Array.isArray(siblings) || siblings.length !== countBits(bitmap)) return false;
  for (let index = 0; index < siblings.length; index++) {
    const sibling: unknown = siblings[index];
    if (!isHash(sibling) || compareBytes(sibling, zeroHash) === 0) return false;
  }
  return otherLeaf === null || isLeaf(otherLeaf);
}

function isLeaf(value: unknown): value is StateLeaf {
  if (typeof value !== 'object' || value === null || !('path' in value) || !('payloadHash' in value)) return false;
  return isHash(value.path) && isHash(value.payloadHash);
}

function isHash(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array && value.length === 32;
}

function sharesPrefix(a: Uint8Array, b: Uint8Array, bits: number): boolean {
  for (let depth = 0; depth < bits; depth++) {
    if (pathBit(a, depth) !== pathBit(b, depth)) return false;
  }
  return true;
}

function countBits(bitmap: Uint8Array): number {
  let count = 0;
  for (let depth = 0; depth < bitmap.length * 8; depth++) count += pathBit(bitmap, depth);
  return count;
}
