/**
 * Which complete blocks are passed on: those near the heaviest header, and of one producer at one height only a few. Whoever finds a
 * block for its own template can find many for the same height, each of which is valid and worth the same, and would make every node
 * send each of them to every other. They are kept and judged all the same; only the spreading ends.
 */
import type { Header } from '../../chain/block.ts';
import type { BlockEntry } from '../../chain/block-tree.ts';
import { toHex } from '../../chain/bytes.ts';
import { blockWork, type PowState, relayDepth } from './state.ts';

/** Blocks of one producer at one height that are passed on, but for the heaviest one known, which always is. */
export const siblingsRelayedMax = 3;
/** Producers and heights whose blocks are counted; the oldest goes. Each costs a block's work near the tip. */
export const relayCountsMax = 1_000;

export class RelayCounts {
  readonly #counts = new Map<string, number>();

  /** In the order of their first block. */
  entries(): readonly (readonly [string, number])[] {
    return [...this.#counts];
  }

  /** Counts a block; true while there are at most `siblingsRelayedMax`. */
  add({ height, producer }: Header): boolean {
    const key = `${height} ${toHex(producer)}`;
    const count = Math.min((this.#counts.get(key) ?? 0) + 1, siblingsRelayedMax + 1);
    this.#counts.set(key, count);
    const [oldest] = this.#counts.keys();
    if (oldest !== undefined && this.#counts.size > relayCountsMax) this.#counts.delete(oldest);
    return count <= siblingsRelayedMax;
  }
}

/** True when this block, which is complete now, is passed on; asked once a block. */
export function isRelayed(state: PowState, entry: BlockEntry): boolean {
  if (entry.isInvalid || !isNearBest(state, entry)) return false;
  return state.relayCounts.add(entry.sealed.header) || entry === state.bestHeader;
}

/** True when the block is within `relayDepth` blocks' work of the heaviest header: it may still matter to others. */
function isNearBest(state: PowState, entry: BlockEntry): boolean {
  return entry.work + BigInt(relayDepth) * blockWork(entry) >= state.bestHeader.work;
}
