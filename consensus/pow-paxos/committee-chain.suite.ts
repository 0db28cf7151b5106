/**
 * What the tests of `pow-paxos` share: a genesis with members who can sign, proof-of-work chains on it, and checkpoints and certificates over
 * them. Not a test itself; it stays out of the pure projects because it is named like one.
 */
import { concat } from '../../chain/bytes.ts';
import { encodeFinality } from '../../chain/finality-params.ts';
import { chainIdOf, type Genesis } from '../../chain/genesis.ts';
import { makeGenesisBlock } from '../../chain/genesis-block.ts';
import { sha256 } from '../../chain/hash.ts';
import type { Signer } from '../../chain/transaction.ts';
import type { EngineContext, MemberIndex } from '../engine.ts';
import { contextWith } from '../engine-context.suite.ts';
import type { Ballot } from '../paxos/ballot.ts';
import { Grower, type Grown } from '../pow/grown-chain.suite.ts';
import { type Certificate, signVote, type Vote } from './certificate.ts';
import { type Checkpoint, firstCheckpoint, idOf } from './checkpoint.ts';

export const spacing = 3;
export const depth = 2;

/** Engines never look at signatures, so these cost a hash. */
const signers: readonly Signer[] = Array.from({ length: 7 }, (_, index) => {
  const publicKey = new Uint8Array(33).fill(index + 1);
  return { publicKey, sign: digest => concat(sha256(concat(publicKey, digest)), digest) };
});

/** A genesis of `count` members; `self` null is an observer. */
export function committeeContext(count: number, self: MemberIndex | null, seed = 7n): EngineContext {
  const plain = contextWith({ engineParams: encodeFinality({ spacing, depth }), undoBlocksMax: 60 });
  const members = signers.slice(0, count).map(({ publicKey }, index) => ({ name: `member-${index}`, publicKey }));
  const genesis: Genesis = { ...plain.genesis, engine: 'pow-paxos', members };
  const signer = self === null ? null : (signers[self] ?? null);
  return { genesis, genesisHeader: makeGenesisBlock(genesis), self, signer, seed };
}

/** Grows chains on the genesis of a context. */
export class CommitteeChain extends Grower {
  override readonly context: EngineContext;

  constructor(context: EngineContext) {
    super({ undoBlocksMax: 60 });
    this.context = context;
  }
}

/** Checkpoints 1, 2, ... on these blocks of a chain, each linked to the one before. */
export function checkpointsOn(context: EngineContext, blocks: readonly Grown[]): readonly Checkpoint[] {
  const checkpoints: Checkpoint[] = [];
  let previous = firstCheckpoint(context.genesisHeader);
  for (const { sealed } of blocks) {
    const block = { height: sealed.header.height, hash: sealed.hash };
    previous = { number: previous.number + 1, block, previous: idOf(previous) };
    checkpoints.push(previous);
  }
  return checkpoints;
}

export function voteOf(context: EngineContext, member: MemberIndex, checkpoint: Checkpoint, ballot: Ballot): Vote {
  const signer = signers[member];
  if (signer === undefined) throw new Error(`there is no member ${member}`);
  return signVote(chainIdOf(context.genesis), { checkpoint, ballot }, signer);
}

export function certificateOf(
  context: EngineContext,
  members: readonly MemberIndex[],
  checkpoint: Checkpoint,
  ballot: Ballot = { number: 1, member: 1 },
): Certificate {
  const signatures = members.map(member => ({
    member,
    signature: voteOf(context, member, checkpoint, ballot).signature,
  }));
  return { checkpoint, ballot, signatures };
}
