/**
 * The Network of daemon/ports.ts over libp2p: it builds the parts, tells them of connections that open and close, and is what the
 * node sees of them.
 */
import type { Connection, Libp2p, PrivateKey } from '@libp2p/interface';
import { assert, type ErrorCode, errorRow, KvchainError } from '../../chain/errors.ts';
import type { Clock, Network, NetworkHandlers, PeerId, PeerInfo, Random, Topic } from '../ports.ts';
import { type DialAddress, isDialable, parseAddress, type Scope } from './addresses.ts';
import { Arrivals } from './arrivals.ts';
import { Candidates } from './candidates.ts';
import { deadline, type Surroundings, textOf } from './conduct.ts';
import { Dialing } from './dialing.ts';
import { Exchange } from './exchange.ts';
import { createGater } from './gater.ts';
import { Gossip } from './gossip.ts';
import { Refused } from './handshake.ts';
import { multiaddr, peerIdFromPrivateKey } from './libp2p.ts';
import { createNode, readIdentity, startNode } from './libp2p-node.ts';
import { type NetworkLimits, networkLimits } from './limits.ts';
import { Links } from './links.ts';
import type { NetworkLog } from './log.ts';
import { type AddressBook, AddressMemory } from './memory.ts';
import { Messages } from './messages.ts';
import { Requests } from './requests.ts';
import { PeerScores } from './scores.ts';
import { type Session, Sessions } from './sessions.ts';
import { Strangers } from './strangers.ts';
import { type ProtocolNames, protocolNames } from './wire.ts';

export interface NetworkOptions {
  /** 32 bytes, or a private key in libp2p's protobuf form; the peer id follows from it, so it must be kept. */
  readonly identity: Uint8Array;
  /** Multiaddresses to listen on; port 0 takes a free one. */
  readonly listen: readonly string[];
  /** Multiaddresses of peers to connect to for ever, with or without a peer id. */
  readonly bootstrap: readonly string[];
  /** 64 hexadecimal digits. */
  readonly chainIdHex: string;
  /** Multicast on all interfaces, to find nodes of this chain on the LAN. */
  readonly isMdnsOn: boolean;
  /** Addresses of loopback and of private ranges that peers tell are dialled, beside those that the operator's own addresses imply. */
  readonly isPrivateAllowed: boolean;
  readonly addressBook: AddressBook;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: NetworkLog;
  /** Faults on purpose; without it there are none. */
  readonly links?: Links;
  /** Others than networkLimits. */
  readonly limits?: Partial<NetworkLimits>;
}

/**
 * Creates a network that is not started. Throws KvchainError BAD_KEY_FILE or BAD_ADDRESS (listen, bootstrap). Its start throws
 * PORT_IN_USE with the port, or BAD_CONFIG.
 */
export async function createLibp2pNetwork(options: NetworkOptions): Promise<Libp2pNetwork> {
  const privateKey = readIdentity(options.identity);
  const listen = options.listen.map(readAddress);
  const bootstrap = options.bootstrap.map(readAddress);
  return new Libp2pNetwork({ ...options, privateKey, reach: reachOf(options, [...listen, ...bootstrap]), bootstrap });
}

interface Settings extends Omit<NetworkOptions, 'bootstrap'> {
  readonly privateKey: PrivateKey;
  readonly bootstrap: readonly DialAddress[];
  readonly reach: ReadonlySet<Scope>;
}

export class Libp2pNetwork implements Network {
  readonly self: PeerId;
  readonly #settings: Settings;
  readonly #limits: NetworkLimits;
  readonly #names: ProtocolNames;
  readonly #scores: PeerScores;
  readonly #sessions: Sessions;
  readonly #links: Links;
  readonly #candidates: Candidates;
  readonly #surroundings: Surroundings;
  readonly #gossip: Gossip;
  readonly #requests: Requests;
  readonly #messages: Messages;
  readonly #exchange: Exchange;
  readonly #dialing: Dialing;
  readonly #memory: AddressMemory;
  readonly #strangers: Strangers;
  readonly #stopping = new AbortController();
  #endLinks: () => void = () => {};
  #running: { readonly node: Libp2p; readonly handlers: NetworkHandlers } | null = null;

  constructor(settings: Settings) {
    const { clock, log, random, privateKey } = settings;
    this.self = peerIdFromPrivateKey(privateKey).toString();
    this.#settings = settings;
    this.#limits = { ...networkLimits, ...settings.limits };
    this.#names = protocolNames(settings.chainIdHex);
    this.#scores = new PeerScores(clock, this.#limits);
    this.#sessions = new Sessions(this.self, clock);
    this.#links = settings.links ?? new Links({ clock, random });
    this.#candidates = new Candidates({
      random,
      limits: this.#limits,
      self: this.self,
      isHeld: peer => this.#sessions.find(peer)?.direction === 'outbound',
      isOnline: () => this.#sessions.all().length > 0,
    });
    const penalize = this.penalize.bind(this);
    this.#surroundings = { clock, log, limits: this.#limits, sessions: this.#sessions, links: this.#links, penalize };
    this.#gossip = new Gossip(this.#surroundings, this.#names.topics, {
      score: peer => this.#scores.score(peer),
      onReject: peer => this.#charge(peer, this.#limits.rejectedGossipPenalty, 'rejected gossip'),
    });
    this.#requests = new Requests(this.#surroundings, this.#names.sync);
    this.#messages = new Messages(this.#surroundings, this.#names.consensus);
    this.#exchange = new Exchange(this.#surroundings, {
      protocol: this.#names.peers,
      candidates: this.#candidates,
      scopes: settings.reach,
      ownPorts: () => this.#ownPorts(),
      onLearned: () => this.#dialing.wake(),
    });
    this.#dialing = new Dialing(this.#surroundings, {
      candidates: this.#candidates,
      random,
      dial: address => this.#dial(address),
      ask: session => this.#exchange.ask(session),
      isRefused: peer => this.#scores.isBanned(peer) || this.#links.of(peer).isFailed,
    });
    this.#strangers = new Strangers(log, this.#limits.strangersMax);
    this.#memory = new AddressMemory(this.#surroundings, this.#candidates, settings.addressBook);
  }

  async start(handlers: NetworkHandlers): Promise<void> {
    assert(this.#running === null, 'a network is started once');
    const { privateKey, listen, reach, isMdnsOn, chainIdHex, bootstrap } = this.#settings;
    const node = await createNode({
      privateKey,
      listen,
      limits: this.#limits,
      clock: this.#surroundings.clock,
      gater: createGater({
        limits: this.#limits,
        scores: this.#scores,
        sessions: this.#sessions,
        links: this.#links,
      }),
      isPrivateNetwork: reach.has('loopback') || reach.has('private'),
      mdnsName: isMdnsOn ? `_kvchain-${chainIdHex.slice(0, 16)}._udp.local` : null,
      createGossip: components => this.#gossip.create(components),
      onDiscovered: addresses => this.#onDiscovered(addresses),
    });
    this.#running = { node, handlers };
    const arrivals = new Arrivals(this.#surroundings, {
      protocol: this.#names.status,
      scores: this.#scores,
      handlers,
      onWelcome: session => this.#onWelcome(session, handlers),
    });
    await node.handle(this.#names.status, arrivals.serve(), { maxInboundStreams: 1 });
    await this.#serve(node, handlers);
    node.addEventListener('connection:open', ({ detail }) => arrivals.opened(detail));
    node.addEventListener('connection:close', ({ detail }) => this.#onClose(detail));
    await startNode(node, listen);
    this.#gossip.start(handlers.onGossip);
    for (const address of bootstrap) this.#candidates.add(address, 'configured');
    await this.#memory.start();
    this.#dialing.start();
    this.#endLinks = this.#links.onChange(peer => this.#onLink(peer));
  }

  publish(topic: Topic, data: Uint8Array): Promise<void> {
    return this.#gossip.publish(topic, data);
  }

  request(peer: PeerId, data: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    return this.#requests.request(peer, data, timeoutMs);
  }

  send(peer: PeerId, data: Uint8Array): void {
    this.#messages.send(peer, data);
  }

  penalize(peer: PeerId, code: ErrorCode, detail: string): void {
    this.#charge(peer, errorRow(code).penalty, `${code}: ${detail}`);
  }

  peers(): readonly PeerInfo[] {
    const welcome = this.#sessions.all().filter(session => session.isWelcome);
    return welcome.map(({ peer, connection, direction, roundTripMs, connectedSinceMs }) => ({
      id: peer,
      address: connection.remoteAddr.toString(),
      direction,
      score: Math.round(this.#scores.score(peer)),
      roundTripMs: connection.rtt ?? roundTripMs,
      connectedSinceMs,
    }));
  }

  addresses(): readonly string[] {
    return this.#running?.node.getMultiaddrs().map(address => address.toString()) ?? [];
  }

  strangers(): number {
    return this.#strangers.count;
  }

  /** Connects, forgives what the peer did, and keeps redialling it. Throws BAD_ADDRESS, UNREACHABLE, or the refusal's code. */
  async addPeer(text: string): Promise<PeerId> {
    const address = readAddress(text);
    if (address.peer === this.self) throw new KvchainError('BAD_ADDRESS', `${text} is this node itself`);
    if (address.peer !== null) this.#scores.forgive(address.peer);
    const { peer } = await this.#dial(address.text);
    const candidate = this.#candidates.add(address, 'configured');
    if (candidate !== null) this.#candidates.succeeded(candidate, this.#settings.clock.monotonic());
    return peer;
  }

  /** Disconnects, and refuses the peer for banMs or until addPeer names it. Throws NOT_FOUND. */
  async removePeer(peer: PeerId): Promise<void> {
    const session = this.#sessions.find(peer);
    if (session === null) throw new KvchainError('NOT_FOUND', `no peer ${peer}`);
    this.#candidates.forget(peer);
    this.#scores.ban(peer);
    this.#sessions.end(session, 'removed by the operator');
    await session.closed;
  }

  async stop(): Promise<void> {
    if (this.#running === null || this.#stopping.signal.aborted) return;
    this.#stopping.abort();
    this.#endLinks();
    const stopped = this.#dialing.stop();
    await this.#memory.stop();
    await this.#running.node.stop();
    await stopped;
  }

  async #serve(node: Libp2p, handlers: NetworkHandlers): Promise<void> {
    const { peers, sync, consensus } = this.#names;
    const { requestStreamsPerPeerMax } = this.#limits;
    await node.handle(peers, this.#exchange.serve(), { maxInboundStreams: 2 });
    await node.handle(sync, this.#requests.serve(handlers.onRequest), { maxInboundStreams: requestStreamsPerPeerMax });
    await node.handle(consensus, this.#messages.serve(handlers.onMessage), { maxInboundStreams: 1 });
  }

  #onWelcome(session: Session, handlers: NetworkHandlers): void {
    this.#strangers.delete(session.peer);
    handlers.onPeer(session.peer);
    this.#gossip.welcome(session);
    this.#dialing.greeted(session);
  }

  #onClose(connection: Connection): void {
    const session = this.#sessions.close(connection);
    if (session === null) return;
    if (session.isWelcome) {
      this.#gossip.leave(session);
      this.#running?.handlers.onPeerGone(session.peer);
    }
    if (this.#sessions.find(session.peer) === null) this.#forget(connection);
    this.#dialing.wake();
  }

  /** Hanging up alone would be undone by the next dial, which the gater refuses. A link that is mended is dialled when its time has come. */
  #onLink(peer: PeerId): void {
    const session = this.#sessions.find(peer);
    if (session !== null && this.#links.of(peer).isFailed) this.#sessions.end(session, 'the link was failed');
    this.#dialing.wake();
  }

  /** libp2p would remember every identity that ever connected. */
  #forget({ remotePeer }: Connection): void {
    this.#running?.node.peerStore.delete(remotePeer).catch((error: unknown) => {
      this.#settings.log.debug({ error: textOf(error) }, 'peer store');
    });
  }

  /** Connects and waits for the handshake. Throws the refusal's code, BAD_ADDRESS when it reached this node, or UNREACHABLE. */
  async #dial(text: string): Promise<Session> {
    assert(this.#running !== null, 'dialling comes after the start');
    const { node } = this.#running;
    const { signal, cancel } = deadline(this.#settings.clock, this.#limits.dialTimeoutMs, this.#stopping.signal);
    try {
      const connection = await node.dial(multiaddr(text), { signal });
      const session = await this.#handshaken(connection).catch(error => {
        throw this.#strangers.judge(connection.remotePeer.toString(), error);
      });
      session.dialled = text;
      return session;
    } catch (error) {
      if (error instanceof Refused) throw error;
      // libp2p's name for whom it found at the other end: itself.
      if (error instanceof Error && error.name === 'InvalidPeerIdError')
        throw new KvchainError('BAD_ADDRESS', `${text} is this node itself`);
      throw new KvchainError('UNREACHABLE', `no peer at ${text}: ${textOf(error)}`, { cause: error });
    } finally {
      cancel();
    }
  }

  /**
   * The peer's session once its handshake ended well. When both dialled at once, one of the two connections goes, and the other one counts.
   * Throws why there is none.
   */
  async #handshaken(connection: Connection): Promise<Session> {
    const peer = connection.remotePeer.toString();
    const first = this.#sessions.of(connection) ?? this.#sessions.find(peer);
    const outcome = first === null ? new KvchainError('PEER_TIMEOUT', 'closed at once') : await first.outcome;
    if (first !== null && outcome === null) return first;
    const other = this.#sessions.find(peer);
    if (other === null || other === first || (await other.outcome) !== null) throw outcome;
    return other;
  }

  #charge(peer: PeerId, points: number, reason: string): void {
    const { log } = this.#settings;
    if (points > 0) log.debug({ peer, points, reason }, 'peer penalized');
    if (!this.#scores.penalize(peer, points)) return;
    log.info({ peer, reason }, 'peer banned');
    const session = this.#sessions.find(peer);
    if (session !== null) this.#sessions.end(session, 'banned');
  }

  #ownPorts(): readonly number[] {
    const ports = this.addresses().map(text => parseAddress(text)?.port ?? 0);
    return [...new Set(ports)].filter(port => port > 0);
  }

  /** Whoever speaks multicast DNS to us is on our LAN, so its private addresses are good. */
  #onDiscovered(addresses: readonly string[]): void {
    const scopes = new Set<Scope>([...this.#settings.reach, 'private']);
    for (const text of addresses) {
      const address = parseAddress(text);
      if (address !== null && isDialable(address, scopes)) this.#candidates.add(address, 'learned');
    }
    this.#dialing.wake();
  }
}

function readAddress(text: string): DialAddress {
  const address = parseAddress(text);
  if (address === null) {
    throw new KvchainError(
      'BAD_ADDRESS',
      `not an address: ${text}, expected /ip4/HOST/tcp/PORT or /dns4/HOST/tcp/PORT, /p2p/ID may follow`,
    );
  }
  return address;
}

/** Strangers' addresses are dialled in the ranges in which the operator's own addresses lie. */
function reachOf({ isPrivateAllowed }: NetworkOptions, own: readonly DialAddress[]): ReadonlySet<Scope> {
  const scopes = own.map(({ scope }) => scope).filter(scope => scope !== 'none');
  const allowed: readonly Scope[] = isPrivateAllowed ? ['private', 'loopback'] : [];
  return new Set<Scope>(['public', ...allowed, ...scopes]);
}
