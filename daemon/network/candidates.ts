/**
 * The addresses that could be dialled, and when: named by the operator, remembered, told by peers, heard on the LAN. A data structure
 * without I/O; dialing.ts works it off.
 */
import type { PeerId, Random } from '../ports.ts';
import type { DialAddress } from './addresses.ts';
import type { NetworkLimits } from './limits.ts';

/** `configured`: by the operator, kept and tried for ever. `learned`: from anyone else, forgotten after some failures. */
export type Origin = 'configured' | 'learned';

export interface Candidate {
  readonly address: DialAddress;
  origin: Origin;
  failures: number;
  nextDialMs: number;
  /** A dial of ours ended in a handshake, or the peer itself said so from this very host. */
  isProven: boolean;
}

export class Candidates {
  readonly #random: Random;
  readonly #limits: NetworkLimits;
  readonly #self: PeerId;
  /** By the address's text; one peer may have several. */
  readonly #byAddress = new Map<string, Candidate>();

  constructor(options: { readonly random: Random; readonly limits: NetworkLimits; readonly self: PeerId }) {
    this.#random = options.random;
    this.#limits = options.limits;
    this.#self = options.self;
  }

  get size(): number {
    return this.#byAddress.size;
  }

  /** Adds an address, to be dialled at once; one that is known keeps its history. Our own is not taken. */
  add(address: DialAddress, origin: Origin): Candidate | null {
    if (address.peer === this.#self) return null;
    const known = this.#byAddress.get(address.text);
    if (known !== undefined) {
      if (origin === 'configured') Object.assign(known, { origin, nextDialMs: 0 });
      return known;
    }
    if (this.#byAddress.size >= this.#limits.candidatesMax && !this.#makeRoom()) return null;
    const candidate: Candidate = { address, origin, failures: 0, nextDialMs: 0, isProven: false };
    this.#byAddress.set(address.text, candidate);
    return candidate;
  }

  /** One that is due at `nowMs`: the operator's before others, else by chance, so that nobody can arrange the order (P1). */
  choose(nowMs: number, isWanted: (candidate: Candidate) => boolean): Candidate | null {
    const due = [...this.#byAddress.values()].filter(entry => entry.nextDialMs <= nowMs && isWanted(entry));
    const configured = due.filter(entry => entry.origin === 'configured');
    return this.#pick(configured.length > 0 ? configured : due);
  }

  /** When the next of those wanted is due, or null. */
  nextDueMs(isWanted: (candidate: Candidate) => boolean): number | null {
    let dueMs: number | null = null;
    for (const entry of this.#byAddress.values()) {
      if (isWanted(entry)) dueMs = Math.min(dueMs ?? entry.nextDialMs, entry.nextDialMs);
    }
    return dueMs;
  }

  failed(candidate: Candidate, nowMs: number): void {
    candidate.failures += 1;
    const isConfigured = candidate.origin === 'configured';
    if (!isConfigured && candidate.failures >= this.#limits.dialFailuresMax) {
      this.#byAddress.delete(candidate.address.text);
      return;
    }
    const { redialMinMs, redialMaxMs, redialConfiguredMaxMs } = this.#limits;
    const waitMaxMs = isConfigured ? redialConfiguredMaxMs : redialMaxMs;
    const waitMs = Math.min(waitMaxMs, redialMinMs * 2 ** Math.min(candidate.failures - 1, 20));
    candidate.nextDialMs = nowMs + waitMs / 2 + this.#chance() * (waitMs / 2);
  }

  /** A dial of ours ended in a handshake. Should the connection end, the address is dialled again after the shortest wait. */
  succeeded(candidate: Candidate, nowMs: number): void {
    candidate.failures = 0;
    candidate.isProven = true;
    candidate.nextDialMs = nowMs + this.#limits.redialMinMs * (0.5 + this.#chance() / 2);
  }

  delete(candidate: Candidate): void {
    this.#byAddress.delete(candidate.address.text);
  }

  /** Forgets all addresses of a peer. */
  forget(peer: PeerId): void {
    for (const entry of this.#byAddress.values()) if (entry.address.peer === peer) this.delete(entry);
  }

  /** Proven addresses of peers for which `isWanted`, one a peer, at most `max`, by chance. */
  proven(isWanted: (peer: PeerId) => boolean, max: number): readonly DialAddress[] {
    const byPeer = new Map<PeerId, DialAddress>();
    for (const { address, isProven } of this.#byAddress.values()) {
      if (isProven && address.peer !== null && isWanted(address.peer)) byPeer.set(address.peer, address);
    }
    const pool = [...byPeer.values()];
    const chosen: DialAddress[] = [];
    while (chosen.length < max && pool.length > 0) {
      const [address] = pool.splice(Math.floor(this.#chance() * pool.length), 1);
      if (address !== undefined) chosen.push(address);
    }
    return chosen;
  }

  /** Gives up the learned address that failed most often, unproven ones first; false when all are the operator's. */
  #makeRoom(): boolean {
    let worst: Candidate | null = null;
    const badness = ({ failures, isProven }: Candidate) => failures + (isProven ? 0 : this.#limits.dialFailuresMax);
    for (const entry of this.#byAddress.values()) {
      if (entry.origin === 'learned' && (worst === null || badness(entry) > badness(worst))) worst = entry;
    }
    if (worst === null) return false;
    this.delete(worst);
    return true;
  }

  #pick(entries: readonly Candidate[]): Candidate | null {
    return entries[Math.floor(this.#chance() * entries.length)] ?? null;
  }

  /** From 0 to below 1. */
  #chance(): number {
    const [a = 0, b = 0, c = 0] = this.#random.bytes(3);
    return (a * 65_536 + b * 256 + c) / 16_777_216;
  }
}
