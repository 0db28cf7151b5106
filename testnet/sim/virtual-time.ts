/**
 * Time that passes only when something is due: a queue of events by (time, order of scheduling). After each event everything that it
 * set going comes to rest before the next one runs, so the order of a run depends on nothing but the queue.
 */
import { IndexedHeap } from '../../chain/heap.ts';

interface Entry {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

export class VirtualTime {
  readonly #queue = new IndexedHeap<Entry>((a, b) => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order));
  #scheduled = 0;
  #nowMs = 0;

  /** Milliseconds since the start of the world, with a fraction. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** Events that are due some time. */
  get pending(): number {
    return this.#queue.size;
  }

  /** Runs `run` once, `afterMs` (at least 0) from now. The returned function cancels; it may be called at any time. */
  after(afterMs: number, run: () => void): () => void {
    const entry: Entry = { atMs: this.#nowMs + Math.max(0, afterMs), order: this.#scheduled++, run };
    this.#queue.set(entry);
    return () => this.#queue.remove(entry);
  }

  /** Moves to the next event, runs it and lets it come to rest. Returns false when nothing is due any more. */
  async step(): Promise<boolean> {
    const entry = this.#queue.peek();
    if (entry === undefined) return false;
    this.#queue.remove(entry);
    this.#nowMs = entry.atMs;
    entry.run();
    await rest();
    return true;
  }
}

/**
 * Resolves when no promise is left that can go on by itself: the machine takes up an immediate only after it has run every microtask,
 * and those that these make. What waits for a port waits for a later event.
 */
export function rest(): Promise<void> {
  return new Promise(resolve => {
    setImmediate(resolve);
  });
}
