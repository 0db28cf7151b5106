/**
 * The queues of all senders, with the orders in which they lose: one for the last chunks of what is ready, one for what waits behind a
 * gap. Every change of a queue goes through here, so that the orders always agree with it.
 */
import { assert } from './errors.ts';
import { IndexedHeap } from './heap.ts';
import type { MempoolLimits } from './mempool-admission.ts';
import { EvictionOrder } from './mempool-eviction.ts';
import { BestHeads, type SelectLimits } from './mempool-select.ts';
import type { Entry, SenderQueue } from './mempool-sender.ts';
import type { Account } from './state.ts';
import type { Transaction } from './transaction.ts';

export type RemovalReason =
  | 'included'
  /** Another transaction took its nonce in a block. */
  | 'superseded'
  | 'expired'
  /** The missing nonce before it did not come in time, or too many wait with it. */
  | 'gap'
  /** The balance no longer covers its fee. */
  | 'unpayable'
  | 'evicted';

export interface Removal {
  readonly transaction: Transaction;
  readonly reason: RemovalReason;
}

/** Entries of one sender that leave together: the last chunk, or one behind a gap. */
export interface Victim {
  readonly queue: SenderQueue;
  readonly entries: readonly Entry[];
}

export interface Regrouping {
  readonly queue: SenderQueue;
  /** The sender's account from now on. */
  readonly account: Account;
  /** Entries that join, as waiting ones; none of their nonces is held. */
  readonly extra: readonly Entry[];
  /** Why an entry must leave, or null. */
  readonly judge: (entry: Entry) => RemovalReason | null;
  readonly now: number;
}

export interface Regrouped {
  readonly removed: readonly Removal[];
  /** What is ready now and was not before. */
  readonly promoted: readonly Transaction[];
}

export interface Advance {
  readonly passed: readonly Entry[];
  /** What is ready now and was not before. */
  readonly promoted: readonly Transaction[];
}

export class Queues {
  readonly #limits: MempoolLimits;
  readonly #queues = new Map<string, SenderQueue>();
  readonly #readyOrder = new EvictionOrder<SenderQueue>();
  readonly #gappedOrder = new EvictionOrder<Entry>();
  /** What waits behind gaps, the longest waiting first. */
  readonly #waiting = new IndexedHeap<Entry>(waitsLonger);
  readonly #best = new BestHeads();
  #gappedBytes = 0;

  constructor(limits: MempoolLimits) {
    this.#limits = limits;
  }

  get gapped(): number {
    return this.#waiting.size;
  }

  /** True when what waits behind gaps is over its limits. */
  get isGappedOver(): boolean {
    return this.#waiting.size > this.#limits.gappedMax || this.#gappedBytes > this.#limits.gappedBytesMax;
  }

  get(key: string): SenderQueue | undefined {
    return this.#queues.get(key);
  }

  /** Transactions for a template, in executable order. */
  select(limits: SelectLimits): Transaction[] {
    return this.#best.select(limits);
  }

  /** The queue that holds `entry`. */
  of(entry: Entry): SenderQueue {
    const queue = this.#queues.get(entry.transaction.senderHex);
    assert(queue !== undefined, 'an entry of the pool is in a queue');
    return queue;
  }

  /** The lowest rate among the last chunks of what is ready, or null when nothing is. */
  get rateMin(): number | null {
    return this.#readyOrder.worst()?.rate ?? null;
  }

  /** What waits the longest behind a gap. */
  get longestWaiting(): Entry | undefined {
    return this.#waiting.peek();
  }

  /** Adds an entry whose nonce is free: ready when it is the next one and there is room, else behind the gap from `now` on. */
  admit(queue: SenderQueue, entry: Entry, now: number): void {
    this.#queues.set(queue.key, queue);
    if (this.#isNext(queue, entry)) {
      entry.waitingSinceMs = null;
      queue.append(entry);
      this.#readyOrder.addBytes(entry.source, entry.transaction.bytes.length);
      this.#rank(queue);
    } else {
      entry.waitingSinceMs ??= now;
      queue.addGapped(entry);
      this.#addGapped(entry);
    }
  }

  /** Makes ready what waited for the entry that was admitted last; gives it in order. */
  promote(queue: SenderQueue): Entry[] {
    const promoted: Entry[] = [];
    while (queue.ready.length < this.#limits.senderReadyMax) {
      const entry = queue.gapped.get(queue.nextNonce);
      if (entry === undefined) break;
      this.removeGapped(queue, entry);
      this.admit(queue, entry, 0);
      promoted.push(entry);
    }
    return promoted;
  }

  /** Puts `entry` in the place of one with its nonce. */
  exchange(queue: SenderQueue, before: Entry, entry: Entry): void {
    const isGapped = queue.gapped.has(entry.transaction.body.nonce);
    // What replaces a waiting transaction waits on in its stead, so that replacing is no way to wait for ever.
    entry.waitingSinceMs = before.waitingSinceMs;
    queue.exchange(before, entry);
    if (isGapped) {
      this.#forgetGapped(before);
      this.#addGapped(entry);
    } else {
      this.#readyOrder.addBytes(before.source, -before.transaction.bytes.length);
      this.#readyOrder.addBytes(entry.source, entry.transaction.bytes.length);
      this.#rank(queue);
    }
  }

  /** Takes back the admission of a newcomer, the last change of its queue. */
  withdraw(queue: SenderQueue, entry: Entry): void {
    if (entry.waitingSinceMs !== null) {
      this.removeGapped(queue, entry);
      return;
    }
    queue.removeLast();
    this.#readyOrder.addBytes(entry.source, -entry.transaction.bytes.length);
    this.#rank(queue);
    this.#settle(queue);
  }

  removeGapped(queue: SenderQueue, entry: Entry): void {
    queue.removeGapped(entry);
    this.#forgetGapped(entry);
    this.#settle(queue);
  }

  removeLastChunk(queue: SenderQueue): readonly Entry[] {
    const entries = queue.removeLastChunk();
    for (const { source, transaction } of entries) this.#readyOrder.addBytes(source, -transaction.bytes.length);
    this.#rank(queue);
    this.#settle(queue);
    return entries;
  }

  /**
   * Takes out what makes room for the newcomer `entry`, which stands in `queue` already; null when it is itself what should leave. What
   * is ready displaces what waits behind a gap, unless that pays and it does not; what waits behind a gap displaces nothing ready.
   */
  takeVictim(queue: SenderQueue, entry: Entry): Victim | null {
    const gapped = this.#gappedOrder.worst();
    const isReady = entry.waitingSinceMs === null;
    const mayTakeGapped = isReady ? entry.rate > 0 || gapped?.rate === 0 : gapped?.unit !== entry;
    if (gapped && mayTakeGapped) return this.#takeGapped(gapped.unit);
    const ready = this.#readyOrder.worst();
    if (!isReady || ready === null || ready.unit === queue) return null;
    return { queue: ready.unit, entries: this.removeLastChunk(ready.unit) };
  }

  /** Takes out what is worst, behind a gap first; null when there is nothing of it. */
  takeWorst(): Victim | null {
    const gapped = this.#gappedOrder.worst();
    if (gapped) return this.#takeGapped(gapped.unit);
    const ready = this.#readyOrder.worst();
    return ready && { queue: ready.unit, entries: this.removeLastChunk(ready.unit) };
  }

  /** Takes out the worst behind a gap; null when nothing is. */
  takeWorstGapped(): Victim | null {
    const gapped = this.#gappedOrder.worst();
    return gapped && this.#takeGapped(gapped.unit);
  }

  /** Undoes `takeVictim`, the last one first. */
  putBack({ queue, entries }: Victim): void {
    for (const entry of entries) this.admit(queue, entry, 0);
  }

  /**
   * Follows an account that went on to `account`: gives what its nonce has passed, and what there is room for now. Null, and nothing done,
   * when more must be sorted than the beginning of the queue: then `regroup` does it. O(what was passed).
   */
  advance(queue: SenderQueue, account: Account): Advance | null {
    const passed = account.nonce - queue.account.nonce;
    if (passed < 0 || passed > queue.ready.length) return null;
    const fees = queue.ready.slice(0, passed).reduce((sum, entry) => sum - entry.transaction.body.fee, queue.fees);
    if (fees > account.balance) return null;
    const removed = queue.advance(account);
    for (const { source, transaction } of removed) this.#readyOrder.addBytes(source, -transaction.bytes.length);
    this.#rank(queue);
    const promoted = this.promote(queue);
    this.#settle(queue);
    return { passed: removed, promoted: promoted.map(({ transaction }) => transaction) };
  }

  /**
   * Sorts a sender's transactions anew from its account's nonce on, without those that `judge` names, whose fee the balance does not
   * cover after the fees before, or that are too many behind a gap. O(what waits of the sender).
   */
  regroup({ queue, account, extra, judge, now }: Regrouping): Regrouped {
    const before = this.#empty(queue);
    queue.account = account;
    const removed: Removal[] = [];
    const promoted: Transaction[] = [];
    let fees = 0n;
    for (const entry of merged(before, extra)) {
      const { transaction } = entry;
      const wasReady = entry.waitingSinceMs === null;
      const reason = judge(entry) ?? this.#regroupRefusal(queue, entry, fees);
      if (reason === null) {
        fees += transaction.body.fee;
        this.admit(queue, entry, now);
        if (!wasReady && entry.waitingSinceMs === null) promoted.push(transaction);
      } else {
        removed.push({ transaction, reason });
      }
    }
    this.#settle(queue);
    return { removed, promoted };
  }

  #regroupRefusal(queue: SenderQueue, entry: Entry, feesBefore: bigint): RemovalReason | null {
    const { fee } = entry.transaction.body;
    if (fee > 0n && feesBefore + fee > queue.account.balance) return 'unpayable';
    return !this.#isNext(queue, entry) && queue.gapped.size >= this.#limits.senderGappedMax ? 'gap' : null;
  }

  #isNext(queue: SenderQueue, entry: Entry): boolean {
    return entry.transaction.body.nonce === queue.nextNonce && queue.ready.length < this.#limits.senderReadyMax;
  }

  #empty(queue: SenderQueue): Entry[] {
    for (const { source, transaction } of queue.ready) {
      this.#readyOrder.addBytes(source, -transaction.bytes.length);
    }
    for (const entry of queue.gapped.values()) this.#forgetGapped(entry);
    const entries = queue.clear();
    this.#rank(queue);
    return entries;
  }

  #takeGapped(entry: Entry): Victim {
    const queue = this.of(entry);
    this.removeGapped(queue, entry);
    return { queue, entries: [entry] };
  }

  #addGapped(entry: Entry): void {
    this.#waiting.set(entry);
    this.#gappedBytes += entry.transaction.bytes.length;
    this.#gappedOrder.set(entry, entry);
    this.#gappedOrder.addBytes(entry.source, entry.transaction.bytes.length);
  }

  #forgetGapped(entry: Entry): void {
    this.#waiting.remove(entry);
    this.#gappedBytes -= entry.transaction.bytes.length;
    this.#gappedOrder.remove(entry);
    this.#gappedOrder.addBytes(entry.source, -entry.transaction.bytes.length);
  }

  /** A sender loses its last chunk; the last transaction of that says whose it is. */
  #rank(queue: SenderQueue): void {
    this.#best.update(queue);
    const chunk = queue.chunks.at(-1);
    const last = queue.ready.at(-1);
    if (chunk && last) {
      this.#readyOrder.set(queue, { rate: chunk.floor, source: last.source, arrival: last.arrival });
    } else {
      this.#readyOrder.remove(queue);
    }
  }

  /** A sender of whom nothing waits is forgotten. */
  #settle(queue: SenderQueue): void {
    if (queue.isEmpty) this.#queues.delete(queue.key);
  }
}

/** Both lists in the order of nonces; `entries` is in it already. */
function merged(entries: readonly Entry[], extra: readonly Entry[]): readonly Entry[] {
  if (extra.length === 0) return entries;
  return [...entries, ...extra].sort((a, b) => a.transaction.body.nonce - b.transaction.body.nonce);
}

function waitsLonger(a: Entry, b: Entry): boolean {
  const [sinceA, sinceB] = [a.waitingSinceMs ?? 0, b.waitingSinceMs ?? 0];
  return sinceA === sinceB ? a.arrival < b.arrival : sinceA < sinceB;
}
