/**
 * Notices that the clock of the machine was set, stands still, or that the machine slept. Waits run on monotonic time and go on as they
 * were, but what this node dates is then wrong to the others, and what they date waits here: the operator has to be told.
 */
import type { Clock } from './ports.ts';

/** Between two looks. */
export const clockLookMs = 10_000;
/** A smaller step is what time services do; a clock that stands still falls back by `clockLookMs` at each look. */
const jumpMsMin = 5_000;

/** Calls back with how far the clock went on (or back, below 0) beyond the time that passed. The returned function ends the watch. */
export function watchClock(clock: Clock, onJump: (byMs: number) => void): () => void {
  const lead = () => clock.now() - clock.monotonic();
  let before = lead();
  const look = () => {
    const after = lead();
    if (Math.abs(after - before) >= jumpMsMin) onJump(Math.round(after - before));
    before = after;
    cancel = clock.setTimer(clockLookMs, look);
  };
  let cancel = clock.setTimer(clockLookMs, look);
  return () => cancel();
}
