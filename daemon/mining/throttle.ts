/**
 * Spreads a thread's hashes evenly over time, also at a few a second, so that an experiment can give each node its share. The time
 * base goes on from job to job: starting anew with every block would lose a part of a hash each time.
 */

/** A thread sleeps at least this long between two runs of hashes: waking up for each of thousands a second would cost a core. */
const restMsMin = 10;
/** How late the next hash may be: what a stalled thread catches up at once, so that the mean rate holds on a busy machine. */
const catchUpMsMax = 1_000;

export class Throttle {
  readonly #hashesPerMs: number;
  /** When hash number 0 was due; moves on over pauses and long stalls. */
  #startMs: number;
  #done = 0;
  #pausedAtMs: number | null = null;

  constructor(hashesPerSecond: number, nowMs: number) {
    this.#hashesPerMs = hashesPerSecond / 1_000;
    this.#startMs = nowMs;
  }

  /** How many hashes are due at `nowMs` and were not taken yet. */
  due(nowMs: number): number {
    this.#resume(nowMs);
    const lateMs = nowMs - this.#startMs - (this.#done + 1) / this.#hashesPerMs;
    if (lateMs > catchUpMsMax) this.#startMs += lateMs - catchUpMsMax;
    return Math.max(0, Math.floor((nowMs - this.#startMs) * this.#hashesPerMs + 1e-9) - this.#done);
  }

  /** Counts hashes as done. */
  take(count: number): void {
    this.#done += count;
  }

  /** How long to sleep when nothing is due: until one more hash is, and not so short that sleeping is the work. */
  waitMs(nowMs: number): number {
    return Math.max(restMsMin, this.#startMs + (this.#done + 1) / this.#hashesPerMs - nowMs);
  }

  /** There is nothing to hash from now on until the next call of `due`: that time does not count. */
  pause(nowMs: number): void {
    this.#pausedAtMs ??= nowMs;
  }

  #resume(nowMs: number): void {
    if (this.#pausedAtMs === null) return;
    this.#startMs += nowMs - this.#pausedAtMs;
    this.#pausedAtMs = null;
  }
}
