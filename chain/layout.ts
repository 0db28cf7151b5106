/**
 * The database in one table: every kind of row once, with its place (the key behind the prefix byte), its value, what it is for and who
 * deletes it. docs/operate/database.md shows the same table. A change to a row means a new `databaseVersion` and a migration.
 */
import {
  blockTransactionsCap,
  decodeBody,
  encodeBody,
  type SealedHeader,
  sealedHeaderBytesMax,
  sealedHeaderCodec,
} from './block.ts';
import { compareBytes, concat, fromUtf8, toUtf8 } from './bytes.ts';
import { byteString, type Codec, fail, fixedBytes, hash32, list, nullable, struct, text, uint } from './codec.ts';
import { addressLength } from './keys.ts';
import { contentTypeBytesMax, keyBytesMax, valueBytesMax } from './operation.ts';
import { type Receipt, receiptCodec } from './receipt.ts';
import {
  cborStored,
  decodeNumber,
  encodeNumber,
  hashStored,
  type KeyRange,
  noValue,
  numberPlace,
  onlyPlace,
  rangeOf,
  rawStored,
  row,
  type Stored,
  textPlace,
} from './row.ts';
import { type HistoryEntry, keyStateKey, recordBytesMax, stateKeyBytesMax } from './state.ts';
import type { Transaction } from './transaction.ts';
import { type HistoryPlace, type Undo, undoBytesMax, undoCodec } from './undo.ts';

/** Name and version of the whole format: a store on disk writes them into its own first row, and refuses a newer version. */
export const databaseFormat = 'kvchain-database';
export const databaseVersion = 1;

/** The block at which the ledger stands. */
export interface TipRecord {
  readonly hash: Uint8Array;
  readonly height: number;
}

/** A known block without its body. */
export interface HeaderRecord {
  readonly sealed: SealedHeader;
  /** What the engine derived for it; at most 1,024 bytes. */
  readonly record: Uint8Array;
  readonly isInvalid: boolean;
}

export interface HeightHash {
  readonly height: number;
  readonly hash: Uint8Array;
}

/** Where a transaction of the canonical chain stands. */
export interface TransactionPlace {
  readonly height: number;
  readonly index: number;
}

/** What a version of a key is, beside the key and the version in its place. */
export type HistoryRecord = Omit<HistoryEntry, 'key' | 'version'>;

/** What was taken away to save space, and is not to be missed. */
export interface PrunedRecord {
  /** Bodies and receipts of blocks 1 to this height are gone, or on their way; 0: of none. */
  readonly blocks: number;
  /** Keys cannot be read as they stood below this height: versions that were overwritten by then are gone, or on their way. */
  readonly versions: number;
  /** Up to this height nothing is left to take away. */
  readonly done: number;
}

/** A node that was connected once. */
export interface PeerRecord {
  readonly addresses: readonly string[];
  /** Unix milliseconds of the last handshake. */
  readonly seenMs: number;
}

const engineRecordBytesMax = 1_024;
const receiptsBytesMax = 16_777_216;
const peerBytesMax = 8_192;

/** Every kind of row. */
export const rows = {
  tip: row<'only', TipRecord>({
    prefix: 'T',
    place: onlyPlace,
    value: cborStored('[hash, height]', struct<TipRecord>({ hash: hash32, height: uint() }), 64),
    purpose: 'The block at which the ledger stands.',
    deletedBy: 'nobody; each commit and each undo moves it',
  }),
  header: row<Uint8Array, HeaderRecord>({
    prefix: 'H',
    place: hashStored('block hash'),
    value: cborStored(
      "[sealed header, engine's record, isInvalid 0 or 1]",
      struct<HeaderRecord>({
        sealed: sealedHeaderCodec,
        record: byteString(0, engineRecordBytesMax),
        isInvalid: flag(),
      }),
      sealedHeaderBytesMax + engineRecordBytesMax + 16,
    ),
    purpose: 'Every stored block, canonical or not.',
    deletedBy: 'nobody',
  }),
  headerByHeight: row<HeightHash, 'present'>({
    prefix: 'N',
    place: heightHashPlace(),
    value: noValue,
    purpose: 'Finds the stored headers from a height up, parents before children, at start.',
    deletedBy: 'nobody',
  }),
  body: row<Uint8Array, readonly Transaction[]>({
    prefix: 'B',
    place: hashStored('block hash'),
    value: {
      form: '[transaction, ...]',
      encode: encodeBody,
      decode: decodeBody,
    },
    purpose: 'The transactions of a block, in the bytes that peers send.',
    deletedBy: 'pruning',
  }),
  canonical: row<number, Uint8Array>({
    prefix: 'C',
    place: numberPlace('height'),
    value: hashStored('block hash'),
    purpose: 'The chain from block 0 to the tip.',
    deletedBy: 'the undo of the block',
  }),
  receipts: row<Uint8Array, readonly Receipt[]>({
    prefix: 'R',
    place: hashStored('block hash'),
    value: cborStored('[receipt, ...]', list(receiptCodec, blockTransactionsCap), receiptsBytesMax),
    purpose: 'What became of the transactions of a canonical block.',
    deletedBy: 'the undo of the block, or pruning',
  }),
  undo: row<number, Undo>({
    prefix: 'U',
    place: numberPlace('height'),
    value: cborStored(
      '[block hash, [[state key, record or null], ...], [[key, version], ...]]',
      undoCodec,
      undoBytesMax,
    ),
    purpose: 'Takes a canonical block back.',
    deletedBy: 'the undo of the block, or the commit that takes it out of the undo window',
  }),
  state: row<Uint8Array, Uint8Array>({
    prefix: 'S',
    place: rawStored('state key', stateKeyBytesMax),
    value: rawStored('record', recordBytesMax),
    purpose: 'Key records, accounts and the supply; keys in the order of their UTF-8, so that a scan is a range.',
    deletedBy: 'the undo of the block that made the first version',
  }),
  leaf: row<Uint8Array, Uint8Array>({
    prefix: 'L',
    place: hashStored('path'),
    value: hashStored('payload hash'),
    purpose: 'The leaves of the state tree, which is built from them at start.',
    deletedBy: 'as the state row',
  }),
  stateKey: row<Uint8Array, Uint8Array>({
    prefix: 'K',
    place: hashStored('path'),
    value: rawStored('state key', stateKeyBytesMax),
    purpose: 'Finds the state under a prefix of its paths, for a peer that joins by a snapshot.',
    deletedBy: 'as the state row',
  }),
  history: row<HistoryPlace, HistoryRecord>({
    prefix: 'V',
    place: historyPlace(),
    value: cborStored(
      '[height, transaction id or null, operation 0 put, 1 delete, 2 transferKey, owner, content type, value or null, value version]',
      historyRecordCodec(),
      valueBytesMax + 256,
    ),
    purpose: 'Every version of every key, with its value.',
    deletedBy: 'the undo of the block, or pruning when it takes the history too',
  }),
  transaction: row<Uint8Array, TransactionPlace>({
    prefix: 'X',
    place: hashStored('transaction id'),
    value: cborStored('[height, index]', struct<TransactionPlace>({ height: uint(), index: uint() }), 32),
    purpose: 'Finds a transaction of the canonical chain.',
    deletedBy: 'the undo of the block',
  }),
  undone: row<Uint8Array, number>({
    prefix: 'J',
    place: hashStored('block hash'),
    value: cborStored('height', uint(), 16),
    purpose: 'Names a block that was undone: its body goes back to the mempool, after a crash too.',
    deletedBy: 'the commit of the block, or the next writing of the mempool',
  }),
  mempool: row<number, readonly Transaction[]>({
    prefix: 'M',
    place: numberPlace('part'),
    value: {
      form: '[transaction, ...]',
      encode: encodeBody,
      decode: decodeBody,
    },
    purpose: 'The mempool, written at stop and from time to time.',
    deletedBy: 'the next writing of the mempool',
  }),
  pruned: row<'only', PrunedRecord>({
    prefix: 'D',
    place: onlyPlace,
    value: cborStored(
      '[blocks, versions, done]',
      struct<PrunedRecord>({ blocks: uint(), versions: uint(), done: uint() }),
      32,
    ),
    purpose:
      'Up to which height pruning takes blocks away, from which height on keys can be read, and how far it has come.',
    deletedBy: 'nobody; each batch of pruning moves it',
  }),
  joining: row<'only', 'present'>({
    prefix: 'G',
    place: onlyPlace,
    value: noValue,
    purpose:
      'Says that a snapshot is being fetched: whatever stands beside block 0 is a part of it, and taken away at the next start.',
    deletedBy: 'the batch that ends the snapshot, or the next start',
  }),
  peer: row<string, PeerRecord>({
    prefix: 'P',
    place: textPlace('peer id', 128),
    value: cborStored(
      '[[address, ...], last seen in Unix ms]',
      struct<PeerRecord>({ addresses: list(text(1, 256), 16), seenMs: uint() }),
      peerBytesMax,
    ),
    purpose: 'Peers to dial again after a restart.',
    deletedBy: 'the address book, when it is full or the peer has long been gone',
  }),
} as const;

/**
 * The state rows of all keys that begin with `prefix` and come after the key `after` (null: from the first on), in key order. An
 * `after` from elsewhere, such as a forged cursor, never widens the range.
 */
export function keyScanRange(prefix: string, after: string | null): KeyRange {
  const range = rangeOf(rows.state.key(keyStateKey(prefix)));
  if (after === null) return range;
  // The smallest key behind `after` is `after` with a zero byte.
  const behind = concat(rows.state.key(keyStateKey(after)), Uint8Array.of(0));
  return { from: compareBytes(behind, range.from) > 0 ? behind : range.from, to: range.to };
}

/** The key that a state row is of, or null for a row of an account or the supply. Throws DATABASE_DAMAGED. */
export function keyOfStateRow(storedKey: Uint8Array): string | null {
  const stateKey = rows.state.placeOf(storedKey);
  return stateKey[0] === keyStateKey('')[0] ? fromUtf8(stateKey.subarray(1)) : null;
}

/** The history rows of `key` from version `first` to version `last`, inclusive, in the order of versions. */
export function historyRange(key: string, first: number, last: number): KeyRange {
  return { from: rows.history.key({ key, version: first }), to: rows.history.key({ key, version: last + 1 }) };
}

/** The stored headers from `height` up; the lowest come first. */
export function headersFrom(height: number): KeyRange {
  const all = rangeOf(toUtf8(rows.headerByHeight.prefix));
  return { from: concat(all.from, encodeNumber(height)), to: all.to };
}

/** All rows of one kind. */
export function allOf(kind: { readonly prefix: string }): KeyRange {
  return rangeOf(toUtf8(kind.prefix));
}

/** All rows of one kind in sixteen parts, by the first half byte behind the prefix. */
export function sixteenthsOf(kind: { readonly prefix: string }): readonly KeyRange[] {
  const { from, to } = allOf(kind);
  const bounds = [from, ...Array.from({ length: 15 }, (_, part) => concat(from, Uint8Array.of(16 * (part + 1)))), to];
  return bounds.slice(1).map((end, part) => ({ from: bounds[part] ?? from, to: end }));
}

/** Behind the key stands 0xFF, which UTF-8 never holds, so no key's rows lie among another's; then the version, big-endian. */
function historyPlace(): Stored<HistoryPlace> {
  return {
    form: 'key, FF, version',
    encode: ({ key, version }) => concat(toUtf8(key), Uint8Array.of(0xff), encodeNumber(version)),
    decode: bytes => {
      const end = bytes.length - 9;
      if (end < 1 || end > keyBytesMax || bytes[end] !== 0xff) return null;
      const key = fromUtf8(bytes.subarray(0, end));
      const version = decodeNumber(bytes.subarray(end + 1));
      return key === null || version === null ? null : { key, version };
    },
  };
}

function heightHashPlace(): Stored<HeightHash> {
  return {
    form: 'height, block hash',
    encode: ({ height, hash }) => concat(encodeNumber(height), hash),
    decode: bytes => {
      const height = bytes.length === 40 ? decodeNumber(bytes.subarray(0, 8)) : null;
      return height === null ? null : { height, hash: bytes.subarray(8) };
    },
  };
}

function historyRecordCodec(): Codec<HistoryRecord> {
  const operations = ['put', 'delete', 'transferKey'] as const;
  return struct<HistoryRecord>({
    height: uint(),
    transactionId: nullable(hash32),
    operation: {
      toItem: operation => operations.indexOf(operation),
      fromItem: item =>
        (typeof item === 'number' ? operations[item] : undefined) ?? fail('BAD_ENCODING', 'unknown operation'),
    },
    owner: fixedBytes(addressLength),
    contentType: text(0, contentTypeBytesMax),
    value: nullable(byteString(0, valueBytesMax)),
    valueVersion: uint(),
  });
}

function flag(): Codec<boolean> {
  return {
    toItem: value => (value ? 1 : 0),
    fromItem: item => (item === 1 ? true : item === 0 ? false : fail('BAD_ENCODING', 'a flag is 0 or 1')),
  };
}
