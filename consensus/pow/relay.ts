/**
 * Which complete blocks are passed on: those near the heaviest header, or the newest near the heaviest block where headers promise more
 * than anyone gives, and of one producer at one height only a few. Whoever finds a block for its own template can find many for the same
 * height, each of which is valid and worth the same, and would make every node send each of them to every other. They are kept and judged
 * all the same; only the spreading ends.
 */
import type { BlockEntry } from '../../chain/block-tree.ts';
import { isEnforced } from '../../chain/rules.ts';
import { blockWork, driftAt, type PowState, relayDepth } from './state.ts';

/** True when this block, which is complete now, is passed on; asked once a block. */
export function isRelayed(state: PowState, entry: BlockEntry, now: number): boolean {
  const mayMatter = isNear(entry, state.bestHeader) || (isNear(entry, state.candidate) && isFresh(state, entry, now));
  if (entry.isInvalid || !mayMatter) return false;
  const isOneOfFew = state.relayCounts.add(entry.sealed.header) || !isEnforced('relay siblings');
  return isOneOfFew || entry === state.bestHeader;
}

/** True when the block is within `relayDepth` blocks' work of the other, or has more. */
function isNear(entry: BlockEntry, best: BlockEntry): boolean {
  return entry.work + BigInt(relayDepth) * blockWork(entry) >= best.work;
}

/** What is fetched of a long chain is not: others have it. Clocks may be wrong by the drift. */
function isFresh(state: PowState, { height, sealed }: BlockEntry, now: number): boolean {
  return sealed.header.time + relayDepth * state.params.targetMs + driftAt(state, height) >= now;
}
