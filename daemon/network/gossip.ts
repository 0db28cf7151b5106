/**
 * Gossip of transactions and blocks over gossipsub: who takes part (peers after their handshake alone), what is passed on (what the
 * node accepted), what invalid messages and frames cost, and how much may wait.
 *
 * Nothing is signed here, for transactions and blocks are signed themselves; a message's id is the SHA-256 of its data. A validator
 * may take its time: gossipsub stores and forwards a message after the verdict, so none is lost however late the verdict comes.
 */
import type { GossipSub, TopicValidatorFn } from '@chainsafe/libp2p-gossipsub';
import type { Connection, Stream } from '@libp2p/interface';
import { failpoint } from '#failpoint';
import { KvchainError } from '../../chain/errors.ts';
import { sha256 } from '../../chain/hash.ts';
import type { GossipVerdict, NetworkHandlers, PeerId, Topic } from '../ports.ts';
import { admit, blame, deadline, type Surroundings, textOf } from './conduct.ts';
import { setFlow } from './framed-stream.ts';
import { checkFrames, rpcLimits } from './gossip-frames.ts';
import { gossipProtocol, gossipsub, StrictNoSign, TopicValidatorResult } from './libp2p.ts';
import type { NetworkLimits } from './limits.ts';
import type { Outlet } from './links.ts';
import { openStream } from './requests.ts';
import type { Session } from './sessions.ts';

type Components = Parameters<ReturnType<typeof gossipsub>>[0];
type Registrar = Components['registrar'];
type Topology = Parameters<Registrar['register']>[1];
type StreamHandler = Parameters<Registrar['handle']>[1];
type TopicNames = { readonly [T in Topic]: string };

const topicsOf = (names: TopicNames): readonly (readonly [Topic, string])[] => [
  ['transactions', names.transactions],
  ['blocks', names.blocks],
];

/** What is judged for one peer, and the stream that waits meanwhile. */
interface Inbox {
  judging: number;
  stream: Stream | null;
  /** Ours to the peer, opened once. */
  connection: Promise<Connection> | null;
}

export interface GossipRules {
  /** Of our own kind, from 0 to scoreMax. */
  score(peer: PeerId): number;
  /** A peer's message was rejected: beside the gossip score, its own score pays. */
  onReject(peer: PeerId): void;
}

export class Gossip {
  readonly #surroundings: Surroundings;
  readonly #names: TopicNames;
  readonly #rules: GossipRules;
  readonly #inboxes = new WeakMap<Session, Inbox>();
  readonly #topologies: Topology[] = [];
  #gossipsub: GossipSub | null = null;

  constructor(surroundings: Surroundings, names: TopicNames, rules: GossipRules) {
    this.#surroundings = surroundings;
    this.#names = names;
    this.#rules = rules;
  }

  /** The libp2p service. gossipsub sees the network through our registrar, so that it meets peers after their handshake alone. */
  create(components: Components): GossipSub {
    const { privateKey, peerId, peerStore, connectionManager, logger } = components;
    const registrar = this.#guard(components.registrar);
    const topics = topicsOf(this.#names).map(([, name]) => name);
    const options = gossipOptions(topics, this.#surroundings.limits, peer => this.#rules.score(peer));
    this.#gossipsub = gossipsub(options)({ privateKey, peerId, peerStore, connectionManager, logger, registrar });
    return this.#gossipsub;
  }

  /** Subscribes; to be called when libp2p runs. */
  start(onGossip: NetworkHandlers['onGossip']): void {
    for (const [topic, name] of topicsOf(this.#names)) {
      this.#gossipsub?.topicValidators.set(name, this.#validator(topic, onGossip));
      this.#gossipsub?.subscribe(name);
    }
  }

  /** Sends to all peers. Nothing happens for a message that was sent or received before, and without peers. */
  async publish(topic: Topic, data: Uint8Array): Promise<void> {
    const { gossipBytesMax } = this.#surroundings.limits;
    if (data.length > gossipBytesMax) {
      throw new KvchainError('TOO_LARGE', `gossip too large: ${data.length} bytes, at most ${gossipBytesMax}`);
    }
    const name = this.#names[topic];
    // gossipsub would remember the message as sent, and refuse to send it when there are peers again.
    if (this.#gossipsub === null || this.#gossipsub.getSubscribers(name).length === 0) return;
    failpoint('before', `gossip-${topic}`);
    await this.#gossipsub.publish(name, data);
    failpoint('after', `gossip-${topic}`);
  }

  /** Lets a peer take part: our stream to it is opened first, for gossipsub opens streams one after the other, and one may hang. */
  welcome(session: Session): void {
    const { log, sessions } = this.#surroundings;
    this.#open(session)
      .then(connection => {
        if (sessions.welcome(session.peer) !== session) return;
        for (const topology of this.#topologies) void topology.onConnect?.(connection.remotePeer, connection); // It returns nothing.
      })
      .catch((error: unknown) => {
        log.debug({ peer: session.peer, error: textOf(error) }, 'no gossip stream');
        sessions.end(session, 'no gossip stream');
      });
  }

  leave({ connection }: Session): void {
    for (const topology of this.#topologies) void topology.onDisconnect?.(connection.remotePeer); // It returns nothing.
  }

  #validator(topic: Topic, onGossip: NetworkHandlers['onGossip']): TopicValidatorFn {
    const { limits, log, penalize, sessions } = this.#surroundings;
    return async (peerId, { data }) => {
      const peer = peerId.toString();
      const session = sessions.welcome(peer);
      if (session === null) return TopicValidatorResult.Ignore;
      if (data.length > limits.gossipBytesMax) {
        penalize(peer, 'TOO_LARGE', `gossip of ${data.length} bytes, at most ${limits.gossipBytesMax}`);
        return TopicValidatorResult.Reject;
      }
      this.#judge(session, 1);
      try {
        // A copy: what the node keeps of it must not keep the whole frame, nor be a Buffer of Node's.
        const verdict = await onGossip(topic, peer, new Uint8Array(data));
        if (verdict === 'reject') this.#rules.onReject(peer);
        return verdicts[verdict];
      } catch (error) {
        log.warn({ peer, topic, error: textOf(error) }, 'gossip handler failed');
        return TopicValidatorResult.Ignore;
      } finally {
        this.#judge(session, -1);
      }
    };
  }

  /** Counts what is judged for a peer; when it is much, no more is read from that peer until half of it is done. */
  #judge(session: Session, change: 1 | -1): void {
    const { gossipInboxMax } = this.#surroundings.limits;
    const inbox = this.#inbox(session);
    inbox.judging += change;
    const { stream, judging } = inbox;
    if (stream === null) return;
    if (judging >= gossipInboxMax) setFlow(stream, 'pause');
    else if (judging <= gossipInboxMax / 2) setFlow(stream, 'resume');
  }

  #inbox(session: Session): Inbox {
    const inbox = this.#inboxes.get(session) ?? { judging: 0, stream: null, connection: null };
    this.#inboxes.set(session, inbox);
    return inbox;
  }

  #guard(registrar: Registrar): Registrar {
    return {
      handle: (protocol, handler, options) => registrar.handle(protocol, this.#admitting(handler), options),
      unhandle: (protocol, options) => registrar.unhandle(protocol, options),
      // Several protocols are versions of one; each registers the same topology, and one is enough.
      register: async (_protocol, topology) => {
        if (this.#topologies.length === 0) this.#topologies.push(topology);
        return 'kvchain';
      },
      unregister: () => {
        this.#topologies.length = 0;
      },
      getProtocols: () => registrar.getProtocols(),
      getHandler: protocol => registrar.getHandler(protocol),
      getTopologies: protocol => registrar.getTopologies(protocol),
      use: (protocol, middleware) => registrar.use(protocol, middleware),
      unuse: protocol => registrar.unuse(protocol),
      getMiddleware: protocol => registrar.getMiddleware(protocol),
    };
  }

  /** gossipsub does not open a stream again that died, so its end ends the connection, and the next one starts afresh. */
  #admitting(handler: StreamHandler): StreamHandler {
    return async (stream: Stream, connection: Connection) => {
      const session = await admit(this.#surroundings, stream, connection);
      if (session === null) return;
      const inbox = this.#inbox(session);
      if (inbox.stream !== null) {
        stream.abort(new Error('a second gossip stream'));
        return;
      }
      inbox.stream = stream;
      const onEnd = () => this.#surroundings.sessions.end(session, 'the gossip stream ended');
      stream.addEventListener('close', onEnd);
      stream.addEventListener('end', onEnd);
      const ours = await this.#open(session);
      if (this.#surroundings.sessions.welcome(session.peer) !== session) return;
      // Both begin to listen before the stream delivers what has come already.
      this.#check(session, stream);
      await handler(stream, ours);
    };
  }

  #check(session: Session, stream: Stream): void {
    checkFrames(stream, this.#surroundings.limits.gossipFrameBytesMax).catch((error: unknown) => {
      blame(this.#surroundings, session.peer, error);
      this.#surroundings.sessions.end(session, 'the gossip stream broke');
    });
  }

  /** The connection as gossipsub may use it: the stream that it asks for is open already. */
  async #open(session: Session): Promise<Connection> {
    const inbox = this.#inbox(session);
    inbox.connection ??= this.#openStream(session);
    return await inbox.connection;
  }

  async #openStream(session: Session): Promise<Connection> {
    const { clock, limits, links } = this.#surroundings;
    const { signal, cancel } = deadline(clock, limits.handshakeTimeoutMs);
    try {
      const stream = guideSends(
        await openStream(session, gossipProtocol, signal),
        links.outlet(session.peer),
        limits.gossipOutboxBytesMax,
      );
      const connection: Connection = Object.create(session.connection, { newStream: { value: async () => stream } });
      return connection;
    } finally {
      cancel();
    }
  }
}

/** What of a stream is needed to send by a link's way out. */
type GuidedStream = Pick<Stream, 'send' | 'abort' | 'writableNeedsDrain'> & {
  safeDispatchEvent(type: 'drain'): boolean;
};

/**
 * Sends every frame that gossipsub writes by the link's way out, with the failpoints around it. gossipsub does not wait for room, so what
 * a slow link holds back has the bound of what a slow reader leaves unread, and ends the stream likewise.
 */
export function guideSends<S extends GuidedStream>(stream: S, outlet: Outlet, outboxBytesMax: number): S {
  const send = stream.send.bind(stream);
  let isFull = false;
  const tellRoom = async (): Promise<void> => {
    isFull = true;
    await outlet.room();
    isFull = false;
    // Otherwise the stream tells it itself, when its reader has read.
    if (!stream.writableNeedsDrain) stream.safeDispatchEvent('drain');
  };
  stream.send = data => {
    if (outlet.waitingBytes + data.byteLength > outboxBytesMax) {
      const error = new Error(`a slow link holds ${outlet.waitingBytes} bytes back, at most ${outboxBytesMax}`);
      stream.abort(error);
      throw error;
    }
    let hasRoom = true;
    failpoint('before', 'gossip-frame');
    outlet.send(data.byteLength, () => {
      hasRoom = send(data);
    });
    failpoint('after', 'gossip-frame');
    if (!outlet.hasRoom && !isFull) void tellRoom(); // Waiting for room does not fail.
    return hasRoom && outlet.hasRoom;
  };
  return stream;
}

const verdicts: { readonly [V in GossipVerdict]: TopicValidatorResult } = {
  accept: TopicValidatorResult.Accept,
  ignore: TopicValidatorResult.Ignore,
  reject: TopicValidatorResult.Reject,
};

/** Weight 0 switches a rule off; its other numbers must be there. */
const unusedWeights = {
  timeInMeshWeight: 0,
  timeInMeshQuantum: 1,
  timeInMeshCap: 1,
  firstMessageDeliveriesWeight: 0,
  firstMessageDeliveriesDecay: 0.5,
  firstMessageDeliveriesCap: 1,
  meshMessageDeliveriesWeight: 0,
  meshMessageDeliveriesDecay: 0.5,
  meshMessageDeliveriesCap: 1,
  meshMessageDeliveriesThreshold: 1,
  meshMessageDeliveriesWindow: 10,
  meshMessageDeliveriesActivation: 1_000,
  meshFailurePenaltyWeight: 0,
  meshFailurePenaltyDecay: 0.5,
} as const;

/**
 * Only invalid messages and our own score count: time in the mesh and rates of delivery say little in small networks. The weight of
 * many peers on one address is 0, or the mesh of a local network stays empty for ever.
 */
function gossipOptions(
  topics: readonly string[],
  limits: NetworkLimits,
  score: (peer: PeerId) => number,
): Parameters<typeof gossipsub>[0] {
  const topicScore = {
    topicWeight: 1,
    ...unusedWeights,
    invalidMessageDeliveriesWeight: -1,
    invalidMessageDeliveriesDecay: 0.99,
  };
  return {
    globalSignaturePolicy: StrictNoSign,
    msgIdFn: ({ data }) => sha256(data),
    allowedTopics: [...topics],
    allowPublishToZeroTopicPeers: true,
    ignoreDuplicatePublishError: true,
    floodPublish: true,
    batchPublish: true,
    fallbackToFloodsub: false,
    tagMeshPeers: false,
    doPX: false,
    mcacheGossip: 2,
    // A verdict may take longer than the usual 3 s; that is no broken promise of the peer that offered the message.
    gossipsubIWantFollowupMs: 60_000,
    maxInboundStreams: 1,
    maxOutboundStreams: 1,
    maxInboundDataLength: limits.gossipFrameBytesMax,
    maxOutboundBufferSize: limits.gossipOutboxBytesMax,
    decodeRpcLimits: rpcLimits,
    scoreParams: {
      IPColocationFactorWeight: 0,
      appSpecificScore: peer => score(peer) - limits.scoreMax,
      appSpecificWeight: 1,
      // A peer that reconnects grafts before its time is up without meaning harm.
      behaviourPenaltyThreshold: 6,
      topics: Object.fromEntries(topics.map(name => [name, topicScore])),
    },
    scoreThresholds: {
      gossipThreshold: -40,
      publishThreshold: -60,
      graylistThreshold: -150,
      acceptPXThreshold: 0,
      opportunisticGraftThreshold: 0,
    },
  };
}
