/**
 * What takes a block back: the records as they were, and the history rows to delete. Kept for each block of the undo window; the
 * block's hash stands in it, because undo data of another branch would corrupt the state without a sound.
 */
import { equalBytes, toHex } from './bytes.ts';
import { byteString, type Codec, decodeBytes, encode, hash32, list, nullable, struct, text, uint } from './codec.ts';
import { accept, type Result, reject } from './errors.ts';
import type { Applied } from './ledger.ts';
import { keyBytesMax } from './operation.ts';
import { recordBytesMax, type StateWrite, stateKeyBytesMax } from './state.ts';

/** Names one history row. */
export interface HistoryPlace {
  readonly key: string;
  readonly version: number;
}

export interface Undo {
  /** Of the block that it takes back. */
  readonly blockHash: Uint8Array;
  /** The records before the block, in the order of state keys; `after` is what holds after undoing. */
  readonly changes: readonly StateWrite[];
  /** The versions that the block made. */
  readonly history: readonly HistoryPlace[];
}

/** A full block makes some megabytes; anything beyond is damage. */
export const undoBytesMax = 67_108_864;
const undoEntriesMax = 1_048_576;

export const undoCodec: Codec<Undo> = struct<Undo>({
  blockHash: hash32,
  changes: list(
    struct<StateWrite>({
      stateKey: byteString(1, stateKeyBytesMax),
      after: nullable(byteString(0, recordBytesMax)),
    }),
    undoEntriesMax,
  ),
  history: list(struct<HistoryPlace>({ key: text(1, keyBytesMax), version: uint() }), undoEntriesMax),
});

/** What takes back `applied`, which the block with this hash gave. */
export function undoOf(blockHash: Uint8Array, applied: Pick<Applied, 'changes' | 'history'>): Undo {
  return {
    blockHash,
    changes: applied.changes.map(({ stateKey, before }) => ({ stateKey, after: before })),
    history: applied.history.map(({ key, version }) => ({ key, version })),
  };
}

export function encodeUndo(undo: Undo): Uint8Array {
  return encode(undoCodec, undo);
}

/** Decodes the undo record of the block with this hash. Error: DATABASE_DAMAGED when it does not decode or is another block's. */
export function decodeUndo(bytes: Uint8Array, blockHash: Uint8Array): Result<Undo> {
  const decoded = decodeBytes(undoCodec, bytes, undoBytesMax);
  if (!decoded.ok)
    return reject('DATABASE_DAMAGED', `undo record of block ${toHex(blockHash)}: ${decoded.error.detail}`);
  if (!equalBytes(decoded.value.blockHash, blockHash)) {
    const found = `undo record of block ${toHex(decoded.value.blockHash)}`;
    return reject('DATABASE_DAMAGED', `${found} stands where that of block ${toHex(blockHash)} is expected`);
  }
  return accept(decoded.value);
}
