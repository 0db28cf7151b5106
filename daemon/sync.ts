/**
 * Talking to peers about blocks: headers first, from whoever claims more work; bodies, the most urgent first, from all peers at once; and
 * answers to the same questions of others. The engine decides what is wanted; here it is asked for, timed and asked for again.
 */
import type { SealedHeader } from '../chain/block.ts';
import { equalBytes, toHex } from '../chain/bytes.ts';
import { type ErrorCode, KvchainError } from '../chain/errors.ts';
import { isEnforced } from '../chain/rules.ts';
import type { BlockImport } from './block-import.ts';
import type { ChainStore } from './chain-store.ts';
import type { Driver } from './driver.ts';
import type { Clock, Network, PeerId } from './ports.ts';
import type { SnapshotShelf } from './snapshot-shelf.ts';
import { isSnapshotRequest } from './snapshot-wire.ts';
import { serve } from './sync-server.ts';
import {
  decodeBodies,
  decodeHeaders,
  decodeRequest,
  encodeRequest,
  type StatusMessage,
  type SyncRequest,
  wireLimits,
  workFromBytes,
} from './wire.ts';

/** The bounds of one node; a network whose chain is short may set smaller ones, to come to their ends. */
export type SyncLimits = { readonly [K in keyof typeof syncLimits]: number };

export const syncLimits = {
  /** Headers asked for at a time: decoding and hashing them takes the main thread a few milliseconds. */
  headersPerRequest: 500,
  /** Bodies asked for at a time. */
  bodiesPerRequest: wireLimits.bodiesMax,
  /** Requests of bodies under way at one peer. */
  requestsPerPeer: 2,
  requestTimeoutMs: 15_000,
  /** How long a peer that did not have a body, or did not answer for headers, is not asked for them again. */
  retryMs: 5_000,
} as const;

/** A body that the engine wants. */
interface Wanted {
  readonly hash: Uint8Array;
  readonly height: number;
  peer: PeerId | null;
  readonly lacking: Set<PeerId>;
}

interface SyncPeer {
  readonly id: PeerId;
  work: bigint;
  /** The lowest height whose body it said to hold. */
  readonly blocksFrom: number;
  isFollowing: boolean;
  /** Its last answer about headers did not come: it is asked again, while it claims more work. */
  owesHeaders: boolean;
  /** What the engine asked for while headers were under way: `after` is put first in the locator. */
  order: { readonly after: Uint8Array | null } | null;
  requests: number;
}

export interface SyncParts {
  readonly network: Network;
  readonly clock: Clock;
  readonly chain: ChainStore;
  readonly driver: Driver;
  readonly blocks: BlockImport;
  readonly snapshots: SnapshotShelf;
  readonly limits: SyncLimits;
  /** Told about what a request or an answer of a peer broke. */
  readonly onFault: (error: unknown) => void;
}

export class Sync {
  readonly #parts: SyncParts;
  readonly #peers = new Map<PeerId, SyncPeer>();
  /** The most urgent first. */
  readonly #wanted = new Map<string, Wanted>();
  #cancelRetry: (() => void) | null = null;
  /** The lowest wanted block, when it was told that no peer holds it; told once. */
  #toldUnserved: number | null = null;
  #isStopped = false;

  constructor(parts: SyncParts) {
    this.#parts = parts;
  }

  /** A peer whose handshake both sides accepted. */
  onPeer(id: PeerId, status: StatusMessage): void {
    const { blocksFrom } = status;
    const work = isEnforced('sync claims') ? workFromBytes(status.work) : 0n;
    const peer: SyncPeer = { id, work, blocksFrom, isFollowing: false, owesHeaders: false, order: null, requests: 0 };
    this.#peers.set(id, peer);
    // Whatever it claims: what it found between its status and now it could not gossip to us.
    if (isEnforced('sync claims')) this.#follow(peer);
    this.#schedule();
  }

  onPeerGone(id: PeerId): void {
    if (isEnforced('sync peer gone')) this.#peers.delete(id);
    for (const wanted of this.#wanted.values()) {
      wanted.lacking.delete(id);
      if (wanted.peer === id) wanted.peer = null;
    }
    this.#schedule();
  }

  /** The engine wants headers of this peer: those after `after`, or from where our chain leaves its. */
  fetchHeaders(id: PeerId, after: Uint8Array | null): void {
    const peer = this.#peers.get(id);
    if (peer === undefined) return;
    peer.order = { after };
    this.#follow(peer);
  }

  /** The bodies that the engine wants now, the most urgent first; what it wanted before and does not name is wanted no longer. */
  fetchBodies(hashes: readonly Uint8Array[], hint: PeerId | null): void {
    const before = new Map(this.#wanted);
    this.#wanted.clear();
    for (const hash of hashes) {
      const hex = toHex(hash);
      const height = this.#parts.driver.engine.header(hash)?.header.height ?? 0;
      this.#wanted.set(hex, before.get(hex) ?? { hash, height, peer: null, lacking: new Set() });
    }
    const first = hint === null ? undefined : this.#peers.get(hint);
    if (first) this.#give(first);
    this.#schedule();
  }

  /** The body is here, or will never be needed. */
  forget(hash: Uint8Array): void {
    this.#wanted.delete(toHex(hash));
  }

  /** The ledger moved: when all that was known is applied, whoever claims more work is asked for it, also after a failed request. */
  onHead(): void {
    const { head, bestHeader } = this.#parts.driver.engine.view();
    if (bestHeader.work > head.work) return;
    for (const peer of this.#peers.values()) if (peer.work > head.work) this.#follow(peer);
  }

  /** The sender of a gossiped block does not give its transactions, or not soon: others are asked for the body. */
  onWithheld(hash: Uint8Array, sender: PeerId): void {
    this.#wanted.get(toHex(hash))?.lacking.add(sender);
    this.onAssembled();
  }

  /** A gossiped block is no longer worked on: when it did not come together, its body is fetched like any other. */
  onAssembled(): void {
    if (this.#wanted.size > 0) this.#schedule();
  }

  /** Bodies that are wanted and not here yet. */
  get missing(): number {
    return this.#wanted.size;
  }

  async answer(data: Uint8Array): Promise<Uint8Array> {
    const request = decodeRequest(data);
    if (!request.ok) throw new KvchainError('BAD_MESSAGE', request.error.detail);
    const { chain, snapshots } = this.#parts;
    const { value } = request;
    return isSnapshotRequest(value) ? snapshots.answer(value) : serve(chain, value);
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancelRetry?.();
    this.#wanted.clear();
    this.#peers.clear();
  }

  #follow(peer: SyncPeer): void {
    if (peer.isFollowing || this.#isStopped) return;
    peer.isFollowing = true;
    peer.owesHeaders = false;
    this.#followHeaders(peer)
      .catch(error => {
        peer.owesHeaders = isEnforced('sync headers again');
        this.#blame(peer.id, error);
      })
      .finally(() => {
        peer.isFollowing = false;
        if (peer.order !== null) this.#follow(peer);
        else this.#retryLater();
      });
  }

  /** More than is applied, not than what headers promise: who sent those may never give the bodies, and others are to be known then. */
  #claimsMore({ work }: SyncPeer): boolean {
    return work > this.#parts.driver.engine.view().head.work;
  }

  /** Peers that claim more work and did not answer when they were asked for it. */
  #debtors(): readonly SyncPeer[] {
    return [...this.#peers.values()].filter(peer => peer.owesHeaders && this.#claimsMore(peer));
  }

  /**
   * Asks one peer for headers, from where our chain leaves its, until it has no more, one is refused, or the engine wants others. Each
   * answer goes on where the last one ended, so there is an end; then what the peer claimed beyond what it showed is forgotten.
   */
  async #followHeaders(peer: SyncPeer): Promise<void> {
    const { driver, chain, blocks } = this.#parts;
    const known = await chain.locator(driver.engine.view().bestHeader.hash);
    let locator = (peer.order?.after ? [peer.order.after, ...known] : known).slice(0, wireLimits.locatorMax);
    peer.order = null;
    for (let reached: Uint8Array | null = null; this.#peers.get(peer.id) === peer; locator = [reached]) {
      const headers = await this.#askHeaders(peer.id, locator);
      const [first] = headers;
      const last = headers.at(-1);
      const continues = first === undefined || locator.some(hash => equalBytes(hash, first.header.parent));
      if (isEnforced('sync continues') && !continues && reached === null)
        throw new KvchainError('BAD_MESSAGE', 'headers that do not continue the locator');
      // A peer that changed its branch on the way begins anew: of its new branch we hear by gossip.
      const isGood = (continues || !isEnforced('sync continues')) && (await blocks.importHeaders(headers, peer.id));
      // The engine's own order for this peer comes before the rest of the list; what it did not take it asks for when there is room.
      if (peer.order !== null) return;
      const isLast = headers.length < this.#parts.limits.headersPerRequest || !isEnforced('sync batches');
      if (last === undefined || !isGood || isLast) {
        peer.work = 0n;
        return;
      }
      if (driver.engine.header(last.hash) === null) return;
      reached = last.hash;
    }
  }

  async #askHeaders(peer: PeerId, locator: readonly Uint8Array[]): Promise<readonly SealedHeader[]> {
    const limit = this.#parts.limits.headersPerRequest;
    const headers = decodeHeaders(await this.#request(peer, { type: 'getHeaders', locator, limit }));
    if (!headers.ok) throw new KvchainError('BAD_MESSAGE', headers.error.detail);
    return headers.value;
  }

  /** Gives every peer with a free place the oldest bodies that nobody is fetching. */
  #schedule(): void {
    if (this.#isStopped) return;
    for (const peer of this.#peers.values()) this.#give(peer);
    this.#tellUnserved();
    this.#retryLater();
  }

  /** The lowest body that is wanted and that every connected peer has pruned; null when there is none, or nobody to ask. */
  get unserved(): number | null {
    const servedFrom = Math.min(...Array.from(this.#peers.values(), peer => peer.blocksFrom));
    if (servedFrom === 0 || servedFrom === Number.POSITIVE_INFINITY) return null;
    const heights = Array.from(this.#wanted.values(), wanted => wanted.height).filter(height => height < servedFrom);
    return heights.length === 0 ? null : Math.min(...heights);
  }

  /** Waiting alone does not end this: a person, or discovery, has to bring a peer that holds more. */
  #tellUnserved(): void {
    const height = this.unserved;
    if (height === this.#toldUnserved) return;
    this.#toldUnserved = height;
    if (height === null) return;
    const pruned = `block ${height} was pruned by all connected peers (${this.#peers.size})`;
    const rest = 'sync goes on when a peer is connected that holds it';
    this.#parts.onFault(new KvchainError('HEIGHT_UNAVAILABLE', `${pruned}; ${rest}`));
  }

  /** Requests of one peer, as long as it has a free place and there is something to ask it for. */
  #give(peer: SyncPeer): void {
    while (isEnforced('sync bodies') && peer.requests < this.#parts.limits.requestsPerPeer) {
      const batch = this.#nextBatch(peer);
      if (batch.length === 0) return;
      this.#fetch(peer, batch);
    }
  }

  #nextBatch(peer: SyncPeer): Wanted[] {
    const batch: Wanted[] = [];
    for (const wanted of this.#wanted.values()) {
      if (batch.length === this.#parts.limits.bodiesPerRequest) break;
      // What gossip is putting together needs no second way.
      const isFree = wanted.peer === null && !this.#parts.blocks.isUnderWay(wanted.hash);
      const isServed = wanted.height >= peer.blocksFrom && !wanted.lacking.has(peer.id);
      if (isFree && isServed) batch.push(wanted);
    }
    return batch;
  }

  #fetch(peer: SyncPeer, batch: readonly Wanted[]): void {
    peer.requests += 1;
    for (const wanted of batch) wanted.peer = peer.id;
    this.#fetchBatch(peer.id, batch)
      .catch(error => {
        // One that went away and comes back is another peer, which may be asked at once.
        const isHere = this.#peers.get(peer.id) === peer && isEnforced('sync failed');
        if (isHere) for (const wanted of batch) wanted.lacking.add(peer.id);
        this.#blame(peer.id, error);
      })
      .finally(() => {
        peer.requests -= 1;
        for (const wanted of batch) if (wanted.peer === peer.id) wanted.peer = null;
        this.#schedule();
      });
  }

  async #fetchBatch(peer: PeerId, batch: readonly Wanted[]): Promise<void> {
    const hashes = batch.map(wanted => wanted.hash);
    const bodies = decodeBodies(await this.#request(peer, { type: 'getBodies', hashes }));
    if (!bodies.ok) throw new KvchainError('BAD_MESSAGE', bodies.error.detail);
    if (bodies.value.length === 0) throw new KvchainError('BAD_MESSAGE', 'an answer without a body');
    if (bodies.value.length > batch.length) throw new KvchainError('BAD_MESSAGE', 'more bodies than were asked for');
    // All at once: what was verified goes to the store, and to the ledger, while the next is decoded and verified.
    await Promise.all(
      batch.map(async (wanted, index) => {
        const body = bodies.value[index];
        if (body === undefined) return;
        const isGood = body !== null && (await this.#parts.blocks.importBody(wanted.hash, body, peer));
        if (isGood) this.forget(wanted.hash);
        else if (isEnforced('sync lacking')) wanted.lacking.add(peer);
      }),
    );
  }

  /** Who lacked a body may have it later; who did not answer, for bodies or for headers, may answer again. */
  #retryLater(): void {
    const isWaiting = this.#wanted.size > 0 || this.#debtors().length > 0;
    if (this.#cancelRetry !== null || !isWaiting || this.#isStopped) return;
    this.#cancelRetry = this.#parts.clock.setTimer(this.#parts.limits.retryMs, () => {
      this.#cancelRetry = null;
      if (isEnforced('sync retry')) for (const wanted of this.#wanted.values()) wanted.lacking.clear();
      for (const peer of this.#debtors()) this.#follow(peer);
      this.#schedule();
    });
  }

  #request(peer: PeerId, request: SyncRequest): Promise<Uint8Array> {
    return this.#parts.network.request(peer, encodeRequest(request), this.#parts.limits.requestTimeoutMs);
  }

  /** What a peer broke costs it; what broke here is told. */
  #blame(peer: PeerId, error: unknown): void {
    // A peer that went away in between owes nothing any more.
    if (this.#isStopped || !this.#peers.has(peer)) return;
    const costly: readonly ErrorCode[] = ['BAD_MESSAGE', 'PEER_TIMEOUT'];
    if (error instanceof KvchainError && costly.includes(error.code)) {
      this.#parts.network.penalize(peer, error.code, error.message);
    } else {
      this.#parts.onFault(error);
    }
  }
}
