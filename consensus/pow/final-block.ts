/**
 * The one restriction of the fork choice: a block that somebody else made final (the committee of `pow-paxos`). Blocks on a branch that
 * misses it are neither followed nor kept when they come, whatever their work. Proof of work alone has no such block.
 */
import type { SealedHeader } from '../../chain/block.ts';
import type { BlockEntry } from '../../chain/block-tree.ts';
import { isEnforced } from '../../chain/rules.ts';
import { headersAheadMax, type PowEffect, type PowState } from './state.ts';

/** The final block's entry; null where there is none, its header is unknown, or it lies below the tree, whose root descends from it. */
export function finalEntry({ tree, final }: PowState): BlockEntry | null {
  return final === null ? null : tree.get(final.key);
}

/** F-3: the ledger may stand here: the block leads to the final block or descends from it. */
export function mayFollow(state: PowState, entry: BlockEntry): boolean {
  const { final, tree, head } = state;
  if (final === null || final.height < tree.root.height || !isEnforced('F-3')) return true;
  const held = tree.get(final.key);
  // F-5: while its header is on the way nothing else is executed; one that is too far ahead to be held cannot be waited for.
  if (held === null) return entry.height < final.height && final.height > head.height + headersAheadMax;
  return entry.height < final.height ? tree.isAncestor(entry, held) : tree.isAncestor(held, entry);
}

/** F-5: a header on `parent` may lead to the final block, or above it. */
export function mayKeep({ tree, final }: PowState, parent: BlockEntry, { header, hashHex }: SealedHeader): boolean {
  if (final === null || final.height < tree.root.height || !isEnforced('F-5')) return true;
  const held = tree.get(final.key);
  if (held === null) return header.height < final.height || hashHex === final.key;
  return parent.height >= final.height && tree.isAncestor(held, parent);
}

/** F-3: the final block is complete here, and `entry` is on a branch that misses it. */
export function isLeft(state: PowState, entry: BlockEntry): boolean {
  return finalEntry(state)?.isComplete === true && !mayFollow(state, entry);
}

/** F-2, F-3: the head stands on the final block, so that a block on it is worth the work. */
export function isOnFinal(state: PowState): boolean {
  const { final, tree, head } = state;
  if (final === null || final.height < tree.root.height) return true;
  const held = tree.get(final.key);
  return held !== null && tree.isAncestor(held, head);
}

/** Work and finality disagree: said once of a branch, by its first block that is seen. */
export function tellHeavier(
  state: PowState,
  other: { readonly key: string; readonly hash: Uint8Array },
  effects: PowEffect[],
): void {
  const { final } = state;
  if (final === null || state.heavierTold === other.key) return;
  state.heavierTold = other.key;
  const { height, hash } = final;
  effects.push({ type: 'evidence', evidence: { kind: 'heavier-branch', height, hash, other: other.hash } });
}
