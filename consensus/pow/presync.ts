/**
 * Pre-synchronisation (A-H3). Headers near the genesis cost little work, so anyone could fill a node's memory with them. A branch that
 * ends far below the tip's work is therefore only folded into one small record a peer; when the whole branch has shown enough work the
 * peer is asked once more, and this second pass may store as many headers as the first one had. (After Bitcoin Core's headers presync;
 * there a commitment to each header ties the passes together, here the count does: to cheat on it costs the work that was shown.)
 */
import type { PeerId } from '../engine.ts';

/** The end of a branch that was checked and not stored. */
export interface PresyncPoint {
  readonly key: string;
  readonly hash: Uint8Array;
  readonly height: number;
  readonly time: number;
  readonly work: bigint;
  readonly steps: number;
}

export interface PresyncRecord {
  /** The known block from which the branch forks. */
  readonly fork: Uint8Array;
  readonly point: PresyncPoint;
  readonly count: number;
}

/** Peers with a record, and peers with an allowance, at most; the oldest goes. */
export const presyncPeersMax = 64;

export class Presync {
  readonly #records = new Map<PeerId, PresyncRecord>();
  readonly #allowances = new Map<PeerId, number>();

  record(peer: PeerId): PresyncRecord | null {
    return this.#records.get(peer) ?? null;
  }

  setRecord(peer: PeerId, record: PresyncRecord): void {
    setBounded(this.#records, peer, record);
  }

  /** The first pass has shown enough work: the second may store as many headers. */
  grant(peer: PeerId): void {
    const record = this.#records.get(peer);
    this.#records.delete(peer);
    if (record !== undefined) setBounded(this.#allowances, peer, record.count);
  }

  /** True once for each header that the peer may have stored. */
  spend(peer: PeerId): boolean {
    const left = this.#allowances.get(peer) ?? 0;
    if (left <= 1) this.#allowances.delete(peer);
    else this.#allowances.set(peer, left - 1);
    return left > 0;
  }

  /** What the digest covers: each peer's record and allowance as text. */
  summary(): readonly string[] {
    const records = [...this.#records].map(([peer, { point, count }]) => `${peer} ${point.key} ${count}`);
    const allowances = [...this.#allowances].map(([peer, left]) => `${peer} ${left}`);
    return [...records, ...allowances];
  }
}

function setBounded<V>(map: Map<PeerId, V>, peer: PeerId, value: V): void {
  map.delete(peer);
  const oldest = map.keys().next();
  if (map.size >= presyncPeersMax && oldest.done !== true) map.delete(oldest.value);
  map.set(peer, value);
}
