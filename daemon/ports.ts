/**
 * The seven doors between the node and the world. The daemon opens them with libp2p, LevelDB and worker threads; the simulator with
 * virtual time, a seeded network and disks of its own. Nothing in the node's core reaches the world by another way.
 */
import type { ErrorCode } from '../chain/errors.ts';
import type { PeerId } from '../consensus/engine.ts';
import type { StoreBatch } from './failpoints.ts';

export type { PeerId };

/** Time. `now` is Unix milliseconds of the machine's clock (may jump); timers run on monotonic time. */
export interface Clock {
  now(): number;
  /** Monotonic milliseconds with a fraction, from an arbitrary start; for durations. */
  monotonic(): number;
  /** Calls back once after `afterMs`. The returned function cancels; it may be called at any time. */
  setTimer(afterMs: number, callback: () => void): () => void;
}

export interface Random {
  /** `length` random bytes. */
  bytes(length: number): Uint8Array;
}

/** One change of a batch; null deletes. */
export interface StoreWrite {
  readonly key: Uint8Array;
  readonly value: Uint8Array | null;
}

/** Keys from `from` (inclusive) to `to` (exclusive), ascending or descending. */
export interface StoreRange {
  readonly from: Uint8Array;
  readonly to: Uint8Array;
  readonly limit: number;
  readonly order: 'ascending' | 'descending';
}

export interface StoreRow {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** The rows as they were when it was made, for reads alone. It costs the space of what is overwritten meanwhile, so it is to be released. */
export interface FrozenStore {
  /** In the order of `keys`. */
  getMany(keys: readonly Uint8Array[]): Promise<readonly (Uint8Array | null)[]>;
  /** At most `limit` rows. */
  range(range: StoreRange): Promise<readonly StoreRow[]>;
  /** Nothing is read after it. */
  release(): Promise<void>;
}

/**
 * An ordered map of bytes on stable storage. Every value is checked against its checksum when read (DATABASE_DAMAGED). Faults of the
 * disk are thrown as KvchainError DISK_FAILED with their cause.
 */
export interface Store {
  get(key: Uint8Array): Promise<Uint8Array | null>;
  /** As `get`, while the caller's thread waits: for the few rows of a read that must not be interrupted. */
  getSync(key: Uint8Array): Uint8Array | null;
  /** In the order of `keys`. */
  getMany(keys: readonly Uint8Array[]): Promise<readonly (Uint8Array | null)[]>;
  /** At most `limit` rows. */
  range(range: StoreRange): Promise<readonly StoreRow[]>;
  /**
   * All or nothing, in order with every other write. `durable`: on stable storage, with all earlier writes, when it resolves. `name`
   * says what the batch is, for the failpoints.
   */
  write(batch: readonly StoreWrite[], durability: 'durable' | 'lazy', name: StoreBatch): Promise<void>;
  /** The rows as they are at this moment: every write that resolved is in it, none that begins later is. */
  freeze(): FrozenStore;
  /** Gives back the space of what was deleted from `from` to `to`; may take long. Not there where deleting alone does it. */
  compact?(range: Pick<StoreRange, 'from' | 'to'>): Promise<void>;
  /** Keeps a copy of the state tree's leaves (runs of 64-byte records) as of a block, in the place of the last one. */
  keepLeaves?(head: Uint8Array, leaves: Iterable<Uint8Array>): Promise<void>;
  /** The copy that was kept as of this block, or null. Error: DATABASE_DAMAGED. Not there, as `keepLeaves`, where rows read fast. */
  keptLeaves?(head: Uint8Array): Promise<readonly Uint8Array[] | null>;
  close(): Promise<void>;
}

/** An engine's records, each with length, sequence and checksum (W3): appended to, and replaced as a whole alone. */
export interface Log {
  /** On stable storage when it resolves. */
  append(records: readonly Uint8Array[]): Promise<void>;
  /** Puts these in the place of all records, which they stand for; after a crash on the way the log holds the old ones, or these. */
  replace(records: readonly Uint8Array[]): Promise<void>;
  /** All records, oldest first. */
  read(): Promise<readonly Uint8Array[]>;
  close(): Promise<void>;
}

export interface SignatureCheck {
  /** Its SHA-256 is what was signed; the verifier hashes it, off the main thread like all the rest. */
  readonly message: Uint8Array;
  /** 64 bytes, must be low-S. */
  readonly signature: Uint8Array;
  /** Compressed, 33 bytes. */
  readonly publicKey: Uint8Array;
}

/** secp256k1 in batches; many checks are done off the main thread. */
export interface Verifier {
  /** One answer a check, in order; a malformed key or signature is false. */
  verify(checks: readonly SignatureCheck[]): Promise<readonly boolean[]>;
  close(): Promise<void>;
}

/** One search: find a nonce for which SHA-256(contentHash || nonce), as a big-endian integer, is at most the target. */
export interface MiningJob {
  readonly contentHash: Uint8Array;
  /** 32 bytes, big-endian. */
  readonly target: Uint8Array;
}

export interface MinerStatus {
  readonly threads: number;
  /** Hashes per second over the last seconds, all threads; 0 when idle. */
  readonly hashRate: number;
  /** The throttle, all threads together; null is as fast as it goes. */
  readonly rateMax: number | null;
}

/** Searches nonces. At most one job at a time. */
export interface Miner {
  /** Replaces the running job. The callback gets the 32-byte nonce, at most once, never after the job was replaced or stopped. */
  search(job: MiningJob, onFound: (nonce: Uint8Array) => void): void;
  stop(): void;
  configure(settings: { readonly threads?: number; readonly rateMax?: number | null }): void;
  status(): MinerStatus;
  close(): Promise<void>;
}

export type Topic = 'transactions' | 'blocks';

/** What becomes of a gossip message: passed on, dropped without harm, or dropped at its forwarder's cost. */
export type GossipVerdict = 'accept' | 'ignore' | 'reject';

export interface PeerInfo {
  readonly id: PeerId;
  readonly address: string;
  readonly direction: 'inbound' | 'outbound';
  /** From 100 down to 0, where the peer is banned. */
  readonly score: number;
  readonly roundTripMs: number | null;
  readonly connectedSinceMs: number;
}

/** What the node does with what arrives. The network bounds sizes, rates and counts before it calls. */
export interface NetworkHandlers {
  /** Our status message for a handshake, encoded now. */
  localStatus(): Uint8Array;
  /** The peer's status message. Returns null to welcome it, or the rejection that it is told before the connection closes. */
  onStatus(peer: PeerId, status: Uint8Array): { readonly code: ErrorCode; readonly detail: string } | null;
  /** Called once after a handshake that both sides accepted. */
  onPeer(peer: PeerId): void;
  onPeerGone(peer: PeerId): void;
  onGossip(topic: Topic, from: PeerId, data: Uint8Array): Promise<GossipVerdict>;
  /** Answers a sync request; a KvchainError tells the peer its code and costs it that code's penalty. */
  onRequest(peer: PeerId, data: Uint8Array): Promise<Uint8Array>;
  /** A member's engine message over the long-lived stream. */
  onMessage(peer: PeerId, data: Uint8Array): void;
}

export interface Network {
  readonly self: PeerId;
  start(handlers: NetworkHandlers): Promise<void>;
  /** Gossips to all; an own message that was sent already is not sent again. */
  publish(topic: Topic, data: Uint8Array): Promise<void>;
  /** One request, one answer. Throws KvchainError PEER_TIMEOUT, BAD_MESSAGE or the code that the peer answered with. */
  request(peer: PeerId, data: Uint8Array, timeoutMs: number): Promise<Uint8Array>;
  /** Sends an engine message to one peer, in order; dropped when the peer is not connected. */
  send(peer: PeerId, data: Uint8Array): void;
  /** Lowers the peer's score by the penalty of `code`; at 0 it is disconnected and banned for a while. */
  penalize(peer: PeerId, code: ErrorCode, detail: string): void;
  peers(): readonly PeerInfo[];
  /** Listen addresses that others can dial, with the peer id. */
  addresses(): readonly string[];
  /** How many peers that this node dialled are of another network. */
  strangers(): number;
  addPeer(address: string): Promise<PeerId>;
  removePeer(peer: PeerId): Promise<void>;
  stop(): Promise<void>;
}
