/** Chance for an engine that must repeat itself: splitmix64 from a given seed (Steele, Lea and Flood, 2014). Not for secrets. */
const mask = 2n ** 64n - 1n;

export class Random {
  #state: bigint;

  constructor(seed: bigint) {
    this.#state = seed & mask;
  }

  /** The whole state, for digests. */
  get state(): bigint {
    return this.#state;
  }

  /** An integer from 0 to `limit` - 1; `limit` is from 1 to 2^32, small enough for the bias of the remainder not to matter. */
  below(limit: number): number {
    this.#state = (this.#state + 0x9e3779b97f4a7c15n) & mask;
    let mixed = this.#state;
    mixed = ((mixed ^ (mixed >> 30n)) * 0xbf58476d1ce4e5b9n) & mask;
    mixed = ((mixed ^ (mixed >> 27n)) * 0x94d049bb133111ebn) & mask;
    mixed ^= mixed >> 31n;
    return Number(mixed % BigInt(limit));
  }
}
