/**
 * The leader's part: it lets its producer build on the tip of its log, writes what comes back as its own vote, asks the others for theirs,
 * and decides what a majority holds. A block of an earlier leader is proposed again as it is, never built anew.
 */
import type { SealedHeader } from '../../chain/block.ts';
import { equalBytes, toHex } from '../../chain/bytes.ts';
import { isEnforced } from '../../chain/rules.ts';
import { isRecent } from '../recent.ts';
import { hashAt, tipOf, write } from './block-log.ts';
import { pointerTo } from './classroom.ts';
import { learn } from './decide.ts';
import type { Accept, Accepted, Entry } from './messages.ts';
import { confirm } from './read.ts';
import { beat, broadcast, dropReads, send, stopMining } from './role.ts';
import type { PaxosEffect, PaxosState, Run } from './state.ts';
import { clearTimer, electionTimer, heartbeatMs, setDecideTimer, setHeartbeatTimer } from './timers.ts';

const noExtension = new Uint8Array();

/** B-P6: proposes what was chosen, unchanged, under the new ballot; then what is new. Its bodies are all stored here. */
export function lead(run: Run, chosen: readonly Entry[]): void {
  const { state } = run;
  state.role = 'leader';
  state.failures = 0;
  // Of this ballot: nobody has answered a heartbeat of it.
  state.round = 0;
  state.promises.clear();
  clearTimer(run, electionTimer);
  dropReads(run, () => true);
  const headers = chosen.map(({ sealed }) => sealed);
  // What stands above was not chosen: the next block takes its height.
  state.log.tentative = state.log.tentative.slice(0, headers.length);
  if (headers.length > 0) voteFor(run, headers);
  else state.acked.set(voterOf(state), state.log.decided.height);
  state.inherited = tipOf(state.log).height;
  if (state.classroom === null) beat(run);
  else broadcast(run, { type: 'decide', ballot: state.promised, decided: state.log.decided });
  settle(run);
}

/** A leader in a classroom is silent but for what the assignment has; while not all is decided it sends its proposals again. */
export function resend(run: Run): void {
  const { state } = run;
  const headers = state.log.tentative.map(({ sealed }) => sealed);
  if (headers.length === 0) return;
  broadcast(run, acceptOf(state, headers));
  setHeartbeatTimer(run);
}

/** B-A1: lets the producer build on the tip of the log while what is below is applied, but for the window. */
export function propose({ state, effects }: Run): void {
  if (state.role !== 'leader') return;
  const tip = tipOf(state.log);
  const parent = state.blocks.get(toHex(tip.hash))?.sealed;
  if (parent === undefined || tip.height - state.applied.height >= state.window) return;
  if (state.miningOn === parent.hashHex || state.making !== null) return;
  state.miningOn = parent.hashHex;
  effects.push({
    type: 'mine',
    template: {
      parent: tip.hash,
      height: tip.height + 1,
      bits: 0,
      timeMin: parent.header.time + 1, // A-V4 holds for every engine.
      extension: state.classroom === null ? noExtension : pointerTo(parent.header),
      nonce: 'zeros',
      when: 'transactions wait',
    },
  });
}

/** B-A1: a block of this node's producer is stored. One that came too late is let go: its transactions are in the mempool. */
export function proposeOwn(run: Run, sealed: SealedHeader): void {
  const { state } = run;
  if (state.making !== sealed.hashHex) return;
  const isNext = state.role === 'leader' && equalBytes(sealed.header.parent, tipOf(state.log).hash);
  stopMining(run);
  if (!isNext) return;
  run.effects.push({ type: 'give', hash: sealed.hash });
  voteFor(run, [sealed]);
  settle(run);
}

/**
 * B-A2: the others are asked while the own vote is written. It is on stable storage before any of their answers has an effect (W1), and
 * nobody proposes in this ballot after a crash (B-L1).
 */
function voteFor(run: Run, headers: readonly SealedHeader[]): void {
  const { state, effects } = run;
  const { promised, log } = state;
  write(log, promised, headers);
  state.acked.set(voterOf(state), tipOf(log).height);
  const vote: PaxosEffect = { type: 'persist', records: [{ type: 'accepted', ballot: promised, headers }] };
  broadcast(run, acceptOf(state, headers));
  if (isEnforced('B-A2')) effects.push(vote);
  // It tells of the leader as a heartbeat does, but confirms no reads; in a classroom it is sent again.
  if (state.reads.length === 0) setHeartbeatTimer(run);
}

/** B-D1: counts a member's acceptances in this ballot, once each. */
export function countVote(run: Run, member: number, { upTo, decided, round }: Accepted): void {
  const { state } = run;
  const tip = tipOf(state.log);
  state.heardAt.set(member, run.now);
  const voter = isEnforced('B-D1 once') ? member : state.genesis.members.length + state.acked.size;
  const before = state.acked.get(voter);
  const hasAdvanced = before !== undefined && upTo > before;
  state.acked.set(voter, Math.max(before ?? 0, Math.min(upTo, tip.height)));
  settle(run);
  if (state.role !== 'leader') return;
  confirm(run, member, round);
  const { log, promised } = state;
  // B-D2: who is behind is told, but by the next heartbeat where there is one, for most hear of it meanwhile; who lacks blocks of this
  // ballot gets them again, from where it holds all, unless it voted for more than before: then they are on their way.
  if (decided.height < log.decided.height && state.classroom !== null)
    send(run, member, { type: 'decide', ballot: promised, decided: log.decided });
  const lacking = log.tentative.filter(({ sealed }) => sealed.header.height > upTo).map(({ sealed }) => sealed);
  if (lacking.length > 0 && !hasAdvanced) sendAgain(run, member, lacking);
}

/** Once in a heartbeat's time: each is answered, and while blocks are under way each answer lacks some. */
function sendAgain(run: Run, member: number, headers: readonly SealedHeader[]): void {
  const { state, now } = run;
  if (isRecent(state.sentAgainAt.get(member), now, heartbeatMs(run))) return;
  state.sentAgainAt.set(member, now);
  send(run, member, acceptOf(state, headers));
}

/** B-D1: what a majority holds is decided. */
function settle(run: Run): void {
  const { state } = run;
  const heights = [...state.acked.values()].sort((a, b) => b - a);
  const quorum = isEnforced('B-D1 quorum') ? state.quorum : state.quorum - 1;
  const height = heights[quorum - 1] ?? 0;
  const hash = hashAt(state.log, height);
  if (height > state.log.decided.height && hash !== null) {
    learn(run, { height, hash }, null);
    if (state.classroom === null) setDecideTimer(run);
    else tellDecided(run);
  }
  propose(run);
}

/** `Decide` to all, but for what a proposal or a heartbeat has told meanwhile: every message tells what is decided. */
export function tellDecided(run: Run): void {
  const { role, promised, log, toldHeight } = run.state;
  if (role === 'leader' && toldHeight < log.decided.height)
    broadcast(run, { type: 'decide', ballot: promised, decided: log.decided });
}

function acceptOf({ promised, log }: PaxosState, headers: readonly SealedHeader[]): Accept {
  return { type: 'accept', ballot: promised, decided: log.decided, headers };
}

/** Only members lead. */
function voterOf({ promised }: PaxosState): number {
  return promised.member;
}
