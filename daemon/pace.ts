/** Long work of the main thread in short slices, so that requests, timers and peers get their turn in between. */
import type { Clock } from './ports.ts';

/** The main thread is never taken for much longer than this at a time. */
const sliceMs = 10;

/** Works that used up their slice, the longest waiting first. */
const paused: (() => void)[] = [];

/** Runs the steps to their end, pausing whenever a slice is used up. Under virtual time, where work takes none, it never pauses. */
export function inSlices<T>(clock: Clock, steps: Generator<undefined, T, undefined>): Promise<T> {
  return new Pace(clock).inSlices(steps);
}

/** A slice for works that follow one another without a wait between them: each alone may be too short to ever pause. */
export class Pace {
  readonly #clock: Clock;
  #begin: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#begin = clock.monotonic();
  }

  /** As the function of this name, counting what was taken of the slice before. */
  async inSlices<T>(steps: Generator<undefined, T, undefined>): Promise<T> {
    for (;;) {
      const step = steps.next();
      if (step.done) return step.value;
      if (this.#clock.monotonic() - this.#begin < sliceMs) continue;
      await pause(this.#clock);
      this.#begin = this.#clock.monotonic();
    }
  }
}

/** Several works that pause at a time go on one by one, or their slices would be one long one. */
function pause(clock: Clock): Promise<void> {
  return new Promise(resolve => {
    paused.push(resolve);
    if (paused.length === 1) clock.setTimer(0, () => wakeNext(clock));
  });
}

function wakeNext(clock: Clock): void {
  paused.shift()?.();
  if (paused.length > 0) clock.setTimer(0, () => wakeNext(clock));
}
