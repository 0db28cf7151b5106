/**
 * Passes transactions on: those that were admitted go out together in batches a moment later, not one by one; those that clients of this
 * node gave are sent again while no block includes them.
 */
import type { Transaction } from '../chain/transaction.ts';
import type { Clock } from './ports.ts';
import { encodeBatch, wireLimits } from './wire.ts';

export const relayLimits = {
  /** How long a transaction waits for others to share its batch. */
  delayMs: 20,
  /** Blocks after which what clients gave, and nobody included, is sent again. */
  againAfterBlocks: 5,
  /** Transactions that are remembered for sending again; the oldest are forgotten first. */
  keptMax: 50_000,
} as const;

/** A batch is closed before the next transaction would take it over this. */
const batchBytesMax = wireLimits.batchBytesMax - 16;

export interface TransactionRelayParts {
  /** Sends a batch to whoever is to have it. */
  readonly publish: (batch: Uint8Array) => Promise<void>;
  readonly clock: Clock;
  /** The held transaction with this id, or null when it was included or dropped. */
  readonly held: (idHex: string) => Transaction | null;
  readonly onFault: (error: unknown) => void;
}

export class TransactionRelay {
  readonly #parts: TransactionRelayParts;
  readonly #outbox = new Map<string, Transaction>();
  /** Id -> the height at which it was sent last. */
  readonly #kept = new Map<string, number>();
  #cancelFlush: (() => void) | null = null;

  constructor(parts: TransactionRelayParts) {
    this.#parts = parts;
  }

  /** Sends these in the next batch. */
  add(transactions: readonly Transaction[]): void {
    for (const transaction of transactions) this.#outbox.set(transaction.idHex, transaction);
    if (this.#outbox.size === 0 || this.#cancelFlush !== null) return;
    this.#cancelFlush = this.#parts.clock.setTimer(relayLimits.delayMs, () => {
      this.#cancelFlush = null;
      this.#flush();
    });
  }

  /** Remembers these as given by a client at this height. */
  keep(transactions: readonly Transaction[], height: number): void {
    for (const { idHex } of transactions) this.#kept.set(idHex, height);
    for (const idHex of this.#kept.keys()) {
      if (this.#kept.size <= relayLimits.keptMax) break;
      this.#kept.delete(idHex);
    }
  }

  /** The head moved: what waits too long is sent again, what is gone is forgotten. */
  onHead(height: number): void {
    const again: Transaction[] = [];
    for (const [idHex, sentAt] of this.#kept) {
      const transaction = this.#parts.held(idHex);
      if (transaction === null) this.#kept.delete(idHex);
      else if (height >= sentAt + relayLimits.againAfterBlocks) {
        this.#kept.set(idHex, height);
        again.push(transaction);
      }
    }
    this.add(again);
  }

  stop(): void {
    this.#cancelFlush?.();
    this.#cancelFlush = null;
    this.#outbox.clear();
  }

  #flush(): void {
    let batch: Transaction[] = [];
    let bytes = 0;
    for (const transaction of this.#outbox.values()) {
      const isFull =
        batch.length === wireLimits.batchTransactionsMax || bytes + transaction.bytes.length > batchBytesMax;
      if (isFull) {
        this.#publish(batch);
        batch = [];
        bytes = 0;
      }
      batch.push(transaction);
      bytes += transaction.bytes.length;
    }
    this.#outbox.clear();
    if (batch.length > 0) this.#publish(batch);
  }

  #publish(batch: readonly Transaction[]): void {
    this.#parts.publish(encodeBatch(batch)).catch(this.#parts.onFault);
  }
}
