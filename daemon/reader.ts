/** Reads of the chain and of the store for clients, each with what is known of its finality. */
import type { SealedHeader } from '../chain/block.ts';
import { equalBytes, toHex } from '../chain/bytes.ts';
import { accept, type ErrorCode, type Result, reject, unreachable } from '../chain/errors.ts';
import { type Genesis, paramsAt } from '../chain/genesis.ts';
import type { TransactionPlace } from '../chain/layout.ts';
import type { Mempool } from '../chain/mempool.ts';
import type { RemovalReason } from '../chain/mempool-queues.ts';
import {
  decodeRecord,
  type HistoryEntry,
  type KeyRecord,
  keyRecordCodec,
  keyStateKey,
  supplyCodec,
  supplyStateKey,
} from '../chain/state.ts';
import { atOneHead, betweenSteps } from './at-one-head.ts';
import type { CertainReads } from './certain-reads.ts';
import { type ChainStore, expectRow } from './chain-store.ts';
import { type DecodedBlocks, decodedBlocksOf } from './decoded-blocks.ts';
import type { Driver } from './driver.ts';
import type { LedgerWriter } from './ledger-writer.ts';
import type {
  AccountReading,
  BlockReading,
  Finality,
  HeaderReading,
  KeyOptions,
  KeyProof,
  KeyReading,
  ReadMode,
  ScanReading,
  TransactionStanding,
  TransactionStatus,
} from './node-api.ts';
import { recordAt } from './past-record.ts';

export interface ReaderParts {
  readonly genesis: Genesis;
  readonly chain: ChainStore;
  readonly ledger: LedgerWriter;
  readonly driver: Pick<Driver, 'engine' | 'finalHeight'>;
  readonly mempool: Mempool;
  readonly reads: Pick<CertainReads, 'begin'>;
  /** What pruning took away; nothing may be read below. */
  readonly floors: { readonly blocksFrom: number; readonly versionsFrom: number };
  /** Why a transaction that the mempool held is held no longer; null when nothing is known of it. */
  readonly droppedFor: (idHex: string) => RemovalReason | null;
  /** Whether what the mempool holds is in no block of the chain: while it follows a step it may be. */
  readonly isMempoolAtHead: () => boolean;
}

/** What a client is told of a transaction that was dropped: the code that sending it again would meet, or that it must sign anew. */
const droppedCodes: Readonly<Record<Exclude<RemovalReason, 'included'>, ErrorCode>> = {
  superseded: 'TRANSACTION_DROPPED',
  expired: 'EXPIRED',
  gap: 'BAD_NONCE',
  unpayable: 'FEE_UNPAYABLE',
  evicted: 'POOL_FULL',
};

/** Keys looked at for one answer of a scan: deleted ones are passed over, and there may be any number of them. */
const scanRowsMax = 1_024;
/** Keys of a scan that are read at a time. */
const scanPageMax = 64;

/** Of a transaction that no block includes. */
const nowhere = { height: null, blockHash: null, index: null, confirmations: 0, receipt: null } as const;

export class Reader {
  readonly #parts: ReaderParts;
  readonly #decoded: DecodedBlocks;

  constructor(parts: ReaderParts) {
    this.#parts = parts;
    this.#decoded = decodedBlocksOf(parts.chain);
  }

  /** See NodeApi.blockByHash. */
  blockByHash(hash: Uint8Array): Promise<Result<BlockReading>> {
    return this.#atOneHead(() => this.#block(hash));
  }

  blockByHeight(height: number): Promise<Result<BlockReading>> {
    return this.#atOneHead(() => this.#blockAt(height));
  }

  headerByHash(hash: Uint8Array): Promise<HeaderReading | null> {
    return this.#atOneHead(() => this.#header(hash));
  }

  headersFrom(height: number, limit: number): Promise<readonly SealedHeader[]> {
    return this.#atOneHead(() => this.#parts.chain.canonicalHeaders(height, limit));
  }

  /** A key as of `at`, or as of the height that the read mode gives; see NodeApi.readKey. */
  async readKey(key: string, options: KeyOptions): Promise<Result<KeyReading>> {
    const isCertain = options.read.kind !== 'linearizable' || (await this.#parts.reads.begin());
    if (!isCertain) return this.#unavailable(options.read);
    const newest = await betweenSteps(this.#parts.ledger, () => this.#newest(key, options));
    return newest ?? this.#atOneHead(() => this.#past(key, options));
  }

  /** See NodeApi.history. */
  history(
    key: string,
    options: { readonly before: number | null; readonly limit: number },
  ): Promise<readonly HistoryEntry[]> {
    return this.#atOneHead(async () => {
      const entries = await this.#parts.chain.history(key, options.before, options.limit);
      // A page may end short only where there is no more; below a version that a snapshot brought for its value alone nothing is.
      return entries.filter(({ height }) => height > 0);
    });
  }

  /** As it is at the head, and the next nonce after what the mempool holds of the same sender. */
  account(address: Uint8Array): Promise<AccountReading> {
    return betweenSteps(this.#parts.ledger, () => {
      const account = this.#parts.chain.accountSync(address);
      return { ...account, pendingNonce: this.#parts.mempool.nextNonce(address) ?? account.nonce };
    });
  }

  /** All coins at the head. */
  supply(): Promise<bigint> {
    return this.#atOneHead(async () => {
      const [record] = await this.#parts.chain.records([supplyStateKey]);
      return record ? decodeRecord(supplyCodec, record).total : 0n;
    });
  }

  /** Keys that have a value now; see NodeApi.scan. */
  scan(prefix: string, options: { readonly after: string | null; readonly limit: number }): Promise<ScanReading> {
    return this.#atOneHead(() => this.#scan(prefix, options));
  }

  /** See NodeApi.prove. */
  prove(key: string, height: number | null): Promise<Result<KeyProof>> {
    const { ledger } = this.#parts;
    return ledger.inTurn(() => {
      const at = height ?? ledger.head.header.height;
      return this.#unpruned(at, () => this.#prove(key, at));
    });
  }

  /** Where a transaction is: in a block of the canonical chain, in the mempool, or dropped by it; see NodeApi.transaction. */
  transaction(id: Uint8Array): Promise<Result<TransactionStatus>> {
    return this.#atOneHead(() => this.#transaction(id, place => this.#included(id, place)));
  }

  /** The same without the transaction of a block; see NodeApi.standing. */
  standing(id: Uint8Array): Promise<Result<TransactionStanding>> {
    return this.#atOneHead(() => this.#transaction<TransactionStanding>(id, place => this.#standing(id, place)));
  }

  #atOneHead<T>(read: () => Promise<T>): Promise<T> {
    return atOneHead(this.#parts.ledger, read);
  }

  /**
   * What `read` gives for a height whose versions are all held. What is too old may go while it reads, so whatever it found then, or
   * failed to find, does not count.
   */
  async #unpruned<T>(height: number, read: () => Promise<Result<T>>): Promise<Result<T>> {
    const [settled] = await Promise.allSettled([read()]);
    const { versionsFrom } = this.#parts.floors;
    if (height < versionsFrom) {
      return reject(
        'HEIGHT_UNAVAILABLE',
        `height ${height}: this node was pruned, keys can be read from ${versionsFrom} on`,
      );
    }
    if (settled.status === 'rejected') throw settled.reason;
    return settled.value;
  }

  async #block(hash: Uint8Array): Promise<Result<BlockReading>> {
    const { chain } = this.#parts;
    const [header, block, receipts, height] = await Promise.all([
      chain.header(hash),
      chain.block(hash),
      chain.receipts(hash),
      chain.canonicalHeight(hash),
    ]);
    const gone = this.#prunedBlock(header?.sealed.header.height ?? 0);
    if (gone !== null) return gone;
    if (block === null) return reject('NOT_FOUND', `no block ${toHex(hash)}`);
    return accept({ block, receipts: receipts ?? [], isCanonical: height !== null, ...this.#certainty(height) });
  }

  /** Error: HEIGHT_UNAVAILABLE. A part of a pruned block may still be there, or was when it was read. Block 0 is never taken away. */
  #prunedBlock(height: number): Result<never> | null {
    const { blocksFrom } = this.#parts.floors;
    if (height === 0 || height >= blocksFrom) return null;
    const held = `this node was pruned, it holds blocks from ${blocksFrom} on`;
    return reject('HEIGHT_UNAVAILABLE', `block ${height}: ${held}`);
  }

  async #blockAt(height: number): Promise<Result<BlockReading>> {
    const hash = await this.#parts.chain.canonicalHash(height);
    return hash === null ? reject('NOT_FOUND', `no block ${height}`) : this.#block(hash);
  }

  async #header(hash: Uint8Array): Promise<HeaderReading | null> {
    const { chain } = this.#parts;
    const [record, height] = await Promise.all([chain.header(hash), chain.canonicalHeight(hash)]);
    if (record === null) return null;
    return {
      sealed: record.sealed,
      isCanonical: height !== null,
      confirmations: this.#certainty(height).confirmations,
    };
  }

  /** A key as it stands at the head: two rows. Null when it is to be read as it stood below. */
  #newest(key: string, options: KeyOptions): Result<KeyReading> | null {
    const height = this.#heightFor(options);
    if (!height.ok) return height;
    const { chain, ledger } = this.#parts;
    if (height.value < ledger.head.header.height) return null;
    const record = chain.keyRecordSync(key);
    const version = hasValue(record) ? chain.versionSync(key, record.valueVersion) : null;
    return accept(this.#readingOf(key, { record, value: valueIn(record, version, key), at: height.value }));
  }

  /** A key as it stood at a height below the head. */
  async #past(key: string, options: KeyOptions): Promise<Result<KeyReading>> {
    const height = this.#heightFor(options);
    if (!height.ok) return height;
    const at = height.value;
    return this.#unpruned(at, async () =>
      accept(await this.#reading(key, await recordAt(this.#parts.chain, key, at), at)),
    );
  }

  async #scan(
    prefix: string,
    { after, limit }: { readonly after: string | null; readonly limit: number },
  ): Promise<ScanReading> {
    const height = this.#parts.ledger.head.header.height;
    const { held, next } = await this.#heldKeys(prefix, after, limit);
    return { rows: await Promise.all(held.map(({ key, record }) => this.#reading(key, record, height))), next };
  }

  /** Keys that are not deleted, and the one to go on after. */
  async #heldKeys(prefix: string, after: string | null, limit: number) {
    const held: { readonly key: string; readonly record: KeyRecord }[] = [];
    let next = after;
    for (let looked = 0; looked < scanRowsMax; looked += scanPageMax) {
      const page = await this.#parts.chain.scan(prefix, next, scanPageMax);
      for (const row of page) {
        if (row.record.valueHash !== null) held.push(row);
        next = row.key;
        if (held.length === limit) return { held, next };
      }
      if (page.length < scanPageMax) return { held, next: null };
    }
    return { held, next };
  }

  async #prove(key: string, height: number): Promise<Result<KeyProof>> {
    const proven = await this.#parts.ledger.proveRecord(keyStateKey(key), height);
    if (!proven.ok) return proven;
    const { sealed, proof } = proven.value;
    const record = proven.value.record && decodeRecord(keyRecordCodec, proven.value.record);
    return accept({ sealed, key, record, value: await this.#value(key, record), proof });
  }

  async #transaction<T>(
    id: Uint8Array,
    included: (place: TransactionPlace) => Promise<Result<T>>,
  ): Promise<Result<T | TransactionStatus>> {
    // Who waits asks at every block, so what waits costs no look at the disk.
    const waiting = this.#parts.isMempoolAtHead() ? this.#pending(id) : null;
    if (waiting !== null) return accept(waiting);
    const place = this.#parts.chain.transactionPlaceSync(id);
    if (place !== null) return included(place);
    const pending = this.#pending(id);
    if (pending !== null) return accept(pending);
    const reason = this.#parts.droppedFor(toHex(id));
    if (reason === null || reason === 'included') return unknownTransaction(id);
    const code = droppedCodes[reason];
    return accept({ id, status: 'dropped', code, finality: 'pending', transaction: null, ...nowhere });
  }

  /** What the mempool holds; null for all else. */
  #pending(id: Uint8Array): TransactionStatus | null {
    const transaction = this.#parts.mempool.byId(toHex(id));
    return transaction && { id, status: 'pending', code: null, finality: 'pending', transaction, ...nowhere };
  }

  async #included(id: Uint8Array, place: TransactionPlace): Promise<Result<TransactionStatus>> {
    const hash = this.#parts.chain.canonicalHashSync(place.height);
    const [standing, body] = await Promise.all([this.#standing(id, place), hash && this.#decoded.body(hash)]);
    if (!standing.ok) return standing;
    const transaction = body?.transactions[place.index];
    // A reorg between two reads: this answer will not count.
    if (!transaction || !equalBytes(transaction.id, id)) return unknownTransaction(id);
    return accept({ ...standing.value, transaction });
  }

  /** What the receipt of an included transaction tells. */
  async #standing(id: Uint8Array, { height, index }: TransactionPlace): Promise<Result<TransactionStanding>> {
    const blockHash = this.#parts.chain.canonicalHashSync(height);
    const receipts = blockHash && (await this.#decoded.receipts(blockHash));
    const gone = this.#prunedBlock(height);
    if (gone !== null) return gone;
    const receipt = receipts?.[index];
    // A reorg between two reads: this answer will not count.
    if (!blockHash || !receipt) return unknownTransaction(id);
    const status = receipt.status === 'failed' ? 'failed' : 'included';
    return accept({ id, status, code: receipt.code, height, blockHash, index, receipt, ...this.#certainty(height) });
  }

  async #reading(key: string, record: KeyRecord | null, at: number): Promise<KeyReading> {
    return this.#readingOf(key, { record, value: await this.#value(key, record), at });
  }

  #readingOf(key: string, read: Pick<KeyReading, 'record' | 'value' | 'at'>): KeyReading {
    return { key, ...read, ...this.#certainty(read.record?.height ?? null) };
  }

  async #value(key: string, record: KeyRecord | null): Promise<Uint8Array | null> {
    const version = hasValue(record) ? await this.#parts.chain.version(key, record.valueVersion) : null;
    return valueIn(record, version, key);
  }

  /** Where a read of a key looks. Error: HEIGHT_UNAVAILABLE above the head. */
  #heightFor({ at, read }: KeyOptions): Result<number> {
    const mode = this.#heightOf(read);
    if (!mode.ok) return mode;
    const top = this.#parts.ledger.head.header.height;
    const height = at ?? mode.value;
    return height <= top ? accept(height) : reject('HEIGHT_UNAVAILABLE', `height ${height} is above the head, ${top}`);
  }

  /** The height that a read mode reads at; what it can give is the engine's to say. */
  #heightOf(read: ReadMode): Result<number> {
    const { driver, ledger } = this.#parts;
    const top = ledger.head.header.height;
    switch (read.kind) {
      case 'linearizable': // Waited for before.
      case 'local':
        return accept(top);
      case 'confirmed':
        return accept(Math.max(0, top - Math.max(1, read.confirmations) + 1));
      case 'final':
        return driver.engine.canFinalize ? accept(Math.min(top, driver.finalHeight)) : this.#unavailable(read);
      default:
        return unreachable(read);
    }
  }

  #unavailable(read: ReadMode): Result<never> {
    return reject(
      'FINALITY_UNAVAILABLE',
      `engine ${this.#parts.driver.engine.name} cannot give a ${read.kind} read now`,
    );
  }

  /** Confirmations count the head as 1; a block that is not canonical has none. */
  #certainty(height: number | null): { readonly confirmations: number; readonly finality: Finality } {
    if (height === null) return { confirmations: 0, finality: 'pending' };
    const top = this.#parts.ledger.head.header.height;
    const confirmations = Math.max(0, top - height + 1);
    if (height <= this.#parts.driver.finalHeight) return { confirmations, finality: 'final' };
    const isSafe = confirmations >= paramsAt(this.#parts.genesis, height).safeConfirmations;
    return { confirmations, finality: isSafe ? 'safe' : 'included' };
  }
}

function hasValue(record: KeyRecord | null): record is KeyRecord {
  return record !== null && record.valueHash !== null;
}

/** The value that a record names, out of the version that holds it. Error: DATABASE_DAMAGED when that is missing. */
function valueIn(record: KeyRecord | null, version: HistoryEntry | null, key: string): Uint8Array | null {
  if (!hasValue(record)) return null;
  return expectRow(version, `version ${record.valueVersion} of key ${JSON.stringify(key)}`).value;
}

function unknownTransaction(id: Uint8Array): Result<never> {
  return reject('NOT_FOUND', `no transaction ${toHex(id)}`);
}
