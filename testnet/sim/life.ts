/**
 * One life of a process, from its start to its end. A killed process does nothing any more: its timers do not ring, what it waits for
 * never comes, and what its promises still ask of the world is not done. So each port of a node belongs to a life and asks it first.
 */
import type { Clock } from '../../daemon/ports.ts';
import type { VirtualTime } from './virtual-time.ts';

export class Life {
  readonly #time: VirtualTime;
  readonly #timers = new Set<() => void>();
  #isAlive = true;

  constructor(time: VirtualTime) {
    this.#time = time;
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  /** Calls back after so much virtual time, unless cancelled or dead by then. */
  after(afterMs: number, callback: () => void): () => void {
    if (!this.#isAlive) return () => {};
    const cancelEvent = this.#time.after(afterMs, () => {
      this.#timers.delete(cancel);
      callback();
    });
    const cancel = () => {
      this.#timers.delete(cancel);
      cancelEvent();
    };
    this.#timers.add(cancel);
    return cancel;
  }

  /** What the work gives; a dead process begins nothing and learns of nothing. */
  async go<T>(work: () => Promise<T>): Promise<T> {
    if (!this.#isAlive) return never();
    const [result] = await Promise.allSettled([work()]);
    if (!this.#isAlive) return never();
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  }

  /** Resolves after so much virtual time. */
  sleep(ms: number): Promise<void> {
    if (!this.#isAlive) return never();
    return new Promise(resolve => {
      this.after(ms, resolve);
    });
  }

  end(): void {
    this.#isAlive = false;
    for (const cancel of this.#timers) cancel();
  }
}

function never<T>(): Promise<T> {
  return new Promise(() => {});
}

export interface ClockSettings {
  /** What the clock showed when the world began, Unix milliseconds. */
  readonly startMs: number;
  /** Milliseconds of this clock in a millisecond of the world: 1.001 is fast by a thousandth. */
  readonly rate: number;
}

/** A machine's clock, which may be wrong and may run wrong. */
export class SimulatedClock implements Clock {
  readonly #time: VirtualTime;
  readonly #life: Life;
  readonly #settings: ClockSettings;
  #timers = 0;

  constructor(time: VirtualTime, life: Life, settings: ClockSettings) {
    this.#time = time;
    this.#life = life;
    this.#settings = settings;
  }

  /** Timers of this clock that were set and have neither rung nor been cancelled. */
  get timers(): number {
    return this.#timers;
  }

  now(): number {
    return Math.floor(this.#settings.startMs + this.monotonic());
  }

  monotonic(): number {
    return this.#time.nowMs * this.#settings.rate;
  }

  setTimer(afterMs: number, callback: () => void): () => void {
    let isSet = true;
    const end = () => {
      if (isSet) this.#timers -= 1;
      isSet = false;
    };
    this.#timers += 1;
    const cancel = this.#life.after(afterMs / this.#settings.rate, () => {
      end();
      callback();
    });
    return () => {
      end();
      cancel();
    };
  }
}
