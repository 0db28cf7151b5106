/**
 * F-4: votes and what a majority of them proves to anybody. A member signs each checkpoint that it accepted, with the ballot; a majority of
 * signatures of one ballot shows that the checkpoint is decided, and with it all before it.
 */
import { fixedBytes, list, struct, uint } from '../../chain/codec.ts';
import { finalityMembersMax } from '../../chain/finality-params.ts';
import type { Genesis } from '../../chain/genesis.ts';
import { sha256, tagged } from '../../chain/hash.ts';
import { signatureLength } from '../../chain/keys.ts';
import type { Signer } from '../../chain/transaction.ts';
import type { SignatureCheck } from '../../chain/validate.ts';
import type { MemberIndex } from '../engine.ts';
import { type Ballot, ballotCodec, compareBallots } from '../paxos/ballot.ts';
import { type Checkpoint, checkpointCodec, idOf, isSame } from './checkpoint.ts';

/** What was accepted, in which ballot. */
export interface Acceptance {
  readonly checkpoint: Checkpoint;
  readonly ballot: Ballot;
}

export interface Vote extends Acceptance {
  /** The member's, over `acceptanceMessage`. */
  readonly signature: Uint8Array;
}

export interface Signature {
  readonly member: MemberIndex;
  readonly signature: Uint8Array;
}

/** Signatures of a majority of the members, ascending by member, each once. */
export interface Certificate extends Acceptance {
  readonly signatures: readonly Signature[];
}

const signature = fixedBytes(signatureLength);
const signatureCodec = struct<Signature>({ member: uint(finalityMembersMax - 1), signature });
export const voteCodec = struct<Vote>({ checkpoint: checkpointCodec, ballot: ballotCodec, signature });
export const certificateCodec = struct<Certificate>({
  checkpoint: checkpointCodec,
  ballot: ballotCodec,
  signatures: list(signatureCodec, finalityMembersMax),
});

/** Members change with an epoch, and there has been no change yet: 0 as u64. */
const epoch = new Uint8Array(8);

/** "kvchain/pow-paxos/accepted/v1" || chainId || epoch || number || id || ballot's number || ballot's member, numbers as u64. */
export function acceptanceMessage(chainId: Uint8Array, { checkpoint, ballot }: Acceptance): Uint8Array {
  const fields = [u64(checkpoint.number), idOf(checkpoint), u64(ballot.number), u64(ballot.member)];
  return tagged('kvchain/pow-paxos/accepted/v1', chainId, epoch, ...fields);
}

export function signVote(chainId: Uint8Array, acceptance: Acceptance, signer: Signer): Vote {
  return { ...acceptance, signature: signer.sign(sha256(acceptanceMessage(chainId, acceptance))) };
}

/** F-I4: a majority of distinct members; whether the signatures are good is not looked at. */
export function isMajority({ signatures }: Certificate, { members }: Genesis): boolean {
  const isAscending = signatures.every(({ member }, index) => member > (signatures[index - 1]?.member ?? -1));
  const last = signatures.at(-1);
  return isAscending && last !== undefined && last.member < members.length && 2 * signatures.length > members.length;
}

/** What is to be verified before these signatures of an acceptance are believed; a member that there is not fails like a bad signature. */
export function checksOf(
  chainId: Uint8Array,
  { members }: Genesis,
  acceptance: Acceptance,
  signatures: readonly Signature[],
): readonly SignatureCheck[] {
  const message = acceptanceMessage(chainId, acceptance);
  return signatures.map(({ member, signature }) => ({
    message,
    signature,
    publicKey: members[member]?.publicKey ?? new Uint8Array(),
  }));
}

/** The certificate that these votes make up with the vote of `member`, or null. */
export function certify(
  votes: ReadonlyMap<MemberIndex, Vote>,
  member: MemberIndex,
  genesis: Genesis,
): Certificate | null {
  const vote = votes.get(member);
  if (vote === undefined) return null;
  const { checkpoint, ballot } = vote;
  const equal = [...votes].filter(([, other]) => isEqual(other, vote));
  const signatures = equal.map(([voter, other]) => ({ member: voter, signature: other.signature }));
  const certificate = { checkpoint, ballot, signatures: signatures.sort((a, b) => a.member - b.member) };
  return isMajority(certificate, genesis) ? certificate : null;
}

function isEqual(a: Acceptance, b: Acceptance): boolean {
  return compareBallots(a.ballot, b.ballot) === 0 && isSame(a.checkpoint, b.checkpoint);
}

/** Whether `a` was given after `b` by one member: a later checkpoint, or the same in a higher ballot. */
export function isLater(a: Acceptance, b: Acceptance): boolean {
  return (a.checkpoint.number - b.checkpoint.number || compareBallots(a.ballot, b.ballot)) > 0;
}

function u64(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value));
  return bytes;
}
