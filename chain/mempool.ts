/**
 * The transactions that wait for a block. Pure and deterministic: the same calls give the same pool, in the same order, everywhere.
 *
 * Who sends much, or pays nothing, must not push out who pays (THREATS T5): what is behind a gap never displaces what is ready; nothing
 * displaces what pays more; at equal fee per byte the source that holds most loses; a refused newcomer displaces nothing, so that
 * nobody empties the pool with transactions that do not stay in it.
 */
import { toHex } from './bytes.ts';
import { accept, assert, type Result, reject } from './errors.ts';
import { IndexedHeap } from './heap.ts';
import {
  type Arrival,
  admissionRefusal,
  entryOf,
  type MempoolLimits,
  mempoolLimits,
  queueRefusal,
} from './mempool-admission.ts';
import { Queues, type Regrouped, type Removal, type RemovalReason, type Victim } from './mempool-queues.ts';
import type { SelectLimits } from './mempool-select.ts';
import { type Entry, SenderQueue } from './mempool-sender.ts';
import { isEnforced } from './rules.ts';
import type { Account } from './state.ts';
import { resultOf } from './steps.ts';
import { type Transaction, transactionBytesCap } from './transaction.ts';

export interface Added {
  /** `ready`: every nonce before it is included or waits here too. `gapped`: one is missing. */
  readonly status: 'ready' | 'gapped';
  /** What had the same nonce and paid less. */
  readonly replaced: Transaction | null;
  readonly evicted: readonly Transaction[];
  /** What became ready now and should be passed on: the newcomer and what waited for it; empty when it is gapped. */
  readonly relay: readonly Transaction[];
}

/** What a move of the head changed. */
export interface ChainMove {
  /** Transactions of undone blocks. */
  readonly undone: readonly Transaction[];
  /** Transactions of applied blocks. */
  readonly included: readonly Transaction[];
  /** At the new head, by address in hexadecimal: the accounts that the move changed, so also every sender of the two lists. */
  readonly accounts: ReadonlyMap<string, Account>;
  /** Milliseconds of any clock that never jumps, always of the same one. */
  readonly now: number;
  /** Of the next block. */
  readonly height: number;
}

export interface Moved {
  readonly removed: readonly Removal[];
  /** What became ready: from undone blocks, or because a missing nonce was included. */
  readonly relay: readonly Transaction[];
}

export interface MempoolStats {
  readonly count: number;
  readonly bytes: number;
  readonly gapped: number;
  /** The fee per byte that a newcomer must beat; 0 while there is room. */
  readonly feePerByteMin: number;
}

/** What a move of the head means for one sender. */
interface SenderMove {
  /** The sender's address in hexadecimal. */
  readonly key: string;
  readonly account: Account;
  /** Ids, in hexadecimal. */
  readonly included: ReadonlySet<string>;
  readonly returned: readonly Entry[];
  readonly now: number;
}

/** The source of what comes back from undone blocks. */
const undoneSource = 'undone';

export class Mempool {
  readonly #limits: MempoolLimits;
  readonly #queues: Queues;
  readonly #byId = new Map<string, Entry>();
  readonly #byWitnessId = new Map<string, Entry>();
  /** What expires, the next one first. */
  readonly #expiring = new IndexedHeap<Entry>(expiresBefore);
  #bytes = 0;
  #arrivals = 0;

  constructor(limits: Partial<MempoolLimits> = {}) {
    this.#limits = { ...mempoolLimits, ...limits };
    this.#queues = new Queues(this.#limits);
  }

  /** True when a transaction with this id (hexadecimal) waits: ask before checking a signature. */
  has(idHex: string): boolean {
    return this.#byId.has(idHex);
  }

  byId(idHex: string): Transaction | null {
    return this.#byId.get(idHex)?.transaction ?? null;
  }

  /** What waits of a sender (its address in hexadecimal) with this nonce. */
  at(senderHex: string, nonce: number): Transaction | null {
    return this.#queues.get(senderHex)?.at(nonce)?.transaction ?? null;
  }

  /** For compact blocks. */
  byWitnessId(witnessIdHex: string): Transaction | null {
    return this.#byWitnessId.get(witnessIdHex)?.transaction ?? null;
  }

  /** Everything that waits, in the order of admission. */
  entries(): Iterable<Readonly<Entry>> {
    return this.#byId.values();
  }

  /** The nonce that the sender's next transaction should have, or null when nothing of it waits. */
  nextNonce(address: Uint8Array): number | null {
    return this.#queues.get(toHex(address))?.nextNonce ?? null;
  }

  stats(): MempoolStats {
    const { transactionsMax, bytesMax } = this.#limits;
    const isFull = this.#byId.size >= transactionsMax || this.#bytes + transactionBytesCap > bytesMax;
    return {
      count: this.#byId.size,
      bytes: this.#bytes,
      gapped: this.#queues.gapped,
      feePerByteMin: isFull ? (this.#queues.rateMin ?? 0) : 0,
    };
  }

  /** Transactions for a template, in executable order. */
  select(limits: SelectLimits): Transaction[] {
    return this.#queues.select(limits);
  }

  /**
   * Admits a transaction that is valid without state, its signature checked. Errors: DUPLICATE, BAD_NONCE (used), EXPIRED, FEE_TOO_LOW,
   * REPLACEMENT_UNDERPRICED, SENDER_LIMIT, GAP_LIMIT, FEE_UNPAYABLE (with what else waits of the sender), POOL_FULL; then nothing changed.
   */
  add(transaction: Transaction, arrival: Arrival): Result<Added> {
    if (this.has(transaction.idHex)) return reject('DUPLICATE', `transaction ${transaction.idHex} waits already`);
    const key = transaction.senderHex;
    const queue = this.#queues.get(key) ?? new SenderQueue(key, arrival.account);
    const refusal =
      admissionRefusal(transaction, queue.account, arrival) ?? queueRefusal(transaction, queue, this.#limits);
    if (refusal !== null) return { ok: false, error: refusal };
    const entry = entryOf(transaction, arrival, this.#arrivals++);
    const replaced = queue.at(transaction.body.nonce) ?? null;
    const victims = this.#insert(queue, entry, replaced);
    if (victims === null) {
      return reject('POOL_FULL', `the mempool is full, and ${entry.rate} per byte displaces nothing`);
    }
    if (replaced) this.#unindex(replaced);
    this.#index(entry);
    const evicted = victims.flatMap(victim => victim.entries);
    for (const one of evicted) this.#unindex(one);
    const isReady = entry.waitingSinceMs === null;
    const promoted = isReady ? this.#queues.promote(queue) : [];
    return accept({
      status: isReady ? 'ready' : 'gapped',
      replaced: replaced?.transaction ?? null,
      evicted: evicted.map(one => one.transaction),
      relay: isReady ? [transaction, ...promoted.map(one => one.transaction)] : [],
    });
  }

  /**
   * Follows the head: what was included leaves by sender and nonce, what was undone comes back unless it was included again, what
   * expired or can no longer pay its fee leaves. Everything that leaves is in `removed`, once.
   */
  chainMoved(move: ChainMove): Moved {
    return resultOf(this.chainMovedInSteps(move));
  }

  /**
   * As `chainMoved`, with a pause after each account, in which a caller can let others work: a sender has moved as a whole or not at all,
   * so that everything but another move of the head may happen meanwhile.
   */
  *chainMovedInSteps(move: ChainMove): Generator<undefined, Moved, undefined> {
    const included = new Set(move.included.map(transaction => transaction.idHex));
    const removed: Removal[] = [];
    const promoted: Transaction[] = [];
    const returned = this.#returned(move);
    for (const [key, account] of move.accounts) {
      const moved = this.#senderMoved({ key, account, included, returned: returned.get(key) ?? [], now: move.now });
      for (const removal of moved.removed) removed.push(removal);
      for (const transaction of moved.promoted) promoted.push(transaction);
      yield;
    }
    for (const removal of this.expire(move.now, move.height)) removed.push(removal);
    for (const removal of this.#trim()) removed.push(removal);
    return { removed, relay: promoted.filter(transaction => this.has(transaction.idHex)) };
  }

  /** Drops what waited too long behind a gap, and what may no longer be in the block at `height` (the next one). */
  expire(now: number, height: number): readonly Removal[] {
    const removed: Removal[] = [];
    for (let entry = this.#queues.longestWaiting; entry; entry = this.#queues.longestWaiting) {
      if (now - (entry.waitingSinceMs ?? now) < this.#limits.gapWaitMs) break;
      this.#queues.removeGapped(this.#queues.of(entry), entry);
      this.#unindex(entry);
      removed.push({ transaction: entry.transaction, reason: 'gap' });
    }
    const queues = new Set<SenderQueue>();
    for (let entry = this.#expiring.peek(); entry && expiryOf(entry) < height; entry = this.#expiring.peek()) {
      this.#expiring.remove(entry);
      queues.add(this.#queues.of(entry));
    }
    const judge = (entry: Entry): RemovalReason | null => (expiryOf(entry) < height ? 'expired' : null);
    for (const queue of queues) {
      const regrouped = this.#queues.regroup({ queue, account: queue.account, extra: [], judge, now });
      this.#unindexAll(regrouped.removed);
      for (const removal of regrouped.removed) removed.push(removal);
    }
    return removed;
  }

  /** Puts the newcomer in and takes out what must make room; null, and all as before, when it is itself what should leave. */
  #insert(queue: SenderQueue, entry: Entry, replaced: Entry | null): readonly Victim[] | null {
    if (replaced) this.#queues.exchange(queue, replaced, entry);
    else this.#queues.admit(queue, entry, entry.addedAtMs);
    const { transactionsMax, bytesMax } = this.#limits;
    let count = this.#byId.size + (replaced ? 0 : 1);
    let bytes = this.#bytes + entry.transaction.bytes.length - (replaced?.transaction.bytes.length ?? 0);
    const victims: Victim[] = [];
    const isGapped = entry.waitingSinceMs !== null;
    while (count > transactionsMax || bytes > bytesMax || (isGapped && this.#queues.isGappedOver)) {
      const victim = this.#queues.takeVictim(queue, entry);
      if (victim === null) {
        if (replaced) this.#queues.exchange(queue, entry, replaced);
        else this.#queues.withdraw(queue, entry);
        for (const taken of victims.reverse()) this.#queues.putBack(taken);
        return null;
      }
      victims.push(victim);
      count -= victim.entries.length;
      bytes -= victim.entries.reduce((sum, { transaction }) => sum + transaction.bytes.length, 0);
    }
    return victims;
  }

  /** Entries for the transactions of undone blocks, by sender. */
  #returned({ undone, accounts, now }: ChainMove): ReadonlyMap<string, readonly Entry[]> {
    const returned = new Map<string, Entry[]>();
    if (!isEnforced('mempool undone')) return returned;
    for (const transaction of undone) {
      const key = transaction.senderHex;
      assert(accounts.has(key), 'a move of the head gives the accounts of the senders of undone blocks');
      const entry = entryOf(transaction, { source: undoneSource, now }, this.#arrivals++);
      // It waits for its place until the sender's queue is sorted anew.
      entry.waitingSinceMs = now;
      const list = returned.get(key);
      if (list) list.push(entry);
      else returned.set(key, [entry]);
    }
    return returned;
  }

  #senderMoved({ key, account, included, returned, now }: SenderMove): Regrouped {
    const known = this.#queues.get(key);
    if (known === undefined && returned.length === 0) return { removed: [], promoted: [] };
    const queue = known ?? new SenderQueue(key, account);
    const judge = ({ transaction }: Entry): RemovalReason | null => {
      if (!isEnforced('mempool included') || transaction.body.nonce >= account.nonce) return null;
      return included.has(transaction.idHex) ? 'included' : 'superseded';
    };
    const advance = returned.length === 0 ? this.#queues.advance(queue, account) : null;
    if (advance !== null) {
      for (const entry of advance.passed) this.#unindex(entry);
      const removed = advance.passed.map(entry => ({
        transaction: entry.transaction,
        reason: judge(entry) ?? 'superseded',
      }));
      return { removed, promoted: advance.promoted };
    }
    const { extra, superseded } = this.#joining(queue, returned);
    for (const entry of extra) this.#index(entry);
    const regrouped = this.#queues.regroup({ queue, account, extra, judge, now });
    this.#unindexAll(regrouped.removed);
    return { removed: [...superseded, ...regrouped.removed], promoted: regrouped.promoted };
  }

  /** Which of the returned entries may join the queue: one that waits again is left alone, one whose nonce is taken leaves at once. */
  #joining(queue: SenderQueue, returned: readonly Entry[]) {
    const extra = new Map<number, Entry>();
    const superseded: Removal[] = [];
    for (const entry of returned) {
      const { transaction } = entry;
      const { nonce } = transaction.body;
      if (this.has(transaction.idHex)) continue;
      const isTaken = extra.has(nonce) || queue.at(nonce) !== undefined;
      if (isTaken) superseded.push({ transaction, reason: 'superseded' });
      else extra.set(nonce, entry);
    }
    return { extra: [...extra.values()], superseded };
  }

  /** What came back may have made the pool too large. */
  #trim(): readonly Removal[] {
    const removed: Removal[] = [];
    const { transactionsMax, bytesMax } = this.#limits;
    for (;;) {
      const isOver = this.#byId.size > transactionsMax || this.#bytes > bytesMax;
      if (!isOver && !this.#queues.isGappedOver) return removed;
      const victim = isOver ? this.#queues.takeWorst() : this.#queues.takeWorstGapped();
      if (victim === null) return removed;
      for (const entry of victim.entries) {
        this.#unindex(entry);
        removed.push({ transaction: entry.transaction, reason: 'evicted' });
      }
    }
  }

  #index(entry: Entry): void {
    this.#byId.set(entry.transaction.idHex, entry);
    this.#byWitnessId.set(entry.transaction.witnessIdHex, entry);
    this.#bytes += entry.transaction.bytes.length;
    if (entry.transaction.body.expiresAt !== null) this.#expiring.set(entry);
  }

  #unindex(entry: Entry): void {
    this.#byId.delete(entry.transaction.idHex);
    this.#byWitnessId.delete(entry.transaction.witnessIdHex);
    this.#bytes -= entry.transaction.bytes.length;
    if (entry.transaction.body.expiresAt !== null) this.#expiring.remove(entry);
  }

  #unindexAll(removed: readonly Removal[]): void {
    for (const { transaction } of removed) {
      const entry = this.#byId.get(transaction.idHex);
      if (entry) this.#unindex(entry);
    }
  }
}

/** The last height at which it may be included. */
function expiryOf(entry: Entry): number {
  return entry.transaction.body.expiresAt ?? Number.POSITIVE_INFINITY;
}

function expiresBefore(a: Entry, b: Entry): boolean {
  const [expiryA, expiryB] = [expiryOf(a), expiryOf(b)];
  return expiryA === expiryB ? a.arrival < b.arrival : expiryA < expiryB;
}
