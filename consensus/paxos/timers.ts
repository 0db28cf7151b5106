/**
 * The five timers of the engine. The driver may fire one early or twice, and an old one after it was moved: only what is armed and due
 * counts.
 */
import type { Run } from './state.ts';
import { electionMs } from './state.ts';

export const electionTimer = 'election';
export const heartbeatTimer = 'heartbeat';
/** Tells what is decided, when no other message told it. */
export const decideTimer = 'decide';
/** In a classroom: ends reads that nobody answers. */
export const readTimer = 'read';
/** Asks again for what did not come. */
export const retryTimer = 'retry';

const heartbeatsPerElection = 4;
const resendsPerElection = 2;
/** A proposal that is ready comes sooner, and tells of the decision; members whose clients wait for it are not kept waiting for one that is not. */
const decideMs = 2;
/** Duelling candidates wait up to 2^6 times as long. */
const backoffsMax = 6;

export function setTimer({ state, now, effects }: Run, id: string, afterMs: number): void {
  state.timers.set(id, { dueAt: now + afterMs, afterMs });
  effects.push({ type: 'setTimer', id, afterMs });
}

export function clearTimer({ state, effects }: Run, id: string): void {
  if (state.timers.delete(id)) effects.push({ type: 'clearTimer', id });
}

/**
 * True when the timer is due: then it is armed no longer. One that fires early is set for what is left. An election that is late shows that
 * this machine slept, not that the leader was silent: what it said meanwhile is read first.
 */
export function takeTimer(run: Run, id: string): boolean {
  const { state, now, effects } = run;
  const armed = state.timers.get(id);
  if (armed === undefined) return false;
  const dueAt = Math.min(armed.dueAt, now + armed.afterMs);
  const graceMs = heartbeatMs(run);
  if (id === electionTimer && now - dueAt > graceMs) {
    setTimer(run, id, graceMs);
    return false;
  }
  if (dueAt <= now) return state.timers.delete(id);
  state.timers.set(id, { ...armed, dueAt });
  effects.push({ type: 'setTimer', id, afterMs: dueAt - now });
  return false;
}

/**
 * B-L: chance keeps candidates apart; each election that is lost while a majority can be heard doubles the wait. In a classroom only
 * candidates wait: who leads is asked for.
 */
export function setElectionTimer(run: Run): void {
  const { state } = run;
  if (state.self === null) return;
  if (state.classroom !== null && state.role !== 'candidate') {
    clearTimer(run, electionTimer);
    return;
  }
  const least = electionMs(state.params);
  const afterMs = (least + state.random.below(least + 1)) * 2 ** Math.min(state.failures, backoffsMax);
  setTimer(run, electionTimer, afterMs);
}

/** In a classroom a proposal is sent again after E / 2, which is two round trips. */
export function setHeartbeatTimer(run: Run): void {
  setTimer(run, heartbeatTimer, heartbeatMs(run));
}

export function setDecideTimer(run: Run): void {
  if (!run.state.timers.has(decideTimer)) setTimer(run, decideTimer, decideMs);
}

export function heartbeatMs({ state: { params, classroom } }: Run): number {
  return Math.floor(electionMs(params) / (classroom === null ? heartbeatsPerElection : resendsPerElection));
}
