/** What a person sees of many seeds: a line from time to time with the verdicts so far and the time left, and each failure at once. */
import { duration, type Screen } from '../experiments/progress.ts';
import type { Outcome } from './campaign.ts';

/** Between two lines, in real time. */
const lineMs = 10_000;

export interface ProgressParts {
  readonly screen: Screen;
  readonly first: bigint;
  readonly last: bigint;
  /** Of real time, in milliseconds. */
  readonly now: () => number;
  /** The seeds that are begun by then are the last ones. */
  readonly limitMs: number;
}

export class SeedProgress {
  readonly #parts: ProgressParts;
  readonly #startedMs: number;
  #toldMs: number;
  #done = 0;
  #failed = 0;

  constructor(parts: ProgressParts) {
    this.#parts = parts;
    this.#startedMs = parts.now();
    this.#toldMs = this.#startedMs;
  }

  /** The first seed that has not been run; seeds are begun in their order, and what was begun is ended. */
  get next(): bigint {
    return this.#parts.first + BigInt(this.#done);
  }

  /** False when the time is up. */
  get goesOn(): boolean {
    return this.#parts.now() - this.#startedMs < this.#parts.limitMs;
  }

  add({ seed, verdict, check, traceFile }: Outcome): void {
    const { screen, now } = this.#parts;
    this.#done += 1;
    if (verdict !== 'Pass') {
      this.#failed += 1;
      screen.write(`seed ${seed}: ${verdict}: ${check ?? ''}${traceFile === null ? '' : `\n  trace: ${traceFile}`}\n`);
    }
    if (now() - this.#toldMs < lineMs) return;
    this.#toldMs = now();
    screen.write(`${this.#line()}\n`);
  }

  #line(): string {
    const { first, last, now, limitMs } = this.#parts;
    const all = Number(last - first) + 1;
    const spentMs = now() - this.#startedMs;
    const leftMs = Math.min((spentMs / this.#done) * (all - this.#done), limitMs - spentMs);
    return `${this.#done} of ${all} seeds, ${this.#failed} failed, ${duration(leftMs / 1_000)} left`;
  }
}
