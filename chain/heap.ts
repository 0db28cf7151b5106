/** A binary heap that knows where each item is, so that an item can move or leave when its rank changes. Every change is O(log n). */
export class IndexedHeap<T> {
  readonly #isBefore: (a: T, b: T) => boolean;
  readonly #items: T[];
  readonly #places = new Map<T, number>();

  /** `isBefore` must be a strict total order, or equal items come in an order that depends on history. */
  constructor(isBefore: (a: T, b: T) => boolean, items: Iterable<T> = []) {
    this.#isBefore = isBefore;
    this.#items = [...items];
    for (const [place, item] of this.#items.entries()) this.#places.set(item, place);
    for (let place = (this.#items.length >>> 1) - 1; place >= 0; place--) this.#sink(place);
  }

  get size(): number {
    return this.#items.length;
  }

  has(item: T): boolean {
    return this.#places.has(item);
  }

  /** The first item; it stays. */
  peek(): T | undefined {
    return this.#items[0];
  }

  /** The items in order, without changing the heap, which must not change meanwhile. The first n take O(n log n), however many there are. */
  *inOrder(): Generator<T, undefined> {
    const isBefore = (a: number, b: number) => {
      const [itemA, itemB] = [this.#items[a], this.#items[b]];
      return itemA !== undefined && itemB !== undefined && this.#isBefore(itemA, itemB);
    };
    // Places whose parents were given: one of them is next.
    const frontier = new IndexedHeap<number>(isBefore, this.#items.length > 0 ? [0] : []);
    for (let place = frontier.peek(); place !== undefined; place = frontier.peek()) {
      frontier.remove(place);
      const item = this.#items[place];
      if (item !== undefined) yield item;
      for (const child of [2 * place + 1, 2 * place + 2]) if (child < this.#items.length) frontier.set(child);
    }
  }

  /** Adds the item, or finds its place anew after its rank has changed. At most one item may have changed since the last call. */
  set(item: T): void {
    const place = this.#places.get(item);
    if (place === undefined) {
      this.#place(item, this.#items.length);
      this.#rise(this.#items.length - 1);
    } else {
      this.#rise(place);
      this.#sink(this.#places.get(item) ?? place);
    }
  }

  /** Takes the item out, if it is in. */
  remove(item: T): void {
    const place = this.#places.get(item);
    if (place === undefined) return;
    this.#places.delete(item);
    const last = this.#items.pop();
    if (last === undefined || last === item) return;
    this.#place(last, place);
    this.#rise(place);
    this.#sink(this.#places.get(last) ?? place);
  }

  #rise(start: number): void {
    let place = start;
    const item = this.#items[place];
    while (item !== undefined && place > 0) {
      const above = (place - 1) >>> 1;
      const parent = this.#items[above];
      if (parent === undefined || !this.#isBefore(item, parent)) break;
      this.#place(parent, place);
      place = above;
    }
    if (item !== undefined && place !== start) this.#place(item, place);
  }

  #sink(start: number): void {
    let place = start;
    const item = this.#items[place];
    if (item === undefined) return;
    for (;;) {
      const child = this.#firstChild(place);
      const below = child === null ? undefined : this.#items[child];
      if (child === null || below === undefined || !this.#isBefore(below, item)) break;
      this.#place(below, place);
      place = child;
    }
    if (place !== start) this.#place(item, place);
  }

  /** The place of the child that comes first, or null at a leaf. */
  #firstChild(place: number): number | null {
    const left = this.#items[2 * place + 1];
    if (left === undefined) return null;
    const right = this.#items[2 * place + 2];
    return right !== undefined && this.#isBefore(right, left) ? 2 * place + 2 : 2 * place + 1;
  }

  #place(item: T, place: number): void {
    this.#items[place] = item;
    this.#places.set(item, place);
  }
}
