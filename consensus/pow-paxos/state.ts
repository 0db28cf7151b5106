/** The state of the engine `pow-paxos`: proof of work, the committee's Paxos over checkpoints, and what is final. */
import { toHex } from '../../chain/bytes.ts';
import type { FinalityParams } from '../../chain/finality-params.ts';
import type { Genesis } from '../../chain/genesis.ts';
import type { Signer } from '../../chain/transaction.ts';
import type { Effect, MemberIndex, PeerId } from '../engine.ts';
import { type PaxosEvent, paxosWith } from '../paxos/paxos.ts';
import type { PaxosState } from '../paxos/state.ts';
import type { FinalBlock, PowState } from '../pow/state.ts';
import type { Certificate, Vote } from './certificate.ts';
import { type Checkpoint, checkCheckpoint } from './checkpoint.ts';
import type { Message } from './messages.ts';
import type { LogRecord } from './records.ts';

export type PowPaxosEffect = Effect<Message, LogRecord>;

/**
 * Multi-Paxos over checkpoints: one at a time, as each is built on the one before. A checkpoint has no body but its block, which is no part of
 * what this Paxos recovers from: a vote is told when its record is on the disk.
 */
export const committee = paxosWith({ votesRestOnBodies: false, checkSeal: checkCheckpoint });

export interface PowPaxosState {
  readonly genesis: Genesis;
  readonly chainId: Uint8Array;
  readonly params: FinalityParams;
  readonly self: MemberIndex | null;
  readonly signer: Signer | null;
  readonly pow: PowState;
  /** Null for an observer, which follows certificates. */
  paxos: PaxosState | null;
  /** The highest checkpoint that is known to be final; its block may still be on its way. */
  final: Checkpoint;
  /** The highest final one whose header is here: the block that is followed meanwhile. */
  held: Checkpoint;
  /** The highest certificate; null before the first. */
  certificate: Certificate | null;
  /** All up to here is final and applied. */
  finalHeight: number;
  /** The latest vote of each member, this one's included. */
  readonly votes: Map<MemberIndex, Vote>;
  /** Of a leader: the id of the checkpoint on which the next is to be proposed. */
  proposingOn: Uint8Array | null;
  /** Ids of checkpoints whose blocks this member is to judge (F-2). */
  judging: readonly Uint8Array[];
  /** Who last told of something final: asked for its block. */
  source: PeerId | null;
  /** When what is missing is asked for again, and what was said is repeated; null: nothing is missing. */
  remindAt: number | null;
  /** A certificate that contradicts what is final was told of: others like it are no news. */
  isContradicted: boolean;
  /** Certificates that were no news, by who told them, since a time. */
  readonly repeats: { since: number; readonly byPeer: Map<PeerId, number> };
  isHalted: boolean;
}

/** One step: the state, the time of its event, the effects so far, and what the committee's Paxos is still to be told. */
export interface Run {
  readonly state: PowPaxosState;
  readonly now: number;
  readonly effects: PowPaxosEffect[];
  readonly paxosEvents: PaxosEvent[];
}

export function finalBlockOf({ block }: Checkpoint): FinalBlock {
  return { key: toHex(block.hash), height: block.height, hash: block.hash };
}
