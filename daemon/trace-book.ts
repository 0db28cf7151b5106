/**
 * What a node does and hears, for the person who watches it (`node_trace`): messages between members, nonces, commits, words. It is kept from
 * the first question on, so a node that nobody watches does no work for it.
 */
import type { Clock } from './ports.ts';

export type TraceWhat = 'sent' | 'received' | 'nonce' | 'committed' | 'said';

export interface TraceEntry {
  /** From 1, without gaps. */
  readonly number: number;
  /** Unix milliseconds. */
  readonly time: number;
  readonly what: TraceWhat;
  /** The member that sent it, or is sent it; null for an act of this node alone. */
  readonly member: string | null;
  readonly data: Readonly<Record<string, string | number>>;
}

/** What a node of a test network did and heard, as `node_trace` gives it; the oldest go first. */
const entriesMax = 2_000;

export class TraceBook {
  readonly #clock: Pick<Clock, 'now'>;
  #entries: TraceEntry[] | null = null;
  #count = 0;

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
  }

  /** `data` is asked only when somebody watches; null is nothing to tell. */
  add(what: TraceWhat, member: string | null, data: () => TraceEntry['data'] | null): void {
    if (this.#entries === null) return;
    const said = data();
    if (said === null) return;
    this.#count += 1;
    this.#entries.push({ number: this.#count, time: this.#clock.now(), what, member, data: said });
    if (this.#entries.length > entriesMax) this.#entries.shift();
  }

  /** The entries above this number, oldest first. */
  after(number: number): readonly TraceEntry[] {
    this.#entries ??= [];
    return this.#entries.filter(entry => entry.number > number);
  }
}
