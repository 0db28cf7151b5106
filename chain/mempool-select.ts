/**
 * Picks the transactions of a template: the best chunk of all senders first, at equal fee per byte from the sources in turn (the one
 * from which least was taken), so that no source can fill blocks by flooding. What it gives can be executed in its order.
 */
import { IndexedHeap } from './heap.ts';
import type { Entry, SenderQueue } from './mempool-sender.ts';
import type { Transaction } from './transaction.ts';

export interface SelectLimits {
  /** Encoded transactions together. */
  readonly bytesMax: number;
  readonly transactionsMax: number;
  readonly operationsMax: number;
  /** Of the block that is built: an expired transaction ends its sender's run. */
  readonly height: number;
  /** Transactions of the pool that blocks below hold already, which are not applied yet. */
  readonly without?: ReadonlySet<Transaction>;
}

/** The next chunk of a sender. */
interface Head {
  readonly queue: SenderQueue;
  readonly index: number;
  readonly rate: number;
  readonly source: string;
  readonly arrival: number;
}

/** After this many senders whose next transaction does not fit, the block counts as full. */
const missesMax = 500;

/** The first chunks of all senders by source, the best first: kept as the pool changes, so that a template need not look at all. */
export class BestHeads {
  readonly #heads = new Map<SenderQueue, Head>();
  readonly #sources = new Map<string, IndexedHeap<Head>>();

  /** Ranks a sender anew by its first chunk; one that has none leaves. */
  update(queue: SenderQueue): void {
    const before = this.#heads.get(queue);
    const head = headOf(queue, 0);
    if (before && head && before.rate === head.rate && before.arrival === head.arrival) return;
    if (before) this.#remove(before);
    if (head) this.#add(head);
  }

  /**
   * The transactions for a block within the limits, in executable order: the best chunk first, at equal fee per byte from the source
   * from which least was taken. O((sources + picked) x log senders).
   */
  select(limits: SelectLimits): Transaction[] {
    const picked = new Picked(limits);
    const sources = new Map<string, Source>();
    for (const [name, heads] of this.#sources) sources.set(name, new Source(name, heads));
    const order = new IndexedHeap<Source>(comesFirst, sources.values());
    for (let misses = 0; misses < missesMax && !picked.isFull; ) {
      const source = order.peek();
      const head = source?.take();
      if (source === undefined || head === undefined) break;
      const bytesBefore = picked.bytes;
      const isWhole = picked.takeChunk(head);
      source.takenBytes += picked.bytes - bytesBefore;
      settle(order, source);
      if (!isWhole) misses++;
      const next = isWhole ? headOf(head.queue, head.index + 1) : null;
      if (next !== null) putLater(sources, order, next);
    }
    return picked.transactions;
  }

  #add(head: Head): void {
    const known = this.#sources.get(head.source);
    const heads = known ?? new IndexedHeap<Head>(isBetter);
    if (!known) this.#sources.set(head.source, heads);
    this.#heads.set(head.queue, head);
    heads.set(head);
  }

  #remove(head: Head): void {
    const heads = this.#sources.get(head.source);
    heads?.remove(head);
    if (heads?.size === 0) this.#sources.delete(head.source);
    this.#heads.delete(head.queue);
  }
}

/** What one source offers while a template is picked: first chunks, and later chunks of senders whose first ones were taken. */
class Source {
  readonly name: string;
  takenBytes = 0;
  readonly #later = new IndexedHeap<Head>(isBetter);
  readonly #firsts: Iterator<Head, undefined>;
  #first: Head | undefined;

  constructor(name: string, firsts: IndexedHeap<Head> | null) {
    this.name = name;
    this.#firsts = (firsts ?? new IndexedHeap<Head>(isBetter)).inOrder();
    this.#first = this.#firsts.next().value;
  }

  peek(): Head | undefined {
    const later = this.#later.peek();
    if (this.#first === undefined || later === undefined) return this.#first ?? later;
    return isBetter(later, this.#first) ? later : this.#first;
  }

  take(): Head | undefined {
    const head = this.peek();
    if (head === undefined) return undefined;
    if (head === this.#first) this.#first = this.#firsts.next().value;
    else this.#later.remove(head);
    return head;
  }

  put(head: Head): void {
    this.#later.set(head);
  }
}

class Picked {
  readonly transactions: Transaction[] = [];
  bytes = 0;
  #operations = 0;
  readonly #limits: SelectLimits;

  constructor(limits: SelectLimits) {
    this.#limits = limits;
  }

  get isFull(): boolean {
    return this.transactions.length >= this.#limits.transactionsMax || this.bytes >= this.#limits.bytesMax;
  }

  /** Takes the chunk, or as much of its beginning as fits; true when all of it. */
  takeChunk({ queue, index }: Head): boolean {
    const chunk = queue.chunks[index];
    return chunk === undefined || queue.entriesOf(chunk).every(entry => this.#take(entry));
  }

  #take({ transaction }: Entry): boolean {
    const { bytesMax, operationsMax, height, without } = this.#limits;
    if (without?.has(transaction)) return true;
    const { expiresAt, operations } = transaction.body;
    if (this.isFull || (expiresAt !== null && height > expiresAt)) return false;
    if (this.bytes + transaction.bytes.length > bytesMax) return false;
    if (this.#operations + operations.length > operationsMax) return false;
    this.transactions.push(transaction);
    this.bytes += transaction.bytes.length;
    this.#operations += operations.length;
    return true;
  }
}

/** A later chunk may have come from another source than the one before. */
function putLater(sources: Map<string, Source>, order: IndexedHeap<Source>, head: Head): void {
  const source = sources.get(head.source) ?? new Source(head.source, null);
  sources.set(head.source, source);
  source.put(head);
  order.set(source);
}

/** A source stands in the order while it offers something. */
function settle(order: IndexedHeap<Source>, source: Source): void {
  if (source.peek()) order.set(source);
  else order.remove(source);
}

function headOf(queue: SenderQueue, index: number): Head | null {
  const chunk = queue.chunks[index];
  const first = chunk && queue.at(chunk.start);
  if (chunk === undefined || first === undefined) return null;
  return { queue, index, rate: chunk.rate, source: first.source, arrival: first.arrival };
}

function isBetter(a: Head, b: Head): boolean {
  return a.rate === b.rate ? a.arrival < b.arrival : a.rate > b.rate;
}

function comesFirst(a: Source, b: Source): boolean {
  const [rateA, rateB] = [a.peek()?.rate ?? 0, b.peek()?.rate ?? 0];
  if (rateA !== rateB) return rateA > rateB;
  return a.takenBytes === b.takenBytes ? a.name < b.name : a.takenBytes < b.takenBytes;
}
