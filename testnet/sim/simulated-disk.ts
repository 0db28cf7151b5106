/**
 * A disk that takes virtual time to sync and may lose power at any moment. What survives is what was durable and, as on a real disk,
 * any beginning of what was handed over since: lazy writes, and the one that was being synced when the lights went out.
 */
import { KvchainError } from '../../chain/errors.ts';
import type { FrozenStore, Log, Store, StoreRange, StoreWrite } from '../../daemon/ports.ts';
import { MemoryStore } from '../../daemon/store/memory-store.ts';
import { MemoryLog } from '../../daemon/store/record-log.ts';
import type { Chance } from './chance.ts';
import type { Life } from './life.ts';

export interface DiskSettings {
  /** How long a sync takes, at least and at most. */
  readonly syncMs: readonly [number, number];
  /** `lies` acknowledges as durable what it has not synced: a broken disk, by which the checks prove that they see. */
  readonly honesty: 'keeps its word' | 'lies';
}

export class SimulatedDisk {
  readonly #chance: Chance;
  readonly #settings: DiskSettings;
  #rows = new MemoryStore();
  #records = new MemoryLog();
  /** Batches that a crash may lose, in their order. */
  #unsynced: (readonly StoreWrite[])[] = [];
  /** What is being done to the records: a crash meanwhile leaves any beginning of an append, and a replacement done or not begun. */
  #changing: RecordChange | null = null;
  #syncs = 0;
  #failing: 'none' | 'one' | 'all' = 'none';
  /** Told of each batch that is handed over, of which a crash from now on may keep nothing or all. */
  onWrite: () => void = () => {};
  /** Told of each change of the records: when it is handed over, and when it is durable, before the process knows. */
  onRecords: (change: RecordChange, state: 'handed over' | 'durable') => void = () => {};
  #hasFailed = false;

  constructor(chance: Chance, settings: DiskSettings) {
    this.#chance = chance;
    this.#settings = settings;
  }

  /** What is on the disk, for whoever looks at it while no process runs. */
  get rows(): Store {
    return this.#rows;
  }

  /** Whether a crash now would leave a value under this key. */
  holdsDurably(key: Uint8Array): boolean {
    return this.#rows.getDurable(key) !== null;
  }

  /** All records on the disk. */
  records(): Promise<readonly Uint8Array[]> {
    return this.#records.read();
  }

  /** The next write fails, or every one from now on; until the next crash, when someone makes room on the disk or changes it. */
  fail(writes: 'one' | 'all'): void {
    this.#failing = writes;
    this.#hasFailed = true;
  }

  /** True from `fail` to the next crash. */
  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  /** Batches that a crash now may lose: what survives is any beginning of them. */
  get unsynced(): number {
    return this.#unsynced.length;
  }

  get isSyncing(): boolean {
    return this.#syncs > 0;
  }

  /** The store and the log for one life of the process. */
  open(life: Life): { readonly store: Store; readonly log: Log } {
    const store = new DiskStore(life, {
      rows: this.#rows,
      write: (batch, durability) => this.#write(life, batch, durability),
    });
    const log = new DiskLog(life, this.#records, change => this.#change(life, change));
    return { store, log };
  }

  /** The power is gone; the next `open` finds what survived: `survivors` batches, or as chance has it. The life must have ended. */
  async crash(survivors: number | null = null): Promise<void> {
    const handedOver = this.#unsynced;
    const drawn = survivors ?? this.#chance.between(0, handedOver.length);
    const survived = this.#settings.honesty === 'lies' ? 0 : drawn;
    this.#unsynced = [];
    this.#syncs = 0;
    this.#failing = 'none';
    this.#hasFailed = false;
    this.#rows = this.#rows.crash();
    for (const batch of handedOver.slice(0, survived)) await this.#rows.write(batch, 'durable');
    this.#records = this.#records.crash();
    if (this.#settings.honesty === 'lies') await this.#forgetRecords();
    else if (this.#changing !== null) await this.#leaveHalf(this.#changing);
    this.#changing = null;
  }

  async #forgetRecords(): Promise<void> {
    const records = await this.#records.read();
    await this.#records.replace(records.slice(0, this.#chance.between(0, records.length)));
  }

  async #leaveHalf({ kind, records }: RecordChange): Promise<void> {
    if (kind === 'append') await this.#records.append(records.slice(0, this.#chance.between(0, records.length)));
    else if (this.#chance.happens(0.5)) await this.#records.replace(records);
  }

  /** The process ended in order: all is there. */
  reopen(): void {
    this.#unsynced = [];
    this.#changing = null;
    this.#rows = this.#rows.reopen();
    this.#records = this.#records.crash();
  }

  async #write(life: Life, batch: readonly StoreWrite[], durability: 'durable' | 'lazy'): Promise<void> {
    this.#failWhenBroken();
    this.#unsynced.push(batch);
    this.onWrite();
    const isSynced = durability === 'durable' && this.#settings.honesty === 'keeps its word';
    if (durability === 'durable') await this.#sync(life);
    await this.#rows.write(batch, isSynced ? 'durable' : 'lazy');
    if (isSynced) this.#unsynced = [];
  }

  async #change(life: Life, change: RecordChange): Promise<void> {
    this.#changing = change;
    this.#failWhenBroken();
    this.onRecords(change, 'handed over');
    await this.#sync(life);
    await this.#records[change.kind](change.records);
    this.#changing = null;
    this.onRecords(change, 'durable');
  }

  #failWhenBroken(): void {
    if (this.#failing === 'none') return;
    if (this.#failing === 'one') this.#failing = 'none';
    throw new KvchainError('DISK_FAILED', 'a write to the simulated disk failed');
  }

  async #sync(life: Life): Promise<void> {
    const [min, max] = this.#settings.syncMs;
    this.#syncs += 1;
    await life.sleep(min + this.#chance.fraction() * (max - min));
    this.#syncs -= 1;
  }
}

/** What a log is told to do. */
export interface RecordChange {
  readonly kind: 'append' | 'replace';
  readonly records: readonly Uint8Array[];
}

interface RowsOfLife {
  readonly rows: MemoryStore;
  readonly write: (batch: readonly StoreWrite[], durability: 'durable' | 'lazy') => Promise<void>;
}

class DiskStore implements Store {
  readonly #life: Life;
  readonly #parts: RowsOfLife;
  /** Writes take turns, whatever they wait for; after one that failed every later one is refused, as on a real disk. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(life: Life, parts: RowsOfLife) {
    this.#life = life;
    this.#parts = parts;
  }

  get(key: Uint8Array) {
    return this.#life.go(() => this.#parts.rows.get(key));
  }

  getSync(key: Uint8Array) {
    return this.#parts.rows.getSync(key);
  }

  getMany(keys: readonly Uint8Array[]) {
    return this.#life.go(() => this.#parts.rows.getMany(keys));
  }

  range(range: StoreRange) {
    return this.#life.go(() => this.#parts.rows.range(range));
  }

  freeze(): FrozenStore {
    const frozen = this.#parts.rows.freeze();
    return {
      getMany: keys => this.#life.go(() => frozen.getMany(keys)),
      range: range => this.#life.go(() => frozen.range(range)),
      release: () => frozen.release(),
    };
  }

  write(batch: readonly StoreWrite[], durability: 'durable' | 'lazy'): Promise<void> {
    const written = this.#last.then(() => this.#life.go(() => this.#parts.write(batch, durability)));
    this.#last = written;
    written.catch(() => {});
    return written;
  }

  async close(): Promise<void> {
    await this.#last.catch(() => {});
    await this.#life.go(() => this.#parts.rows.close());
  }
}

class DiskLog implements Log {
  readonly #life: Life;
  readonly #records: MemoryLog;
  readonly #carryOut: (change: RecordChange) => Promise<void>;
  #last: Promise<unknown> = Promise.resolve();

  constructor(life: Life, records: MemoryLog, carryOut: (change: RecordChange) => Promise<void>) {
    this.#life = life;
    this.#records = records;
    this.#carryOut = carryOut;
  }

  append(records: readonly Uint8Array[]): Promise<void> {
    return this.#change({ kind: 'append', records });
  }

  replace(records: readonly Uint8Array[]): Promise<void> {
    return this.#change({ kind: 'replace', records });
  }

  read() {
    return this.#life.go(() => this.#records.read());
  }

  #change(change: RecordChange): Promise<void> {
    const changed = this.#last.then(() => this.#life.go(() => this.#carryOut(change)));
    this.#last = changed.catch(() => {});
    return changed;
  }

  async close(): Promise<void> {
    await this.#last;
    await this.#life.go(() => this.#records.close());
  }
}
