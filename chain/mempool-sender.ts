/**
 * One sender's waiting transactions: those that can run one after the other from the account's nonce on (`ready`), and those behind a
 * gap. The ready ones are cut into chunks of falling fee per byte: a cheap transaction followed by a dear one is one chunk, because the
 * dear one pays for both. Templates take the first chunk of a sender, eviction the last: what is best to include and what is best to
 * drop are two ends of one order (Bitcoin Core's cluster mempool, for chains). A chunk is bounded, so that no change of a queue of 10,000
 * costs more than sorting one chunk anew; a chunk that pays more than one before it counts as that one when something must be dropped.
 */
import { assert } from './errors.ts';
import type { Account } from './state.ts';
import type { Transaction } from './transaction.ts';

/** Transactions in a chunk: how far ahead a dear transaction pays for cheap ones, and what a change of a queue costs at most. */
export const chunkTransactionsMax = 64;

export interface Entry {
  readonly transaction: Transaction;
  /** Who first brought it: a peer, a credential, or the undoing of a block. */
  readonly source: string;
  /** Counts admissions: of two equals the earlier one is better. */
  readonly arrival: number;
  /** Unix milliseconds of the admission. */
  readonly addedAtMs: number;
  /** Fee per byte. A number is exact enough to rank by; the same everywhere, for division is exactly specified. */
  readonly rate: number;
  /** What its transfers would take from the sender beside the fee. */
  readonly outgoing: bigint;
  /** Unix milliseconds since which it waits behind a gap; null while it is ready. The pool keeps it. */
  waitingSinceMs: number | null;
}

/** A run of ready transactions, ranked by its average fee per byte. */
export interface Chunk {
  /** Nonce of its first transaction. */
  readonly start: number;
  /** Nonce after its last one. */
  readonly end: number;
  readonly fee: bigint;
  readonly bytes: number;
  readonly rate: number;
  /** The lowest rate of it and of those before it, without which it cannot be included. The queue keeps it. */
  floor: number;
}

export class SenderQueue {
  /** The sender's address in hexadecimal. */
  readonly key: string;
  /** As the pool knows it: the state at the head when it was last told. */
  account: Account;
  /** Made when it is needed: most of 100,000 senders never have a gap. */
  #gapped: Map<number, Entry> | null = null;
  #ready: Entry[] = [];
  #chunks: Chunk[] = [];
  /** The chunks that the last append merged into one. */
  #merged: readonly Chunk[] = [];
  #bytes = 0;
  #fees = 0n;
  #outgoing = 0n;

  constructor(key: string, account: Account) {
    this.key = key;
    this.account = account;
  }

  /** In the order of nonces, without a gap, from the account's nonce on. */
  get ready(): readonly Entry[] {
    return this.#ready;
  }

  /** By nonce; each is above the ready ones. */
  get gapped(): ReadonlyMap<number, Entry> {
    return this.#gapped ?? noEntries;
  }

  /** In order, of falling rate where they are not full; without gaps. */
  get chunks(): readonly Chunk[] {
    return this.#chunks;
  }

  /** Bytes of all its transactions. */
  get bytes(): number {
    return this.#bytes;
  }

  get fees(): bigint {
    return this.#fees;
  }

  get outgoing(): bigint {
    return this.#outgoing;
  }

  get isEmpty(): boolean {
    return this.#ready.length === 0 && this.gapped.size === 0;
  }

  /** The nonce that the next ready transaction has. */
  get nextNonce(): number {
    return this.account.nonce + this.#ready.length;
  }

  at(nonce: number): Entry | undefined {
    return this.#ready[nonce - this.account.nonce] ?? this.gapped.get(nonce);
  }

  /** True when a transaction above `nonce` waits. */
  hasAbove(nonce: number): boolean {
    return this.nextNonce > nonce + 1 || this.gapped.size > 0;
  }

  /** The ready transactions of one of its chunks, in order. */
  entriesOf({ start, end }: Chunk): readonly Entry[] {
    return this.#ready.slice(start - this.account.nonce, end - this.account.nonce);
  }

  /** Adds the next ready transaction. Amortised O(1). */
  append(entry: Entry): void {
    assert(entry.transaction.body.nonce === this.nextNonce, 'ready transactions follow each other');
    this.#ready.push(entry);
    this.#count(entry, 1);
    this.#merged = this.#appendChunk(entry);
  }

  addGapped(entry: Entry): void {
    this.#gapped ??= new Map<number, Entry>();
    this.#gapped.set(entry.transaction.body.nonce, entry);
    this.#count(entry, 1);
  }

  removeGapped(entry: Entry): void {
    if (this.#gapped?.delete(entry.transaction.body.nonce)) this.#count(entry, -1);
  }

  /** Puts `entry` where another one of its nonce is, ready or gapped. */
  exchange(before: Entry, entry: Entry): void {
    const { nonce } = entry.transaction.body;
    this.#count(before, -1);
    this.#count(entry, 1);
    if (this.#gapped?.has(nonce)) {
      this.#gapped.set(nonce, entry);
      return;
    }
    this.#ready[nonce - this.account.nonce] = entry;
    this.#chunkAnew(this.#chunkAt(nonce));
  }

  /** Takes the last chunk out and gives its transactions, in order. */
  removeLastChunk(): Entry[] {
    const chunk = this.#chunks.pop();
    assert(chunk !== undefined, 'a sender with ready transactions has a chunk');
    const removed = this.#ready.splice(chunk.start - this.account.nonce);
    for (const entry of removed) this.#count(entry, -1);
    return removed;
  }

  /** Takes back the last append, the last change of what is ready. */
  removeLast(): void {
    const chunk = this.#chunks.pop();
    const entry = this.#ready.pop();
    assert(chunk !== undefined && entry !== undefined, 'a sender that loses its last ready transaction has one');
    this.#count(entry, -1);
    for (const one of this.#merged) this.#chunks.push(one);
    this.#merged = [];
  }

  /** Takes the first ready transactions out, because the account went on to `account`, whose nonce says how many. O(those). */
  advance(account: Account): readonly Entry[] {
    const removed = this.#ready.splice(0, account.nonce - this.account.nonce);
    for (const entry of removed) this.#count(entry, -1);
    this.account = account;
    const first = this.#chunks.findIndex(({ end }) => end > account.nonce);
    this.#chunks.splice(0, first === -1 ? this.#chunks.length : first);
    if ((this.#chunks[0]?.start ?? account.nonce) < account.nonce) this.#chunkAnew(0);
    else this.#settleFloors(0);
    return removed;
  }

  /** Takes everything out, in the order of nonces. */
  clear(): Entry[] {
    const gapped = [...this.gapped.values()].sort((a, b) => a.transaction.body.nonce - b.transaction.body.nonce);
    const entries = [...this.#ready, ...gapped];
    this.#ready = [];
    this.#chunks = [];
    this.#gapped = null;
    this.#bytes = 0;
    this.#fees = 0n;
    this.#outgoing = 0n;
    return entries;
  }

  #count(entry: Entry, sign: 1 | -1): void {
    const { body, bytes } = entry.transaction;
    this.#bytes += sign * bytes.length;
    this.#fees = sign > 0 ? this.#fees + body.fee : this.#fees - body.fee;
    this.#outgoing = sign > 0 ? this.#outgoing + entry.outgoing : this.#outgoing - entry.outgoing;
  }

  /** The place of the chunk that holds the ready transaction of this nonce. */
  #chunkAt(nonce: number): number {
    let low = 0;
    let high = this.#chunks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((this.#chunks[middle]?.start ?? 0) <= nonce) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** Cuts what is left of one chunk anew, as if it had just come. O(its transactions), and the floors of later chunks that change. */
  #chunkAnew(place: number): void {
    const [chunk, ...later] = this.#chunks.splice(place);
    if (chunk === undefined) return;
    const start = Math.max(chunk.start, this.account.nonce);
    for (const entry of this.entriesOf({ ...chunk, start })) this.#appendChunk(entry);
    const next = this.#chunks.length;
    this.#chunks = this.#chunks.concat(later);
    this.#settleFloors(next);
  }

  /** Gives the floors from a place on, up to the first that is right already: so are those after it. */
  #settleFloors(place: number): void {
    let floor = this.#chunks[place - 1]?.floor ?? Number.POSITIVE_INFINITY;
    for (let at = place; at < this.#chunks.length; at++) {
      const chunk = this.#chunks[at];
      floor = Math.min(floor, chunk?.rate ?? floor);
      if (chunk === undefined || chunk.floor === floor) return;
      chunk.floor = floor;
    }
  }

  /** A chunk that pays more than the one before it is merged with it, so that rates fall from chunk to chunk; gives what was merged. */
  #appendChunk(entry: Entry): readonly Chunk[] {
    const { body, bytes } = entry.transaction;
    const merged: Chunk[] = [];
    let [start, fee, size] = [body.nonce, body.fee, bytes.length];
    for (let last = this.#chunks.at(-1); last; last = this.#chunks.at(-1)) {
      const isFull = body.nonce + 1 - last.start > chunkTransactionsMax;
      if (isFull || last.rate >= Number(fee) / size) break;
      this.#chunks.pop();
      merged.unshift(last);
      [start, fee, size] = [last.start, last.fee + fee, last.bytes + size];
    }
    const rate = Number(fee) / size;
    const floor = Math.min(rate, this.#chunks.at(-1)?.floor ?? rate);
    this.#chunks.push({ start, end: body.nonce + 1, fee, bytes: size, rate, floor });
    return merged;
  }
}

const noEntries: ReadonlyMap<number, Entry> = new Map<number, Entry>();
