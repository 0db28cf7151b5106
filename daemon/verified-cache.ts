/**
 * Which signatures were found good already, by witnessId (hash of body and signature), so that each is checked once: a transaction
 * that came by gossip is not verified again in its block. Bounded; the one that was not asked for longest goes first.
 */
import { assert } from '../chain/errors.ts';

export class VerifiedCache {
  readonly #sizeMax: number;
  /** In order of last use: a Set iterates as inserted. */
  readonly #ids = new Set<string>();

  /** Holds at most `sizeMax` ids, about 150 bytes each. */
  constructor(sizeMax: number) {
    assert(Number.isInteger(sizeMax) && sizeMax >= 1, `a cache holds at least one id, not ${sizeMax}`);
    this.#sizeMax = sizeMax;
  }

  get size(): number {
    return this.#ids.size;
  }

  /** True when the signature of this witnessId (hex) was found good; counts as a use. */
  has(witnessIdHex: string): boolean {
    if (!this.#ids.delete(witnessIdHex)) return false;
    this.#ids.add(witnessIdHex);
    return true;
  }

  /** Remembers a good signature; forgets the least recently used beyond the limit. */
  add(witnessIdHex: string): void {
    this.#ids.delete(witnessIdHex);
    this.#ids.add(witnessIdHex);
    if (this.#ids.size <= this.#sizeMax) return;
    const [oldest] = this.#ids;
    if (oldest !== undefined) this.#ids.delete(oldest);
  }
}
