/**
 * F-3 to F-5: how a checkpoint becomes final here, by this member's own Paxos or by a certificate from anybody; what is told of it, and what
 * is asked for. Whatever is final is on stable storage before the fork choice uses it (F-I5), and never expires (F-7).
 */
import { isEnforced } from '../../chain/rules.ts';
import type { MemberIndex, PeerId } from '../engine.ts';
import { retryMs } from '../paxos/state.ts';
import { isOnFinal } from '../pow/final-block.ts';
import { makeFinal } from '../pow/pow.ts';
import type { PowEffect } from '../pow/state.ts';
import { isRecent } from '../recent.ts';
import { type Acceptance, type Certificate, certify, isLater, isMajority, signVote, type Vote } from './certificate.ts';
import { type Checkpoint, isSame } from './checkpoint.ts';
import type { Message } from './messages.ts';
import type { LogRecord } from './records.ts';
import { finalBlockOf, type PowPaxosState, type Run } from './state.ts';

export const remindTimer = 'finality';

/** Certificates that are no news which a peer may tell within the time: each comes twice from a good one, and once more when it is asked for. */
const repeatsMax = 200;
const repeatsWithinMs = 10_000;

/** The number of the last certified checkpoint. */
function certifiedNumber({ certificate }: PowPaxosState): number {
  return certificate?.checkpoint.number ?? 0;
}

/** F-3: decided by this member's Paxos. */
export function acceptDecided(run: Run, checkpoint: Checkpoint): void {
  if (checkpoint.number > run.state.final.number) raise(run, checkpoint, { type: 'final', checkpoint });
}

/** F-4: `from` is null for one that was put together here. Its signatures are good, or it is no news. */
export function acceptCertificate(run: Run, certificate: Certificate, from: PeerId | null): void {
  const { state, effects } = run;
  const { checkpoint } = certificate;
  if (!isNews(state, certificate)) {
    if (from !== null) chargeRepeat(run, from);
    return;
  }
  if (isEnforced('F-4') && !isMajority(certificate, state.genesis)) {
    const detail = `a certificate of ${certificate.signatures.length} of ${state.genesis.members.length} members, or not in their order`;
    if (from !== null) effects.push({ type: 'penalize', peer: from, code: 'BAD_MESSAGE', detail });
    return;
  }
  if (contradicts(state, checkpoint)) {
    const { height, hash } = state.final.block;
    const other = checkpoint.block.hash;
    state.isContradicted = true;
    effects.push({ type: 'evidence', evidence: { kind: 'two-certificates', height, hash, other } });
    return;
  }
  state.certificate = certificate;
  state.source = from ?? state.source;
  const record: LogRecord = { type: 'certificate', certificate };
  if (checkpoint.number > state.final.number) raise(run, checkpoint, record);
  else effects.push({ type: 'persist', records: [record] });
  tellAll(run, certificate);
  askForBlock(run);
}

/** No signature of it was checked, but it was read: whoever goes on telling what is known pays. */
function chargeRepeat({ state: { repeats }, now, effects }: Run, from: PeerId): void {
  if (!isRecent(repeats.since, now, repeatsWithinMs)) {
    repeats.since = now;
    repeats.byPeer.clear();
  }
  const count = (repeats.byPeer.get(from) ?? 0) + 1;
  repeats.byPeer.set(from, count);
  if (count <= repeatsMax) return;
  const detail = `${count} certificates that are no news within ${repeatsWithinMs / 1_000} s, at most ${repeatsMax}`;
  effects.push({ type: 'penalize', peer: from, code: 'RATE_EXCEEDED', detail });
}

/** To members and to all others: whoever learns of it passes it on, once. */
function tellAll({ effects }: Run, certificate: Certificate): void {
  const message: Message = { type: 'certificate', certificate };
  effects.push({ type: 'broadcast', message }, { type: 'announce', message });
}

/** At a start: handshakes tell what was announced last, and that is on stable storage. */
export function announceHeld({ state: { certificate }, effects }: Run): void {
  if (certificate !== null) effects.push({ type: 'announce', message: { type: 'certificate', certificate } });
}

/** A later certificate than the one that is held, or the first that contradicts what is final. */
export function isNews(state: PowPaxosState, { checkpoint }: Certificate): boolean {
  if (contradicts(state, checkpoint)) return !state.isContradicted;
  return checkpoint.number > certifiedNumber(state);
}

/** Two certified checkpoints of which neither leads to the other: impossible while members only crash. */
function contradicts({ final, pow }: PowPaxosState, checkpoint: Checkpoint): boolean {
  if (checkpoint.number === final.number) return !isSame(checkpoint, final);
  const [low, high] = checkpoint.number < final.number ? [checkpoint, final] : [final, checkpoint];
  if (low.block.height >= high.block.height) return true;
  const { tree } = pow;
  const lower = tree.get(finalBlockOf(low).key);
  const higher = tree.get(finalBlockOf(high).key);
  // What is not held here cannot be judged; the members judged it (F-2).
  if (higher === null || low.block.height < tree.root.height) return false;
  return lower === null || !tree.isAncestor(lower, higher);
}

/** F-I5: first the disk, then the fork choice, which leaves all that misses the block (F-I2). */
function raise(run: Run, checkpoint: Checkpoint, record: LogRecord): void {
  const { state, effects } = run;
  state.final = checkpoint;
  if (isEnforced('F-I5')) effects.push({ type: 'persist', records: [record] });
  const following: PowEffect[] = [];
  makeFinal(state.pow, finalBlockOf(checkpoint), following);
  effects.push(...following);
}

/** F-4: this member accepted it, and that is on stable storage. */
export function voteFor(run: Run, acceptance: Acceptance): void {
  const { state, effects } = run;
  if (state.self === null || state.signer === null) return;
  if (acceptance.checkpoint.number <= certifiedNumber(state)) return;
  const vote = signVote(state.chainId, acceptance, state.signer);
  effects.push({ type: 'broadcast', message: { type: 'vote', vote } });
  count(run, state.self, vote);
}

/** A member's vote, its signature checked. */
export function acceptVote(run: Run, member: MemberIndex, vote: Vote): void {
  if (isNewVote(run.state, member, vote)) count(run, member, vote);
}

export function isNewVote(state: PowPaxosState, member: MemberIndex, vote: Vote): boolean {
  if (member >= state.genesis.members.length || member === state.self) return false;
  const held = state.votes.get(member);
  return vote.checkpoint.number > certifiedNumber(state) && (held === undefined || isLater(vote, held));
}

function count(run: Run, member: MemberIndex, vote: Vote): void {
  const { state } = run;
  state.votes.set(member, vote);
  const certificate = certify(state.votes, member, state.genesis);
  if (certificate !== null) acceptCertificate(run, certificate, null);
}

/** F-5: the final block's header is unknown, and may be on a branch that nobody claims more work for. */
function askForBlock({ state, effects }: Run): void {
  const { source, pow } = state;
  if (source === null || pow.awaited === null) return;
  effects.push({ type: 'fetchHeaders', peer: source, after: null });
}

/** Says and asks again what was lost, when it is due. */
export function remind(run: Run): void {
  const { state, now } = run;
  if (state.remindAt === null) return;
  const left = Math.min(state.remindAt - now, retryMs(state.pow.params));
  if (left > 0) {
    setReminder(run, left);
    return;
  }
  state.remindAt = null;
  const vote = openVote(state);
  if (vote !== null) run.effects.push({ type: 'broadcast', message: { type: 'vote', vote } });
  if (!isOnFinal(state.pow)) askForBlock(run);
}

/** Keeps the reminder running as long as something is missing. */
export function keepReminding(run: Run): void {
  const { state, effects } = run;
  const isMissing = openVote(state) !== null || !isOnFinal(state.pow);
  if (isMissing && state.remindAt === null) setReminder(run, retryMs(state.pow.params));
  if (isMissing || state.remindAt === null) return;
  state.remindAt = null;
  effects.push({ type: 'clearTimer', id: remindTimer });
}

function setReminder({ state, now, effects }: Run, afterMs: number): void {
  state.remindAt = now + afterMs;
  effects.push({ type: 'setTimer', id: remindTimer, afterMs });
}

/** This member's vote that is not part of a certificate yet. */
function openVote(state: PowPaxosState): Vote | null {
  const vote = state.self === null ? undefined : state.votes.get(state.self);
  return vote !== undefined && vote.checkpoint.number > certifiedNumber(state) ? vote : null;
}
