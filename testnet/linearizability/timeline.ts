/** The calls and returns of one key in the order of time, from which a search takes operations and puts them back. */
import type { Operation } from './history.ts';

export interface TimelineEvent {
  readonly type: 'call' | 'return';
  readonly operation: Operation;
  /** Its place in the order of returns; those without one come last. */
  readonly place: number;
  previous: TimelineEvent | null;
  next: TimelineEvent | null;
}

export class Timeline {
  readonly #operations: readonly Operation[];
  readonly #returns = new Map<Operation, TimelineEvent>();
  readonly #isTaken: boolean[];
  /** All places below are taken: the search works its way along the returns, so what is taken above is little. */
  #floor = 0;
  /** No place at or above is taken. */
  #ceiling = 0;
  first: TimelineEvent | null = null;
  /** Operations with an answer that are not taken. */
  returnsLeft = 0;

  constructor(operations: readonly Operation[]) {
    this.#operations = operations;
    this.#isTaken = operations.map(() => false);
    const ordered = [...operations].sort((a, b) => endOf(a) - endOf(b));
    const events = ordered.flatMap((operation, place) => eventsOf(operation, place));
    // At the same time a call counts as before a return: then nobody knows, and a check must not find fault with what may be right.
    events.sort((a, b) => timeOf(a) - timeOf(b) || Number(b.type === 'call') - Number(a.type === 'call'));
    for (const [index, event] of events.entries()) {
      event.previous = events[index - 1] ?? null;
      event.next = events[index + 1] ?? null;
      if (event.type === 'return') this.#returns.set(event.operation, event);
    }
    this.first = events[0] ?? null;
    this.returnsLeft = this.#returns.size;
  }

  /** Which operations are taken, as text: the same for the same ones, whatever the order. */
  get taken(): string {
    const above: number[] = [];
    for (let place = this.#floor; place < this.#ceiling; place++) if (this.#isTaken[place]) above.push(place);
    return `${this.#floor} ${above.join(' ')}`;
  }

  /** Takes an operation out: its call, and its return if it has one. */
  take(event: TimelineEvent): void {
    this.#unlink(event);
    const end = this.#returns.get(event.operation);
    if (end !== undefined) {
      this.#unlink(end);
      this.returnsLeft -= 1;
    }
    this.#isTaken[event.place] = true;
    while (this.#isTaken[this.#floor]) this.#floor += 1;
    this.#ceiling = Math.max(this.#ceiling, event.place + 1);
  }

  /** Puts back what was taken last, and has not been put back yet. */
  putBack(event: TimelineEvent): void {
    const end = this.#returns.get(event.operation);
    if (end !== undefined) {
      this.#link(end);
      this.returnsLeft += 1;
    }
    this.#link(event);
    this.#isTaken[event.place] = false;
    this.#floor = Math.min(this.#floor, event.place);
    while (this.#ceiling > 0 && !this.#isTaken[this.#ceiling - 1]) this.#ceiling -= 1;
  }

  /** The operations besides `placed` that were called before all the others of them had returned. */
  callable(placed: ReadonlySet<Operation>): readonly Operation[] {
    const left = this.#operations.filter(operation => !placed.has(operation));
    const firstEnd = Math.min(...left.map(endOf));
    return left.filter(({ invokedMs }) => invokedMs <= firstEnd);
  }

  #unlink({ previous, next }: TimelineEvent): void {
    if (previous === null) this.first = next;
    else previous.next = next;
    if (next !== null) next.previous = previous;
  }

  #link(event: TimelineEvent): void {
    const { previous, next } = event;
    if (previous === null) this.first = event;
    else previous.next = event;
    if (next !== null) next.previous = event;
  }
}

function eventsOf(operation: Operation, place: number): TimelineEvent[] {
  const links = { operation, place, previous: null, next: null };
  const call: TimelineEvent = { type: 'call', ...links };
  return operation.returned === null ? [call] : [call, { type: 'return', ...links }];
}

function timeOf({ type, operation }: TimelineEvent): number {
  return type === 'call' ? operation.invokedMs : endOf(operation);
}

function endOf({ returned }: Operation): number {
  return returned === null ? Number.POSITIVE_INFINITY : returned.ms;
}
