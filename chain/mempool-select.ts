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
}

/** The next chunk of a sender. */
interface Head {
  readonly queue: SenderQueue;
  readonly index: number;
  readonly rate: number;
  readonly source: string;
  readonly arrival: number;
}

interface Source {
  readonly name: string;
  readonly heads: IndexedHeap<Head>;
  takenBytes: number;
}

/** After this many senders whose next transaction does not fit, the block counts as full. */
const missesMax = 500;

/** The transactions for a block within the limits, in executable order. O(senders + picked x log senders). */
export function selectTransactions(queues: Iterable<SenderQueue>, limits: SelectLimits): Transaction[] {
  const picked = new Picked(limits);
  const sources = sourcesOf(queues);
  const order = new IndexedHeap<Source>(comesFirst, sources.values());
  for (let misses = 0; misses < missesMax && !picked.isFull; ) {
    const source = order.peek();
    const head = source?.heads.peek();
    if (source === undefined || head === undefined) break;
    source.heads.remove(head);
    const bytesBefore = picked.bytes;
    const isWhole = picked.takeChunk(head);
    source.takenBytes += picked.bytes - bytesBefore;
    if (source.heads.size > 0) order.set(source);
    else order.remove(source);
    const next = isWhole ? headOf(head.queue, head.index + 1) : null;
    if (!isWhole) misses++;
    if (next !== null) putHead(sources, order, next);
  }
  return picked.transactions;
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
    const start = queue.chunks[index]?.start ?? 0;
    const end = queue.chunks[index + 1]?.start ?? queue.ready.length;
    for (let place = start; place < end; place++) {
      const entry = queue.ready[place];
      if (entry === undefined || !this.#take(entry)) return false;
    }
    return true;
  }

  #take({ transaction }: Entry): boolean {
    const { bytesMax, operationsMax, height } = this.#limits;
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

function sourcesOf(queues: Iterable<SenderQueue>): Map<string, Source> {
  const heads = new Map<string, Head[]>();
  for (const queue of queues) {
    const head = headOf(queue, 0);
    if (head === null) continue;
    const list = heads.get(head.source);
    if (list) list.push(head);
    else heads.set(head.source, [head]);
  }
  const sources = new Map<string, Source>();
  for (const [name, list] of heads) sources.set(name, { name, heads: new IndexedHeap(isBetter, list), takenBytes: 0 });
  return sources;
}

/** The next chunk may have come from another source than the one before. */
function putHead(sources: Map<string, Source>, order: IndexedHeap<Source>, head: Head): void {
  const known = sources.get(head.source);
  const source: Source = known ?? { name: head.source, heads: new IndexedHeap(isBetter), takenBytes: 0 };
  if (!known) sources.set(head.source, source);
  source.heads.set(head);
  order.set(source);
}

function headOf(queue: SenderQueue, index: number): Head | null {
  const chunk = queue.chunks[index];
  const first = chunk && queue.ready[chunk.start];
  if (chunk === undefined || first === undefined) return null;
  return { queue, index, rate: chunk.rate, source: first.source, arrival: first.arrival };
}

function isBetter(a: Head, b: Head): boolean {
  return a.rate === b.rate ? a.arrival < b.arrival : a.rate > b.rate;
}

function comesFirst(a: Source, b: Source): boolean {
  const [rateA, rateB] = [a.heads.peek()?.rate ?? 0, b.heads.peek()?.rate ?? 0];
  if (rateA !== rateB) return rateA > rateB;
  return a.takenBytes === b.takenBytes ? a.name < b.name : a.takenBytes < b.takenBytes;
}
