/**
 * Which connections there are and which of them are peers: one connection a peer, none before its handshake. Everything else that
 * serves a peer asks here first.
 */
import type { Connection } from '@libp2p/interface';
import { KvchainError } from '../../chain/errors.ts';
import type { Clock, PeerId } from '../ports.ts';
import { type DialAddress, parseAddress, subnetOf } from './addresses.ts';
import { abortConnection } from './framed-stream.ts';

/** How a handshake ended: null when both sides accepted, else why not. */
export type Outcome = KvchainError | null;

/** One connection, from its opening to its end. */
export class Session {
  readonly peer: PeerId;
  readonly connection: Connection;
  readonly connectedSinceMs: number;
  readonly direction: 'inbound' | 'outbound';
  /** Where the other end is seen; its port is the listening one only when we dialled. */
  readonly remote: DialAddress | null;
  /** Resolves once, when the handshake ended. */
  readonly outcome: Promise<Outcome>;
  /** Resolves when the connection is closed. */
  readonly closed: Promise<void>;
  /** The handshake's stream came. */
  isGreeting = false;
  /** Both sides accepted. */
  isWelcome = false;
  /** It is being broken off. */
  isEnding = false;
  roundTripMs: number | null = null;
  /** The address that we dialled for it. */
  dialled: string | null = null;
  #settle: (outcome: Outcome) => void = () => {};
  #close: () => void = () => {};

  constructor(connection: Connection, clock: Clock) {
    this.peer = connection.remotePeer.toString();
    this.connection = connection;
    this.connectedSinceMs = clock.now();
    this.direction = connection.direction;
    this.remote = parseAddress(connection.remoteAddr.toString());
    this.outcome = new Promise(resolve => {
      this.#settle = resolve;
    });
    this.closed = new Promise(resolve => {
      this.#close = resolve;
    });
  }

  settle(outcome: Outcome): void {
    this.#settle(outcome);
  }

  /** The connection is closed; a handshake that runs has failed. */
  close(): void {
    this.#settle(new KvchainError('PEER_TIMEOUT', 'the connection closed during the handshake'));
    this.#close();
  }
}

export class Sessions {
  readonly #self: PeerId;
  readonly #clock: Clock;
  readonly #byConnection = new Map<string, Session>();
  readonly #byPeer = new Map<PeerId, Session>();

  constructor(self: PeerId, clock: Clock) {
    this.#self = self;
    this.#clock = clock;
  }

  /** Registers a connection that opened; null when the peer's other connection is kept instead. The loser of the two is closed. */
  open(connection: Connection): Session | null {
    const session = new Session(connection, this.#clock);
    const other = this.#byPeer.get(session.peer);
    if (other !== undefined && !this.#replaces(session, other)) {
      abortConnection(connection, new Error('a second connection to the same peer'));
      return null;
    }
    if (other !== undefined) this.end(other, 'replaced by a newer connection');
    this.#byConnection.set(connection.id, session);
    this.#byPeer.set(session.peer, session);
    return session;
  }

  of(connection: Connection): Session | null {
    return this.#byConnection.get(connection.id) ?? null;
  }

  /** The peer's session after its handshake. */
  welcome(peer: PeerId): Session | null {
    const session = this.#byPeer.get(peer);
    return session?.isWelcome === true ? session : null;
  }

  /** The peer's session, handshaken or not. */
  find(peer: PeerId): Session | null {
    return this.#byPeer.get(peer) ?? null;
  }

  all(): readonly Session[] {
    return [...this.#byPeer.values()];
  }

  count(direction: 'inbound' | 'outbound'): number {
    return this.all().filter(session => session.direction === direction).length;
  }

  /** Inbound connections from the subnet of `address`; 0 where subnets are not counted. */
  countSubnet(address: DialAddress): number {
    const subnet = subnetOf(address);
    if (subnet === null) return 0;
    return this.all().filter(
      ({ direction, remote }) => direction === 'inbound' && remote && subnetOf(remote) === subnet,
    ).length;
  }

  /** Forgets a connection that closed; null when it was not, or no longer, ours. */
  close(connection: Connection): Session | null {
    const session = this.#byConnection.get(connection.id);
    if (session === undefined) return null;
    this.#byConnection.delete(connection.id);
    if (this.#byPeer.get(session.peer) === session) this.#byPeer.delete(session.peer);
    session.close();
    return session;
  }

  /** Breaks a connection off; its close event does the rest. */
  end(session: Session, reason: string): void {
    if (session.isEnding) return;
    session.isEnding = true;
    // Not at once: who is just closing the connection, or one of its streams, must come to an end first.
    queueMicrotask(() => abortConnection(session.connection, new Error(reason)));
  }

  /**
   * Both ends must keep the same one. When both dialled at once, it is the one that the smaller id dialled; when one dialled again, it
   * has lost the first, so the newer one.
   */
  #replaces(session: Session, other: Session): boolean {
    if (session.direction === other.direction) return true;
    const isOurs = session.direction === 'outbound';
    return isOurs === this.#self < session.peer;
  }
}
