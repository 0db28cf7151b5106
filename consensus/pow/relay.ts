/**
 * Which complete blocks are passed on: those near the heaviest header, and of one producer at one height only a few. Whoever finds a
 * block for its own template can find many for the same height, each of which is valid and worth the same, and would make every node
 * send each of them to every other. They are kept and judged all the same; only the spreading ends.
 */
import type { BlockEntry } from '../../chain/block-tree.ts';
import { isEnforced } from '../../chain/rules.ts';
import { blockWork, type PowState, relayDepth } from './state.ts';

/** True when this block, which is complete now, is passed on; asked once a block. */
export function isRelayed(state: PowState, entry: BlockEntry): boolean {
  if (entry.isInvalid || !isNearBest(state, entry)) return false;
  const isOneOfFew = state.relayCounts.add(entry.sealed.header) || !isEnforced('relay siblings');
  return isOneOfFew || entry === state.bestHeader;
}

/** True when the block is within `relayDepth` blocks' work of the heaviest header: it may still matter to others. */
function isNearBest(state: PowState, entry: BlockEntry): boolean {
  return entry.work + BigInt(relayDepth) * blockWork(entry) >= state.bestHeader.work;
}
