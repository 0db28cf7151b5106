/**
 * The state at one block, in parts that can be checked one by one: a part is all that stands under one prefix of the paths of the state
 * tree, or, where that is too much, the sixteen subtrees that make it up. Each is checked against a hash that is known before it is asked
 * for, the first against the stateRoot of a header, so whoever sends a wrong one is known at once (docs/decisions/0018-snapshot-sync.md).
 */
import { compareBytes, concat, equalBytes, fromUtf8, toHex } from './bytes.ts';
import { type Codec, decodeBytes } from './codec.ts';
import { accept, type Result, reject } from './errors.ts';
import { sha256, zeroHash } from './hash.ts';
import { addressLength } from './keys.ts';
import { keyBytesMax, valueBytesMax } from './operation.ts';
import {
  accountCodec,
  type KeyRecord,
  keyRecordCodec,
  pathOf,
  payloadHashOf,
  recordBytesMax,
  supplyCodec,
} from './state.ts';
import { pathBit, type StateLeaf, type Subtree, stateLeafHash } from './state-tree-proof.ts';

/** Bits of a path that one digit of a prefix stands for, and subtrees that a part is split into. */
export const digitBits = 4;
export const splitWays: number = 2 ** digitBits;
/** Digits of a whole path. */
export const pathDigits: number = 256 / digitBits;

/** One entry of the state with all that a node needs to hold it. */
export interface SnapshotLeaf {
  readonly stateKey: Uint8Array;
  readonly record: Uint8Array;
  /** What the key holds; null for a tombstone, an account and the supply. */
  readonly value: Uint8Array | null;
}

/** What stands under one prefix. */
export type SnapshotPart =
  /** In the order of their paths. */
  | { readonly type: 'leaves'; readonly leaves: readonly SnapshotLeaf[] }
  /** Under the prefix with each of the sixteen digits behind it; null where nothing is. */
  | { readonly type: 'split'; readonly children: readonly (Subtree | null)[] };

/** A leaf that was checked, with what its record says. */
export interface CheckedLeaf extends SnapshotLeaf {
  /** The key and its record, or null for an account and the supply. */
  readonly named: { readonly key: string; readonly record: KeyRecord } | null;
}

export type CheckedPart =
  | { readonly type: 'leaves'; readonly leaves: readonly CheckedLeaf[] }
  | { readonly type: 'split'; readonly children: readonly (Subtree | null)[] };

/** Hexadecimal digits, lower case: the first of a path. */
export function isPrefix(prefix: string): boolean {
  return prefix.length <= pathDigits && /^[0-9a-f]*$/.test(prefix);
}

/** The prefix of the subtree that stands at `place` (0 to 15) of a split. */
export function childPrefix(prefix: string, place: number): string {
  return prefix + place.toString(splitWays);
}

/** The subtree of these leaves, which share their first `depth` bits and stand in the order of their paths. */
export function subtreeOf(leaves: readonly StateLeaf[], depth: number): Subtree | null {
  const [first] = leaves;
  if (first === undefined) return null;
  if (leaves.length === 1) {
    return { hash: stateLeafHash(concat(first.path, first.payloadHash)), isLeaf: true };
  }
  const split = leaves.findIndex(({ path }) => pathBit(path, depth) === 1);
  const middle = split === -1 ? leaves.length : split;
  // Two leaves or more never hang as one, also where one side has nothing.
  const left = subtreeOf(leaves.slice(0, middle), depth + 1)?.hash ?? zeroHash;
  const right = subtreeOf(leaves.slice(middle), depth + 1)?.hash ?? zeroHash;
  return { hash: sha256(concat(left, right)), isLeaf: false };
}

/** The subtree that these make up, a power of two of them from left to right. */
export function joinSubtrees(children: readonly (Subtree | null)[]): Subtree | null {
  const [left = null, right = null] = children;
  if (children.length === 1) return left;
  if (children.length > 2) {
    const middle = children.length / 2;
    return joinSubtrees([joinSubtrees(children.slice(0, middle)), joinSubtrees(children.slice(middle))]);
  }
  if (left === null && right === null) return null;
  if (left === null && right?.isLeaf) return right;
  if (right === null && left?.isLeaf) return left;
  return { hash: sha256(concat(left?.hash ?? zeroHash, right?.hash ?? zeroHash)), isLeaf: false };
}

/**
 * A part as a peer sent it, checked against the hash that is known for its prefix. Error: BAD_MESSAGE, whatever is wrong: an honest
 * node sends no such part.
 */
export function checkPart(part: SnapshotPart, prefix: string, expected: Uint8Array): Result<CheckedPart> {
  return part.type === 'split'
    ? checkSplit(part.children, prefix, expected)
    : checkLeaves(part.leaves, prefix, expected);
}

function checkSplit(children: readonly (Subtree | null)[], prefix: string, expected: Uint8Array): Result<CheckedPart> {
  if (children.length !== splitWays) return bad(prefix, `split into ${children.length}, not ${splitWays}`);
  if (prefix.length >= pathDigits) return bad(prefix, 'a whole path is not split');
  const joined = joinSubtrees(children);
  // A lone leaf could be split again and again, each time rightly, down to the end of its path.
  if (joined === null || joined.isLeaf) return bad(prefix, 'split with less than two leaves');
  if (!equalBytes(joined.hash, expected)) return bad(prefix, `its subtrees give ${toHex(joined.hash)}`);
  return accept({ type: 'split', children });
}

function checkLeaves(leaves: readonly SnapshotLeaf[], prefix: string, expected: Uint8Array): Result<CheckedPart> {
  const hashed: StateLeaf[] = [];
  const checked: CheckedLeaf[] = [];
  for (const leaf of leaves) {
    const path = pathOf(leaf.stateKey);
    if (!toHex(path).startsWith(prefix)) return bad(prefix, 'a leaf from elsewhere');
    const before = hashed.at(-1);
    if (before !== undefined && compareBytes(before.path, path) >= 0) return bad(prefix, 'leaves out of order');
    hashed.push({ path, payloadHash: payloadHashOf(leaf.record) });
    const read = checkLeaf(leaf);
    if (read === null) return bad(prefix, `a record or a value that is not that of state key ${toHex(leaf.stateKey)}`);
    checked.push(read);
  }
  const hash = subtreeOf(hashed, digitBits * prefix.length)?.hash ?? zeroHash;
  if (!equalBytes(hash, expected)) return bad(prefix, `its leaves give ${toHex(hash)}`);
  return accept({ type: 'leaves', leaves: checked });
}

/** Null when the record is not of the kind that the state key says, or the value is not the record's. */
function checkLeaf(leaf: SnapshotLeaf): CheckedLeaf | null {
  const { stateKey, record, value } = leaf;
  const name = stateKey.subarray(1);
  switch (stateKey[0]) {
    case 1: {
      const key = fromUtf8(name);
      const read = decoded(keyRecordCodec, record);
      if (key === null || name.length === 0 || name.length > keyBytesMax || read === null) return null;
      return isValueOf(read, value) ? { ...leaf, named: { key, record: read } } : null;
    }
    case 2:
      return name.length === addressLength && isPlain(accountCodec, leaf) ? { ...leaf, named: null } : null;
    case 3:
      return name.length === 0 && isPlain(supplyCodec, leaf) ? { ...leaf, named: null } : null;
    default:
      return null;
  }
}

function isValueOf({ version, valueHash, valueVersion }: KeyRecord, value: Uint8Array | null): boolean {
  if (valueHash === null || value === null) return valueHash === null && value === null && valueVersion === 0;
  if (value.length > valueBytesMax || valueVersion < 1 || valueVersion > version) return false;
  return equalBytes(sha256(value), valueHash);
}

function isPlain<T>(codec: Codec<T>, { record, value }: SnapshotLeaf): boolean {
  return value === null && decoded(codec, record) !== null;
}

function decoded<T>(codec: Codec<T>, record: Uint8Array): T | null {
  const result = decodeBytes(codec, record, recordBytesMax);
  return result.ok ? result.value : null;
}

function bad(prefix: string, what: string): Result<never> {
  return reject('BAD_MESSAGE', `state under the prefix "${prefix}": ${what}`);
}
