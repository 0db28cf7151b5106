/**
 * One sender's waiting transactions: those that can run one after the other from the account's nonce on (`ready`), and those behind a
 * gap. The ready ones are cut into chunks of falling fee per byte: a cheap transaction followed by a dear one is one chunk, because the
 * dear one pays for both. Templates take the first chunk of a sender, eviction the last: what is best to include and what is best to
 * drop are two ends of one order (Bitcoin Core's cluster mempool, for chains).
 */
import { assert } from './errors.ts';
import type { Account } from './state.ts';
import type { Transaction } from './transaction.ts';

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
  /** Index of its first transaction in `ready`. */
  readonly start: number;
  readonly fee: bigint;
  readonly bytes: number;
  readonly rate: number;
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

  /** Of falling rate. */
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

  /** Adds the next ready transaction. Amortised O(1). */
  append(entry: Entry): void {
    assert(entry.transaction.body.nonce === this.nextNonce, 'ready transactions follow each other');
    this.#ready.push(entry);
    this.#count(entry, 1);
    this.#appendChunk(entry, this.#ready.length - 1);
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
    this.#rebuildChunks();
  }

  /** Takes the last chunk out and gives its transactions, in order. */
  removeLastChunk(): Entry[] {
    const chunk = this.#chunks.pop();
    assert(chunk !== undefined, 'a sender with ready transactions has a chunk');
    const removed = this.#ready.splice(chunk.start);
    for (const entry of removed) this.#count(entry, -1);
    return removed;
  }

  /** Takes the last ready transaction out. O(its chunk), which falls back into those that it had merged. */
  removeLast(): void {
    const chunk = this.#chunks.pop();
    const entry = this.#ready.pop();
    assert(chunk !== undefined && entry !== undefined, 'a sender that loses its last ready transaction has one');
    this.#count(entry, -1);
    for (let index = chunk.start; index < this.#ready.length; index++) {
      const one = this.#ready[index];
      if (one) this.#appendChunk(one, index);
    }
  }

  /** Takes the first ready transactions out, because the account went on to `account`, whose nonce says how many. */
  advance(account: Account): readonly Entry[] {
    const removed = this.#ready.splice(0, account.nonce - this.account.nonce);
    for (const entry of removed) this.#count(entry, -1);
    this.account = account;
    this.#rebuildChunks();
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

  #rebuildChunks(): void {
    this.#chunks = [];
    for (const [index, one] of this.#ready.entries()) this.#appendChunk(one, index);
  }

  /** A chunk that pays more than the one before it is merged with it, so rates fall from chunk to chunk. */
  #appendChunk(entry: Entry, index: number): void {
    let chunk = chunkOf(index, entry.transaction.body.fee, entry.transaction.bytes.length);
    for (let last = this.#chunks.at(-1); last && last.rate < chunk.rate; last = this.#chunks.at(-1)) {
      this.#chunks.pop();
      chunk = chunkOf(last.start, last.fee + chunk.fee, last.bytes + chunk.bytes);
    }
    this.#chunks.push(chunk);
  }
}

const noEntries: ReadonlyMap<number, Entry> = new Map<number, Entry>();

function chunkOf(start: number, fee: bigint, bytes: number): Chunk {
  return { start, fee, bytes, rate: Number(fee) / bytes };
}
