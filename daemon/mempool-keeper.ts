/**
 * Keeps the mempool in step with the ledger and, as well as can be, over restarts: what a step included leaves, what it undid comes
 * back, what waits too long goes, and all of it is written down from time to time and at stop.
 */
import { mempoolWrites } from '../chain/batches.ts';
import { toHex } from '../chain/bytes.ts';
import type { Mempool } from '../chain/mempool.ts';
import type { Removal, RemovalReason } from '../chain/mempool-queues.ts';
import {
  type Account,
  accountCodec,
  accountOfStateKey,
  decodeRecord,
  emptyAccount,
  type StateWrite,
} from '../chain/state.ts';
import type { Transaction } from '../chain/transaction.ts';
import type { ChainStore } from './chain-store.ts';
import type { MovedBlock } from './ledger-step.ts';
import { inSlices } from './pace.ts';
import type { Clock } from './ports.ts';

const expiryMs = 5_000;
/** Between two writings of the mempool. */
const saveMs = 60_000;
/** Reasons of removal that are remembered, so that whoever asks learns why; the oldest are forgotten first. */
const droppedMax = 20_000;
/** Transactions that are read back at a time at start. */
const loadBatch = 500;

export interface MempoolKeeperParts {
  readonly mempool: Mempool;
  readonly chain: ChainStore;
  readonly clock: Clock;
  /** Height of the next block. */
  readonly nextHeight: () => number;
  readonly onFault: (error: unknown) => void;
}

export class MempoolKeeper {
  readonly #parts: MempoolKeeperParts;
  readonly #dropped = new Map<string, RemovalReason>();
  readonly #cancels = new Map<'expire' | 'save', () => void>();
  /** Where the store holds the parts of the mempool that was written last. */
  #places: readonly number[] = [];
  /** Witness ids of what the store holds whole, in their order; null while that is not known. */
  #written: readonly string[] | null = null;
  #saving: Promise<void> = Promise.resolve();
  /** Undone blocks whose transactions are in the mempool, while the store still owes them to it. */
  readonly #undone: Uint8Array[] = [];
  /** Steps of the ledger that are being followed. */
  #following = 0;

  constructor(parts: MempoolKeeperParts) {
    this.#parts = parts;
  }

  /** Reads back what the last run left, through the same road as everything that comes in. */
  async load(submit: (transactions: readonly Transaction[]) => Promise<unknown>): Promise<void> {
    const journal = await this.#parts.chain.journal();
    this.#places = journal.places;
    this.#undone.push(...journal.undone);
    const { transactions } = journal;
    for (let start = 0; start < transactions.length; start += loadBatch) {
      await submit(transactions.slice(start, start + loadBatch));
    }
    this.#every('expire', expiryMs, () => this.#expire());
    this.#every('save', saveMs, () => {
      this.save().catch(this.#parts.onFault);
    });
  }

  /** Nothing that a block of the chain includes is in the mempool: false while a step of the ledger is being followed. */
  get isAtHead(): boolean {
    return this.#following === 0;
  }

  /** Follows a step of the ledger, one step after the other, in slices; gives what became ready and should be passed on. */
  async onStep(moved: readonly MovedBlock[]): Promise<readonly Transaction[]> {
    const { mempool, clock, nextHeight } = this.#parts;
    const undone = moved.filter(step => step.type === 'undone').map(step => step.block);
    const steps = mempool.chainMovedInSteps({
      undone: undone.toReversed().flatMap(({ transactions }) => transactions),
      included: moved.filter(step => step.type === 'applied').flatMap(({ block }) => block.transactions),
      accounts: changedAccounts(moved),
      now: clock.monotonic(),
      height: nextHeight(),
    });
    this.#following += 1;
    const result = await inSlices(clock, steps).finally(() => {
      this.#following -= 1;
    });
    // Not before: what is written meanwhile may lack them.
    this.#undone.push(...undone.map(({ hash }) => hash));
    this.#remember(result.removed);
    return result.relay;
  }

  /** Why a transaction that was held is held no longer; null when nothing is known of it. */
  droppedFor(idHex: string): RemovalReason | null {
    return this.#dropped.get(idHex) ?? null;
  }

  /** Something was displaced by a newcomer. */
  displaced(transactions: readonly Transaction[], reason: RemovalReason): void {
    this.#remember(transactions.map(transaction => ({ transaction, reason })));
  }

  /** Writes the mempool as it is now, one saving after the other; nothing when the store has it like that already. */
  save(): Promise<void> {
    const before = this.#saving;
    this.#saving = (async () => {
      await Promise.allSettled([before]);
      await this.#save();
    })();
    return this.#saving;
  }

  stop(): void {
    for (const cancel of this.#cancels.values()) cancel();
    this.#cancels.clear();
  }

  /** A part at a time: while the store writes one, which takes it off the main thread, requests and blocks get their turn. */
  async #save(): Promise<void> {
    const transactions = [...this.#parts.mempool.entries()].map(({ transaction }) => transaction);
    // What is undone while the parts are written is not among them and stays owed.
    const undone = [...this.#undone];
    const ids = transactions.map(({ witnessIdHex }) => witnessIdHex);
    if (undone.length === 0 && this.#isWritten(ids)) return;
    // Should it end half-way.
    this.#written = null;
    const batches = mempoolWrites({ transactions, places: this.#places, undone });
    for (;;) {
      const batch = batches.next();
      if (batch.done) {
        this.#places = batch.value;
        break;
      }
      await this.#parts.chain.write(batch.value, 'lazy', 'mempool');
    }
    this.#undone.splice(0, undone.length);
    this.#written = ids;
  }

  #isWritten(ids: readonly string[]): boolean {
    const written = this.#written;
    return written?.length === ids.length && ids.every((id, index) => id === written[index]);
  }

  #expire(): void {
    const { mempool, clock, nextHeight } = this.#parts;
    this.#remember(mempool.expire(clock.monotonic(), nextHeight()));
  }

  #remember(removals: readonly Removal[]): void {
    for (const { transaction, reason } of removals) {
      if (reason !== 'included') this.#dropped.set(transaction.idHex, reason);
    }
    for (const idHex of this.#dropped.keys()) {
      if (this.#dropped.size <= droppedMax) break;
      this.#dropped.delete(idHex);
    }
  }

  #every(name: 'expire' | 'save', periodMs: number, work: () => void): void {
    const again = () => this.#every(name, periodMs, work);
    const cancel = this.#parts.clock.setTimer(periodMs, () => {
      again();
      work();
    });
    this.#cancels.set(name, cancel);
  }
}

/** The accounts that a step changed, as they are after it, by address in hexadecimal. */
function changedAccounts(moved: readonly MovedBlock[]): ReadonlyMap<string, Account> {
  const accounts = new Map<string, Account>();
  for (const step of moved) {
    const changes: readonly StateWrite[] = step.type === 'applied' ? step.applied.changes : step.undo.changes;
    for (const { stateKey, after } of changes) {
      const address = accountOfStateKey(stateKey);
      if (address) accounts.set(toHex(address), after ? decodeRecord(accountCodec, after) : emptyAccount);
    }
  }
  return accounts;
}
