/**
 * The committee's part: between Multi-Paxos, which believes to order blocks, and proof of work, which has them. What Paxos takes for building a
 * block is proposing a checkpoint (F-1), what it takes for a body is a checkpoint that this member finds valid (F-2), and what it takes
 * for the ledger is finality.
 */
import type { SealedHeader } from '../../chain/block.ts';
import { equalBytes, toHex } from '../../chain/bytes.ts';
import { isEnforced } from '../../chain/rules.ts';
import type { MemberIndex } from '../engine.ts';
import type { PaxosEvent } from '../paxos/paxos.ts';
import type { LogRecord as PaxosRecord } from '../paxos/records.ts';
import type { PaxosEffect } from '../paxos/state.ts';
import { wantBodies } from '../pow/bodies.ts';
import { finalEntry, isOnFinal } from '../pow/final-block.ts';
import type { PowEffect } from '../pow/state.ts';
import { type Checkpoint, checkpointOf, sealCheckpoint } from './checkpoint.ts';
import { acceptDecided, voteFor } from './finality.ts';
import { branchMax } from './messages.ts';
import { reopenCommittee } from './recover.ts';
import { committee, type PowPaxosState, type Run } from './state.ts';

/** Checkpoints that are judged at a time: one is proposed at a time, and whoever told of many that are on no chain would cost much. */
export const judgedMax = 4;

/** Tells Paxos, and goes on until neither it nor what follows from it has anything left to do. */
export function runCommittee(run: Run, event: PaxosEvent | null): void {
  const { state, paxosEvents } = run;
  if (state.paxos === null) return;
  if (event !== null) paxosEvents.push(event);
  do {
    for (let next = paxosEvents.shift(); next !== undefined; next = paxosEvents.shift()) {
      const effects = committee.step(state.paxos, next);
      for (const effect of effects) carryOut(run, effect);
      if (effects.some(({ type }) => type === 'fetchHeaders')) catchUp(run);
    }
    judge(run);
    propose(run);
  } while (paxosEvents.length > 0);
}

function carryOut(run: Run, effect: PaxosEffect): void {
  const { state, effects } = run;
  switch (effect.type) {
    case 'persist':
      effects.push({ type: 'persist', records: effect.records.map(paxos => ({ type: 'paxos', paxos })) });
      for (const record of effect.records) signAccepted(run, record);
      break;
    case 'note':
      effects.push({ type: 'note', records: effect.records.map(paxos => ({ type: 'paxos', paxos })) });
      break;
    case 'send':
      effects.push({ type: 'send', to: effect.to, message: { type: 'paxos', paxos: effect.message } });
      break;
    case 'broadcast':
      effects.push({ type: 'broadcast', message: { type: 'paxos', paxos: effect.message } });
      break;
    case 'mine':
      state.proposingOn = effect.template.parent;
      break;
    case 'stopMining':
      state.proposingOn = null;
      break;
    case 'fetchBodies':
      state.judging = effect.hashes.slice(0, judgedMax);
      askForBranches(run);
      break;
    case 'switch':
      for (const id of effect.apply) {
        const checkpoint = checkpointAt(state, id);
        if (checkpoint !== null) acceptDecided(run, checkpoint);
      }
      run.paxosEvents.push({ type: 'applied', now: run.now, tip: effect.apply.at(-1) ?? effect.ancestor });
      break;
    case 'setTimer':
    case 'clearTimer':
    case 'penalize':
    case 'halt':
    case 'trace':
      effects.push(effect);
      break;
    default:
      // A checkpoint is passed on by votes and certificates, never as a block; for headers see catchUp.
      break;
  }
}

/** F-4: one signature for each checkpoint that the record covers. */
function signAccepted(run: Run, record: PaxosRecord): void {
  if (record.type !== 'accepted') return;
  for (const sealed of record.headers) {
    const checkpoint = checkpointOf(sealed);
    if (checkpoint !== null) voteFor(run, { checkpoint, ballot: record.ballot });
  }
}

/** Null for one that Paxos does not hold, or no longer. */
function checkpointAt({ paxos }: PowPaxosState, id: Uint8Array): Checkpoint | null {
  const sealed = paxos === null ? null : committee.header(paxos, id);
  return sealed === null ? null : checkpointOf(sealed);
}

/** What Paxos misses of the checkpoints' chain no peer has to send: it begins anew at the last that is final, or waits for a certificate. */
function catchUp(run: Run): void {
  const { state, effects } = run;
  const { paxos, final } = state;
  if (paxos === null || final.number <= paxos.applied.height) {
    effects.push({ type: 'broadcast', message: { type: 'wantCertificate' } });
    return;
  }
  state.paxos = reopenCommittee(state, paxos);
  state.proposingOn = null;
  state.judging = [];
  run.paxosEvents.length = 0;
  run.paxosEvents.push({ type: 'start', now: run.now });
}

/** F-1: the highest block of the spacing's measure that lies deep enough under the tip of this leader's chain. */
function propose(run: Run): void {
  const { state, now } = run;
  const { proposingOn, pow, params } = state;
  if (proposingOn === null || !isOnFinal(pow)) return;
  const previous = checkpointAt(state, proposingOn);
  if (previous === null) return;
  const depth = isEnforced('F-1') ? params.depth : 0;
  const steps = Math.floor((pow.head.height - depth - previous.block.height) / params.spacing);
  const entry = steps < 1 ? null : pow.tree.ancestorAt(pow.head, previous.block.height + steps * params.spacing);
  if (entry === null) return;
  const block = { height: entry.height, hash: entry.sealed.hash };
  const sealed = sealCheckpoint({ number: previous.number + 1, block, previous: proposingOn });
  state.proposingOn = null;
  run.paxosEvents.push(
    { type: 'headers', now, from: null, headers: [sealed] },
    { type: 'body', now, hash: sealed.hash },
  );
}

/** F-2: what became valid is told; what is not is never refused, for its block or a final one may still come. */
function judge(run: Run): void {
  const { state, now } = run;
  if (state.judging.length === 0) return;
  const valid = new Set(state.judging.filter(id => isValid(state, id)));
  for (const id of valid) run.paxosEvents.push({ type: 'body', now, hash: id });
  if (valid.size > 0) state.judging = state.judging.filter(id => !valid.has(id));
}

/**
 * F-2, F-I1: the block is complete here, not known to be invalid, higher than the last final one, and descends from it. It need not be on the
 * best branch. That it was executed the proposer vouches for, on whose chain it was.
 */
function isValid(state: PowPaxosState, id: Uint8Array): boolean {
  const { pow, final } = state;
  const checkpoint = checkpointAt(state, id);
  if (checkpoint === null || !isEnforced('F-2')) return checkpoint !== null;
  const { number, block } = checkpoint;
  const entry = pow.tree.get(toHex(block.hash));
  if (entry === null || !entry.isComplete || entry.isInvalid || entry.height !== block.height) return false;
  if (number <= final.number) return true;
  if (block.height <= final.block.height) return false;
  const from = pow.tree.get(toHex(final.block.hash));
  return from === null ? final.block.height < pow.tree.root.height : pow.tree.isAncestor(from, entry);
}

function askForBranches({ state, effects }: Run): void {
  for (const block of unknownBlocks(state)) effects.push({ type: 'broadcast', message: { type: 'wantBranch', block } });
}

/** It ends with a block that this member judges and has no header of, so that it was asked for. */
export function isBranchWanted(state: PowPaxosState, headers: readonly SealedHeader[]): boolean {
  const last = headers.at(-1)?.hash;
  return last !== undefined && unknownBlocks(state).some(block => equalBytes(block, last));
}

/** Gives a member the headers that lead to a block which is on nobody's best chain, perhaps. */
export function giveBranch({ state, effects }: Run, to: MemberIndex, block: Uint8Array): void {
  const { tree } = state.pow;
  const entry = tree.get(toHex(block));
  const from = finalEntry(state.pow) ?? tree.root;
  if (entry === null || !entry.isComplete || entry.isInvalid || !tree.isAncestor(from, entry)) return;
  const headers = tree.path(from, entry).map(({ sealed }) => sealed);
  effects.push({ type: 'send', to, message: { type: 'branch', headers: headers.slice(-branchMax) } });
}

/** F-2, F-3: bodies of the blocks that are judged, and of the final one, are wanted whatever the work of their branch. */
export function pursue({ state, effects }: Run): void {
  const { pow } = state;
  const judged = judgedBlocks(state).map(toHex);
  const pursued = isOnFinal(pow) || pow.final === null ? judged : [pow.final.key, ...judged];
  if (pursued.join() === pow.pursued.join()) return;
  pow.pursued = pursued;
  const wanted: PowEffect[] = [];
  wantBodies(pow, null, wanted);
  effects.push(...wanted);
}

function unknownBlocks(state: PowPaxosState): readonly Uint8Array[] {
  return judgedBlocks(state).filter(block => state.pow.tree.get(toHex(block)) === null);
}

function judgedBlocks(state: PowPaxosState): readonly Uint8Array[] {
  return state.judging.map(id => checkpointAt(state, id)?.block.hash).filter(hash => hash !== undefined);
}
