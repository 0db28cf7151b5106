/**
 * The addresses that could be dialled, and when: named by the operator, remembered, told by peers, heard on the LAN. A data structure
 * without I/O; dialing.ts works it off.
 */
import { isEnforced } from '../../chain/rules.ts';
import type { PeerId, Random } from '../ports.ts';
import type { DialAddress } from './addresses.ts';
import type { NetworkLimits } from './limits.ts';

/** `configured`: by the operator, kept and tried for ever. `learned`: from anyone else, forgotten after some failures. */
export type Origin = 'configured' | 'learned';

export interface Candidate {
  readonly address: DialAddress;
  origin: Origin;
  /** Dials in a row that failed while another peer was connected: what speaks against the address. */
  failures: number;
  /** Dials in a row that failed, for whatever reason: they set the wait. */
  attempts: number;
  nextDialMs: number;
  /** A dial of ours ended in a handshake, in this run or in one before it. */
  isProven: boolean;
  /** Proven, and dialled before others and beside them: whom we chose long ago, a flood of new addresses does not displace (P1). */
  isAnchor: boolean;
  /** The peer itself, which dialled us from this very host, says that it listens here: good to be told to others, worth no more. */
  isLocated: boolean;
}

const unknown = { isProven: false, isAnchor: false, isLocated: false };

export interface CandidatesOptions {
  readonly random: Random;
  readonly limits: NetworkLimits;
  readonly self: PeerId;
  /** True for a peer that this node dialled and is connected to: its proven addresses are never given up for others. */
  isHeld(peer: PeerId): boolean;
  /** True while any peer is connected. Without one it may be we who are cut off, and a dial that fails says nothing of its address (P1). */
  isOnline(): boolean;
}

export class Candidates {
  readonly #random: Random;
  readonly #limits: NetworkLimits;
  readonly #self: PeerId;
  readonly #isHeld: (peer: PeerId) => boolean;
  readonly #anchorsMax: number;
  readonly #isOnline: () => boolean;
  /** By the address's text; one peer may have several. The newest stand last. */
  readonly #byAddress = new Map<string, Candidate>();

  constructor({ random, limits, self, isHeld, isOnline }: CandidatesOptions) {
    this.#random = random;
    this.#limits = limits;
    this.#self = self;
    this.#isHeld = isHeld;
    this.#anchorsMax = isEnforced('anchors') ? limits.anchorsMax : 0;
    this.#isOnline = isOnline;
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
    const candidate: Candidate = { address, origin, failures: 0, attempts: 0, nextDialMs: 0, ...unknown };
    this.#byAddress.set(address.text, candidate);
    return candidate;
  }

  /** Adds what `proven` gave in a run before this one: only what was proven, so it still is, and anchors stand first. */
  remember(addresses: readonly DialAddress[]): void {
    for (const [index, address] of addresses.filter(({ peer }) => peer !== null).entries()) {
      const candidate = this.add(address, 'learned');
      if (candidate !== null) Object.assign(candidate, { isProven: true, isAnchor: index < this.#anchorsMax });
    }
  }

  /** Adds where a peer that dialled us says that it listens; of several, the newest locatedPerPeerMax stay. */
  locate(address: DialAddress): void {
    const others = [...this.#byAddress.values()].filter(
      entry => isOnlyLocated(entry) && entry.address.peer === address.peer && entry.address.text !== address.text,
    );
    const surplus = Math.max(0, others.length + 1 - this.#limits.locatedPerPeerMax);
    for (const entry of others.slice(0, surplus)) this.delete(entry);
    const candidate = this.add(address, 'learned');
    if (candidate !== null) candidate.isLocated = true;
  }

  /** One that is due at `nowMs`: the operator's first, then anchors, else by chance, so that nobody can arrange the order (P1). */
  choose(nowMs: number, isWanted: (candidate: Candidate) => boolean): Candidate | null {
    const due = [...this.#byAddress.values()].filter(entry => entry.nextDialMs <= nowMs && isWanted(entry));
    const configured = due.filter(entry => entry.origin === 'configured');
    if (configured.length > 0) return this.#pick(configured);
    const anchors = due.filter(entry => entry.isAnchor);
    return this.#pick(anchors.length > 0 ? anchors : due);
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
    const isOnline = this.#isOnline();
    candidate.attempts += 1;
    if (isOnline) candidate.failures += 1;
    const isConfigured = candidate.origin === 'configured';
    if (!isConfigured && candidate.failures >= this.#limits.dialFailuresMax) {
      this.#byAddress.delete(candidate.address.text);
      return;
    }
    const { redialMinMs, redialMaxMs, redialConfiguredMaxMs } = this.#limits;
    const waitMaxMs = isConfigured || !isOnline ? redialConfiguredMaxMs : redialMaxMs;
    const waitMs = Math.min(waitMaxMs, redialMinMs * 2 ** Math.min(candidate.attempts - 1, 20));
    candidate.nextDialMs = nowMs + waitMs / 2 + this.#chance() * (waitMs / 2);
  }

  /** A dial of ours ended in a handshake. Should the connection end, the address is dialled again after the shortest wait. */
  succeeded(candidate: Candidate, nowMs: number): void {
    Object.assign(candidate, { failures: 0, attempts: 0 });
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

  /** Makes these peers anchors, in their order, where there is room: who is one stays it until its address is forgotten. */
  anchor(peers: readonly PeerId[]): void {
    const anchored = new Set(this.#anchors().map(({ address }) => address.peer));
    for (const peer of peers) {
      if (anchored.size >= this.#anchorsMax) return;
      const entry = [...this.#byAddress.values()].findLast(
        ({ address, isProven }) => isProven && address.peer === peer,
      );
      if (entry === undefined || anchored.has(peer)) continue;
      entry.isAnchor = true;
      anchored.add(peer);
    }
  }

  /** Addresses to be remembered: anchors first, then proven ones by chance; one a peer, at most `max`. */
  proven(max: number): readonly DialAddress[] {
    const anchors = this.#anchors().map(({ address }) => address);
    const anchored = new Set(anchors.map(({ peer }) => peer));
    const isOther = ({ address: { peer }, isProven }: Candidate) => isProven && !anchored.has(peer);
    return [...anchors, ...this.#onePerPeer(isOther, max - anchors.length)];
  }

  #anchors(): readonly Candidate[] {
    return [...this.#byAddress.values()].filter(({ isAnchor }) => isAnchor);
  }

  /** Addresses to be told to others: of peers for which `isWanted`, proven or located, one a peer, at most `max`, by chance. */
  known(isWanted: (peer: PeerId) => boolean, max: number): readonly DialAddress[] {
    return this.#onePerPeer(
      ({ address: { peer }, isProven, isLocated }) => (isProven || isLocated) && peer !== null && isWanted(peer),
      max,
    );
  }

  /** A peer's newest proven address, else its newest. */
  #onePerPeer(isGood: (candidate: Candidate) => boolean, max: number): readonly DialAddress[] {
    const byPeer = new Map<PeerId | null, Candidate>();
    for (const entry of this.#byAddress.values()) {
      const { peer } = entry.address;
      if (peer !== null && isGood(entry) && (entry.isProven || byPeer.get(peer)?.isProven !== true))
        byPeer.set(peer, entry);
    }
    const pool = [...byPeer.values()].map(({ address }) => address);
    const chosen: DialAddress[] = [];
    while (chosen.length < max && pool.length > 0) {
      const [address] = pool.splice(Math.floor(this.#chance() * pool.length), 1);
      if (address !== undefined) chosen.push(address);
    }
    return chosen;
  }

  /**
   * Gives up the learned address that failed most often, unproven ones first; false when all are the operator's or held. Among equals it
   * is the newest of the host that has most of them, so that who floods the book pushes out what he brought himself (P12).
   */
  #makeRoom(): boolean {
    const isSpared = ({ address: { peer }, isProven, isAnchor }: Candidate) =>
      isAnchor || (isProven && peer !== null && this.#isHeld(peer));
    const badness = ({ failures, isProven }: Candidate) => failures + (isProven ? 0 : this.#limits.dialFailuresMax);
    const spendable = [...this.#byAddress.values()].filter(entry => entry.origin === 'learned' && !isSpared(entry));
    const worst = Math.max(...spendable.map(badness));
    const equals = spendable.filter(entry => badness(entry) === worst);
    const perHost = new Map<string, number>();
    for (const { address } of equals) perHost.set(address.host, (perHost.get(address.host) ?? 0) + 1);
    const most = Math.max(...perHost.values());
    const given = equals.findLast(({ address }) => perHost.get(address.host) === most);
    if (given === undefined) return false;
    this.delete(given);
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

/** It stands on the word of its peer alone. */
function isOnlyLocated({ isLocated, isProven, origin }: Candidate): boolean {
  return isLocated && !isProven && origin === 'learned';
}
