/**
 * Multi-Paxos over block hashes: one member leads, and orders blocks by the votes of a majority; blocks are accepted contiguously, so
 * that what a new leader drops was never chosen. docs/consensus/paxos.md maps each rule of the pseudo-code to its place here. Members may
 * stop, come back and be cut off; they do not lie.
 */
import type { SealedHeader } from '../../chain/block.ts';
import { toHex } from '../../chain/bytes.ts';
import { unreachable } from '../../chain/errors.ts';
import type { Engine, EngineEvent } from '../engine.ts';
import { acceptAccepted, acceptBlocks, acceptHeartbeat, resumeAccept } from './accept.ts';
import { compareBallots } from './ballot.ts';
import { headersAheadMax, headersMax } from './blocks.ts';
import { bodySealOf, checkParams, classroomOf } from './classroom.ts';
import { acceptApplied, acceptInvalid, announce, connect, learn, retry } from './decide.ts';
import { acceptNack, acceptPrepare, acceptPromise, endElection, standOnRequest, tryToLead } from './election.ts';
import { describe, type Message, messageCodec } from './messages.ts';
import { propose, proposeOwn, resend, tellDecided } from './propose.ts';
import { acceptAsk, acceptIndex, expireReads, read } from './read.ts';
import { type LogRecord, recordCodec } from './records.ts';
import { condense, recover } from './recover.ts';
import { beat, follow } from './role.ts';
import { checkSeal } from './seal.ts';
import { type PaxosEffect, type PaxosOptions, type PaxosState, type Run, treeDepth } from './state.ts';
import { decideTimer, electionTimer, heartbeatTimer, retryTimer, setElectionTimer, takeTimer } from './timers.ts';
import { digestOf, leaderOf, staleBlocks, viewOf } from './view.ts';

export type PaxosEvent = EngineEvent<Message>;

/** Nothing is stored beside a header: it weighs no more than another, and its height is its own. */
const noRecord = new Uint8Array(0);

/** Blocks that a leader may have under way: what its producer makes of them before they are applied is taken there and back each time. */
const blocksUnderWayMax = 16;

export const paxos: Engine<PaxosState, Message, LogRecord> = paxosWith({ window: blocksUnderWayMax });

/** An instance that orders blocks, or, with another rule for their seals, whatever is put into the form of a header. */
export function paxosWith(given: Partial<PaxosOptions> = {}): Engine<PaxosState, Message, LogRecord> {
  const options: PaxosOptions = { votesRestOnBodies: true, window: 1, checkSeal, ...given };
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
    gossipsTransactions: params => classroomOf(params) === null,
    describe,
    recover: (context, recovery) => recover(context, recovery, options),
    step,
    condense,
    digest: digestOf,
    view: viewOf,
    leader: leaderOf,
    finalHeight: ({ applied }) => applied.height,
    staleBlocks,
    checkSeal: options.checkSeal,
    treeRecord: (state, hash) => (header(state, hash) === null ? null : noRecord),
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
      announce(run);
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
    case 'read':
      read(run, event.id);
      break;
    default:
      unreachable(event);
  }
  expireReads(run);
  if (!state.isHalted) propose(run);
  return run.effects;
}

function onMessage(run: Run, event: Extract<PaxosEvent, { type: 'message' }>): void {
  const { state } = run;
  const { member, message, from } = event;
  if (member === null) {
    const detail = 'a message between members from a peer that is none';
    run.effects.push({ type: 'penalize', peer: from, code: 'BAD_MESSAGE', detail });
    return;
  }
  if (member === state.self || member >= state.genesis.members.length) return;
  state.peers.set(member, from);
  state.heard.add(member);
  learn(run, message.decided, member);
  if (state.self === null) return; // Who has no vote follows what members know to be decided.
  const isAnswer = answers.includes(message.type);
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
    case 'ask':
      acceptAsk(run, member, message);
      break;
    case 'index':
      acceptIndex(run, message);
      break;
    case 'decide':
      if (compareBallots(message.ballot, state.promised) < 0) break;
      // In a classroom it is how a leader tells of itself.
      if (state.classroom === null) setElectionTimer(run);
      else follow(run, message.ballot);
      break;
    default:
      unreachable(message);
  }
}

/** What is said to a leader or candidate, in its own ballot. */
const answers: readonly Message['type'][] = ['promise', 'accepted', 'nack', 'ask'];

/**
 * Headers are candidates: a block is decided when a member said so of it, or of one that descends from it; and when a member's node gave
 * it as a part of the chain that its ledger holds.
 */
function onHeaders(run: Run, { from, headers, isAnswer }: Extract<PaxosEvent, { type: 'headers' }>): void {
  const { state, effects } = run;
  const isMembers = from === null || [...state.peers.values()].includes(from);
  for (const sealed of headers) {
    const seal = state.checkSeal(sealed, state.params);
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
    const isAwaited = from === null && state.making === null && state.miningOn === toHex(sealed.header.parent);
    if (isAwaited) state.making = sealed.hashHex;
    if (from !== null && isMembers && isAnswer === true) state.blocks.append(sealed);
  }
  connect(run);
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
  if (id === heartbeatTimer && run.state.role === 'leader') {
    // In a classroom a heartbeat is sent for reads alone, until they are answered.
    if (run.state.classroom === null || run.state.reads.length > 0) beat(run);
    if (run.state.classroom !== null) resend(run);
  }
  if (id === decideTimer) tellDecided(run);
  if (id === retryTimer) retry(run);
}
