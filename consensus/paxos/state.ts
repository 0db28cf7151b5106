/** The state of the engine `paxos`, the limits of what it keeps, and the few questions that every part of it asks. */
import { type Genesis, type Params, paramsAt } from '../../chain/genesis.ts';
import type { Effect, MemberIndex, PeerId } from '../engine.ts';
import type { Random } from '../random.ts';
import type { Ballot, Point } from './ballot.ts';
import type { BlockLog } from './block-log.ts';
import type { Blocks } from './blocks.ts';
import type { Classroom } from './classroom.ts';
import type { Accept, Entry, Message } from './messages.ts';
import type { LogRecord } from './records.ts';
import type { SealRule } from './seal.ts';

export type PaxosEffect = Effect<Message, LogRecord>;

/** Blocks kept in memory below the applied tip, so that whoever asks for a recent header is answered. */
export const treeDepth = 64;
/** Blocks that one switch applies at most, so that each leaves a head to read from. */
export const switchBlocksMax = 128;
/** The election time-out E is the target interval, within these. */
const electionMsMin = 250;
const electionMsMax = 60_000;
/** Reads that wait at one member, its clients' and those of other members together. */
export const readsMax = 10_000;

/** An Accept whose blocks' bodies are on their way. */
export interface WaitingAccept {
  readonly from: PeerId;
  readonly member: MemberIndex;
  readonly message: Accept;
}

/** A read that must hold all that was acknowledged before it. */
export interface Read {
  readonly id: number;
  /** Who asked this leader for it; null for this node itself. */
  readonly asker: MemberIndex | null;
  /** The ledger must stand so high; null until the leader told it. */
  readonly index: number | null;
  /** A majority must have answered these heartbeats of the leader; null where it is not this member that leads. */
  readonly round: number | null;
  readonly since: number;
}

/** When a timer is due, and how long it was set for: a clock that is set back must not make it later than that. */
export interface ArmedTimer {
  readonly dueAt: number;
  readonly afterMs: number;
}

/** What one instance of the protocol differs in from another. */
export interface PaxosOptions {
  /** True where a vote is told when the body that it is for is on the same disk too: one whose body is not there was never told. */
  readonly votesRestOnBodies: boolean;
  /** Blocks that a leader may have under way above the applied tip, 1 to `tentativeMax`. */
  readonly window: number;
  readonly checkSeal: SealRule;
}

export interface PaxosState {
  readonly genesis: Genesis;
  readonly params: Params;
  /** Null in the throughput mode: there members elect leaders by themselves, and leaders tell of themselves. */
  readonly classroom: Classroom | null;
  readonly self: MemberIndex | null;
  /** A majority of the members. */
  readonly quorum: number;
  /** Blocks between the applied tip and the tip of a leader's log, at most. */
  readonly window: number;
  readonly checkSeal: SealRule;
  readonly random: Random;
  readonly log: BlockLog;
  readonly blocks: Blocks;
  /** The highest ballot promised; of a candidate or a leader its own. */
  promised: Ballot;
  /** The highest ballot number that anyone told of. */
  highestNumber: number;
  role: 'follower' | 'candidate' | 'leader';
  /** Of a candidate: what those who promised had accepted; its own entries stand in its log. */
  readonly promises: Map<MemberIndex, readonly Entry[]>;
  /** Of a leader, by member: the height up to which it accepted in this ballot. */
  readonly acked: Map<MemberIndex, number>;
  /** Of a leader, by member: when it last answered. */
  readonly heardAt: Map<MemberIndex, number>;
  /** Of a leader, by member: when it was last sent again what it lacked. */
  readonly sentAgainAt: Map<MemberIndex, number>;
  /** The decided height that all members were told last. */
  toldHeight: number;
  /** Of a leader: the number of its last heartbeats, and the highest that each member answered. */
  round: number;
  readonly confirmed: Map<MemberIndex, number>;
  /** Of a leader: up to there may have been decided before it led. */
  inherited: number;
  /** Reads that wait, in the order in which they came; at most `readsMax`. */
  reads: Read[];
  /** Elections lost since a leader was last heard, while a majority could be heard. */
  failures: number;
  /** Members that said anything since this one last stood for election. */
  readonly heard: Set<MemberIndex>;
  waiting: WaitingAccept | null;
  /** Where the ledger stands. */
  applied: Point;
  /** The height to which the ledger was ordered; the next order waits for its answer. */
  switchingTo: number | null;
  /** The node that last spoke for each member: where headers and bodies are asked for. */
  readonly peers: Map<MemberIndex, PeerId>;
  /** Who told of the decided point. */
  source: MemberIndex | null;
  /** When headers were last asked for. */
  askedAt: number | null;
  /** Bodies that were asked for last, by hash. */
  wanted: Set<string>;
  /** Hash of the block that the producer was last told to build on. */
  miningOn: string | null;
  /** Hash of the block of this node's producer that is not stored yet. */
  making: string | null;
  readonly timers: Map<string, ArmedTimer>;
  isHalted: boolean;
}

/** One step: the state, the time of its event, and the effects so far. */
export interface Run {
  readonly state: PaxosState;
  readonly now: number;
  readonly effects: PaxosEffect[];
}

/** E: a follower that hears no leader for E to 2 E stands for election. It is to be ten round trips and more. */
export function electionMs({ targetMs }: Params): number {
  return Math.min(electionMsMax, Math.max(electionMsMin, targetMs));
}

const retryMsMin = 2_000;

/** After so long what did not come is asked for again, and what was said in vain is said again. */
export function retryMs(params: Params): number {
  return Math.max(retryMsMin, electionMs(params));
}

export function quorumOf(genesis: Genesis): number {
  return Math.floor(genesis.members.length / 2) + 1;
}

export function paramsOf(genesis: Genesis): Params {
  return paramsAt(genesis, 0);
}
