/**
 * Headers that are right in everything but whose time is further ahead of the clock than allowed (A-V5). Clocks differ, so such a block
 * is never invalid: it waits here until its time comes. Bounded: when full, the one that would wait longest goes.
 */
import type { SealedHeader } from '../../chain/block.ts';
import type { PeerId } from '../engine.ts';

export interface DeferredHeader {
  readonly sealed: SealedHeader;
  readonly from: PeerId | null;
  /** Unix milliseconds. */
  readonly dueAt: number;
}

/** Headers that wait for their time at most. */
export const deferredMax = 100;

export class Deferred {
  /** In the order in which they are due. */
  readonly #waiting: DeferredHeader[] = [];

  get size(): number {
    return this.#waiting.length;
  }

  /** When the first is due, or null. */
  get nextDueAt(): number | null {
    return this.#waiting[0]?.dueAt ?? null;
  }

  keys(): readonly string[] {
    return this.#waiting.map(({ sealed }) => sealed.hashHex);
  }

  has(key: string): boolean {
    return this.#waiting.some(({ sealed }) => sealed.hashHex === key);
  }

  add(deferred: DeferredHeader): void {
    if (this.has(deferred.sealed.hashHex)) return;
    const place = this.#waiting.findIndex(({ dueAt }) => dueAt > deferred.dueAt);
    this.#waiting.splice(place === -1 ? this.#waiting.length : place, 0, deferred);
    if (this.#waiting.length > deferredMax) this.#waiting.pop();
  }

  /** Takes out those whose time has come, first due first. */
  takeDue(now: number): readonly DeferredHeader[] {
    const later = this.#waiting.findIndex(({ dueAt }) => dueAt > now);
    return this.#waiting.splice(0, later === -1 ? this.#waiting.length : later);
  }
}
