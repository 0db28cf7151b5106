/**
 * Reads that miss nothing which was acknowledged before they began, and that trust no clock. The leader takes the height up to which
 * anything may be decided, and lets a majority answer heartbeats that it sends after that: whoever answers had promised no higher ballot
 * when the read had begun, so no other leader had decided anything by then. Other members ask the leader. One round serves all reads that
 * wait for it.
 */
import { isEnforced } from '../../chain/rules.ts';
import type { MemberIndex } from '../engine.ts';
import { compareBallots } from './ballot.ts';
import type { Ask, Index } from './messages.ts';
import { beat, dropReads, send, sendIndex } from './role.ts';
import { electionMs, type Read, type Run, readsMax } from './state.ts';
import { readTimer, setTimer } from './timers.ts';
import { leaderOf } from './view.ts';

/** B-Q1: a client of this node reads. Refused at once where nobody could tell. */
export function read(run: Run, id: number): void {
  const { state, now, effects } = run;
  const leader = leaderOf(state);
  if (state.self === null || leader === null || state.reads.length >= readsMax) {
    effects.push({ type: 'readable', id, isReadable: false });
    return;
  }
  if (leader === state.self) {
    begin(run, id, null);
    return;
  }
  hold(run, { id, asker: null, index: null, round: null, since: now });
  send(run, leader, { type: 'ask', ballot: state.promised, decided: state.log.decided, id });
}

/** B-Q1: a member asks for a client of its. */
export function acceptAsk(run: Run, member: MemberIndex, { ballot, id }: Ask): void {
  const { state } = run;
  const isMine = state.role === 'leader' && compareBallots(ballot, state.promised) === 0;
  if (isMine && state.reads.length < readsMax) begin(run, id, member);
  else sendIndex(run, member, { ballot, id, height: null });
}

/** B-Q3: the leader told how high the ledger must stand. */
export function acceptIndex(run: Run, { id, height }: Index): void {
  const { state } = run;
  const isIt = (one: Read) => one.id === id && one.asker === null && one.round === null;
  if (height === null) {
    dropReads(run, isIt);
    return;
  }
  state.reads = state.reads.map(one => (isIt(one) ? { ...one, index: height } : one));
  answerReads(run);
}

/** B-Q2: a member answered this leader's heartbeat. */
export function confirm(run: Run, member: MemberIndex, round: number): void {
  const { state } = run;
  if (round <= (state.confirmed.get(member) ?? 0)) return;
  state.confirmed.set(member, Math.min(round, state.round));
  answerReads(run);
}

/** B-Q3: answers what is certain, and begins the next round where one is waited for. */
export function answerReads(run: Run): void {
  const { state } = run;
  if (state.reads.length === 0) return;
  const confirmed = confirmedRound(run);
  const waiting: Read[] = [];
  for (const one of state.reads) {
    const { id, asker, index, round } = one;
    const isCertain = round === null || round <= confirmed || !isEnforced('B-Q2');
    if (index === null || !isCertain || (asker === null && index > state.applied.height)) waiting.push(one);
    else if (asker === null) run.effects.push({ type: 'readable', id, isReadable: true });
    else sendIndex(run, asker, { ballot: state.promised, id, height: index });
  }
  state.reads = waiting;
  const isNextWanted = waiting.some(({ round }) => round !== null && round > state.round);
  if (isNextWanted && state.round <= confirmed) beginRound(run);
}

/** What was not answered in 2 E will not be: there is no majority, or another leader. */
export function expireReads(run: Run): void {
  const { state, now } = run;
  const [oldest] = state.reads;
  if (oldest === undefined) return;
  const keptMs = 2 * electionMs(state.params);
  if (now - oldest.since > keptMs) dropReads(run, ({ since }) => now - since > keptMs);
  // Elsewhere heartbeats and elections bring this member back here.
  const isAlone = state.classroom !== null && state.reads.length > 0;
  if (isAlone && !state.timers.has(readTimer)) setTimer(run, readTimer, keptMs + 1);
}

/** B-Q1: all that was acknowledged is decided here, or was proposed before this member led. */
function begin(run: Run, id: number, asker: MemberIndex | null): void {
  const { state, now } = run;
  const index = Math.max(state.log.decided.height, state.inherited);
  // A round that is under way may have been answered before this read began.
  hold(run, { id, asker, index, round: state.round + 1, since: now });
  answerReads(run);
}

function hold({ state }: Run, one: Read): void {
  state.reads.push(one);
}

function beginRound(run: Run): void {
  run.state.round += 1;
  beat(run);
  if (run.state.quorum === 1) answerReads(run);
}

/** The highest round that a majority answered, this leader among them. */
function confirmedRound({ state }: Run): number {
  const rounds = [state.round, ...state.confirmed.values()].sort((a, b) => b - a);
  return rounds[state.quorum - 1] ?? 0;
}
