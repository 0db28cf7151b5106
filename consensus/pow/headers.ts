/**
 * What happens to a header that arrives: checked cheapest first, kept aside when its parent or its time is not there yet, inserted
 * otherwise. One loop over a queue: orphans that a header sets free join the queue, so no chain of them can deepen the stack.
 */
import type { SealedHeader } from '../../chain/block.ts';
import type { BlockEntry, Derived } from '../../chain/block-tree.ts';
import { toHex } from '../../chain/bytes.ts';
import type { Rejection } from '../../chain/errors.ts';
import { isEnforced } from '../../chain/rules.ts';
import type { ParentPoint, PeerId } from '../engine.ts';
import { isRecent } from '../recent.ts';
import { enforce, finalEntry, mayKeep, tellHeavier } from './final-block.ts';
import { findBest } from './fork-choice.ts';
import { checkContext, checkSeal } from './header-rules.ts';
import { orphanIntervals } from './orphans.ts';
import type { PresyncPoint, PresyncRecord } from './presync.ts';
import {
  blockWork,
  driftAt,
  entriesMax,
  headersAheadMax,
  lowWorkDepthMax,
  type PowEffect,
  type PowState,
  workOfBits,
} from './state.ts';
import { setDeferredTimer, setOrphanTimer } from './timers.ts';

/** Peers whose last question is remembered; the oldest goes. */
const askedPeersMax = 256;

interface Arrival {
  readonly sealed: SealedHeader;
  readonly from: PeerId | null;
  /** Work of the headers that arrived behind this one and build on it, each checked by itself. */
  readonly workBehind: bigint;
}

/** The headers of one message, their orphans and what they set free. */
export interface HeaderInput {
  readonly now: number;
  readonly from: PeerId | null;
  readonly headers: readonly SealedHeader[];
}

/** onHeader (PROTOCOLS 2.4) for a list; true when the tree grew. A header that cannot be kept ends its sender's list. */
export function acceptHeaders(state: PowState, input: HeaderInput, effects: PowEffect[]): boolean {
  const queue = withWorkBehind(checkSeals(state, input, effects), input.from);
  const listed = queue.length;
  const dueBefore = state.deferred.nextDueAt;
  const hadOrphans = state.orphans.size > 0;
  let hasGrown = false;
  let isRefused = false;
  for (let next = 0; next < queue.length; next++) {
    const arrival = queue[next];
    if (arrival === undefined || (isRefused && next < listed)) continue;
    const outcome = acceptOne(state, arrival, input.now, effects);
    if (outcome === 'kept') continue;
    if (outcome === 'refused') {
      isRefused ||= next < listed;
      continue;
    }
    hasGrown = true;
    if (arrival.from !== null) state.askedAt.delete(arrival.from);
    // A-H5: iteratively, never by recursion.
    for (const orphan of state.orphans.take(outcome.key)) queue.push({ ...orphan, workBehind: 0n });
  }
  if (state.deferred.nextDueAt !== dueBefore) setDeferredTimer(state, input.now, effects);
  if (!hadOrphans && state.orphans.size > 0) setOrphanTimer(state, effects);
  evictLightest(state);
  return hasGrown;
}

/** A-V1 comes before anything else is done with a header. */
function checkSeals(state: PowState, { from, headers }: HeaderInput, effects: PowEffect[]): readonly SealedHeader[] {
  for (const [index, sealed] of headers.entries()) {
    if (isKnown(state, sealed.hashHex)) continue;
    const seal = checkSeal(sealed, state.params); // A-V1
    if (seal.ok) continue;
    refuse(from, seal.error, effects);
    return headers.slice(0, index);
  }
  return headers;
}

function withWorkBehind(headers: readonly SealedHeader[], from: PeerId | null): Arrival[] {
  const arrivals: Arrival[] = [];
  let workBehind = 0n;
  for (let index = headers.length - 1; index >= 0; index--) {
    const sealed = headers[index];
    if (sealed === undefined) continue;
    const child = headers[index + 1];
    const isLinked = child !== undefined && toHex(child.header.parent) === sealed.hashHex;
    workBehind = isLinked ? workBehind + workOfBits(child.header.bits) : 0n;
    arrivals.push({ sealed, from, workBehind });
  }
  return arrivals.reverse();
}

/** Gives the entry when the header was inserted now; `kept` when it is known or waits; `refused` when what follows it is of no use. */
function acceptOne(
  state: PowState,
  arrival: Arrival,
  now: number,
  effects: PowEffect[],
): BlockEntry | 'kept' | 'refused' {
  const { sealed, from } = arrival;
  if (isKnown(state, sealed.hashHex)) return 'kept'; // A-H1
  const parent = state.tree.get(toHex(sealed.header.parent));
  if (parent === null) return acceptDetached(state, arrival, now, effects);
  if (parent.isInvalid) {
    effects.push({ type: 'trace', rule: 'A-V2', data: { hash: sealed.hashHex, code: 'INVALID_ANCESTOR' } });
    return 'refused'; // A-V2: the parent is remembered as invalid, so the child need not be.
  }
  const derived = checkContext(sealed, pointOf(parent), rulesAt(state, sealed)); // A-V2, A-V3, A-V4
  if (!derived.ok) return refuse(from, derived.error, effects);
  const dueAt = sealed.header.time - driftAt(state, sealed.header.height);
  if (isEnforced('A-V5') && dueAt > now) {
    // A-V5: our clock may be wrong, so this is no fault of the block.
    state.deferred.add({ sealed, from, dueAt });
    effects.push({ type: 'trace', rule: 'A-V5', data: { hash: sealed.hashHex, code: 'FUTURE_BLOCK', dueAt } });
    return 'kept';
  }
  if (isTooFarAhead(state, sealed, from)) return 'refused';
  const { work } = derived.value;
  if (!mayKeep(state, parent, sealed)) {
    // F-5: no fault of the peer, which may not have heard of the final block.
    if (work + arrival.workBehind > state.head.work)
      tellHeavier(state, { key: sealed.hashHex, hash: sealed.hash }, effects);
    return 'refused';
  }
  if (from !== null && !hasEnoughWork(state, work + arrival.workBehind)) {
    if (!state.presync.spend(from)) return startPresync(state, sealed, from, { derived: derived.value, effects });
    askForMore(effects, from, sealed.hash); // A-H3, second pass
  }
  const entry = state.tree.insert(sealed, derived.value); // A-H3
  if (isEnforced('A-H4') && work > state.bestHeader.work) state.bestHeader = entry; // A-H4: work, not height; of equals the first.
  if (state.awaited?.key === entry.key) {
    enforce(state, state.awaited);
    findBest(state);
  }
  return entry;
}

/** A header whose parent is unknown continues a pre-synchronisation, or is an orphan. */
function acceptDetached(state: PowState, arrival: Arrival, now: number, effects: PowEffect[]): 'kept' | 'refused' {
  const { sealed, from } = arrival;
  const record = from === null ? null : state.presync.record(from);
  if (from !== null && record !== null && toHex(sealed.header.parent) === record.point.key) {
    return continuePresync(state, sealed, from, { record, effects });
  }
  keepOrphan(state, arrival, now, effects);
  return 'kept';
}

function keepOrphan(state: PowState, { sealed, from }: Arrival, now: number, effects: PowEffect[]): void {
  // A-H2
  const expiresAt = now + orphanIntervals * state.params.targetMs;
  state.orphans.add({ sealed, from, expiresAt });
  // Descendants of a deferred header wait with it: there is nothing to ask for.
  if (from === null || state.deferred.has(toHex(sealed.header.parent))) return;
  if (isRecent(state.askedAt.get(from), now, state.params.targetMs)) return;
  state.askedAt.delete(from);
  const oldest = state.askedAt.keys().next();
  if (state.askedAt.size >= askedPeersMax && oldest.done !== true) state.askedAt.delete(oldest.value);
  state.askedAt.set(from, now);
  if (isEnforced('A-H2 ask')) effects.push({ type: 'fetchHeaders', peer: from, after: null });
}

/** Bodies and execution follow at their own pace; the peer is asked again when they have (`resumeHeaders`). */
function isTooFarAhead(state: PowState, sealed: SealedHeader, from: PeerId | null): boolean {
  if (sealed.header.height <= state.head.height + headersAheadMax) return false;
  if (from !== null && state.paused.size < askedPeersMax) state.paused.add(from);
  return true;
}

/** Asks the peers that were cut short again, once half of the room is free. */
export function resumeHeaders(state: PowState, effects: PowEffect[]): void {
  if (state.paused.size === 0 || state.bestHeader.height > state.head.height + headersAheadMax / 2) return;
  for (const peer of state.paused) effects.push({ type: 'fetchHeaders', peer, after: null });
  state.paused.clear();
}

/** A-H3: a branch may be stored when it ends near the tip's work; our own always does. */
function hasEnoughWork(state: PowState, work: bigint): boolean {
  return work + BigInt(lowWorkDepthMax) * blockWork(state.head) >= state.head.work;
}

/** A-H3, first pass: the header is right, its branch is light. */
function startPresync(
  state: PowState,
  sealed: SealedHeader,
  from: PeerId,
  { derived, effects }: { readonly derived: Derived; readonly effects: PowEffect[] },
): 'kept' {
  state.presync.setRecord(from, { fork: sealed.header.parent, point: presyncPoint(sealed, derived), count: 1 });
  askForMore(effects, from, sealed.hash);
  return 'kept';
}

/** A-H3, first pass goes on, until the branch has shown its work: then the second pass starts at the fork. */
function continuePresync(
  state: PowState,
  sealed: SealedHeader,
  from: PeerId,
  { record, effects }: { readonly record: PresyncRecord; readonly effects: PowEffect[] },
): 'kept' | 'refused' {
  const derived = checkContext(sealed, record.point, rulesAt(state, sealed)); // A-V2, A-V3, A-V4
  if (!derived.ok) return refuse(from, derived.error, effects);
  const point = presyncPoint(sealed, derived.value);
  state.presync.setRecord(from, { fork: record.fork, point, count: record.count + 1 });
  const isEnough = hasEnoughWork(state, point.work);
  if (isEnough) state.presync.grant(from);
  askForMore(effects, from, isEnough ? record.fork : point.hash);
  return isEnough ? 'refused' : 'kept';
}

/** One question a message: the last one replaces those before it. */
function askForMore(effects: PowEffect[], peer: PeerId, after: Uint8Array): void {
  const earlier = effects.findIndex(effect => effect.type === 'fetchHeaders' && effect.peer === peer);
  if (earlier !== -1) effects.splice(earlier, 1);
  effects.push({ type: 'fetchHeaders', peer, after });
}

/** A-I4: the tree is bounded; branches that are neither applied nor heaviest go, lightest first. */
function evictLightest(state: PowState): void {
  const limit = entriesMax(state.params);
  if (state.tree.size <= limit) return;
  const { head, bestHeader, candidate, switchingTo } = state;
  const kept = new Set([head, bestHeader, candidate, switchingTo ?? head, finalEntry(state) ?? head]);
  const leaves = state.tree.leaves().sort((a, b) => (a.work < b.work ? -1 : Number(a.work > b.work)));
  for (const leaf of leaves) {
    if (state.tree.size <= limit) return;
    state.tree.removeBranch(leaf, kept);
  }
}

function refuse(from: PeerId | null, { code, detail }: Rejection, effects: PowEffect[]): 'refused' {
  if (isEnforced('A-H1') && from !== null) effects.push({ type: 'penalize', peer: from, code, detail });
  return 'refused';
}

function isKnown(state: PowState, key: string): boolean {
  return state.tree.get(key) !== null || state.deferred.has(key);
}

function rulesAt(state: PowState, sealed: SealedHeader) {
  return { params: state.params, driftMs: driftAt(state, sealed.header.height) };
}

/** An entry as the parent of the header to be checked. */
export function pointOf(entry: BlockEntry): ParentPoint {
  return { height: entry.height, time: entry.sealed.header.time, work: entry.work, steps: entry.steps };
}

function presyncPoint(sealed: SealedHeader, derived: Derived): PresyncPoint {
  const { height, time } = sealed.header;
  return { key: sealed.hashHex, hash: sealed.hash, height, time, ...derived };
}
