/** What others see of the engine's state: a view for people, a digest for machines. */
import type { BlockEntry } from '../../chain/block-tree.ts';
import { concat, toUtf8 } from '../../chain/bytes.ts';
import { taggedHash } from '../../chain/hash.ts';
import { type EngineView, type Tip, tipsMax } from '../engine.ts';
import { deferredMax } from './future.ts';
import { orphanLimits } from './orphans.ts';
import { entriesMax, type PowState } from './state.ts';

/** Best header, head, and the tips of all branches, heaviest first, at most `tipsMax`. */
export function viewOf(state: PowState): EngineView {
  const leaves = state.tree.leaves().filter(leaf => leaf !== state.head);
  const others = leaves.sort((a, b) => (a.work > b.work ? -1 : Number(a.work < b.work))).slice(0, tipsMax - 1);
  return {
    bestHeader: summary(state.bestHeader),
    head: summary(state.head),
    finalHeight: 0,
    tips: [state.head, ...others].map(entry => ({ ...summary(entry), status: statusOf(state, entry) })),
    kept: [
      { what: 'orphans', count: state.orphans.size, max: orphanLimits.total },
      { what: 'deferred headers', count: state.deferred.size, max: deferredMax },
      { what: 'headers', count: state.tree.size, max: entriesMax(state.params) },
    ],
  };
}

/** Complete blocks that are off the branch of the head and no heavier than it: undone, or never adopted. Walks the tree. */
export function staleBlocks({ tree, head }: PowState): number {
  const canonical = new Set(tree.path(tree.root, head));
  let count = 0;
  for (const entry of tree.entries()) {
    const hasLost = entry.isComplete && !entry.isInvalid && entry.work <= head.work && entry !== tree.root;
    if (hasLost && !canonical.has(entry)) count += 1;
  }
  return count;
}

/**
 * SHA-256 over everything that later steps depend on: the tree in the order of its insertion, the choices made, what is kept aside,
 * and the state of chance. Costs one hash of about 34 bytes an entry.
 */
export function digestOf(state: PowState): Uint8Array {
  const entries: Uint8Array[] = [];
  for (const entry of state.tree.entries()) entries.push(entry.sealed.hash, flagsOf(entry));
  return taggedHash('kvchain/pow/state/v1', concat(...entries), toUtf8(JSON.stringify(choicesOf(state))));
}

/** Everything but the tree, as plain values in a fixed order. */
function choicesOf(state: PowState): readonly unknown[] {
  return [
    [state.tree.root.key, state.head.key, state.bestHeader.key, state.candidate.key],
    state.switchingTo?.key ?? null,
    state.miningOn,
    [state.final?.key ?? null, state.awaited?.key ?? null, state.pursued, state.heavierTold],
    state.isHalted,
    [...state.wanted],
    [...state.orphans.keys()],
    state.deferred.keys(),
    state.presync.summary(),
    state.relayCounts.entries(),
    [...state.paused],
    [...state.askedAt],
    state.random.state.toString(),
  ];
}

function summary({ sealed, height, work }: BlockEntry): Omit<Tip, 'status'> {
  return { hash: sealed.hash, height, work };
}

function statusOf(state: PowState, entry: BlockEntry): Tip['status'] {
  if (entry.isInvalid) return 'invalid';
  if (entry === state.head) return 'active';
  return entry.isComplete ? 'valid-fork' : 'headers-only';
}

function flagsOf(entry: BlockEntry): Uint8Array {
  return Uint8Array.of(Number(entry.hasBody), Number(entry.isInvalid));
}
