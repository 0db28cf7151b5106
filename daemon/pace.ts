/** Long work of the main thread in short slices, so that requests, timers and peers get their turn in between. */
import type { Clock } from './ports.ts';

/** The main thread is never taken for much longer than this at a time. */
const sliceMs = 10;

/** Runs the steps to their end, pausing whenever a slice is used up. Under virtual time, where work takes none, it never pauses. */
export async function inSlices<T>(clock: Clock, steps: Generator<undefined, T, undefined>): Promise<T> {
  let begin = clock.monotonic();
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
    if (clock.monotonic() - begin < sliceMs) continue;
    await new Promise<void>(resolve => clock.setTimer(0, resolve));
    begin = clock.monotonic();
  }
}
