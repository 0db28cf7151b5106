/** Waits until a transaction stands where the caller wants it: looks again at every new head and when more is final, never by polling a clock. */
import { toHex } from '../../chain/bytes.ts';
import { accept, type Result, reject } from '../../chain/errors.ts';
import type { NodeApi, TransactionStanding } from '../node-api.ts';
import { Bell } from './bell.ts';
import type { TransactionState } from './schemas.ts';
import { isReached, type WaitTarget } from './wait-target.ts';

/** Places for calls that wait while they hold a connection, so that they never hold all connections. */
export class WaitingPlaces {
  readonly max: number;
  #taken = 0;

  constructor(max: number) {
    this.max = max;
  }

  /** False when all are taken; else `leave` must follow. */
  take(): boolean {
    if (this.#taken >= this.max) return false;
    this.#taken++;
    return true;
  }

  leave(): void {
    this.#taken--;
  }
}

export interface WaitOptions {
  readonly target: WaitTarget;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Null where a wait takes nobody's place. */
  readonly places: WaitingPlaces | null;
}

/** Where a transaction is when the wait ends. `end` says why it did: `full` is at once, since no place was free to wait in. */
export interface Waited {
  readonly status: TransactionStanding;
  readonly end: 'reached' | 'over' | 'full';
}

/**
 * The transaction's status when the target is met, else when the time is up, the signal aborts or no place is free. Errors: NOT_FOUND,
 * HEIGHT_UNAVAILABLE when its block was pruned, FINALITY_UNAVAILABLE at once where the engine has nothing final.
 */
export async function waitForTransaction(node: NodeApi, id: Uint8Array, options: WaitOptions): Promise<Result<Waited>> {
  const possible = checkTarget(node, options.target);
  if (!possible.ok) return possible;
  const { places } = options;
  const hasPlace = places === null || places.take();
  const { over, forget } = endOf(options);
  const bell = new Bell(over);
  const unsubscribe = node.onLedgerEvent(event => {
    if (event.type === 'head' || event.type === 'final') bell.ring();
  });
  try {
    for (;;) {
      const mark = bell.mark();
      const found = await node.standing(id);
      if (!found.ok) return found;
      const status = found.value;
      if (isReached(status, options.target)) return accept({ status, end: 'reached' });
      if (over.aborted) return accept({ status, end: 'over' });
      if (!hasPlace) return accept({ status, end: 'full' });
      await bell.nextAfter(mark);
    }
  } finally {
    unsubscribe();
    forget();
    if (hasPlace) places?.leave();
  }
}

/** `over` aborts when the time is up, or with the caller's signal; `forget` must be called when nobody waits any more. */
function endOf({ timeoutMs, signal }: WaitOptions): { readonly over: AbortSignal; forget(): void } {
  const end = new AbortController();
  const abort = (): void => end.abort();
  const timer = setTimeout(abort, timeoutMs);
  signal.addEventListener('abort', abort);
  if (signal.aborted || timeoutMs <= 0) abort();
  return {
    over: end.signal,
    forget: () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
    },
  };
}

/** Error: FINALITY_UNAVAILABLE for what can never be reached on this network. Asked before a write is signed or sent. */
export function checkTarget(node: NodeApi, target: WaitTarget): Result<null> {
  if (target.kind !== 'final' || node.canFinalize) return accept(null);
  return reject('FINALITY_UNAVAILABLE', `engine ${node.genesis.engine} makes nothing final; wait for confirmed:<n>`);
}

/** A status as JSON. */
export function transactionStateJson(status: TransactionStanding): TransactionState {
  return {
    id: toHex(status.id),
    status: status.status,
    ...(status.code === null ? {} : { code: status.code }),
    height: status.height,
    blockHash: status.blockHash && toHex(status.blockHash),
    index: status.index,
    confirmations: status.confirmations,
    finality: status.finality,
  };
}
