/**
 * The chain in the store, in the chain's own words: every read of the database by the node goes through here, and every batch that does
 * not move the ledger. Batches that do are the ledger writer's.
 */

import { storeBlockWrites, storeHeaderWrites } from '../chain/batches.ts';
import type { Block, SealedHeader } from '../chain/block.ts';
import { equalBytes, toHex } from '../chain/bytes.ts';
import { KvchainError } from '../chain/errors.ts';
import {
  allOf,
  type HeaderRecord,
  headersFrom,
  historyRange,
  keyOfStateRow,
  keyScanRange,
  type PrunedRecord,
  rows,
  type TipRecord,
  type TransactionPlace,
} from '../chain/layout.ts';
import type { Receipt } from '../chain/receipt.ts';
import type { KeyRange, Row } from '../chain/row.ts';
import {
  type Account,
  accountCodec,
  accountStateKey,
  decodeRecord,
  emptyAccount,
  type HistoryEntry,
  type KeyRecord,
  keyRecordCodec,
  keyStateKey,
} from '../chain/state.ts';
import type { Transaction } from '../chain/transaction.ts';
import type { Undo } from '../chain/undo.ts';
import type { StoreBatch } from './failpoints.ts';
import { FreshBlocks } from './fresh-blocks.ts';
import type { FrozenStore, Store, StoreRow, StoreWrite } from './ports.ts';

/** Rows read at a time where all of a kind are read. */
const pageRows = 10_000;
/** The last hashes of a locator stand one behind the other; before them the gaps double. */
const locatorDense = 10;

export class ChainStore {
  readonly #store: Store;
  readonly #fresh = new FreshBlocks();

  constructor(store: Store) {
    this.#store = store;
  }

  write(batch: readonly StoreWrite[], durability: 'durable' | 'lazy', name: StoreBatch): Promise<void> {
    return this.#store.write(batch, durability, name);
  }

  tip(): Promise<TipRecord | null> {
    return this.#read(rows.tip, 'only');
  }

  /** The row is a block's own: its hash is computed from what it holds. Error: DATABASE_DAMAGED when that is another block. */
  async header(hash: Uint8Array): Promise<HeaderRecord | null> {
    const record = await this.#read(rows.header, hash);
    return record && ofHash(record, hash);
  }

  /** A header is stored with its body and outlives it only where it was pruned: its row is the smaller one to look for. */
  async hadBody(hash: Uint8Array): Promise<boolean> {
    return (await this.header(hash)) !== null;
  }

  /** The transactions of a block as peers send them. */
  bodyBytes(hash: Uint8Array): Promise<Uint8Array | null> {
    return this.#store.get(rows.body.key(hash));
  }

  transactions(hash: Uint8Array): Promise<readonly Transaction[] | null> {
    return this.#read(rows.body, hash);
  }

  /** As `block`, for who asks once: a block that was just stored is given as it was, decoded, and is read from the store after that. */
  async takeBlock(hash: Uint8Array): Promise<Block | null> {
    return this.#fresh.take(toHex(hash)) ?? this.block(hash);
  }

  /** A block that was just stored, or is being stored; null when it is not at hand. */
  freshBlock(hash: Uint8Array): Block | null {
    return this.#fresh.get(toHex(hash));
  }

  async block(hash: Uint8Array): Promise<Block | null> {
    const fresh = this.#fresh.get(toHex(hash));
    if (fresh !== null) return fresh;
    const [header, transactions] = await Promise.all([this.header(hash), this.transactions(hash)]);
    return header && transactions && { ...header.sealed, transactions };
  }

  receipts(hash: Uint8Array): Promise<readonly Receipt[] | null> {
    return this.#read(rows.receipts, hash);
  }

  undo(height: number): Promise<Undo | null> {
    return this.#read(rows.undo, height);
  }

  canonicalHash(height: number): Promise<Uint8Array | null> {
    return this.#read(rows.canonical, height);
  }

  /** The same, while the caller's thread waits. */
  canonicalHashSync(height: number): Uint8Array | null {
    return this.#readSync(rows.canonical, height);
  }

  /** The height of a block of the canonical chain; null for every other hash. */
  async canonicalHeight(hash: Uint8Array): Promise<number | null> {
    const header = await this.header(hash);
    if (header === null) return null;
    const { height } = header.sealed.header;
    const canonical = await this.canonicalHash(height);
    return canonical !== null && equalBytes(canonical, hash) ? height : null;
  }

  /** Canonical headers from `height` up, at most `limit`. */
  async canonicalHeaders(height: number, limit: number): Promise<readonly SealedHeader[]> {
    const heights = Array.from({ length: limit }, (_, index) => height + index);
    const hashes = await this.#readMany(rows.canonical, heights);
    const found = hashes.slice(0, firstNull(hashes)).filter(hash => hash !== null);
    const headers = await this.#readMany(rows.header, found);
    return headers.map((record, index) => {
      const hash = found[index] ?? new Uint8Array(0);
      return ofHash(expectRow(record, `header of block ${height + index}`), hash).sealed;
    });
  }

  /**
   * Hashes by which a peer finds where its chain leaves ours: `best` (which may be ahead of the ledger), the last ten of the canonical
   * chain, then ever wider gaps back to block 0.
   */
  async locator(best: Uint8Array): Promise<readonly Uint8Array[]> {
    const tip = expectRow(await this.tip(), 'tip');
    const heights: number[] = [];
    for (let height = tip.height, step = 1; height > 0; height -= step) {
      heights.push(height);
      if (heights.length >= locatorDense) step *= 2;
    }
    const hashes = await this.#readMany(rows.canonical, [...heights, 0]);
    const known = hashes.filter(hash => hash !== null);
    return equalBytes(best, tip.hash) ? known : [best, ...known];
  }

  /** Stores a block before it is judged. */
  async putBlock(block: Block, treeRecord: Uint8Array, { name, durability }: BlockWriting): Promise<void> {
    // Whoever asks while it is written is given it as well.
    this.#fresh.add(block);
    await this.#store.write(storeBlockWrites(block, treeRecord), durability, name);
    this.#fresh.written(block.hashHex);
  }

  /** Remembers that a stored block is invalid; one that is not stored needs no mark. */
  async markInvalid(hash: Uint8Array): Promise<void> {
    const header = await this.header(hash);
    if (header) await this.#store.write(storeHeaderWrites({ ...header, isInvalid: true }), 'lazy', 'invalid-mark');
  }

  /** Stored headers with bodies from `height` up, parents before children. */
  async *headersFrom(height: number): AsyncGenerator<HeaderRecord> {
    for await (const page of this.#pages(headersFrom(height))) {
      const places = page.map(row => rows.headerByHeight.placeOf(row.key).hash);
      const records = await this.#readMany(rows.header, places);
      for (const [index, hash] of places.entries()) {
        yield ofHash(expectRow(records[index] ?? null, 'header of the height index'), hash);
      }
    }
  }

  /** The state tree's leaves as runs of 64-byte records, in the order of their paths. */
  async leaves(): Promise<readonly Uint8Array[]> {
    const runs: Uint8Array[] = [];
    for await (const page of this.#pages(allOf(rows.leaf))) {
      const run = new Uint8Array(page.length * 64);
      for (const [index, row] of page.entries()) {
        run.set(rows.leaf.placeOf(row.key), index * 64);
        run.set(rows.leaf.decode(row.value), index * 64 + 32);
      }
      runs.push(run);
    }
    return runs;
  }

  /** Keeps a copy of the leaves as of a block, which opens faster than their rows; a store may not. Error: DISK_FAILED. */
  async keepLeaves(head: Uint8Array, leaves: Iterable<Uint8Array>): Promise<void> {
    await this.#store.keepLeaves?.(head, leaves);
  }

  /** The copy that was kept as of this block, or null. Errors: DATABASE_DAMAGED, DISK_FAILED. */
  async keptLeaves(head: Uint8Array): Promise<readonly Uint8Array[] | null> {
    return (await this.#store.keptLeaves?.(head)) ?? null;
  }

  /** The encoded records of these state keys, in order. */
  async records(stateKeys: readonly Uint8Array[]): Promise<readonly (Uint8Array | null)[]> {
    return this.#readMany(rows.state, stateKeys);
  }

  /** One of them, while the caller's thread waits. */
  recordSync(stateKey: Uint8Array): Uint8Array | null {
    return this.#readSync(rows.state, stateKey);
  }

  /** An account at the head, while the caller's thread waits. */
  accountSync(address: Uint8Array): Account {
    const record = this.recordSync(accountStateKey(address));
    return record === null ? emptyAccount : decodeRecord(accountCodec, record);
  }

  async keyRecord(key: string): Promise<KeyRecord | null> {
    const [record] = await this.records([keyStateKey(key)]);
    return record ? decodeRecord(keyRecordCodec, record) : null;
  }

  /** A key at the head, while the caller's thread waits. */
  keyRecordSync(key: string): KeyRecord | null {
    const record = this.recordSync(keyStateKey(key));
    return record && decodeRecord(keyRecordCodec, record);
  }

  /** One version of a key, while the caller's thread waits. */
  versionSync(key: string, version: number): HistoryEntry | null {
    const record = this.#readSync(rows.history, { key, version });
    return record && { key, version, ...record };
  }

  /** One version of a key. */
  async version(key: string, version: number): Promise<HistoryEntry | null> {
    const record = await this.#read(rows.history, { key, version });
    return record && { key, version, ...record };
  }

  /** Versions of a key below `before` (null: from the newest), newest first. */
  async history(key: string, before: number | null, limit: number): Promise<readonly HistoryEntry[]> {
    const range = historyRange(key, 0, (before ?? Number.MAX_SAFE_INTEGER - 1) - 1);
    const page = await this.#store.range({ ...range, limit, order: 'descending' });
    return page.map(row => ({ ...rows.history.placeOf(row.key), ...rows.history.decode(row.value) }));
  }

  /** Versions of a key from `first` up, oldest first. */
  async versionsFrom(key: string, first: number, limit: number): Promise<readonly HistoryEntry[]> {
    const range = historyRange(key, first, Number.MAX_SAFE_INTEGER - 1);
    const page = await this.#store.range({ ...range, limit, order: 'ascending' });
    return page.map(row => ({ ...rows.history.placeOf(row.key), ...rows.history.decode(row.value) }));
  }

  /** What pruning has taken away, and how far it has come. */
  async pruned(): Promise<PrunedRecord> {
    return (await this.#read(rows.pruned, 'only')) ?? { blocks: 0, versions: 0, done: 0 };
  }

  /** Whether a snapshot was begun and not ended. */
  async isJoining(): Promise<boolean> {
    return (await this.#read(rows.joining, 'only')) !== null;
  }

  /** Keys of stored rows, at most `limit` at a time. */
  async *keys(range: KeyRange, limit: number): AsyncGenerator<readonly Uint8Array[]> {
    for await (const page of this.#pages(range, limit)) yield page.map(({ key }) => key);
  }

  /** All rows as they are at this moment. */
  freeze(): FrozenStore {
    return this.#store.freeze();
  }

  /** Gives back the space of rows that were deleted; may take long, and then holds up closing the store. */
  async compact(range: KeyRange): Promise<void> {
    await this.#store.compact?.(range);
  }

  /** Hashes of all blocks stored at a height, canonical or not. */
  async hashesAt(height: number): Promise<readonly Uint8Array[]> {
    const range = { from: headersFrom(height).from, to: headersFrom(height + 1).from };
    const page = await this.#store.range({ ...range, limit: pageRows, order: 'ascending' });
    return page.map(row => rows.headerByHeight.placeOf(row.key).hash);
  }

  /** Records of keys in key order, tombstones among them. */
  async scan(prefix: string, after: string | null, limit: number): Promise<readonly KeyedRecord[]> {
    const page = await this.#store.range({ ...keyScanRange(prefix, after), limit, order: 'ascending' });
    return page.map(row => ({
      key: keyOfStateRow(row.key) ?? '',
      record: decodeRecord(keyRecordCodec, rows.state.decode(row.value)),
    }));
  }

  /** Where the chain includes a transaction, while the caller's thread waits. */
  transactionPlaceSync(id: Uint8Array): TransactionPlace | null {
    return this.#readSync(rows.transaction, id);
  }

  /** What the last run left for the mempool: its own part rows, and the transactions of blocks that were undone. */
  async journal(): Promise<Journal> {
    const transactions: Transaction[] = [];
    const undone: Uint8Array[] = [];
    const places: number[] = [];
    for await (const page of this.#pages(allOf(rows.mempool))) {
      for (const row of page) {
        places.push(rows.mempool.placeOf(row.key));
        transactions.push(...rows.mempool.decode(row.value));
      }
    }
    for await (const page of this.#pages(allOf(rows.undone))) {
      for (const row of page) undone.push(rows.undone.placeOf(row.key));
    }
    for (const hash of undone) transactions.push(...((await this.#read(rows.body, hash)) ?? []));
    return { transactions, places, undone };
  }

  async #read<Place, Value>(row: Row<Place, Value>, place: Place): Promise<Value | null> {
    const value = await this.#store.get(row.key(place));
    return value === null ? null : row.decode(value);
  }

  #readSync<Place, Value>(row: Row<Place, Value>, place: Place): Value | null {
    const value = this.#store.getSync(row.key(place));
    return value === null ? null : row.decode(value);
  }

  async #readMany<Place, Value>(row: Row<Place, Value>, places: readonly Place[]): Promise<readonly (Value | null)[]> {
    const values = await this.#store.getMany(places.map(place => row.key(place)));
    return values.map(value => (value === null ? null : row.decode(value)));
  }

  async *#pages(range: KeyRange, limit = pageRows): AsyncGenerator<readonly StoreRow[]> {
    for (let from = range.from; ; ) {
      const page = await this.#store.range({ from, to: range.to, limit, order: 'ascending' });
      if (page.length > 0) yield page;
      const last = page.at(-1);
      if (last === undefined || page.length < limit) return;
      from = successor(last.key);
    }
  }
}

export interface BlockWriting {
  readonly name: 'own-block' | 'peer-block';
  /** A block of this node's own must be `durable`; a peer's can be had again. */
  readonly durability: 'durable' | 'lazy';
}

export interface KeyedRecord {
  readonly key: string;
  readonly record: KeyRecord;
}

export interface Journal {
  readonly transactions: readonly Transaction[];
  /** Where the parts of the mempool are stored now, ascending. */
  readonly places: readonly number[];
  readonly undone: readonly Uint8Array[];
}

/** A row that must be there, or the database is damaged. */
export function expectRow<T>(value: T | null, what: string): T {
  if (value === null) throw new KvchainError('DATABASE_DAMAGED', `${what} is missing in the database`);
  return value;
}

/** A header that was rewritten under its old hash is damage, however well it decodes. */
function ofHash(record: HeaderRecord, hash: Uint8Array): HeaderRecord {
  const { sealed } = record;
  if (equalBytes(sealed.hash, hash)) return record;
  const found = `the row of block ${toHex(hash)} holds block ${sealed.hashHex} of height ${sealed.header.height}`;
  throw new KvchainError('DATABASE_DAMAGED', found);
}

function firstNull(values: readonly unknown[]): number {
  const index = values.indexOf(null);
  return index < 0 ? values.length : index;
}

/** The smallest key behind `key`. */
function successor(key: Uint8Array): Uint8Array {
  const next = new Uint8Array(key.length + 1);
  next.set(key);
  return next;
}
