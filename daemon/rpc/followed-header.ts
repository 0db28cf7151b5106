/**
 * What is kept of a header that a light client has checked: enough to check the one after it and to know it again. Records have one
 * length, so that a height is found without a search, and a checksum of their own, so that they need not be checked by their work again.
 */
import type { Derived } from '../../chain/block-tree.ts';
import { concat, equalBytes, fromHex, toHex } from '../../chain/bytes.ts';
import { assert } from '../../chain/errors.ts';
import { sha256 } from '../../chain/hash.ts';

/** `work` and `steps` are those of the chain up to it. */
export interface Followed extends Derived {
  readonly height: number;
  /** Unix milliseconds. */
  readonly time: number;
  readonly hash: Uint8Array;
}

const checksumBytes = 8;
/** Hash (32), time (8), steps (8), work (32), checksum. */
export const recordBytes: number = 80 + checksumBytes;

/** The record of a header, `recordBytes` long. */
export function encodeFollowed({ height, time, hash, work, steps }: Followed): Uint8Array {
  const numbers = new Uint8Array(16);
  const view = new DataView(numbers.buffer);
  view.setFloat64(0, time);
  view.setFloat64(8, steps);
  const total = fromHex(work.toString(16).padStart(64, '0'), 32);
  assert(total !== null, 'the work of a chain has at most 256 bits');
  const record = concat(hash, numbers, total);
  return concat(record, checksum(record, height));
}

/** What the record of `height` holds; null when it is not one, is another height's, or is not as it was written. */
export function decodeFollowed(bytes: Uint8Array, height: number): Followed | null {
  if (bytes.length !== recordBytes) return null;
  const record = bytes.slice(0, recordBytes - checksumBytes);
  if (!equalBytes(bytes.subarray(record.length), checksum(record, height))) return null;
  const view = new DataView(record.buffer);
  const work = BigInt(`0x${toHex(record.subarray(48))}`);
  return { height, time: view.getFloat64(32), steps: view.getFloat64(40), work, hash: record.slice(0, 32) };
}

function checksum(record: Uint8Array, height: number): Uint8Array {
  const place = new Uint8Array(8);
  new DataView(place.buffer).setFloat64(0, height);
  return sha256(concat(place, record)).slice(0, checksumBytes);
}
