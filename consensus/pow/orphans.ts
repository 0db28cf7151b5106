/**
 * A-H2: headers whose parent is unknown, kept for a while because headers may arrive in any order. Bounded per peer and in all; when full, a
 * random one goes, so that nobody can choose which; whoever floods the pool pushes out their own first.
 */
import type { SealedHeader } from '../../chain/block.ts';
import { toHex } from '../../chain/bytes.ts';
import type { PeerId } from '../engine.ts';
import type { Random } from '../random.ts';

export interface Orphan {
  readonly sealed: SealedHeader;
  readonly from: PeerId | null;
  readonly expiresAt: number;
}

export interface OrphanLimits {
  /** Orphans of one peer. */
  readonly perPeer: number;
  /** Orphans of all peers; beyond it, one of them goes, by chance. */
  readonly total: number;
}

export const orphanLimits: OrphanLimits = { perPeer: 100, total: 1_000 };
/** An orphan is forgotten after so many target intervals. */
export const orphanIntervals = 20;

export class Orphans {
  readonly #limits: OrphanLimits;
  readonly #random: Random;
  readonly #orphans = new Map<string, Orphan>();
  readonly #byParent = new Map<string, Set<string>>();
  readonly #byPeer = new Map<PeerId | null, Set<string>>();

  constructor(random: Random, limits: OrphanLimits = orphanLimits) {
    this.#random = random;
    this.#limits = limits;
  }

  get size(): number {
    return this.#orphans.size;
  }

  /** All orphans in the order of their arrival. */
  keys(): Iterable<string> {
    return this.#orphans.keys();
  }

  has(key: string): boolean {
    return this.#orphans.has(key);
  }

  /** Keeps an orphan; one that is held already stays as it is. */
  add(orphan: Orphan): void {
    const key = orphan.sealed.hashHex;
    if (this.#orphans.has(key)) return;
    const own = this.#byPeer.get(orphan.from);
    if (own !== undefined && own.size >= this.#limits.perPeer) this.#removeRandom(own);
    if (this.#orphans.size >= this.#limits.total) this.#removeRandom(this.#orphans);
    this.#orphans.set(key, orphan);
    addTo(this.#byParent, toHex(orphan.sealed.header.parent), key);
    addTo(this.#byPeer, orphan.from, key);
  }

  /** Takes out the orphans that wait for this parent, in the order of their arrival. */
  take(parentKey: string): readonly Orphan[] {
    const taken: Orphan[] = [];
    for (const key of [...(this.#byParent.get(parentKey) ?? [])]) {
      const orphan = this.#orphans.get(key);
      if (orphan !== undefined) taken.push(orphan);
      this.#remove(key);
    }
    return taken;
  }

  /** Forgets what expired. Gives when the next one expires, or null when none is left. */
  expire(now: number): number | null {
    let next: number | null = null;
    for (const [key, { expiresAt }] of [...this.#orphans]) {
      if (expiresAt <= now) this.#remove(key);
      else next = Math.min(next ?? expiresAt, expiresAt);
    }
    return next;
  }

  #removeRandom(keys: { readonly size: number; keys(): Iterable<string> }): void {
    let left = this.#random.below(keys.size);
    for (const key of keys.keys()) {
      if (left-- > 0) continue;
      this.#remove(key);
      return;
    }
  }

  #remove(key: string): void {
    const orphan = this.#orphans.get(key);
    if (orphan === undefined) return;
    this.#orphans.delete(key);
    removeFrom(this.#byParent, toHex(orphan.sealed.header.parent), key);
    removeFrom(this.#byPeer, orphan.from, key);
  }
}

function addTo<K>(index: Map<K, Set<string>>, place: K, key: string): void {
  const keys = index.get(place);
  if (keys === undefined) index.set(place, new Set([key]));
  else keys.add(key);
}

function removeFrom<K>(index: Map<K, Set<string>>, place: K, key: string): void {
  const keys = index.get(place);
  keys?.delete(key);
  if (keys?.size === 0) index.delete(place);
}
