/**
 * The Store on LevelDB. Writes go one batch at a time, in the order of the calls; what waits meanwhile goes together in the next
 * batch, so that many durable writes share one fsync. After a write failed every later one is refused: a hole in the order would be
 * worse than a stop.
 */
import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ChainedBatch, ClassicLevel } from 'classic-level';
import { failpoint } from '#failpoint';
import { compareBytes, fromUtf8, toUtf8 } from '../../chain/bytes.ts';
import { assert, KvchainError } from '../../chain/errors.ts';
import { databaseFormat, databaseVersion } from '../../chain/layout.ts';
import { diskFailed } from '../disk-failure.ts';
import type { StoreBatch } from '../failpoints.ts';
import { inSlices } from '../pace.ts';
import type { FrozenStore, Store, StoreRange, StoreRow, StoreWrite } from '../ports.ts';
import { systemClock } from '../system.ts';
import { readLeafFile, writeLeafFile } from './leaf-file.ts';
import { checkLevelFolder, refuseOtherThanFiles } from './level-check.ts';
import { assertKey, lowestKey, openRow, repairAdvice, sealRow } from './row.ts';

/** Batches that may wait for the one being written; more is a caller that does not wait for its writes. */
export const writesWaitingMax = 10_000;
/** Rows that share one LevelDB batch. */
export const rowsPerBatchMax = 20_000;

const formatKey = toUtf8('\0format');
const pidFileName = 'PID';
const readAheadBytes = 262_144;
const cacheSize = 33_554_432;
/** A larger buffer means fewer, larger tables to merge while a node catches up, and up to twice this in memory. */
const writeBufferSize = 16_777_216;

type Database = ClassicLevel<Uint8Array, Uint8Array>;
/** What is read: the rows as they are, or as they were when LevelDB was told to keep them. */
type Source = { readonly snapshot?: ReturnType<Database['snapshot']> };

export interface LevelStoreOptions {
  /** Made when it is not there. */
  readonly folder: string;
  /** The chain that the database belongs to, written into a new one; null opens what is there, of whatever chain (tools). */
  readonly chainIdHex: string | null;
  /**
   * For tools that look at what is damaged, or save what is not: the files are taken as they are, and a row that does not match its
   * checksum is told here and counts as absent. Without it such a row is thrown.
   */
  readonly onDamagedRow?: (key: Uint8Array, error: KvchainError) => void;
}

/**
 * Opens or makes the database. Errors: DATABASE_LOCKED (another process has it), DATABASE_DAMAGED (naming the file), DATABASE_VERSION
 * (newer format, or another chain's), NOT_FOUND (null for the chain, and no database), DISK_FAILED. All files are read and checked first (level-check.ts).
 */
export async function openLevelStore(options: LevelStoreOptions): Promise<Store> {
  const { folder, chainIdHex } = options;
  await refuseOtherThanFiles(folder);
  await assertUnlocked(folder);
  const isThere = options.onDamagedRow ? existsSync(folder) : await checkLevelFolder(folder);
  if (!isThere && chainIdHex === null) throw new KvchainError('NOT_FOUND', `there is no database in ${folder}`);
  const database: Database = new ClassicLevel(folder, { keyEncoding: 'view', valueEncoding: 'view' });
  try {
    // Without compression LevelDB's blocks can be checked by us; the values are mostly hashes and signatures anyway.
    await database.open({ compression: false, cacheSize, writeBufferSize, passive: false });
  } catch (error) {
    throw await openError(folder, error);
  }
  try {
    await checkFormat(database, options);
    await writeFile(join(folder, pidFileName), `${process.pid}\n`);
  } catch (error) {
    await database.close();
    throw levelError(error, `opening ${folder}`);
  }
  return new LevelStore(database, options);
}

interface WaitingWrite {
  readonly batch: readonly StoreWrite[];
  readonly durability: 'durable' | 'lazy';
  readonly name: StoreBatch;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

class LevelStore implements Store {
  readonly #database: Database;
  readonly #folder: string;
  readonly #onDamagedRow: LevelStoreOptions['onDamagedRow'];
  readonly #waiting: WaitingWrite[] = [];
  #writer: Promise<void> | null = null;
  #failure: KvchainError | null = null;

  constructor(database: Database, { folder, onDamagedRow }: LevelStoreOptions) {
    this.#database = database;
    this.#folder = folder;
    this.#onDamagedRow = onDamagedRow;
  }

  async get(key: Uint8Array): Promise<Uint8Array | null> {
    assertKey(key);
    const stored = await this.#read(() => this.#database.get(key));
    return stored === undefined ? null : this.#open(key, stored);
  }

  getSync(key: Uint8Array): Uint8Array | null {
    assertKey(key);
    try {
      const stored = this.#database.getSync(key);
      return stored === undefined ? null : this.#open(key, stored);
    } catch (error) {
      throw levelError(error, `reading ${this.#folder}`);
    }
  }

  getMany(keys: readonly Uint8Array[]): Promise<readonly (Uint8Array | null)[]> {
    return this.#getManyOf({}, keys);
  }

  range(range: StoreRange): Promise<readonly StoreRow[]> {
    return this.#rangeOf({}, range);
  }

  freeze(): FrozenStore {
    const snapshot = this.#database.snapshot();
    return {
      getMany: keys => this.#getManyOf({ snapshot }, keys),
      range: range => this.#rangeOf({ snapshot }, range),
      release: () => snapshot.close(),
    };
  }

  async #getManyOf(source: Source, keys: readonly Uint8Array[]): Promise<readonly (Uint8Array | null)[]> {
    keys.forEach(assertKey);
    if (keys.length === 0) return [];
    const rows = await this.#read(() => this.#database.getMany([...keys], source));
    return keys.map((key, index) => {
      const stored = rows[index];
      return stored === undefined ? null : this.#open(key, stored);
    });
  }

  async #rangeOf(source: Source, { from, to, limit, order }: StoreRange): Promise<readonly StoreRow[]> {
    const start = compareBytes(from, lowestKey) < 0 ? lowestKey : from;
    if (limit <= 0 || compareBytes(start, to) >= 0) return [];
    const reverse = order === 'descending';
    const bounds = { gte: start, lt: to, reverse, highWaterMarkBytes: readAheadBytes, ...source };
    const found: StoreRow[] = [];
    await this.#read(async () => {
      const iterator = this.#database.iterator(bounds);
      try {
        while (found.length < limit) {
          const page = await iterator.nextv(limit - found.length);
          if (page.length === 0) break;
          this.#openAll(page, found);
        }
      } finally {
        await iterator.close();
      }
    });
    return found;
  }

  write(batch: readonly StoreWrite[], durability: 'durable' | 'lazy', name: StoreBatch): Promise<void> {
    for (const { key } of batch) assertKey(key);
    if (this.#failure) return Promise.reject(this.#failure);
    assert(this.#waiting.length < writesWaitingMax, `at most ${writesWaitingMax} writes wait for the disk`);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ batch, durability, name, resolve, reject });
      this.#writer ??= this.#writeAll();
    });
  }

  async compact({ from, to }: Pick<StoreRange, 'from' | 'to'>): Promise<void> {
    await this.#read(() => this.#database.compactRange(from, to));
  }

  keepLeaves(head: Uint8Array, leaves: Iterable<Uint8Array>): Promise<void> {
    return writeLeafFile(`${this.#folder}.leaves`, head, leaves);
  }

  keptLeaves(head: Uint8Array): Promise<readonly Uint8Array[] | null> {
    return readLeafFile(`${this.#folder}.leaves`, head);
  }

  async close(): Promise<void> {
    await this.#writer;
    this.#failure ??= new KvchainError('STOPPING', `the database ${this.#folder} is closed`);
    await rm(join(this.#folder, pidFileName), { force: true });
    await this.#database.close();
  }

  /** Writes until nothing waits. Never rejects: each caller is told about its own batch. */
  async #writeAll(): Promise<void> {
    // One turn later, so that writes of the same turn share a batch.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const group = this.#takeGroup();
      try {
        await this.#writeGroup(group);
        for (const write of group) write.resolve();
      } catch (error) {
        this.#failure = levelError(error, `writing to ${this.#folder}`);
        for (const write of [...group, ...this.#waiting.splice(0)]) write.reject(this.#failure);
      }
    }
    this.#writer = null;
  }

  #takeGroup(): readonly WaitingWrite[] {
    let rows = 0;
    let count = 0;
    for (const { batch } of this.#waiting) {
      rows += batch.length;
      if (count > 0 && rows > rowsPerBatchMax) break;
      count++;
    }
    return this.#waiting.splice(0, count);
  }

  async #writeGroup(group: readonly WaitingWrite[]): Promise<void> {
    const sync = group.some(write => write.durability === 'durable');
    // A chained batch takes rows one by one, at a third of what an array of them costs.
    const chained = this.#database.batch();
    try {
      await inSlices(systemClock, fill(chained, group));
      // A durable batch of nothing still makes the lazy ones before it durable, so it needs a record in the log.
      if (sync && chained.length === 0) chained.del(Uint8Array.of(0));
      if (chained.length === 0) return;
      for (const { name } of group) failpoint('before', name);
      await chained.write({ sync });
      for (const { name } of group) failpoint('after', name);
    } finally {
      await chained.close();
    }
  }

  #openAll(page: readonly [Uint8Array, Uint8Array][], found: StoreRow[]): void {
    for (const [key, stored] of page) {
      const value = this.#open(key, stored);
      if (value !== null) found.push({ key: plain(key), value });
    }
  }

  #open(key: Uint8Array, stored: Uint8Array): Uint8Array | null {
    try {
      return openRow(key, stored, this.#folder);
    } catch (error) {
      if (this.#onDamagedRow === undefined || !(error instanceof KvchainError)) throw error;
      this.#onDamagedRow(key, error);
      return null;
    }
  }

  async #read<T>(read: () => Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (error) {
      throw levelError(error, `reading ${this.#folder}`);
    }
  }
}

type LevelBatch = ChainedBatch<Database, Uint8Array, Uint8Array>;

function* fill(chained: LevelBatch, group: readonly WaitingWrite[]): Generator<undefined, void, undefined> {
  for (const { batch } of group) {
    for (const { key, value } of batch) {
      if (value === null) chained.del(key);
      else chained.put(key, sealRow(key, value));
      yield;
    }
  }
}

/** LevelDB hands out Buffers, whose slice() shares memory; the port promises plain arrays. */
function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}

async function checkFormat(database: Database, options: LevelStoreOptions): Promise<void> {
  const { folder, chainIdHex, onDamagedRow } = options;
  const stored = await database.get(formatKey);
  if (stored === undefined) {
    const others = await database.keys({ limit: 1 }).all();
    // A tool that saves what is there makes the row anew.
    if (others.length > 0 && onDamagedRow === undefined)
      throw new KvchainError('DATABASE_DAMAGED', `${folder} has no format row. ${repairAdvice}`);
    const text = JSON.stringify({ format: databaseFormat, version: databaseVersion, chainId: chainIdHex });
    failpoint('before', 'format');
    await database.batch([{ type: 'put', key: formatKey, value: sealRow(formatKey, toUtf8(text)) }], { sync: true });
    failpoint('after', 'format');
    return;
  }
  const { format, version, chainId } = parseFormat(openRow(formatKey, stored, folder), folder);
  if (format !== databaseFormat || typeof version !== 'number' || version > databaseVersion) {
    const known = `this program knows ${databaseFormat} version ${databaseVersion}`;
    throw new KvchainError('DATABASE_VERSION', `${folder} is ${format} version ${version}, ${known}`);
  }
  if (chainIdHex !== null && chainId !== chainIdHex) {
    throw new KvchainError('DATABASE_VERSION', `${folder} belongs to chain ${chainId}, not to ${chainIdHex}`);
  }
}

function parseFormat(bytes: Uint8Array, folder: string): { format: unknown; version: unknown; chainId: unknown } {
  try {
    return { format: null, version: null, chainId: null, ...JSON.parse(fromUtf8(bytes) ?? '') };
  } catch (cause) {
    throw new KvchainError('DATABASE_DAMAGED', `the format row of ${folder} is not JSON. ${repairAdvice}`, { cause });
  }
}

/** Takes and frees LevelDB's lock without touching a file, so that the check reads files at rest. */
async function assertUnlocked(folder: string): Promise<void> {
  if (!existsSync(folder)) return;
  const probe = new ClassicLevel(folder, { createIfMissing: false, errorIfExists: true });
  try {
    await probe.open({ createIfMissing: false, errorIfExists: true, passive: false });
    await probe.close();
  } catch (error) {
    if (causeCode(error) === 'LEVEL_LOCKED') throw await openError(folder, error);
  }
}

async function openError(folder: string, error: unknown): Promise<KvchainError> {
  if (causeCode(error) !== 'LEVEL_LOCKED') return levelError(error, `opening ${folder}`);
  const pid = await readFile(join(folder, pidFileName), 'utf8').catch(() => '');
  const who = /^\d+$/.test(pid.trim()) ? `process ${pid.trim()}` : 'another process';
  return new KvchainError('DATABASE_LOCKED', `${folder} is in use by ${who}`, { cause: error });
}

function levelError(error: unknown, doing: string): KvchainError {
  if (error instanceof KvchainError) return error;
  const code = causeCode(error);
  const message = error instanceof Error ? innermost(error).message : String(error);
  if (code === 'LEVEL_CORRUPTION') {
    return new KvchainError('DATABASE_DAMAGED', `${doing}: ${message}. ${repairAdvice}`, { cause: error });
  }
  if (code === 'LEVEL_DATABASE_NOT_OPEN' || code === 'LEVEL_ITERATOR_NOT_OPEN') {
    return new KvchainError('STOPPING', `${doing}: the database is closed`, { cause: error });
  }
  return diskFailed(error, doing);
}

function causeCode(error: unknown): unknown {
  const inner = error instanceof Error ? innermost(error) : null;
  return inner !== null && 'code' in inner ? inner.code : null;
}

function innermost(error: Error): Error {
  return error.cause instanceof Error ? innermost(error.cause) : error;
}
