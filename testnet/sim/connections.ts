/**
 * Who a simulated machine is connected to: dialling and dialling again, the handshake by the node's own status messages, heartbeats by
 * which a cut or a death is noticed, and bans. The order of calls to the node is the contract of NetworkHandlers.
 */
import { type Rejection, unreachable } from '../../chain/errors.ts';
import type { NetworkHandlers, PeerId } from '../../daemon/ports.ts';
import type { Chance } from './chance.ts';
import type { Life } from './life.ts';
import type { SurePacket } from './packet.ts';
import type { Wires } from './wires.ts';

export const connectionLimits = {
  handshakeTimeoutMs: 4_000,
  heartbeatMs: 3_000,
  /** Silence after which a peer is taken for dead. */
  silenceMs: 10_000,
  redialMinMs: 500,
  redialMaxMs: 8_000,
} as const;

/** One connection, seen from one end. `open` after the handshake, when the node was told. */
export interface Session {
  readonly id: number;
  readonly peer: PeerId;
  readonly direction: 'inbound' | 'outbound';
  readonly sinceMs: number;
  state: 'opening' | 'open' | 'ended';
  heardMs: number;
  /** Messages sent and received: they stay in order. */
  sent: number;
  received: number;
}

export interface ConnectionParts {
  readonly self: PeerId;
  readonly wires: Wires;
  readonly life: Life;
  readonly chance: Chance;
  readonly nowMs: () => number;
  readonly isBanned: (peer: PeerId) => boolean;
  /** Told of each end of a session, before the node is. */
  readonly onEnd: (session: Session) => void;
}

export class Connections {
  readonly #parts: ConnectionParts;
  readonly #handlers: NetworkHandlers;
  readonly #sessions = new Map<PeerId, Session>();
  /** Peers that this machine dials -> the wait before the next try. */
  readonly #dialled = new Map<PeerId, number>();
  #isStopped = false;

  constructor(parts: ConnectionParts, handlers: NetworkHandlers) {
    this.#parts = parts;
    this.#handlers = handlers;
  }

  /** Open sessions, in the order in which they began. */
  open(): Session[] {
    return [...this.#sessions.values()].filter(session => session.state === 'open');
  }

  /** The open session with `peer`, or null. */
  with(peer: PeerId): Session | null {
    const session = this.#sessions.get(peer);
    return session?.state === 'open' ? session : null;
  }

  /** Dials now, and again whenever there is no connection. */
  dialAlways(peer: PeerId): void {
    if (this.#dialled.has(peer)) return;
    this.#dialled.set(peer, connectionLimits.redialMinMs);
    this.#dial(peer);
  }

  /** Ends the connection and dials no more. */
  forget(peer: PeerId): void {
    this.#dialled.delete(peer);
    this.end(peer, null);
  }

  stop(): void {
    this.#isStopped = true;
    this.#dialled.clear();
    for (const peer of [...this.#sessions.keys()]) this.end(peer, null);
  }

  /** Ends the connection with `peer`, if there is one, and tells it. */
  end(peer: PeerId, refusal: Rejection | null): void {
    const session = this.#sessions.get(peer);
    if (session === undefined) return;
    this.#send(peer, { carriage: 'sure', type: 'close', session: session.id, refusal });
    this.#drop(session);
  }

  /** True when the packet belongs to the open session with `from`; a sign of life of an unknown session is answered with its end. */
  hears(from: PeerId, id: number): Session | null {
    const session = this.#sessions.get(from);
    if (session?.id !== id) {
      this.#send(from, { carriage: 'sure', type: 'close', session: id, refusal: null });
      return null;
    }
    session.heardMs = this.#parts.nowMs();
    return session.state === 'open' ? session : null;
  }

  receive(from: PeerId, packet: SurePacket): void {
    if (this.#isStopped) return;
    switch (packet.type) {
      case 'hello':
        this.#onHello(from, packet.session, packet.status);
        break;
      case 'welcome':
        this.#onWelcome(from, packet.session, packet.status);
        break;
      case 'ready':
        this.#onReady(from, packet.session);
        break;
      case 'heartbeat':
        this.hears(from, packet.session);
        break;
      case 'close':
        this.#onClose(from, packet.session);
        break;
      default:
        unreachable(packet);
    }
  }

  #dial(peer: PeerId): void {
    if (this.#isStopped || !this.#dialled.has(peer) || this.#sessions.has(peer)) return;
    if (this.#parts.isBanned(peer)) {
      this.#dialLater(peer);
      return;
    }
    const session = this.#begin(peer, this.#parts.wires.nextSession(), 'outbound');
    const status = this.#handlers.localStatus();
    this.#send(peer, { carriage: 'sure', type: 'hello', session: session.id, status });
  }

  #dialLater(peer: PeerId): void {
    const waitMs = this.#dialled.get(peer);
    if (waitMs === undefined || this.#isStopped) return;
    this.#dialled.set(peer, Math.min(2 * waitMs, connectionLimits.redialMaxMs));
    this.#parts.life.after(waitMs * (0.5 + this.#parts.chance.fraction() / 2), () => this.#dial(peer));
  }

  #onHello(from: PeerId, id: number, status: Uint8Array): void {
    if (this.#parts.isBanned(from)) {
      this.#refuse(from, id, { code: 'RATE_EXCEEDED', detail: 'banned' });
      return;
    }
    // Whoever dials anew has lost the connection that it had.
    const old = this.#sessions.get(from);
    if (old) this.#drop(old);
    const refusal = this.#handlers.onStatus(from, status);
    if (refusal) {
      this.#refuse(from, id, refusal);
      return;
    }
    this.#begin(from, id, 'inbound');
    this.#send(from, { carriage: 'sure', type: 'welcome', session: id, status: this.#handlers.localStatus() });
  }

  #onWelcome(from: PeerId, id: number, status: Uint8Array): void {
    const session = this.#opening(from, id);
    if (session === null) return;
    const refusal = this.#handlers.onStatus(from, status);
    if (refusal) {
      this.end(from, refusal);
      return;
    }
    this.#send(from, { carriage: 'sure', type: 'ready', session: id });
    this.#dialled.set(from, connectionLimits.redialMinMs);
    this.#welcome(session);
  }

  #onReady(from: PeerId, id: number): void {
    const session = this.#opening(from, id);
    if (session) this.#welcome(session);
  }

  #onClose(from: PeerId, id: number): void {
    const session = this.#sessions.get(from);
    if (session?.id === id) this.#drop(session);
  }

  #opening(from: PeerId, id: number): Session | null {
    const session = this.#sessions.get(from);
    return session?.id === id && session.state === 'opening' ? session : null;
  }

  #welcome(session: Session): void {
    session.state = 'open';
    session.heardMs = this.#parts.nowMs();
    this.#beat(session);
    this.#handlers.onPeer(session.peer);
  }

  #begin(peer: PeerId, id: number, direction: 'inbound' | 'outbound'): Session {
    const nowMs = this.#parts.nowMs();
    const session: Session = {
      id,
      peer,
      direction,
      sinceMs: nowMs,
      state: 'opening',
      heardMs: nowMs,
      sent: 0,
      received: 0,
    };
    this.#sessions.set(peer, session);
    this.#parts.life.after(connectionLimits.handshakeTimeoutMs, () => {
      if (session.state === 'opening') this.end(peer, null);
    });
    return session;
  }

  #beat(session: Session): void {
    this.#parts.life.after(connectionLimits.heartbeatMs, () => {
      if (session.state !== 'open') return;
      if (this.#parts.nowMs() - session.heardMs > connectionLimits.silenceMs) {
        this.end(session.peer, null);
        return;
      }
      this.#send(session.peer, { carriage: 'sure', type: 'heartbeat', session: session.id });
      this.#beat(session);
    });
  }

  #drop(session: Session): void {
    const wasOpen = session.state === 'open';
    session.state = 'ended';
    this.#sessions.delete(session.peer);
    this.#parts.onEnd(session);
    if (wasOpen) this.#handlers.onPeerGone(session.peer);
    this.#dialLater(session.peer);
  }

  #refuse(peer: PeerId, session: number, refusal: Rejection): void {
    this.#send(peer, { carriage: 'sure', type: 'close', session, refusal });
  }

  #send(peer: PeerId, packet: SurePacket): void {
    if (this.#parts.life.isAlive) this.#parts.wires.send(this.#parts.self, peer, packet);
  }
}
