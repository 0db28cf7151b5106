/** What a write can be waited for, and when that is reached: the same words for servers and clients. */

export type WaitTarget =
  | { readonly kind: 'none' }
  | { readonly kind: 'included' }
  | { readonly kind: 'final' }
  | { readonly kind: 'confirmed'; readonly confirmations: number };

/** What both the node's status and its JSON say of a transaction. */
interface Standing {
  readonly status: 'pending' | 'included' | 'failed' | 'dropped';
  readonly confirmations: number;
  readonly finality: string;
}

/** Reads a text that the schema `waitUntil` has checked: none, included, confirmed:<n> or final. */
export function parseWait(text: string): WaitTarget {
  if (text === 'none' || text === 'included' || text === 'final') return { kind: text };
  return { kind: 'confirmed', confirmations: Number(text.slice('confirmed:'.length)) };
}

/** True when the target is met, or never will be because the transaction was dropped. */
export function isReached(standing: Standing, target: WaitTarget): boolean {
  if (standing.status === 'dropped' || target.kind === 'none') return true;
  if (standing.status === 'pending') return false;
  if (target.kind === 'included') return true;
  if (target.kind === 'final') return standing.finality === 'final';
  return standing.confirmations >= target.confirmations;
}
