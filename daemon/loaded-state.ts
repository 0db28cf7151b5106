/** A state for executing: the records that were loaded from the store before, so that executing never waits. */
import { assert } from '../chain/errors.ts';
import type { StateKeys } from '../chain/ledger.ts';
import type { StateReader } from '../chain/state.ts';
import type { ChainStore } from './chain-store.ts';

/** So few are read while the thread waits, which costs less than to hand them to another thread and to come back. */
const recordsAtOnce = 16;
/** Records of a full block read at once would keep the main thread for a tenth of a second. */
const recordsPerRead = 2_000;

export class LoadedState implements StateReader {
  readonly #chain: ChainStore;
  readonly #records = new Map<string, Uint8Array | null>();

  constructor(chain: ChainStore) {
    this.#chain = chain;
  }

  /** Loads those of `stateKeys` that are not loaded yet. */
  async load(stateKeys: StateKeys): Promise<void> {
    const missing = [...stateKeys].filter(([hex]) => !this.#records.has(hex));
    if (missing.length <= recordsAtOnce) {
      for (const [hex, stateKey] of missing) this.#records.set(hex, this.#chain.recordSync(stateKey));
      return;
    }
    for (let start = 0; start < missing.length; start += recordsPerRead) {
      const part = missing.slice(start, start + recordsPerRead);
      const records = await this.#chain.records(part.map(([, stateKey]) => stateKey));
      for (const [index, [hex]] of part.entries()) this.#records.set(hex, records[index] ?? null);
    }
  }

  read(hex: string): Uint8Array | null {
    const record = this.#records.get(hex);
    assert(record !== undefined, 'a record is loaded before it is read');
    return record;
  }
}
