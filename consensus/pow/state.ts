/** The state of the proof-of-work engine, the limits of all that it keeps (A-I4), and the few questions that every part of it asks. */
import type { BlockEntry, BlockTree } from '../../chain/block-tree.ts';
import { type Genesis, type Params, paramsAt } from '../../chain/genesis.ts';
import { decodeBits, workOf } from '../../chain/target.ts';
import type { Effect, PeerId } from '../engine.ts';
import type { Random } from '../random.ts';
import type { Deferred } from './future.ts';
import type { Orphans } from './orphans.ts';
import type { Presync } from './presync.ts';
import type { RelayCounts } from './relay-counts.ts';

/** Proof of work has neither messages between members nor records: the tree and the ledger's tip are all there is to remember. */
export type PowEffect = Effect<never, never>;

/** Headers higher than this above the applied tip wait outside until bodies and execution follow. */
export const headersAheadMax = 20_000;
/** Branches whose bodies are asked for at a time, heaviest first. */
export const branchesWantedMax = 8;
/** A block is passed on, and its body wanted, when its work is within so many blocks of the heaviest. */
export const relayDepth = 6;
/** Blocks' work that a branch may end below the tip and be stored at once; one that ends deeper is pre-synced: checked first, stored on the second pass. */
export const lowWorkDepthMax = 144;
/** Blocks kept in memory below the undo window, so that a heavier branch from there is seen, judged and told. */
const judgedBelowUndo = 1_000;
/** Blocks that a switch without undo applies at most, so that each leaves a head to read from. */
export const switchBlocksMax = 128;

/** A block that is final; `key` is its hash in lower-case hexadecimal. */
export interface FinalBlock {
  readonly key: string;
  readonly height: number;
  readonly hash: Uint8Array;
}

export interface PowState {
  readonly genesis: Genesis;
  /** Difficulty parameters hold for the life of a chain: those of height 0. */
  readonly params: Params;
  readonly tree: BlockTree;
  readonly orphans: Orphans;
  readonly deferred: Deferred;
  readonly presync: Presync;
  readonly relayCounts: RelayCounts;
  readonly random: Random;
  /** The ledger cannot be taken back below this height. */
  readonly floor: number;
  /** Where the ledger stands. */
  head: BlockEntry;
  /** The heaviest header that is not invalid; of equals the first. */
  bestHeader: BlockEntry;
  /** The heaviest block whose branch is complete and not invalid; of equals the first. */
  candidate: BlockEntry;
  /** The target of the switch that the ledger carries out; the next decision waits for its answer. */
  switchingTo: BlockEntry | null;
  /** Keys of the bodies that were asked for last. */
  wanted: Set<string>;
  /** Peers that have headers beyond `headersAheadMax`, with the order in which they were cut short. */
  readonly paused: Set<PeerId>;
  /** When each peer was last asked for headers. */
  readonly askedAt: Map<PeerId, number>;
  /** Key of the block that the miner was last told to build on. */
  miningOn: string | null;
  /** The highest final block whose header is here, or that lies below the tree; null where proof of work alone decides. */
  final: FinalBlock | null;
  /** A higher one whose header is still on its way, or null. */
  awaited: FinalBlock | null;
  /** Keys of blocks whose branches are wanted whatever their work. */
  pursued: readonly string[];
  /** Key of the block by which the last heavier branch beside the final block was told. */
  heavierTold: string | null;
  isHalted: boolean;
}

/** The expected trials of one block at this entry's difficulty. */
export function blockWork(entry: BlockEntry): bigint {
  return workOfBits(entry.sealed.header.bits);
}

/** The expected trials of a block with these bits; 0 when they are no target. */
export function workOfBits(bits: number): bigint {
  const target = decodeBits(bits);
  return target === null ? 0n : workOf(target);
}

/** Blocks kept in memory below the applied tip: the undo window, and what is needed to judge branches from just below it. */
export function treeDepth({ undoBlocksMax }: Params): number {
  return undoBlocksMax + judgedBelowUndo;
}

/** Entries that the tree may hold before the lightest branches go. */
export function entriesMax(params: Params): number {
  return treeDepth(params) + 2 * headersAheadMax;
}

/** How far ahead of the clock the time of the block at `height` may be. */
export function driftAt(state: PowState, height: number): number {
  return paramsAt(state.genesis, height).maxDriftMs;
}
