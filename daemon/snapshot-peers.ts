/**
 * The peers of a node that fetches a snapshot and is nothing else yet: to them it is one that begins and holds block 0 alone, and it takes
 * none of their gossip. Who sends what no honest peer sends pays, and is not asked again.
 */
import { KvchainError, type Result, reject, unreachable } from '../chain/errors.ts';
import { chainIdOf, type Genesis } from '../chain/genesis.ts';
import { makeGenesisBlock } from '../chain/genesis-block.ts';
import type { Clock, Network, NetworkHandlers, PeerId } from './ports.ts';
import { encodeOffers } from './snapshot-wire.ts';
import { readStatus } from './welcome.ts';
import {
  decodeRequest,
  encodeBodies,
  encodeHeaders,
  encodeRequest,
  encodeStatus,
  encodeTransactions,
  type SyncRequest,
  workFromBytes,
} from './wire.ts';

const peersLimits = {
  /** With so many peers nobody else is waited for. */
  enough: 4,
  /** How long more peers are waited for once there is one. */
  gatherMs: 3_000,
  /** Between two looks whether there are peers. */
  lookMs: 250,
  /** One peer is asked no more often: it puts up with 100 requests a second. */
  askEveryMs: 12,
  /** A peer that does not answer by then pays for it. */
  requestTimeoutMs: 15_000,
} as const;

interface JoinPeer {
  readonly id: PeerId;
  /** What it claims, until its headers have shown less. */
  work: bigint;
  /** When it may be asked again. */
  nextMs: number;
}

export interface SnapshotPeersParts {
  readonly genesis: Genesis;
  readonly network: Network;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

export class SnapshotPeers {
  readonly #parts: SnapshotPeersParts;
  readonly #chainId: Uint8Array;
  readonly #claims = new Map<PeerId, bigint>();
  readonly #peers = new Map<PeerId, JoinPeer>();
  /** Peers that broke a rule. */
  readonly #faulty = new Set<PeerId>();
  /** Peers that did not give what they offered, or not in time. */
  readonly #avoided = new Set<PeerId>();

  constructor(parts: SnapshotPeersParts) {
    this.#parts = parts;
    this.#chainId = chainIdOf(parts.genesis);
  }

  /** Whom to ask, who claims most work first. */
  get list(): readonly PeerId[] {
    const asked = [...this.#peers.values()].filter(({ id }) => !this.#isLeft(id));
    return asked.sort((a, b) => (a.work > b.work ? -1 : Number(a.work < b.work))).map(({ id }) => id);
  }

  start(): Promise<void> {
    const handlers: NetworkHandlers = {
      localStatus: () => this.#localStatus(),
      onStatus: (peer, bytes) => {
        const status = readStatus(this.#chainId, bytes);
        if (!status.ok) return status.error;
        this.#claims.set(peer, workFromBytes(status.value.work));
        return null;
      },
      onPeer: id => this.#peers.set(id, { id, work: this.#claims.get(id) ?? 0n, nextMs: 0 }),
      onPeerGone: id => {
        this.#peers.delete(id);
        this.#claims.delete(id);
      },
      onGossip: async () => 'ignore',
      onRequest: async (_peer, data) => {
        const request = decodeRequest(data);
        if (!request.ok) throw new KvchainError('BAD_MESSAGE', request.error.detail);
        return emptyAnswer(request.value);
      },
      onMessage: () => {},
    };
    return this.#parts.network.start(handlers);
  }

  /** Waits for a peer, and then a little for others. */
  async gather(): Promise<void> {
    const { clock } = this.#parts;
    let firstMs: number | null = null;
    for (;;) {
      const count = this.list.length;
      if (count >= peersLimits.enough) return;
      if (count > 0) firstMs ??= clock.monotonic();
      if (firstMs !== null && clock.monotonic() - firstMs >= peersLimits.gatherMs) return;
      await this.sleep(peersLimits.lookMs);
    }
  }

  /** The answer, or null when there is none that is of use: what that costs the peer it has paid. */
  async ask<T>(id: PeerId, request: SyncRequest, decode: (bytes: Uint8Array) => Result<T>): Promise<T | null> {
    await this.#pace(id);
    if (this.#isLeft(id)) return null;
    const answer = await this.#request(id, request);
    this.#assertGoingOn();
    if (!answer.ok) {
      if (answer.error.code === 'BAD_MESSAGE') this.blame(id, answer.error);
      if (answer.error.code === 'PEER_TIMEOUT') this.#parts.network.penalize(id, 'PEER_TIMEOUT', answer.error.detail);
      return null;
    }
    const decoded = decode(answer.value);
    if (decoded.ok) return decoded.value;
    this.blame(id, { code: 'BAD_MESSAGE', detail: decoded.error.detail });
    return null;
  }

  /** Nobody asks more often than peers put up with. */
  async #pace(id: PeerId): Promise<void> {
    const peer = this.#peers.get(id);
    if (peer === undefined) return;
    const nowMs = this.#parts.clock.monotonic();
    const dueMs = Math.max(nowMs, peer.nextMs);
    peer.nextMs = dueMs + peersLimits.askEveryMs;
    if (dueMs > nowMs) await this.sleep(dueMs - nowMs);
  }

  /** The peer broke this rule: it pays, and is not asked again. */
  blame(id: PeerId, { code, detail }: { readonly code: KvchainError['code']; readonly detail: string }): void {
    this.#faulty.add(id);
    this.#parts.network.penalize(id, code, detail);
  }

  /** The peer is not asked again, unless nobody else is left. */
  avoid(id: PeerId): void {
    this.#avoided.add(id);
  }

  /** Forgets what was claimed beyond what was shown. */
  showed(id: PeerId, work: bigint): void {
    const peer = this.#peers.get(id);
    if (peer !== undefined) peer.work = work;
  }

  /** When nobody is left, those who did not give what they offered are asked again: they may have it now. */
  forgive(): void {
    if (this.list.length === 0) this.#avoided.clear();
  }

  /** Throws KvchainError STOPPING as soon as the node is to stop. */
  async sleep(ms: number): Promise<void> {
    await this.rest(ms, this.#parts.signal);
    this.#assertGoingOn();
  }

  /** Waits so long, or until it is told to end. */
  async rest(ms: number, ended: AbortSignal): Promise<void> {
    await new Promise<void>(resolve => {
      const end = () => {
        cancel();
        ended.removeEventListener('abort', end);
        resolve();
      };
      const cancel = this.#parts.clock.setTimer(ms, end);
      ended.addEventListener('abort', end);
      if (ended.aborted) end();
    });
  }

  #isLeft(id: PeerId): boolean {
    return this.#faulty.has(id) || this.#avoided.has(id);
  }

  async #request(id: PeerId, request: SyncRequest): Promise<Result<Uint8Array>> {
    try {
      const bytes = await this.#parts.network.request(id, encodeRequest(request), peersLimits.requestTimeoutMs);
      return { ok: true, value: bytes };
    } catch (error) {
      if (error instanceof KvchainError) return reject(error.code, error.message);
      throw error;
    }
  }

  #assertGoingOn(): void {
    if (this.#parts.signal.aborted) throw new KvchainError('STOPPING', 'the node is stopping');
  }

  #localStatus(): Uint8Array {
    const { genesis, network } = this.#parts;
    return encodeStatus({
      chainId: this.#chainId,
      engine: genesis.engine,
      headHash: makeGenesisBlock(genesis).hash,
      headHeight: 0,
      work: new Uint8Array(0),
      finalHeight: 0,
      blocksFrom: 0,
      addresses: network.addresses(),
      memberProof: null,
    });
  }
}

/** What a node answers that holds nothing above block 0. Throws KvchainError HEIGHT_UNAVAILABLE, which costs nobody, for a state. */
function emptyAnswer(request: SyncRequest): Uint8Array {
  switch (request.type) {
    case 'getHeaders':
      return encodeHeaders([]);
    case 'getBodies':
      return encodeBodies(request.hashes.map(() => null));
    case 'getTransactions':
      return encodeTransactions(request.witnessIds.map(() => null));
    case 'getSnapshots':
      return encodeOffers([]);
    case 'getState':
      throw new KvchainError('HEIGHT_UNAVAILABLE', 'this node fetches a snapshot itself');
    default:
      return unreachable(request);
  }
}
