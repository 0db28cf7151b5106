/**
 * In which order what waits is dropped when the pool is full: the lowest fee per byte first; at equal fee per byte from the source that
 * holds most bytes, so that one flooding peer displaces its own and not everybody's; of one source the newest first.
 */
import { IndexedHeap } from './heap.ts';

/** A thing that is dropped as a whole. */
interface Place<U> {
  readonly unit: U;
  readonly source: Source<U>;
  rate: number;
  arrival: number;
}

interface Source<U> {
  readonly name: string;
  readonly units: IndexedHeap<Place<U>>;
  bytes: number;
}

export interface Rank {
  readonly rate: number;
  readonly source: string;
  readonly arrival: number;
}

/** Units of one kind (the last chunks of senders, or gapped transactions) in the order of eviction. Every change is O(log n). */
export class EvictionOrder<U> {
  readonly #places = new Map<U, Place<U>>();
  readonly #sources = new Map<string, Source<U>>();
  readonly #order = new IndexedHeap<Source<U>>(comesFirst);

  /** Ranks a unit, for the first time or anew. */
  set(unit: U, { rate, source, arrival }: Rank): void {
    const known = this.#places.get(unit);
    if (known && known.source.name !== source) this.remove(unit);
    const place = this.#places.get(unit) ?? { unit, source: this.#source(source), rate, arrival };
    place.rate = rate;
    place.arrival = arrival;
    this.#places.set(unit, place);
    place.source.units.set(place);
    this.#settle(place.source);
  }

  remove(unit: U): void {
    const place = this.#places.get(unit);
    if (place === undefined) return;
    this.#places.delete(unit);
    place.source.units.remove(place);
    this.#settle(place.source);
  }

  /** Tells that a source holds more or fewer bytes. */
  addBytes(source: string, bytes: number): void {
    const known = this.#source(source);
    known.bytes += bytes;
    this.#settle(known);
  }

  /** What would be dropped next. */
  worst(): { readonly unit: U; readonly rate: number } | null {
    const place = this.#order.peek()?.units.peek();
    return place ? { unit: place.unit, rate: place.rate } : null;
  }

  #source(name: string): Source<U> {
    const known = this.#sources.get(name);
    if (known) return known;
    const source: Source<U> = { name, units: new IndexedHeap<Place<U>>(isWorse), bytes: 0 };
    this.#sources.set(name, source);
    return source;
  }

  /** A source stands in the order while it has units, and is forgotten when it holds nothing. */
  #settle(source: Source<U>): void {
    if (source.units.size > 0) this.#order.set(source);
    else this.#order.remove(source);
    if (source.units.size === 0 && source.bytes === 0) this.#sources.delete(source.name);
  }
}

function isWorse<U>(a: Place<U>, b: Place<U>): boolean {
  return a.rate === b.rate ? a.arrival > b.arrival : a.rate < b.rate;
}

function comesFirst<U>(a: Source<U>, b: Source<U>): boolean {
  const [rateA, rateB] = [a.units.peek()?.rate ?? 0, b.units.peek()?.rate ?? 0];
  if (rateA !== rateB) return rateA < rateB;
  return a.bytes === b.bytes ? a.name < b.name : a.bytes > b.bytes;
}
