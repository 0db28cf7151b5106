/** A binary heap that knows where each item is, so that an item can move or leave when its rank changes. Every change is O(log n). */

/** An item and where it is. Items that change places touch these alone; the map is asked once a change. */
interface Slot<T> {
  readonly item: T;
  place: number;
}

export class IndexedHeap<T> {
  readonly #isBefore: (a: T, b: T) => boolean;
  readonly #heap: Slot<T>[] = [];
  readonly #slots = new Map<T, Slot<T>>();

  /** `isBefore` must be a strict total order, or equal items come in an order that depends on history. */
  constructor(isBefore: (a: T, b: T) => boolean, items: Iterable<T> = []) {
    this.#isBefore = isBefore;
    for (const item of items) this.#append(item);
    for (const slot of this.#heap.slice(0, this.#heap.length >>> 1).reverse()) this.#sink(slot);
  }

  get size(): number {
    return this.#heap.length;
  }

  has(item: T): boolean {
    return this.#slots.has(item);
  }

  /** The first item; it stays. */
  peek(): T | undefined {
    return this.#heap[0]?.item;
  }

  /** The items in order, without changing the heap, which must not change meanwhile. The first n take O(n log n), however many there are. */
  *inOrder(): Generator<T, undefined> {
    const isBefore = (a: number, b: number) => {
      const [slotA, slotB] = [this.#heap[a], this.#heap[b]];
      return slotA !== undefined && slotB !== undefined && this.#isBefore(slotA.item, slotB.item);
    };
    // Places whose parents were given: one of them is next.
    const frontier = new IndexedHeap<number>(isBefore, this.#heap.length > 0 ? [0] : []);
    for (let place = frontier.peek(); place !== undefined; place = frontier.peek()) {
      frontier.remove(place);
      const slot = this.#heap[place];
      if (slot !== undefined) yield slot.item;
      for (const child of [2 * place + 1, 2 * place + 2]) if (child < this.#heap.length) frontier.set(child);
    }
  }

  /** Adds the item, or finds its place anew after its rank has changed. At most one item may have changed since the last call. */
  set(item: T): void {
    const slot = this.#slots.get(item);
    if (slot === undefined) {
      this.#rise(this.#append(item));
    } else {
      this.#rise(slot);
      this.#sink(slot);
    }
  }

  /** Takes the item out, if it is in. */
  remove(item: T): void {
    const slot = this.#slots.get(item);
    if (slot === undefined) return;
    this.#slots.delete(item);
    const last = this.#heap.pop();
    if (last === undefined || last === slot) return;
    this.#put(last, slot.place);
    this.#rise(last);
    this.#sink(last);
  }

  #append(item: T): Slot<T> {
    const slot = { item, place: this.#heap.length };
    this.#heap.push(slot);
    this.#slots.set(item, slot);
    return slot;
  }

  #rise(slot: Slot<T>): void {
    let { place } = slot;
    while (place > 0) {
      const above = (place - 1) >>> 1;
      const parent = this.#heap[above];
      if (parent === undefined || !this.#isBefore(slot.item, parent.item)) break;
      this.#put(parent, place);
      place = above;
    }
    if (place !== slot.place) this.#put(slot, place);
  }

  #sink(slot: Slot<T>): void {
    let { place } = slot;
    for (let child = this.#firstChild(place); child; child = this.#firstChild(place)) {
      if (!this.#isBefore(child.item, slot.item)) break;
      const below = child.place;
      this.#put(child, place);
      place = below;
    }
    if (place !== slot.place) this.#put(slot, place);
  }

  /** The child of a place that comes first; undefined at a leaf. */
  #firstChild(place: number): Slot<T> | undefined {
    const left = this.#heap[2 * place + 1];
    const right = this.#heap[2 * place + 2];
    return left && right && this.#isBefore(right.item, left.item) ? right : left;
  }

  #put(slot: Slot<T>, place: number): void {
    this.#heap[place] = slot;
    slot.place = place;
  }
}
