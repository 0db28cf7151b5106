/**
 * The Network of daemon/ports.ts over libp2p: it builds the parts, tells them of connections that open and close, and is what the
 * node sees of them.
 */
import type { Connection, Libp2p, PrivateKey, Stream } from '@libp2p/interface';
import { peerIdFromPrivateKey } from '@libp2p/peer-id';
import { multiaddr } from '@multiformats/multiaddr';
import { assert, type ErrorCode, errorRow, KvchainError } from '../../chain/errors.ts';
import type { Clock, Network, NetworkHandlers, PeerId, PeerInfo, Random, Topic } from '../ports.ts';
import { type DialAddress, isDialable, parseAddress, type Scope } from './addresses.ts';
import { Candidates } from './candidates.ts';
import { deadline, type Surroundings, textOf } from './conduct.ts';
import { Dialing } from './dialing.ts';
import { Exchange } from './exchange.ts';
import { FramedStream } from './framed-stream.ts';
import { createGater } from './gater.ts';
import { Gossip } from './gossip.ts';
import { greet, Refused } from './handshake.ts';
import { createNode, readIdentity, startNode } from './libp2p-node.ts';
import { type NetworkLimits, networkLimits } from './limits.ts';
import type { NetworkLog } from './log.ts';
import { Messages } from './messages.ts';
import { openStream, Requests } from './requests.ts';
import { PeerScores } from './scores.ts';
import { type Session, Sessions } from './sessions.ts';
import { type ProtocolNames, protocolNames } from './wire.ts';

/** Where addresses of peers outlive a restart. Failures are logged, not passed on. */
export interface AddressBook {
  load(): Promise<readonly string[]>;
  save(addresses: readonly string[]): Promise<void>;
}

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
  /** Others than networkLimits. */
  readonly limits?: Partial<NetworkLimits>;
}

/** How long a refused peer may take to read why. */
const lingerMs = 1_000;
/** How often the peers' addresses are saved. */
const saveIntervalMs = 60_000;

/**
 * Creates a network that is not started. Throws KvchainError BAD_KEY_FILE or BAD_ADDRESS (listen, bootstrap). Its start throws
 * PORT_IN_USE with the port, or BAD_CONFIG.
 */
export async function createLibp2pNetwork(options: NetworkOptions): Promise<Libp2pNetwork> {
  const privateKey = await readIdentity(options.identity);
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
  readonly #candidates: Candidates;
  readonly #surroundings: Surroundings;
  readonly #gossip: Gossip;
  readonly #requests: Requests;
  readonly #messages: Messages;
  readonly #exchange: Exchange;
  readonly #dialing: Dialing;
  readonly #blockedPeers = new Set<PeerId>();
  readonly #stopping = new AbortController();
  #running: { readonly node: Libp2p; readonly handlers: NetworkHandlers } | null = null;
  #cancelSave: () => void = () => {};

  constructor(settings: Settings) {
    const { clock, log, random, privateKey } = settings;
    this.self = peerIdFromPrivateKey(privateKey).toString();
    this.#settings = settings;
    this.#limits = { ...networkLimits, ...settings.limits };
    this.#names = protocolNames(settings.chainIdHex);
    this.#scores = new PeerScores(clock, this.#limits);
    this.#sessions = new Sessions(this.self, clock);
    this.#candidates = new Candidates({ random, limits: this.#limits, self: this.self });
    const penalize = this.penalize.bind(this);
    this.#surroundings = { clock, log, limits: this.#limits, sessions: this.#sessions, penalize };
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
      isRefused: peer => this.#isRefused(peer),
    });
  }

  async start(handlers: NetworkHandlers): Promise<void> {
    assert(this.#running === null, 'a network is started once');
    const { privateKey, listen, reach, isMdnsOn, chainIdHex, bootstrap } = this.#settings;
    const node = await createNode({
      privateKey,
      listen,
      limits: this.#limits,
      gater: createGater({
        limits: this.#limits,
        scores: this.#scores,
        sessions: this.#sessions,
        blockedPeers: this.#blockedPeers,
      }),
      isPrivateNetwork: reach.has('loopback') || reach.has('private'),
      mdnsName: isMdnsOn ? `_kvchain-${chainIdHex.slice(0, 16)}._udp.local` : null,
      createGossip: components => this.#gossip.create(components),
      onDiscovered: addresses => this.#onDiscovered(addresses),
    });
    this.#running = { node, handlers };
    await this.#serve(node, handlers);
    node.addEventListener('connection:open', ({ detail }) => this.#onOpen(detail));
    node.addEventListener('connection:close', ({ detail }) => this.#onClose(detail));
    await startNode(node, listen);
    this.#gossip.start(handlers.onGossip);
    for (const address of bootstrap) this.#candidates.add(address, 'configured');
    await this.#loadAddresses();
    this.#dialing.start();
    this.#saveLater();
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

  /** Cuts the link to a peer both ways until fixLink; for test networks. */
  failLink(peer: PeerId): void {
    this.#blockedPeers.add(peer);
    const session = this.#sessions.find(peer);
    if (session !== null) this.#sessions.end(session, 'link cut');
  }

  fixLink(peer: PeerId): void {
    this.#blockedPeers.delete(peer);
    this.#dialing.wake();
  }

  async stop(): Promise<void> {
    if (this.#running === null || this.#stopping.signal.aborted) return;
    this.#stopping.abort();
    this.#cancelSave();
    const stopped = this.#dialing.stop();
    await this.#saveAddresses();
    await this.#running.node.stop();
    await stopped;
  }

  async #serve(node: Libp2p, handlers: NetworkHandlers): Promise<void> {
    const { status, peers, sync, consensus } = this.#names;
    const { requestStreamsPerPeerMax } = this.#limits;
    await node.handle(status, (stream, connection) => this.#onGreeting(stream, connection), { maxInboundStreams: 1 });
    await node.handle(peers, this.#exchange.serve(), { maxInboundStreams: 2 });
    await node.handle(sync, this.#requests.serve(handlers.onRequest), { maxInboundStreams: requestStreamsPerPeerMax });
    await node.handle(consensus, this.#messages.serve(handlers.onMessage), { maxInboundStreams: 1 });
  }

  /** Whoever dialled opens the handshake; the other waits for it. */
  #onOpen(connection: Connection): void {
    const session = this.#sessions.open(connection);
    if (session === null) return;
    const { clock, log } = this.#settings;
    const cancel = clock.setTimer(this.#limits.handshakeTimeoutMs, () => {
      this.#sessions.end(session, 'no handshake in time');
    });
    void session.outcome.then(cancel); // An outcome does not reject.
    if (session.direction === 'inbound') return;
    const { signal, cancel: cancelOpen } = deadline(clock, this.#limits.handshakeTimeoutMs);
    openStream(session, this.#names.status, signal)
      .then(stream => this.#shakeHands(session, stream))
      .catch((error: unknown) => {
        log.debug({ peer: session.peer, error: textOf(error) }, 'handshake failed');
        this.#sessions.end(session, 'handshake failed');
      })
      .finally(cancelOpen);
  }

  async #onGreeting(stream: Stream, connection: Connection): Promise<void> {
    const session = this.#sessions.of(connection);
    if (session === null || session.direction === 'outbound' || session.isGreeting) {
      stream.abort(new Error('a handshake out of place'));
      return;
    }
    await this.#shakeHands(session, stream);
  }

  async #shakeHands(session: Session, stream: Stream): Promise<void> {
    assert(this.#running !== null, 'connections come after the start');
    const { handlers } = this.#running;
    const { clock } = this.#settings;
    const { statusBytesMax, handshakeTimeoutMs: timeoutMs } = this.#limits;
    const { peer, direction } = session;
    session.isGreeting = true;
    const framed = new FramedStream(stream, {
      clock,
      frameBytesMax: statusBytesMax,
      sendBytesMax: statusBytesMax,
      frameTimeoutMs: timeoutMs,
    });
    try {
      session.roundTripMs = await greet({ peer, direction, stream: framed, handlers, clock, timeoutMs });
    } catch (error) {
      this.#turnAway(session, error);
      return;
    }
    if (this.#sessions.of(session.connection) !== session) return;
    session.isWelcome = true;
    session.settle(null);
    handlers.onPeer(peer);
    this.#gossip.welcome(session);
    this.#dialing.greeted(session);
  }

  /** A handshake failed. Whom we refuse gets time to read why; lies cost at once; that the peer refused us, or left, costs nothing. */
  #turnAway(session: Session, error: unknown): void {
    const { clock, log } = this.#settings;
    const { peer } = session;
    const failure =
      error instanceof KvchainError ? error : new KvchainError('INTERNAL', 'handshake failed', { cause: error });
    session.settle(failure);
    if (failure instanceof Refused)
      log.info({ peer, code: failure.code, detail: failure.message }, 'handshake refused');
    else log.debug({ peer, code: failure.code, detail: textOf(failure) }, 'handshake failed');
    const isPeersDoing = failure instanceof Refused ? failure.by === 'us' : failure.cause === undefined;
    if (isPeersDoing) this.#scores.penalize(peer, errorRow(failure.code).penalty);
    const afterMs = failure instanceof Refused && failure.by === 'us' ? lingerMs : 0;
    const cancel = clock.setTimer(afterMs, () => this.#sessions.end(session, 'handshake failed'));
    void session.closed.then(cancel); // It does not reject.
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

  /** libp2p would remember every identity that ever connected. */
  #forget({ remotePeer }: Connection): void {
    this.#running?.node.peerStore.delete(remotePeer).catch((error: unknown) => {
      this.#settings.log.debug({ error: textOf(error) }, 'peer store');
    });
  }

  /** Connects and waits for the handshake. */
  async #dial(text: string): Promise<Session> {
    assert(this.#running !== null, 'dialling comes after the start');
    const { signal, cancel } = deadline(this.#settings.clock, this.#limits.dialTimeoutMs);
    try {
      const any = AbortSignal.any([signal, this.#stopping.signal]);
      const connection = await this.#running.node.dial(multiaddr(text), { signal: any });
      const session = this.#sessions.of(connection) ?? this.#sessions.find(connection.remotePeer.toString());
      const outcome = session === null ? new KvchainError('PEER_TIMEOUT', 'closed at once') : await session.outcome;
      if (session === null || outcome !== null) throw outcome;
      return session;
    } catch (error) {
      if (error instanceof Refused) throw error;
      throw new KvchainError('UNREACHABLE', `no peer at ${text}: ${textOf(error)}`, { cause: error });
    } finally {
      cancel();
    }
  }

  #charge(peer: PeerId, points: number, reason: string): void {
    const { log } = this.#settings;
    if (points > 0) log.debug({ peer, points, reason }, 'peer penalized');
    if (!this.#scores.penalize(peer, points)) return;
    log.info({ peer, reason }, 'peer banned');
    const session = this.#sessions.find(peer);
    if (session !== null) this.#sessions.end(session, 'banned');
  }

  #isRefused(peer: PeerId): boolean {
    return this.#blockedPeers.has(peer) || this.#scores.isBanned(peer);
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

  async #loadAddresses(): Promise<void> {
    const { addressBook, log } = this.#settings;
    try {
      const known = await addressBook.load();
      for (const text of known.slice(0, this.#limits.rememberedMax)) {
        const address = parseAddress(text);
        if (address !== null && address.peer !== null) this.#candidates.add(address, 'learned');
      }
    } catch (error) {
      log.warn({ error: textOf(error) }, 'remembered addresses cannot be read');
    }
  }

  async #saveAddresses(): Promise<void> {
    const { addressBook, log } = this.#settings;
    try {
      const addresses = this.#candidates.proven(() => true, this.#limits.rememberedMax);
      if (addresses.length > 0) await addressBook.save(addresses.map(address => address.text));
    } catch (error) {
      log.warn({ error: textOf(error) }, 'peer addresses cannot be saved');
    }
  }

  #saveLater(): void {
    this.#cancelSave = this.#settings.clock.setTimer(saveIntervalMs, () => {
      void this.#saveAddresses(); // It logs its failures.
      this.#saveLater();
    });
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
