/**
 * The one restriction of the fork choice: a block that somebody else made final (the committee of `pow-paxos`). Blocks on a branch that
 * misses it are neither followed nor kept when they come, whatever their work. Proof of work alone has no such block.
 *
 * A later one may be heard of before its header is here. The one before it holds until then: what is final never expires.
 */
import type { SealedHeader } from '../../chain/block.ts';
import type { BlockEntry } from '../../chain/block-tree.ts';
import { isEnforced } from '../../chain/rules.ts';
import { type FinalBlock, headersAheadMax, type PowEffect, type PowState } from './state.ts';

/** Holds from now on, or as soon as its header is here. Expects that it is higher than the one before. */
export function enforce(state: PowState, final: FinalBlock): void {
  const isHere = final.height < state.tree.root.height || state.tree.get(final.key) !== null;
  if (isHere) state.final = final;
  state.awaited = isHere ? null : final;
}

/** The final block's entry; null where there is none, or it lies below the tree, whose root descends from it. */
export function finalEntry({ tree, final }: PowState): BlockEntry | null {
  return final === null ? null : tree.get(final.key);
}

/** The block neither leads to the final block nor descends from it. */
export function misses({ tree, final }: PowState, entry: BlockEntry): boolean {
  if (final === null || final.height < tree.root.height) return false;
  const held = tree.get(final.key);
  return held === null || !(entry.height < held.height ? tree.isAncestor(entry, held) : tree.isAncestor(held, entry));
}

/** F-3: the ledger may stand here: the block leads to the final block or descends from it. */
export function mayFollow(state: PowState, entry: BlockEntry): boolean {
  if (!isEnforced('F-3')) return true;
  if (misses(state, entry)) return false;
  const { final, awaited, head } = state;
  if (awaited === null || entry.height <= (final?.height ?? 0)) return true;
  // F-5: while its header is on the way nothing else is executed; one that is too far ahead to be held cannot be waited for.
  return entry.height < awaited.height && awaited.height > head.height + headersAheadMax;
}

/** F-5: a header on `parent` may lead to the final block, or above it. */
export function mayKeep(state: PowState, parent: BlockEntry, { header, hashHex }: SealedHeader): boolean {
  if (!isEnforced('F-5')) return true;
  const { final, awaited } = state;
  if (final !== null && (parent.height < final.height || misses(state, parent))) return false;
  return awaited === null || header.height < awaited.height || hashHex === awaited.key;
}

/** F-3: the final block is complete here, and `entry` is on a branch that misses it. */
export function isLeft(state: PowState, entry: BlockEntry): boolean {
  return isEnforced('F-3') && finalEntry(state)?.isComplete === true && misses(state, entry);
}

/** F-2, F-3: the head stands on all that is final, so that a block on it is worth the work. */
export function isOnFinal(state: PowState): boolean {
  const { head, final, awaited } = state;
  return awaited === null && (final === null || (head.height >= final.height && !misses(state, head)));
}

/** Work and finality disagree: said once of a branch, by its first block that is seen. */
export function tellHeavier(
  state: PowState,
  other: { readonly key: string; readonly hash: Uint8Array },
  effects: PowEffect[],
): void {
  const final = state.awaited ?? state.final;
  if (final === null || state.heavierTold === other.key) return;
  state.heavierTold = other.key;
  const { height, hash } = final;
  effects.push({ type: 'evidence', evidence: { kind: 'heavier-branch', height, hash, other: other.hash } });
}
