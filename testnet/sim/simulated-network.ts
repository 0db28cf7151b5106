/**
 * The Network port of one simulated machine: handshakes, gossip that is passed on when the node accepts it, requests that time out,
 * messages, scores and bans; the same promises that the node gets from libp2p, on wires that a seed disturbs.
 */
import { type ErrorCode, errorRow, KvchainError, type Rejection, type Result } from '../../chain/errors.ts';
import { networkLimits } from '../../daemon/network/limits.ts';
import { PeerScores } from '../../daemon/network/scores.ts';
import type { Clock, Network, NetworkHandlers, PeerId, PeerInfo, Topic } from '../../daemon/ports.ts';
import type { Chance } from './chance.ts';
import { Connections, type Session } from './connections.ts';
import { Gossip } from './gossip.ts';
import type { Life } from './life.ts';
import type { Packet } from './packet.ts';
import { Requests } from './requests.ts';
import type { Wires } from './wires.ts';

export interface NetworkParts {
  readonly self: PeerId;
  readonly wires: Wires;
  readonly life: Life;
  readonly clock: Clock;
  readonly chance: Chance;
  /** Whom to dial. */
  readonly bootstrap: readonly PeerId[];
  /** Told of each penalty, and whether it is enough to ban a peer that did nothing else. */
  readonly onPenalty: (peer: PeerId, rejection: Rejection, consequence: Consequence) => void;
  /** Told of each question of the node. */
  readonly onAsk: (asked: Asked) => void;
  /** Told of each block that is sent to all peers. */
  readonly onBlock: (data: Uint8Array) => void;
  /** Told of each message of the node to a member. */
  readonly onMessage: (peer: PeerId, message: Uint8Array) => void;
  /** Told of each status of the node that a handshake carries. */
  readonly onStatus: (status: Uint8Array) => void;
  /** Whether messages of members may come late, twice and in any order. */
  readonly isDisorderly: boolean;
  /** Told when a handler of the node throws what is no refusal. */
  readonly onFault: (error: unknown) => void;
}

export interface Asked {
  readonly peer: PeerId;
  readonly data: Uint8Array;
  readonly isConnected: boolean;
}

export type Consequence = 'light' | 'grave';

const addressPrefix = 'simulated:';

export class SimulatedNetwork implements Network {
  readonly self: PeerId;
  readonly #parts: NetworkParts;
  readonly #scores: PeerScores;
  #running: Running | null = null;

  constructor(parts: NetworkParts) {
    this.self = parts.self;
    this.#parts = parts;
    this.#scores = new PeerScores(parts.clock, networkLimits);
  }

  async start(handlers: NetworkHandlers): Promise<void> {
    const { wires, bootstrap, onStatus } = this.#parts;
    const localStatus = () => {
      const status = handlers.localStatus();
      onStatus(status);
      return status;
    };
    this.#running = this.#open({ ...handlers, localStatus });
    wires.attach(this);
    for (const peer of bootstrap) this.#running.connections.dialAlways(peer);
  }

  async publish(topic: Topic, data: Uint8Array): Promise<void> {
    this.#running?.gossip.publish(topic, data);
  }

  /** Gossip to one peer alone, as an attacker may. */
  whisper(peer: PeerId, topic: Topic, data: Uint8Array): void {
    const session = this.#running?.connections.with(peer);
    if (session) this.#send(session, { carriage: 'lossy', type: 'gossip', session: session.id, topic, data });
  }

  request(peer: PeerId, data: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    const { life, onAsk } = this.#parts;
    return life.go(async () => {
      if (this.#running === null) throw new KvchainError('STOPPING', 'the network is not running');
      onAsk({ peer, data, isConnected: this.#running.connections.with(peer) !== null });
      return this.#running.requests.ask(peer, data, timeoutMs);
    });
  }

  send(peer: PeerId, data: Uint8Array): void {
    const session = this.#running?.connections.with(peer);
    if (!session || !this.#parts.life.isAlive) return;
    session.sent += 1;
    this.#send(session, { carriage: 'lossy', type: 'message', session: session.id, order: session.sent, data });
    this.#parts.onMessage(peer, data);
  }

  penalize(peer: PeerId, code: ErrorCode, detail: string): void {
    this.#charge(peer, errorRow(code).penalty, { code, detail });
  }

  peers(): readonly PeerInfo[] {
    const open = this.#running?.connections.open() ?? [];
    return open.map(({ peer, direction, sinceMs }) => ({
      id: peer,
      address: addressPrefix + peer,
      direction,
      score: this.#scores.score(peer),
      roundTripMs: null,
      connectedSinceMs: sinceMs,
    }));
  }

  addresses(): readonly string[] {
    return [addressPrefix + this.self];
  }

  strangers(): number {
    return 0;
  }

  async addPeer(address: string): Promise<PeerId> {
    if (!address.startsWith(addressPrefix)) throw new KvchainError('BAD_ADDRESS', `not an address here: ${address}`);
    const peer = address.slice(addressPrefix.length);
    this.#scores.forgive(peer);
    this.#running?.connections.dialAlways(peer);
    return peer;
  }

  async removePeer(peer: PeerId): Promise<void> {
    this.#running?.connections.forget(peer);
  }

  async stop(): Promise<void> {
    this.#running?.connections.stop();
    this.#parts.wires.detach(this);
    this.#running = null;
  }

  /** From the wires. */
  receive(from: PeerId, packet: Packet): void {
    const running = this.#running;
    if (running === null || !this.#parts.life.isAlive) return;
    if (packet.carriage === 'sure') {
      running.connections.receive(from, packet);
      return;
    }
    const session = running.connections.hears(from, packet.session);
    if (session === null) return;
    switch (packet.type) {
      case 'gossip':
        running.gossip.receive(session, packet.topic, packet.data.slice());
        break;
      case 'request':
        running.requests.serve(session, packet.id, packet.data.slice());
        break;
      case 'answer':
        running.requests.settle(session, packet.id, copyOf(packet.answer));
        break;
      case 'message':
        if (packet.order <= session.received && !this.#parts.isDisorderly) break;
        session.received = Math.max(session.received, packet.order);
        running.handlers.onMessage(from, packet.data.slice());
        break;
    }
  }

  #open(handlers: NetworkHandlers): Running {
    const { self, wires, life, chance, clock, onFault, onBlock } = this.#parts;
    const nowMs = () => clock.monotonic();
    const isBanned = (peer: PeerId) => this.#scores.isBanned(peer);
    const send = (session: Session, packet: Packet) => this.#send(session, packet);
    const onEnd = (session: Session) => requests.onEnd(session);
    const connections = new Connections({ self, wires, life, chance, nowMs, isBanned, onEnd }, handlers);
    const onReject = (peer: PeerId) => {
      const rejection: Rejection = { code: 'BAD_MESSAGE', detail: 'gossip that was rejected' };
      this.#charge(peer, networkLimits.rejectedGossipPenalty, rejection);
    };
    const gossip = new Gossip({ life, nowMs, connections, handlers, send, onReject, onBlock, onFault });
    const onRefusal = (peer: PeerId, { code, message }: KvchainError) => this.penalize(peer, code, message);
    const requests = new Requests({ life, connections, handlers, send, onRefusal, onFault });
    return { handlers, connections, gossip, requests };
  }

  #send(session: Session, packet: Packet): void {
    if (this.#parts.life.isAlive) this.#parts.wires.send(this.self, session.peer, packet);
  }

  #charge(peer: PeerId, points: number, rejection: Rejection): void {
    if (!this.#parts.life.isAlive) return;
    if (points <= 0) return;
    const isBanned = this.#scores.penalize(peer, points);
    const isGrave = points >= networkLimits.scoreMax && this.#scores.isBanned(peer);
    this.#parts.onPenalty(peer, rejection, isGrave ? 'grave' : 'light');
    if (isBanned) this.#running?.connections.end(peer, rejection);
  }
}

interface Running {
  readonly handlers: NetworkHandlers;
  readonly connections: Connections;
  readonly gossip: Gossip;
  readonly requests: Requests;
}

/** Machines share no memory: what one changes in its bytes must not change in another's. */
function copyOf(answer: Result<Uint8Array>): Result<Uint8Array> {
  return answer.ok ? { ok: true, value: answer.value.slice() } : answer;
}
