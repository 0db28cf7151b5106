/** The engine's three timers. Each may fire at any time, early or twice: what it does depends on the state alone. */
import { orphanIntervals } from './orphans.ts';
import type { PowEffect, PowState } from './state.ts';

export const deferredTimer = 'deferred';
export const orphanTimer = 'orphans';
export const bodyTimer = 'bodies';

/** Longest wait of one timer; what is due later is looked at again then. */
const waitMsMax = 3_600_000;
/** A clock that was wrong may be set right at any moment: what waits for its time is held against it this often. */
const deferredWaitMsMax = 10_000;
/** Bodies that did not come are asked for again after so many target intervals, and not sooner than `bodyWaitMsMin`. */
const bodyIntervals = 4;
const bodyWaitMsMin = 2_000;

/** A-V5: wakes the engine when the first deferred header is due. */
export function setDeferredTimer(state: PowState, now: number, effects: PowEffect[]): void {
  const dueAt = state.deferred.nextDueAt;
  if (dueAt === null) effects.push({ type: 'clearTimer', id: deferredTimer });
  else
    effects.push({ type: 'setTimer', id: deferredTimer, afterMs: clampWait(Math.min(dueAt - now, deferredWaitMsMax)) });
}

/** A-H2: wakes the engine when the orphans that are held now have expired. */
export function setOrphanTimer(state: PowState, effects: PowEffect[]): void {
  effects.push({ type: 'setTimer', id: orphanTimer, afterMs: clampWait(orphanIntervals * state.params.targetMs) });
}

/** Asks for missing bodies again, should whoever was asked not have them. */
export function setBodyTimer(state: PowState, effects: PowEffect[]): void {
  const afterMs = clampWait(Math.max(bodyWaitMsMin, bodyIntervals * state.params.targetMs));
  effects.push({ type: 'setTimer', id: bodyTimer, afterMs });
}

function clampWait(afterMs: number): number {
  return Math.min(waitMsMax, Math.max(0, afterMs));
}
