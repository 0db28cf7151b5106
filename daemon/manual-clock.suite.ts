/** Time that a test moves by hand, and waiting without any: for what is only a matter of turns. */
import type { Clock } from './ports.ts';

/** Time that stands still until it is moved; its clock may also be set to another time, which moves no timer. */
export class ManualClock implements Clock {
  #now: number;
  #offsetMs = 0;
  #timers: { readonly at: number; readonly callback: () => void }[] = [];

  constructor(now: number) {
    this.#now = now;
  }

  /** When each running timer is due, in ms from now. */
  get timers(): readonly number[] {
    return this.#timers.map(({ at }) => at - this.#now).sort((a, b) => a - b);
  }

  now(): number {
    return this.#now + this.#offsetMs;
  }

  monotonic(): number {
    return this.#now;
  }

  setTimer(afterMs: number, callback: () => void): () => void {
    const timer = { at: this.#now + afterMs, callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter(other => other !== timer);
    };
  }

  /** Sets the clock on or back: no time passes. */
  jump(ms: number): void {
    this.#offsetMs += ms;
  }

  /** Moves time on; timers that fall due call back in their order. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const due = this.#timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      this.#timers = this.#timers.filter(other => other !== due);
      this.#now = Math.max(this.#now, due.at);
      due.callback();
    }
    this.#now = end;
  }
}

/** Asks again, letting everything else that is ready run in between, until it is so. Throws after many turns. */
export async function settle(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (let turn = 0; turn < 5_000; turn++) {
    if (await isSo()) return;
    await turnOver();
  }
  throw new Error(`never so: ${what}`);
}

/** Lets everything run that is ready to, many times over: for what must not happen. */
export async function quiet(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await turnOver();
}

function turnOver(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve));
}
