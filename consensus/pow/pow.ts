/**
 * Proof of work: whoever finds a nonce proposes the next block, and the chain with the most work counts. docs/consensus/pow.md maps
 * each rule of the pseudo-code to its place here. The engine keeps no records: everything follows from the stored blocks and the
 * ledger's tip.
 */
import { toHex } from '../../chain/bytes.ts';
import { type Codec, fail } from '../../chain/codec.ts';
import { unreachable } from '../../chain/errors.ts';
import { paramsAt } from '../../chain/genesis.ts';
import type { Engine, EngineEvent } from '../engine.ts';
import { wantBodies, wantBodiesAgain, wantMoreBodies } from './bodies.ts';
import { acceptApplied, acceptBody, acceptInvalid, restrict, selectBest } from './fork-choice.ts';
import { checkContext, checkSeal } from './header-rules.ts';
import { acceptHeaders, resumeHeaders } from './headers.ts';
import { recover, sealedAt } from './recover.ts';
import { type FinalBlock, type PowEffect, type PowState, treeDepth } from './state.ts';
import { bodyTimer, deferredTimer, orphanTimer, setDeferredTimer, setOrphanTimer } from './timers.ts';
import { encodeTreeRecord } from './tree-record.ts';
import { digestOf, staleBlocks, viewOf } from './view.ts';

const nothing: Codec<never> = {
  toItem: value => value,
  fromItem: () => fail('BAD_MESSAGE', 'proof of work has no messages between members and no records'),
};

export const pow: Engine<PowState, never, never> = {
  name: 'pow',
  faultModel: 'byzantine',
  canFinalize: false,
  messageCodec: nothing,
  recordCodec: nothing,
  headerChain: { checkContext, encodeDerived: encodeTreeRecord },
  treeDepth: genesis => treeDepth(paramsAt(genesis, 0)),
  recover,
  step,
  digest: digestOf,
  view: viewOf,
  finalHeight: () => 0,
  staleBlocks,
  checkSeal,
  treeRecord: (state, hash) => {
    const entry = state.tree.get(toHex(hash));
    return entry === null ? null : encodeTreeRecord(entry);
  },
  header: sealedAt,
};

/** F-3: from now on only branches with this block are followed: the ledger is ordered onto the heaviest of them. */
export function makeFinal(state: PowState, final: FinalBlock, effects: PowEffect[]): void {
  restrict(state, final, effects);
  wantBodies(state, null, effects);
  selectBest(state, effects);
}

function step(state: PowState, event: EngineEvent<never>): readonly PowEffect[] {
  const effects: PowEffect[] = [];
  if (state.isHalted) return effects;
  switch (event.type) {
    case 'start':
      wantBodiesAgain(state, effects);
      selectBest(state, effects);
      break;
    case 'headers':
      if (acceptHeaders(state, event, effects)) wantBodies(state, event.from, effects);
      break;
    case 'body':
      onBody(state, event, effects);
      break;
    case 'applied':
      onApplied(state, event.tip, effects);
      break;
    case 'invalid':
      onInvalid(state, event, effects);
      break;
    case 'timer':
      onTimer(state, event, effects);
      break;
    case 'message':
      effects.push({
        type: 'penalize',
        peer: event.from,
        code: 'BAD_MESSAGE',
        detail: 'proof of work has no messages',
      });
      break;
    case 'lead':
      break;
    case 'read':
      // A heavier branch may come at any moment.
      effects.push({ type: 'readable', id: event.id, isReadable: false });
      break;
    default:
      unreachable(event);
  }
  return effects;
}

function onBody(
  state: PowState,
  { hash, now }: { readonly hash: Uint8Array; readonly now: number },
  effects: PowEffect[],
): void {
  const entry = state.tree.get(toHex(hash));
  // The header waits elsewhere: when it comes in, its body is asked for.
  if (entry === null) return;
  acceptBody(state, entry, now, effects);
  state.wanted.delete(entry.key);
  wantMoreBodies(state, effects);
  selectBest(state, effects);
}

function onApplied(state: PowState, tip: Uint8Array, effects: PowEffect[]): void {
  const entry = state.tree.get(toHex(tip));
  if (entry === null) return;
  acceptApplied(state, entry);
  resumeHeaders(state, effects);
  selectBest(state, effects);
}

function onInvalid(
  state: PowState,
  event: Extract<EngineEvent<never>, { type: 'invalid' }>,
  effects: PowEffect[],
): void {
  const entry = state.tree.get(toHex(event.hash));
  if (entry === null) return;
  acceptInvalid(state, entry, event.code, effects);
  wantBodies(state, null, effects);
  selectBest(state, effects);
}

function onTimer(
  state: PowState,
  { id, now }: { readonly id: string; readonly now: number },
  effects: PowEffect[],
): void {
  if (id === bodyTimer) wantBodiesAgain(state, effects);
  if (id === orphanTimer && state.orphans.expire(now) !== null) setOrphanTimer(state, effects);
  if (id !== deferredTimer) return;
  // A-V5: their time has come; they are checked like any header that arrives now.
  let hasGrown = false;
  for (const { sealed, from } of state.deferred.takeDue(now)) {
    hasGrown = acceptHeaders(state, { now, from, headers: [sealed] }, effects) || hasGrown;
  }
  setDeferredTimer(state, now, effects);
  if (hasGrown) wantBodies(state, null, effects);
}
