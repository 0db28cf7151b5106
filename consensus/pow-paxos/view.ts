/** What others see of the engine's state: that of proof of work, and what is final. */
import { toHex, toUtf8 } from '../../chain/bytes.ts';
import { encode } from '../../chain/codec.ts';
import { sha256, taggedHash } from '../../chain/hash.ts';
import type { EngineView } from '../engine.ts';
import { pow } from '../pow/pow.ts';
import { certificateCodec, voteCodec } from './certificate.ts';
import { checkpointCodec } from './checkpoint.ts';
import { committee, type PowPaxosState } from './state.ts';

export function viewOf(state: PowPaxosState): EngineView {
  const view = pow.view(state.pow);
  const role = state.paxos === null ? 'observer' : state.paxos.role;
  const ofPaxos = state.paxos === null ? [] : committee.view(state.paxos).kept;
  const kept = ofPaxos.map(row => ({ ...row, what: `checkpoint ${row.what}` }));
  const votes = { what: 'votes', count: state.votes.size, max: state.genesis.members.length };
  return { ...view, finalHeight: state.finalHeight, role, kept: [...view.kept, ...kept, votes] };
}

export function digestOf(state: PowPaxosState): Uint8Array {
  const { certificate, paxos } = state;
  const choices = [
    [state.final, state.held].map(checkpoint => toHex(encode(checkpointCodec, checkpoint))),
    certificate === null ? null : toHex(encode(certificateCodec, certificate)),
    [...state.votes].map(([member, vote]) => [member, toHex(sha256(encode(voteCodec, vote)))]),
    [state.finalHeight, state.proposingOn === null ? null : toHex(state.proposingOn), state.judging.map(toHex)],
    [state.source, state.remindAt, state.isContradicted, state.isHalted],
  ];
  const parts = [pow.digest(state.pow), paxos === null ? new Uint8Array() : committee.digest(paxos)];
  return taggedHash('kvchain/pow-paxos/state/v1', ...parts, toUtf8(JSON.stringify(choices)));
}
