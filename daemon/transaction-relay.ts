/**
 * Passes transactions on: those that were admitted go out together in batches a moment later, not one by one; those that clients of this
 * node gave are sent again while no block includes them, as blocks and as time pass: where a leader makes a block only when it has
 * transactions, one that did not reach it would wait for a block that never comes. Where one member makes the blocks they go to it alone
 * and at once, and again to the next one; and what peers gossiped is sent again like what clients gave.
 */
import { isEnforced } from '../chain/rules.ts';
import type { Transaction } from '../chain/transaction.ts';
import type { Clock, Network } from './ports.ts';
import { encodeBatch, wireLimits } from './wire.ts';

export const relayLimits = {
  /** How long a transaction waits for others to share its batch of gossip. */
  delayMs: 20,
  /** Blocks after which what clients gave, and nobody included, is sent again. */
  againAfterBlocks: 5,
  /** The same where they go to a leader, which has many blocks under way before the first with what it was given is applied here. */
  againAfterBlocksOfLeader: 32,
  /** Time after which they are sent again though no block came. Gossip drops what it saw within two minutes. */
  againAfterMs: 30_000,
  /** Transactions that are remembered for sending again; the oldest are forgotten first. */
  keptMax: 50_000,
} as const;

/** A batch is closed before the next transaction would take it over this. */
const batchBytesMax = wireLimits.batchBytesMax - 16;

/** A place in a sender's queue, and when what stood there was sent last. */
interface Sent {
  readonly senderHex: string;
  readonly nonce: number;
  /** Of the head. */
  readonly height: number;
  readonly ms: number;
}
/** Where transactions go: to all by gossip, nowhere because this node makes the blocks, or to the member that does. */
export type Route = 'everybody' | 'here' | ((batch: Uint8Array) => void);

export interface TransactionRelayParts {
  readonly network: Network;
  readonly clock: Clock;
  /** What waits of this sender with this nonce, or null when it was included or dropped. */
  readonly held: (senderHex: string, nonce: number) => Transaction | null;
  readonly route: () => Route;
  readonly onFault: (error: unknown) => void;
}

export class TransactionRelay {
  readonly #parts: TransactionRelayParts;
  readonly #outbox = new Map<string, Transaction>();
  /** By sender and nonce, as a rival may have taken the place of what the client gave. */
  readonly #kept = new Map<string, Sent>();
  #height = 0;
  #cancelFlush: (() => void) | null = null;
  #cancelAgain: (() => void) | null = null;

  constructor(parts: TransactionRelayParts) {
    this.#parts = parts;
  }

  /** Sends these in the next batch. */
  add(transactions: readonly Transaction[]): void {
    for (const transaction of transactions) this.#outbox.set(transaction.idHex, transaction);
    if (this.#outbox.size === 0 || this.#cancelFlush !== null) return;
    const delayMs = this.#parts.route() === 'everybody' ? relayLimits.delayMs : 0;
    this.#cancelFlush = this.#parts.clock.setTimer(delayMs, () => {
      this.#cancelFlush = null;
      this.#flush();
    });
  }

  /** Remembers these as given by a client at this height. */
  keep(transactions: readonly Transaction[], height: number): void {
    this.#height = height;
    for (const { senderHex, body } of transactions)
      this.#kept.set(placeOf(senderHex, body.nonce), { senderHex, nonce: body.nonce, ...this.#now() });
    for (const place of this.#kept.keys()) {
      if (this.#kept.size <= relayLimits.keptMax) break;
      this.#kept.delete(place);
    }
    this.#waitAgain();
  }

  /** Another member makes the blocks: what the last one did not include it may never have had. */
  onLeader(): void {
    this.#sendAgain(() => true);
  }

  /** The head moved. */
  onHead(height: number): void {
    this.#height = height;
    this.#sendAgain(sent => this.#isOld(sent));
  }

  stop(): void {
    this.#cancelFlush?.();
    this.#cancelFlush = null;
    this.#cancelAgain?.();
    this.#cancelAgain = null;
    this.#outbox.clear();
  }

  #now() {
    return { height: this.#height, ms: this.#parts.clock.monotonic() };
  }

  #waitAgain(): void {
    if (this.#kept.size === 0 || this.#cancelAgain !== null || !isEnforced('relay again')) return;
    this.#cancelAgain = this.#parts.clock.setTimer(relayLimits.againAfterMs, () => {
      this.#cancelAgain = null;
      this.#sendAgain(sent => this.#isOld(sent));
      this.#waitAgain();
    });
  }

  #isOld(sent: Sent): boolean {
    const { height, ms } = this.#now();
    const { againAfterBlocks, againAfterBlocksOfLeader, againAfterMs } = relayLimits;
    const blocks = typeof this.#parts.route() === 'function' ? againAfterBlocksOfLeader : againAfterBlocks;
    return height - sent.height >= blocks || ms - sent.ms >= againAfterMs;
  }

  /** What is due is sent again, what is gone is forgotten. */
  #sendAgain(isDue: (sent: Sent) => boolean): void {
    const again: Transaction[] = [];
    const now = this.#now();
    for (const [place, sent] of this.#kept) {
      const transaction = this.#parts.held(sent.senderHex, sent.nonce);
      if (transaction === null) this.#kept.delete(place);
      else if (isDue(sent)) {
        this.#kept.set(place, { ...sent, ...now });
        again.push(...this.#before(sent), transaction);
      }
    }
    this.add(again);
  }

  /** What others gave of the same sender, without which this one cannot be included, from the lowest nonce on. */
  #before({ senderHex, nonce }: Sent): readonly Transaction[] {
    const found: Transaction[] = [];
    for (let lower = nonce - 1; !this.#kept.has(placeOf(senderHex, lower)); lower--) {
      const transaction = this.#parts.held(senderHex, lower);
      if (transaction === null) break;
      found.unshift(transaction);
    }
    return found;
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
    const route = this.#parts.route();
    if (route === 'here') return;
    const bytes = encodeBatch(batch);
    if (route !== 'everybody') route(bytes);
    else this.#parts.network.publish('transactions', bytes).catch(this.#parts.onFault);
  }
}

function placeOf(senderHex: string, nonce: number): string {
  return `${senderHex} ${nonce}`;
}
