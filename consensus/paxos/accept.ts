/**
 * The acceptor's part of phase 2. It votes for blocks whose bodies it holds, without executing them: so a majority holds the content of
 * whatever is decided, and any of its members can give it to the others.
 */
import type { SealedHeader } from '../../chain/block.ts';
import { equalBytes, toHex } from '../../chain/bytes.ts';
import { isEnforced } from '../../chain/rules.ts';
import type { MemberIndex } from '../engine.ts';
import { compareBallots } from './ballot.ts';
import { acceptedUpTo, continues, undecided, write } from './block-log.ts';
import { pointsTo } from './classroom.ts';
import { want } from './decide.ts';
import type { Accept, Accepted, Heartbeat } from './messages.ts';
import { countVote } from './propose.ts';
import { follow, hasBody, hold, refuse, send } from './role.ts';
import type { PaxosState, Run, WaitingAccept } from './state.ts';

export function acceptBlocks(run: Run, asked: WaitingAccept): void {
  const { state } = run;
  const { member, message } = asked;
  const { ballot, headers } = message;
  if (isEnforced('B-A3') && compareBallots(ballot, state.promised) < 0) {
    refuse(run, member, ballot);
    return;
  }
  if (!isChain(state, headers)) return; // B-A6
  follow(run, ballot); // B-A3: an Accept may overtake its Prepare.
  if (!waitBehind(run, asked)) judge(run, asked);
}

/** Votes for what is here, and lets the rest wait. */
function judge(run: Run, asked: WaitingAccept): void {
  const { state } = run;
  const { member, message } = asked;
  const { ballot, headers } = message;
  const rest = undecided(state.log, headers);
  if (rest.length === 0) {
    refuse(run, member, ballot); // B-A4
    return;
  }
  // B-A5: the leader goes back to where all of its blocks are here.
  if (!continues(state.log, ballot, headers)) {
    acknowledge(run, member, message);
    return;
  }
  if (!hold(run, rest)) return;
  const ready = isEnforced('bodies first') ? readyOf(run, rest) : rest;
  if (ready.length < rest.length) {
    state.waiting = { ...asked, message: { ...message, headers: rest.slice(ready.length) } };
    want(run, asked.from);
  }
  if (ready.length > 0) vote(run, asked, ready);
}

/** A leader's next blocks wait behind those whose bodies are on their way, rather than that it sends all of them again. */
function waitBehind(run: Run, { message }: WaitingAccept): boolean {
  const { state } = run;
  const { waiting, log } = state;
  if (waiting === null || compareBallots(waiting.message.ballot, message.ballot) !== 0) return false;
  const [first] = message.headers;
  const before = undecided(log, waiting.message.headers);
  const headers = [...before, ...message.headers];
  const isNext = first !== undefined && equalBytes(first.header.parent, before.at(-1)?.hash ?? first.hash);
  if (!isNext || !continues(log, message.ballot, headers) || !hold(run, message.headers)) return false;
  state.waiting = { ...waiting, message: { ...waiting.message, headers } };
  return true;
}

/** As many from the first on as can be voted for now. */
function readyOf(run: Run, headers: readonly SealedHeader[]): readonly SealedHeader[] {
  if (!isParentHere(run.state, headers)) return [];
  const lacking = headers.findIndex(({ hash }) => !hasBody(run, hash));
  return lacking < 0 ? headers : headers.slice(0, lacking);
}

/** B-A7, B-A8: written, on stable storage, told. */
function vote(run: Run, { member, message }: WaitingAccept, headers: readonly SealedHeader[]): void {
  const { state, effects } = run;
  const { ballot } = message;
  const before = state.log.tentative;
  write(state.log, ballot, headers);
  const isNew = state.log.tentative.some(({ sealed, ballot: held }, index) => {
    const old = before[index];
    return old?.sealed.hashHex !== sealed.hashHex || compareBallots(old.ballot, held) !== 0;
  });
  if (isNew && isEnforced('B-A8')) effects.push({ type: 'persist', records: [{ type: 'accepted', ballot, headers }] });
  acknowledge(run, member, message);
}

/** A body came. What waits is of the ballot that is promised: it goes when a higher one is. */
export function resumeAccept(run: Run): void {
  const { state } = run;
  const { waiting } = state;
  const [first] = waiting?.message.headers ?? [];
  if (waiting === null || first === undefined || !hasBody(run, first.hash)) return;
  state.waiting = null;
  judge(run, waiting);
}

export function acceptHeartbeat(run: Run, member: MemberIndex, message: Heartbeat): void {
  if (compareBallots(message.ballot, run.state.promised) < 0) {
    refuse(run, member, message.ballot);
    return;
  }
  follow(run, message.ballot);
  acknowledge(run, member, message);
}

/** B-D1: votes of this ballot alone. */
export function acceptAccepted(run: Run, member: MemberIndex, message: Accepted): void {
  const { state } = run;
  if (state.role !== 'leader' || compareBallots(message.ballot, state.promised) !== 0) return;
  countVote(run, member, message);
}

/** `Accepted`: what of this ballot is held without a gap. */
function acknowledge(run: Run, to: MemberIndex, message: Accept | Heartbeat): void {
  const { log } = run.state;
  const { ballot } = message;
  const round = message.type === 'heartbeat' ? message.round : 0;
  send(run, to, { type: 'accepted', ballot, decided: log.decided, upTo: acceptedUpTo(log, ballot), round });
}

/** B-A6: sealed as this engine demands, consecutive, each the parent of the next and earlier than it (A-V4). */
function isChain(state: PaxosState, headers: readonly SealedHeader[]): boolean {
  return headers.every((sealed, index) => {
    if (!state.checkSeal(sealed, state.params).ok) return false;
    const { height, parent, time } = sealed.header;
    const before = headers[index - 1];
    if (before === undefined) return height > 0 && pointsToParent(state, sealed);
    if (state.classroom !== null && !pointsTo(sealed.header, before.header)) return false;
    return height === before.header.height + 1 && equalBytes(parent, before.hash) && time > before.header.time;
  });
}

/** B-A6, formula (1), as far as the parent is here: a classroom's block waits for it. */
function pointsToParent({ classroom, blocks }: PaxosState, { header }: SealedHeader): boolean {
  const parent = blocks.get(toHex(header.parent))?.sealed;
  return classroom === null || parent === undefined || pointsTo(header, parent.header);
}

function isParentHere({ classroom, blocks }: PaxosState, [first]: readonly SealedHeader[]): boolean {
  return classroom === null || (first !== undefined && blocks.get(toHex(first.header.parent)) !== null);
}
