/** Token buckets: how many calls each caller may make, refilled steadily, saved up to a burst. */

/** Callers kept at once; beyond, the one that has not called for longest is forgotten: its bucket had most time to fill again. */
const callersMax = 10_000;

export interface Rate {
  /** Calls per second in the long run. */
  readonly perSecond: number;
  /** Calls at once after a rest. */
  readonly burst: number;
}

interface Bucket {
  tokens: number;
  filledAtMs: number;
}

export class RateLimiter {
  readonly #rate: Rate;
  readonly #now: () => number;
  readonly #buckets = new Map<string, Bucket>();

  /** `now` is monotonic milliseconds. */
  constructor(rate: Rate, now: () => number) {
    this.#rate = rate;
    this.#now = now;
  }

  /** Takes `calls` from the caller's bucket, all or none; false when they are not there. */
  take(caller: string, calls: number): boolean {
    const now = this.#now();
    const bucket = this.#buckets.get(caller) ?? { tokens: this.#rate.burst, filledAtMs: now };
    const filled = Math.min(
      this.#rate.burst,
      bucket.tokens + ((now - bucket.filledAtMs) / 1_000) * this.#rate.perSecond,
    );
    const isEnough = filled >= calls;
    // Set anew, so that the map stays in the order of last use.
    this.#buckets.delete(caller);
    this.#buckets.set(caller, { tokens: isEnough ? filled - calls : filled, filledAtMs: now });
    if (this.#buckets.size > callersMax) this.#forgetOldest();
    return isEnough;
  }

  #forgetOldest(): void {
    const [oldest] = this.#buckets.keys();
    if (oldest !== undefined) this.#buckets.delete(oldest);
  }
}
