/**
 * What is stored beside a header: [cumulative work, steps]. Recovery takes it for the lowest block alone, whose ancestors are not in
 * memory; for all others it is derived again.
 */

import type { Derived } from '../../chain/block-tree.ts';
import { fromHex, toHex } from '../../chain/bytes.ts';
import { type Codec, decodeBytes, encode, fixedBytes, struct, uint } from '../../chain/codec.ts';
import { assert, type Result } from '../../chain/errors.ts';

/** Work fits: 2^256 trials in one block, and no chain reaches 2^256 in all. */
const workBytes = 32;
/** What is stored beside a header. */
const treeRecordBytesMax = 64;

const bytes32 = fixedBytes(workBytes);

const work: Codec<bigint> = {
  toItem: value => {
    const bytes = fromHex(value.toString(16).padStart(2 * workBytes, '0'), workBytes);
    assert(bytes !== null, 'cumulative work is below 2^256');
    return bytes;
  },
  fromItem: item => BigInt(`0x${toHex(bytes32.fromItem(item))}`),
};

const treeRecordCodec: Codec<Derived> = struct<Derived>({ work, steps: uint() });

export function encodeTreeRecord(derived: Derived): Uint8Array {
  return encode(treeRecordCodec, derived);
}

/** Codes: those of `decodeBytes`. */
export function decodeTreeRecord(bytes: Uint8Array): Result<Derived> {
  return decodeBytes(treeRecordCodec, bytes, treeRecordBytesMax);
}
