/**
 * The Store in memory, for the simulator and for tests: ordered, without timers or chance, and it can lose power. A crash keeps what
 * the last durable write covers and loses the lazy writes after it, as a disk may.
 */
import { KvchainError } from '../../chain/errors.ts';
import type { FrozenStore, Store, StoreRange, StoreRow, StoreWrite } from '../ports.ts';
import { assertKey } from './row.ts';

export class MemoryStore implements Store {
  /** Keys as strings of one character a byte, whose order is that of the bytes. */
  readonly #rows = new Map<string, Uint8Array>();
  #sortedKeys: string[] = [];
  /** For each key written since the last durable write: what a crash brings back. */
  readonly #durableRows = new Map<string, Uint8Array | null>();
  #isClosed = false;

  async get(key: Uint8Array): Promise<Uint8Array | null> {
    return this.getSync(key);
  }

  getSync(key: Uint8Array): Uint8Array | null {
    this.#assertOpen();
    assertKey(key);
    return this.#rows.get(toText(key))?.slice() ?? null;
  }

  /** As `getSync`, of what a crash now would leave. */
  getDurable(key: Uint8Array): Uint8Array | null {
    const before = this.#durableRows.get(toText(key));
    return before === undefined ? this.getSync(key) : before;
  }

  async getMany(keys: readonly Uint8Array[]): Promise<readonly (Uint8Array | null)[]> {
    this.#assertOpen();
    keys.forEach(assertKey);
    return keys.map(key => this.#rows.get(toText(key))?.slice() ?? null);
  }

  async range({ from, to, limit, order }: StoreRange): Promise<readonly StoreRow[]> {
    this.#assertOpen();
    const keys = this.#sortedKeys;
    const start = firstNotBelow(keys, toText(from));
    const end = Math.max(start, firstNotBelow(keys, toText(to)));
    const count = Math.min(Math.max(0, limit), end - start);
    const found = order === 'ascending' ? keys.slice(start, start + count) : keys.slice(end - count, end).reverse();
    return found.map(text => ({ key: toBytes(text), value: (this.#rows.get(text) ?? new Uint8Array()).slice() }));
  }

  async write(batch: readonly StoreWrite[], durability: 'durable' | 'lazy'): Promise<void> {
    this.#assertOpen();
    for (const { key } of batch) assertKey(key);
    for (const { key, value } of batch) this.#put(toText(key), value?.slice() ?? null);
    if (durability === 'durable') this.#durableRows.clear();
  }

  /** Rows are replaced, never changed, so a copy of the map is enough. */
  freeze(): FrozenStore {
    this.#assertOpen();
    const copy = new MemoryStore();
    for (const [text, value] of this.#rows) copy.#rows.set(text, value);
    copy.#sortedKeys = [...this.#sortedKeys];
    return {
      getMany: keys => copy.getMany(keys),
      range: range => copy.range(range),
      release: () => copy.close(),
    };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
  }

  /** What a machine finds that lost its power now. This store is closed: whoever still holds it is of the dead node. */
  crash(): MemoryStore {
    const survivor = new MemoryStore();
    for (const [text, value] of this.#rows) survivor.#rows.set(text, value);
    for (const [text, value] of this.#durableRows) {
      if (value === null) survivor.#rows.delete(text);
      else survivor.#rows.set(text, value);
    }
    survivor.#sortedKeys = [...survivor.#rows.keys()].sort();
    this.#isClosed = true;
    return survivor;
  }

  /** What a machine finds that was stopped in order, or whose process alone died: everything. This store is closed. */
  reopen(): MemoryStore {
    this.#durableRows.clear();
    return this.crash();
  }

  #put(text: string, value: Uint8Array | null): void {
    const before = this.#rows.get(text) ?? null;
    if (!this.#durableRows.has(text)) this.#durableRows.set(text, before);
    if (value === null) this.#rows.delete(text);
    else this.#rows.set(text, value);
    if ((before === null) === (value === null)) return;
    const place = firstNotBelow(this.#sortedKeys, text);
    if (value === null) this.#sortedKeys.splice(place, 1);
    else this.#sortedKeys.splice(place, 0, text);
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new KvchainError('STOPPING', 'the memory store is closed');
  }
}

function firstNotBelow(sorted: readonly string[], text: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? '') < text) low = middle + 1;
    else high = middle;
  }
  return low;
}

function toText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}

function toBytes(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'latin1'));
}
