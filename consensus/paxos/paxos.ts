/**
 * Multi-Paxos over block hashes: one member leads, and orders blocks by the votes of a majority; blocks are accepted contiguously, so
 * that what a new leader drops was never chosen. docs/consensus/paxos.md maps each rule of the pseudo-code to its place here. Members may
 * stop, come back and be cut off; they do not lie.
 */
import type { SealedHeader } from '../../chain/block.ts';
import { equalBytes, toHex } from '../../chain/bytes.ts';
import { encode, struct, uint } from '../../chain/codec.ts';
import { unreachable } from '../../chain/errors.ts';
import type { Engine, EngineEvent } from '../engine.ts';
import { acceptAccepted, acceptBlocks, acceptHeartbeat, resumeAccept } from './accept.ts';
import { compareBallots } from './ballot.ts';
import { headersAheadMax, headersMax } from './blocks.ts';
import { bodySealOf, checkParams, classroomOf } from './classroom.ts';
import { acceptApplied, acceptInvalid, connect, learn, retry } from './decide.ts';
import { acceptNack, acceptPrepare, acceptPromise, endElection, standOnRequest, tryToLead } from './election.ts';
import { describe, type Message, messageCodec } from './messages.ts';
import { beat, propose, proposeOwn } from './propose.ts';
import { type LogRecord, recordCodec } from './records.ts';
import { condense, recover } from './recover.ts';
import { checkSeal } from './seal.ts';
import { type PaxosEffect, type PaxosState, type Run, treeDepth } from './state.ts';
import { electionTimer, heartbeatTimer, retryTimer, setElectionTimer, takeTimer } from './timers.ts';
import { digestOf, staleBlocks, viewOf } from './view.ts';

export type PaxosEvent = EngineEvent<Message>;

/** What is stored beside a header: [height], its work in a chain where no block weighs more than another. */
const treeRecordCodec = struct<{ readonly height: number }>({ height: uint() });

/** The ledger builds blocks on its tip alone, so one block is under way at a time. */
export const paxos: Engine<PaxosState, Message, LogRecord> = paxosWith({ window: 1 });

/** `window`: blocks that a leader may have under way above the applied tip, 1 to `tentativeMax`. */
export function paxosWith({ window }: { readonly window: number }): Engine<PaxosState, Message, LogRecord> {
  return {
    name: 'paxos',
    faultModel: 'crash',
    canFinalize: true,
    messageCodec,
    recordCodec,
    headerChain: null,
    treeDepth: () => treeDepth,
    checkParams,
    bodySeal: bodySealOf,
    transactionRoad: params => (classroomOf(params) === null ? 'everybody' : 'leader'),
    describe,
    recover: (context, recovery) => recover(context, recovery, window),
    step,
    condense,
    digest: digestOf,
    view: viewOf,
    finalHeight: ({ applied }) => applied.height,
    staleBlocks,
    // A read that must be linearizable goes through the log: a leader cannot know that it is not deposed.
    linearizableHeight: () => null,
    checkSeal,
    treeRecord: (state, hash) => {
      const sealed = header(state, hash);
      return sealed === null ? null : encode(treeRecordCodec, { height: sealed.header.height });
    },
    header,
  };
}

function header(state: PaxosState, hash: Uint8Array): SealedHeader | null {
  return state.blocks.get(toHex(hash))?.sealed ?? null;
}

function step(state: PaxosState, event: PaxosEvent): readonly PaxosEffect[] {
  const run: Run = { state, now: event.now, effects: [] };
  if (state.isHalted) return run.effects;
  switch (event.type) {
    case 'start':
      setElectionTimer(run);
      connect(run);
      break;
    case 'message':
      onMessage(run, event);
      break;
    case 'timer':
      onTimer(run, event.id);
      break;
    case 'headers':
      onHeaders(run, event);
      break;
    case 'body':
      onBody(run, event.hash);
      break;
    case 'applied':
      acceptApplied(run, event.tip);
      break;
    case 'invalid':
      acceptInvalid(run, event.hash, event.code);
      break;
    case 'lead':
      standOnRequest(run);
      break;
    default:
      unreachable(event);
  }
  if (!state.isHalted) propose(run);
  return run.effects;
}

function onMessage(run: Run, event: Extract<PaxosEvent, { type: 'message' }>): void {
  const { state } = run;
  const { member, message, from } = event;
  if (state.self === null || member === state.self || member >= state.genesis.members.length) return;
  state.peers.set(member, from);
  learn(run, message.decided, member);
  const isAnswer = message.type === 'promise' || message.type === 'accepted' || message.type === 'nack';
  // Only who stands with a ballot asks for something in its name, and only it gets the answers.
  if (message.ballot.member !== (isAnswer ? state.self : member)) return;
  switch (message.type) {
    case 'prepare':
      acceptPrepare(run, member, message);
      break;
    case 'promise':
      acceptPromise(run, member, message);
      break;
    case 'nack':
      acceptNack(run, member, message);
      break;
    case 'accept':
      acceptBlocks(run, { from, member, message });
      break;
    case 'accepted':
      acceptAccepted(run, member, message);
      break;
    case 'heartbeat':
      acceptHeartbeat(run, member, message);
      break;
    case 'decide':
      if (compareBallots(message.ballot, state.promised) >= 0) setElectionTimer(run);
      break;
    default:
      unreachable(message);
  }
}

/** Headers are candidates: a block is decided when a member said so of it, or of one that descends from it. */
function onHeaders(run: Run, { from, headers }: Extract<PaxosEvent, { type: 'headers' }>): void {
  const { state, effects } = run;
  const isMembers = from === null || [...state.peers.values()].includes(from);
  for (const sealed of headers) {
    const seal = checkSeal(sealed, state.params);
    if (!seal.ok) {
      const { code, detail } = seal.error;
      if (from !== null) effects.push({ type: 'penalize', peer: from, code, detail });
      break;
    }
    const ahead = sealed.header.height - state.applied.height;
    if (ahead <= 0 || ahead > headersAheadMax) continue;
    const hasRoom = isMembers && state.blocks.size < headersMax;
    if (hasRoom) state.blocks.hold(sealed);
    else state.blocks.stray(sealed);
    if (from === null && state.miningOn === toHex(sealed.header.parent)) state.making = sealed.hashHex;
    if (from !== null && isMembers) noteReached(state, sealed);
  }
  connect(run);
}

/** Only what goes on from the chain moves the place from which more is asked for: a gossiped block may stand above a gap. */
function noteReached(state: PaxosState, sealed: SealedHeader): void {
  const from = [state.blocks.tip.hash, state.reached ?? sealed.hash];
  if (from.some(hash => equalBytes(hash, sealed.header.parent))) state.reached = sealed.hash;
}

function onBody(run: Run, hash: Uint8Array): void {
  const { state } = run;
  const held = state.blocks.addBody(toHex(hash));
  if (held === null) return;
  state.wanted.delete(held.sealed.hashHex);
  proposeOwn(run, held.sealed);
  resumeAccept(run);
  tryToLead(run, null);
  connect(run);
}

function onTimer(run: Run, id: string): void {
  if (!takeTimer(run, id)) return;
  if (id === electionTimer) endElection(run);
  if (id === heartbeatTimer) beat(run);
  if (id === retryTimer) retry(run);
}
