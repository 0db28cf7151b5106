/**
 * From a decided point to the ledger: the point is recorded, the headers up to it are asked for where they are missing, then the bodies,
 * and what is complete is applied in order. No block travels in a message of Paxos: repair is the sync that every node has.
 */
import { toHex } from '../../chain/bytes.ts';
import type { ErrorCode } from '../../chain/errors.ts';
import { isEnforced } from '../../chain/rules.ts';
import { bodiesWantedMax, type MemberIndex, type PeerId } from '../engine.ts';
import { isRecent } from '../recent.ts';
import type { Point } from './ballot.ts';
import { pointOf, raise } from './block-log.ts';
import { chosenOf } from './choose.ts';
import { answerReads } from './read.ts';
import { stepDown } from './role.ts';
import { type PaxosState, type Run, retryMs, switchBlocksMax, treeDepth } from './state.ts';
import { retryTimer, setTimer } from './timers.ts';

/** B-D3: members are trusted to tell only of what was decided; null is this member itself, which counted the votes. */
export function learn(run: Run, point: Point, member: MemberIndex | null): void {
  const { state, effects } = run;
  const outcome = raise(state.log, point);
  if (outcome === 'known') return;
  // What is forgotten of this is learned again: a majority holds it, and the ledger keeps what it applied.
  effects.push({ type: 'note', records: [{ type: 'decided', point: state.log.decided }] });
  // Another ballot decided: going on would give a second value to heights at which this one proposed already (B-I4).
  if (outcome === 'other' && state.role === 'leader') stepDown(run);
  state.source = member ?? state.source;
  announce(run);
  connect(run);
}

/** Nodes that are no members follow what members know. */
export function announce({ state, effects }: Run): void {
  const { self, promised, log } = state;
  if (self !== null)
    effects.push({ type: 'announce', message: { type: 'decide', ballot: promised, decided: log.decided } });
}

/** The chain up to the decided point, as far as headers and bodies are here; what is missing is asked for. */
export function connect(run: Run): void {
  const { state } = run;
  if (!state.blocks.extendTo(state.log.decided)) askForHeaders(run);
  want(run, null);
  advance(run);
}

/** At most once in a while: each question makes the peer begin its answer anew. */
function askForHeaders(run: Run): void {
  const { state, now, effects } = run;
  const peer = peerToAsk(state);
  // After a start nobody has spoken yet.
  if (!state.timers.has(retryTimer)) setTimer(run, retryTimer, retryMs(state.params));
  if (peer === null) return;
  if (isRecent(state.askedAt, now, retryMs(state.params))) return;
  state.askedAt = now;
  effects.push({ type: 'fetchHeaders', peer, after: state.blocks.tip.hash });
}

function peerToAsk({ source, peers }: PaxosState): PeerId | null {
  const [any = null] = peers.values();
  return source === null ? any : (peers.get(source) ?? any);
}

function nextSource({ source, peers }: PaxosState): MemberIndex | null {
  const members = [...peers.keys()].sort((a, b) => a - b);
  return members.find(member => source !== null && member > source) ?? members[0] ?? null;
}

/** Orders the bodies that are missing, when the list is another one than before. */
export function want(run: Run, hint: PeerId | null): void {
  const { state, effects } = run;
  const list = missingBodies(state);
  const hasChanged = list.length !== state.wanted.size || list.some(hash => !state.wanted.has(toHex(hash)));
  if (!hasChanged) return;
  state.wanted = new Set(list.map(toHex));
  effects.push({ type: 'fetchBodies', hashes: list, hint: hint ?? peerToAsk(state) });
  if (list.length > 0 && !state.timers.has(retryTimer)) setTimer(run, retryTimer, retryMs(state.params));
}

/** What an election or an acceptor waits for comes first, then the decided blocks, lowest first. */
function missingBodies(state: PaxosState): readonly Uint8Array[] {
  const { blocks, applied, waiting } = state;
  const wanted = new Map<string, Uint8Array>();
  const add = (hash: Uint8Array) => {
    const held = blocks.get(toHex(hash));
    if (held?.hasBody === false) wanted.set(toHex(hash), hash);
  };
  if (state.role === 'candidate' && state.promises.size >= state.quorum) {
    for (const { sealed } of chosenOf(state)) add(sealed.hash);
  }
  for (const { hash } of waiting?.message.headers ?? []) add(hash);
  for (const { sealed } of state.log.tentative) add(sealed.hash);
  for (let height = applied.height + 1; wanted.size < bodiesWantedMax; height++) {
    const held = blocks.at(height);
    if (held === null) break;
    add(held.sealed.hash);
  }
  return [...wanted.values()];
}

/** One switch at a time: the blocks above the applied tip whose bodies are here. A decided block is never undone (B-I10). */
function advance({ state, effects }: Run): void {
  if (state.switchingTo !== null && isEnforced('one switch')) return;
  const apply: Uint8Array[] = [];
  while (apply.length < switchBlocksMax) {
    const held = state.blocks.at(state.applied.height + apply.length + 1);
    if (held === null || !held.hasBody) break;
    apply.push(held.sealed.hash);
  }
  if (apply.length === 0) return;
  state.switchingTo = state.applied.height + apply.length;
  effects.push({ type: 'switch', ancestor: state.applied.hash, undo: [], apply });
}

/** The ledger stands at `tip`, which is on the decided chain; anything else is no answer to an order. */
export function acceptApplied(run: Run, tip: Uint8Array): void {
  const { state } = run;
  const sealed = state.blocks.get(toHex(tip))?.sealed;
  if (sealed === undefined || !state.blocks.isOnChain(sealed)) return;
  const { height } = sealed.header;
  if (height <= state.applied.height) return;
  state.applied = pointOf(sealed);
  // A part may be applied before a block of the order turns out invalid: then the verdict, which stops the node, is still to come.
  if (state.switchingTo !== null && height >= state.switchingTo) state.switchingTo = null;
  const tentative = new Set(state.log.tentative.map(entry => entry.sealed.hashHex));
  state.blocks.prune(state.applied, height - treeDepth, hex => tentative.has(hex));
  answerReads(run);
  connect(run);
}

/** A decided block cannot be invalid while members only crash: a person must look. One that is not decided will never be accepted. */
export function acceptInvalid({ state, effects }: Run, hash: Uint8Array, code: ErrorCode): void {
  const held = state.blocks.get(toHex(hash));
  if (held === null) return;
  const { sealed } = held;
  if (state.blocks.isOnChain(sealed)) {
    if (sealed.header.height <= state.applied.height) return;
    state.isHalted = true;
    const detail = `block ${sealed.hashHex} at height ${sealed.header.height} is decided and invalid: a member is faulty`;
    effects.push({ type: 'stopMining' }, { type: 'halt', code, detail });
    return;
  }
  // What is accepted stays accepted, whatever its execution would give.
  if (state.log.tentative.some(entry => entry.sealed.hashHex === sealed.hashHex)) return;
  state.blocks.drop(sealed);
  effects.push({ type: 'markInvalid', hash, code });
  if (state.waiting?.message.headers.some(({ hashHex }) => hashHex === sealed.hashHex)) state.waiting = null;
  if (state.making !== sealed.hashHex) return;
  state.making = null;
  state.miningOn = null;
}

/** Asks again for what did not come, and another member: who told of the decision may be gone. */
export function retry(run: Run): void {
  run.state.askedAt = null;
  run.state.wanted = new Set();
  run.state.source = nextSource(run.state);
  connect(run);
}
