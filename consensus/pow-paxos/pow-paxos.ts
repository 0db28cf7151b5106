/**
 * Proof of work with a final prefix: anybody mines, and a committee of the genesis decides by Multi-Paxos, every so many blocks, on a block
 * that no fork may leave. docs/consensus/finality.md maps each rule to its place here. The engine is composed: proof of work (../pow) goes
 * on as ever but for one restriction, and Multi-Paxos (../paxos) orders checkpoints. Members are trusted to crash only.
 */
import { unreachable } from '../../chain/errors.ts';
import { producerCheck, type SignatureCheck } from '../../chain/validate.ts';
import type { Engine, EngineEvent, MemberIndex } from '../engine.ts';
import { finalEntry } from '../pow/final-block.ts';
import { pow } from '../pow/pow.ts';
import { checksOf } from './certificate.ts';
import { giveBranch, isBranchWanted, pursue, runCommittee } from './committee.ts';
import {
  acceptCertificate,
  acceptVote,
  announceHeld,
  isNews,
  isNewVote,
  keepReminding,
  remind,
  remindTimer,
} from './finality.ts';
import { type Message, messageCodec } from './messages.ts';
import { type LogRecord, recordCodec } from './records.ts';
import { condense, recover, settledHeight } from './recover.ts';
import type { PowPaxosEffect, PowPaxosState, Run } from './state.ts';
import { digestOf, viewOf } from './view.ts';

export type PowPaxosEvent = EngineEvent<Message>;
type MessageEvent = Extract<PowPaxosEvent, { type: 'message' }>;

export const powPaxos: Engine<PowPaxosState, Message, LogRecord> = {
  name: 'pow-paxos',
  faultModel: 'crash',
  canFinalize: true,
  messageCodec,
  recordCodec,
  headerChain: pow.headerChain,
  treeDepth: genesis => pow.treeDepth(genesis),
  recover,
  step,
  condense,
  signatureChecks,
  digest: digestOf,
  view: viewOf,
  finalHeight: ({ finalHeight }) => finalHeight,
  staleBlocks: state => pow.staleBlocks(state.pow),
  checkSeal: pow.checkSeal,
  treeRecord: (state, hash) => pow.treeRecord(state.pow, hash),
  header: (state, hash) => pow.header(state.pow, hash),
};

function step(state: PowPaxosState, event: PowPaxosEvent): readonly PowPaxosEffect[] {
  const run: Run = { state, now: event.now, effects: [], paxosEvents: [] };
  if (state.isHalted) return run.effects;
  switch (event.type) {
    case 'start':
    case 'timer':
      if (event.type === 'start') announceHeld(run);
      run.effects.push(...pow.step(state.pow, event));
      if (event.type === 'timer' && event.id === remindTimer) remind(run);
      runCommittee(run, event);
      break;
    case 'headers':
    case 'body':
    case 'applied':
    case 'invalid':
    case 'read':
      run.effects.push(...pow.step(state.pow, event));
      break;
    case 'message':
      onMessage(run, event);
      break;
    case 'lead':
      runCommittee(run, event);
      break;
    default:
      unreachable(event);
  }
  finish(run);
  return run.effects;
}

/** What follows from any step: the committee may judge or propose now, more may be final, and something may be missing. */
function finish(run: Run): void {
  const { state, effects } = run;
  runCommittee(run, null);
  pursue(run);
  if (state.pow.awaited === null) state.held = state.final;
  state.finalHeight = settledHeight(state);
  keepReminding(run);
  state.isHalted = state.pow.isHalted;
  const final = finalEntry(state.pow);
  if (final?.isInvalid !== true) return;
  state.isHalted = true;
  const detail = `block ${final.key} at height ${final.height} is final and invalid: a member is faulty`;
  effects.push({ type: 'stopMining' }, { type: 'halt', code: 'INVALID_ANCESTOR', detail });
}

function onMessage(run: Run, { now, from, member, message }: MessageEvent): void {
  const { state, effects } = run;
  if (message.type === 'certificate') {
    acceptCertificate(run, message.certificate, from);
    return;
  }
  if (member === null) {
    const detail = `a ${message.type} between members from a peer that is none`;
    effects.push({ type: 'penalize', peer: from, code: 'BAD_MESSAGE', detail });
    return;
  }
  if (state.self === null || member === state.self || member >= state.genesis.members.length) return;
  switch (message.type) {
    case 'paxos':
      runCommittee(run, { type: 'message', now, from, member, message: message.paxos });
      break;
    case 'vote':
      acceptVote(run, member, message.vote);
      break;
    case 'wantCertificate': {
      const { certificate } = state;
      if (certificate !== null)
        effects.push({ type: 'send', to: member, message: { type: 'certificate', certificate } });
      break;
    }
    case 'wantBranch':
      giveBranch(run, member, message.block);
      break;
    case 'branch':
      effects.push(...pow.step(state.pow, { type: 'headers', now, from, headers: message.headers }));
      break;
    default:
      unreachable(message);
  }
}

/** F-4: only what is news is worth the work of checking, and headers only when they lead to a block that was asked for. */
function signatureChecks(
  state: PowPaxosState,
  member: MemberIndex | null,
  message: Message,
): readonly SignatureCheck[] | null {
  if (message.type === 'branch' && member !== null) {
    const { headers } = message;
    return isBranchWanted(state, headers) ? headers.map(sealed => producerCheck(state.chainId, sealed)) : null;
  }
  if (message.type === 'certificate' && isNews(state, message.certificate)) {
    return checksOf(state.chainId, state.genesis, message.certificate, message.certificate.signatures);
  }
  if (message.type !== 'vote' || member === null || !isNewVote(state, member, message.vote)) return [];
  return checksOf(state.chainId, state.genesis, message.vote, [{ member, signature: message.vote.signature }]);
}
