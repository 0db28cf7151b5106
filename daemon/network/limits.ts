/**
 * Every bound of the peer-to-peer network in one place: what a peer may cost us in connections, streams, memory, time and requests.
 * docs/operate/limits is generated from the comments.
 */
import { wireLimits } from '../wire.ts';

/** The bounds of one node; tests and test networks may set their own. */
export type NetworkLimits = { readonly [K in keyof typeof networkLimits]: number };

export const networkLimits = {
  /** Peers that we look for ourselves. What others dial never takes these places, so that nobody can surround a node (P1). */
  outboundPeersTarget: 8,
  /** Connections that others opened, handshaken or not; one more is refused before it is encrypted. */
  inboundPeersMax: 40,
  /** Of these, at most so many from one public subnet (/24 of IPv4, /48 of IPv6). */
  inboundPerSubnetMax: 8,
  /** Inbound connections that are not encrypted yet. */
  pendingConnectionsMax: 32,
  /** New connections a second from one host; in private networks, where one host runs many nodes, the second. */
  connectionsPerSecondPerHost: 10,
  connectionsPerSecondPerPrivateHost: 1_000,
  /** Streams that one peer may have open, all protocols together. */
  streamsPerPeerMax: 64,
  /** Requests of one peer that are answered at the same time; one more is reset. */
  requestStreamsPerPeerMax: 16,
  /** Answers that are made for and written to one peer at the same time; its other requests wait. Each may be answerBytesMax in memory. */
  answersAtOncePerPeerMax: 2,
  /** Milliseconds a second that making answers for one peer may take in the long run, and at once; beyond it, answers wait. */
  answeringMsPerSecond: 500,
  answeringMsBurst: 2_000,
  /** Our own requests to one peer at the same time; others wait. */
  requestsInFlightPerPeerMax: 8,
  /** Our own requests that wait for one peer; one more fails with RATE_EXCEEDED. */
  requestsWaitingPerPeerMax: 256,
  /** Requests a second that a peer may make in the long run, and at once; one more is answered RATE_EXCEEDED and costs its penalty. */
  requestsPerSecond: 100,
  requestsBurst: 400,
  /** Engine messages a second that are read from a peer in the long run, and at once; beyond it, reading waits. */
  messagesPerSecond: 2_000,
  messagesBurst: 8_000,
  /** Questions for addresses a second that a peer may ask in the long run, and at once. */
  exchangesPerSecond: 1,
  exchangesBurst: 10,
  /** A frame of the handshake: a status message, or a refusal. */
  statusBytesMax: wireLimits.statusBytesMax,
  /** A frame with a request on the sync protocol. */
  requestBytesMax: wireLimits.requestBytesMax,
  /** A frame with an answer on the sync protocol. */
  answerBytesMax: wireLimits.answerBytesMax,
  /** One gossip message; a compact block is the largest, a batch of transactions is 256 KiB. */
  gossipBytesMax: wireLimits.compactBlockBytesMax,
  /** One frame of the gossip stream, which may carry several messages. */
  gossipFrameBytesMax: 4_194_304,
  /** Gossip that waits to be written to one peer; a slower reader is disconnected. */
  gossipOutboxBytesMax: 8_388_608,
  /** Gossip messages of one peer that are being judged; beyond it, reading from that peer waits. */
  gossipInboxMax: 64,
  /** Bytes that a link slowed on purpose holds back of one stream, at which who writes to it waits. */
  delayedBytesMax: 4_194_304,
  /** One frame from member to member; the largest holds a block. */
  messageBytesMax: wireLimits.memberFrameBytesMax,
  /** Engine messages that wait to be written to one peer; when it is full the peer is disconnected, for engines resend by state. */
  messageOutboxBytesMax: 16_777_216,
  /** Addresses in one answer of the peer exchange, and text bytes of one address. */
  exchangeAddressesMax: 64,
  addressBytesMax: 256,
  /** Addresses known at once, and remembered over restarts. */
  candidatesMax: 1_024,
  rememberedMax: 256,
  /** Of these, the ones connected longest, which are dialled before all others after a restart, and beside the peers that we look for (P1). */
  anchorsMax: 4,
  /** Addresses that a peer which dialled us says to listen at; a newer one takes the place of the oldest. */
  locatedPerPeerMax: 4,
  /** Dials at the same time. */
  dialsMax: 2,
  /** How long a dial, encryption included, may take; a loaded machine needs seconds. */
  dialTimeoutMs: 15_000,
  /** How long after the connection both sides must have accepted each other. */
  handshakeTimeoutMs: 10_000,
  /** How long one frame may take from its first byte to its last, and one write until it is taken. */
  frameTimeoutMs: 20_000,
  /** How often peers are pinged, and how long an answer may take; a dead peer is gone after their sum, 28 s. */
  pingIntervalMs: 8_000,
  pingTimeoutMs: 20_000,
  /** First wait before a peer is dialled again; doubles with each failure up to the maximum, half of it by chance. */
  redialMinMs: 1_000,
  redialMaxMs: 300_000,
  /** The maximum for peers that the operator named, and for all while no peer is connected. */
  redialConfiguredMaxMs: 20_000,
  /** Failures in a row, while another peer is connected, after which an address that the operator did not name is forgotten. */
  dialFailuresMax: 8,
  /** Between two questions for addresses while peers are wanted, and when there are enough. */
  exchangeHungryMs: 10_000,
  exchangeContentMs: 120_000,
  /** Dialled peers of other networks that are remembered, to tell why nobody is connected; the oldest goes first. */
  strangersMax: 64,
  /** A score at the start, and what it regains a minute. */
  scoreMax: 100,
  scorePerMinute: 1,
  /** What a gossip message costs its forwarder that our node rejected, beside what the node takes by the message's code. */
  rejectedGossipPenalty: 20,
  /** How long a ban lasts, and how many bans and scores are remembered. */
  banMs: 600_000,
  scoresMax: 4_096,
} as const;
