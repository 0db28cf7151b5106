/** The node over fakes: a clock that is moved by hand, a network and a miner that remember what they were told, counted signatures. */

import { type Block, encodeBody } from '../chain/block.ts';
import { toHex } from '../chain/bytes.ts';
import type { ErrorCode } from '../chain/errors.ts';
import { KvchainError } from '../chain/errors.ts';
import { chainIdOf } from '../chain/genesis.ts';
import { signerOf } from '../chain/transaction.ts';
import { miner, genesis as usualGenesis } from './chain-fixture.suite.ts';
import { InlineVerifier } from './crypto/inline-verifier.ts';
import { ManualClock } from './manual-clock.suite.ts';
import { Node } from './node.ts';
import type {
  Miner,
  MinerStatus,
  MiningJob,
  Network,
  NetworkHandlers,
  PeerId,
  PeerInfo,
  SignatureCheck,
  Store,
  Topic,
  Verifier,
} from './ports.ts';
import type { Pruning } from './pruner.ts';
import { MemoryStore } from './store/memory-store.ts';
import { MemoryLog } from './store/record-log.ts';
import { syncLimits } from './sync.ts';
import {
  decodeRequest,
  encodeBodies,
  encodeHeaders,
  encodeStatus,
  encodeTransactions,
  type SyncRequest,
  workToBytes,
} from './wire.ts';

/** What a peer answers to a request; a thrown KvchainError is how the network tells of a refusal or a timeout. */
export type Answering = (request: SyncRequest) => Promise<Uint8Array> | Uint8Array;

export class FakeNetwork implements Network {
  readonly self: PeerId = 'self';
  readonly published: { readonly topic: Topic; readonly data: Uint8Array }[] = [];
  readonly penalties: { readonly peer: PeerId; readonly code: ErrorCode }[] = [];
  readonly requests: { readonly peer: PeerId; readonly request: SyncRequest }[] = [];
  readonly #chainId: Uint8Array;
  readonly #answers = new Map<PeerId, Answering>();
  #handlers: NetworkHandlers | null = null;

  constructor(chainId: Uint8Array) {
    this.#chainId = chainId;
  }

  get handlers(): NetworkHandlers {
    if (this.#handlers === null) throw new Error('the network was not started');
    return this.#handlers;
  }

  get isStarted(): boolean {
    return this.#handlers !== null;
  }

  async start(handlers: NetworkHandlers): Promise<void> {
    this.#handlers = handlers;
  }

  /** A peer whose handshake succeeds; `work` is what it claims. */
  connect(peer: PeerId, work: bigint, answer: Answering, blocksFrom = 0): void {
    this.#answers.set(peer, answer);
    const status = encodeStatus({
      chainId: this.#chainId,
      engine: 'pow',
      headHash: new Uint8Array(32),
      headHeight: 0,
      work: workToBytes(work),
      finalHeight: 0,
      blocksFrom,
      addresses: [],
      memberProof: null,
      certificate: null,
    });
    if (this.handlers.onStatus(peer, status) !== null) throw new Error('the peer is refused');
    this.handlers.onPeer(peer);
  }

  disconnect(peer: PeerId): void {
    this.#answers.delete(peer);
    this.handlers.onPeerGone(peer);
  }

  /** Sets what a peer answers, connected or not. */
  answer(peer: PeerId, answer: Answering): void {
    this.#answers.set(peer, answer);
  }

  async publish(topic: Topic, data: Uint8Array): Promise<void> {
    this.published.push({ topic, data });
  }

  async request(peer: PeerId, data: Uint8Array): Promise<Uint8Array> {
    const request = decodeRequest(data);
    if (!request.ok) throw new Error('the node sends what does not decode');
    this.requests.push({ peer, request: request.value });
    const answer = this.#answers.get(peer);
    if (answer === undefined) throw new KvchainError('PEER_TIMEOUT', `${peer} is gone`);
    return answer(request.value);
  }

  send(): void {}

  penalize(peer: PeerId, code: ErrorCode): void {
    this.penalties.push({ peer, code });
  }

  peers(): readonly PeerInfo[] {
    return [];
  }

  addresses(): readonly string[] {
    return [];
  }

  strangers(): number {
    return 0;
  }

  async addPeer(): Promise<PeerId> {
    throw new KvchainError('UNREACHABLE', 'there is nobody');
  }

  async removePeer(): Promise<void> {}

  async stop(): Promise<void> {}
}

interface Gaps {
  /** Heights whose bodies the peer does not have. */
  readonly without?: readonly number[];
  /** Headers in one answer. */
  readonly headersMax?: number;
}

/** What a peer that has a branch answers. */
export function peerWith(
  blocks: readonly Block[],
  { without = [], headersMax = syncLimits.headersPerRequest }: Gaps = {},
): Answering {
  const byHash = new Map(blocks.map(block => [block.hashHex, block]));
  return request => {
    switch (request.type) {
      case 'getHeaders': {
        const known = request.locator.map(hash => byHash.get(toHex(hash))).find(block => block !== undefined);
        const start = known?.header.height ?? 0;
        return encodeHeaders(blocks.slice(start, start + Math.min(request.limit, headersMax)));
      }
      case 'getBodies':
        return encodeBodies(
          request.hashes.map(hash => {
            const block = byHash.get(toHex(hash));
            return block && !without.includes(block.header.height) ? encodeBody(block.transactions) : null;
          }),
        );
      default:
        return encodeTransactions([]);
    }
  };
}

/** Holds the job it was given until the test finds its nonce. */
export class FakeMiner implements Miner {
  readonly jobs: MiningJob[] = [];
  stops = 0;
  #found: ((nonce: Uint8Array) => void) | null = null;

  get isSearching(): boolean {
    return this.#found !== null;
  }

  search(job: MiningJob, onFound: (nonce: Uint8Array) => void): void {
    this.jobs.push(job);
    this.#found = onFound;
  }

  stop(): void {
    this.stops += 1;
    this.#found = null;
  }

  /** Ends the running search with this nonce. */
  find(nonce: Uint8Array): void {
    const found = this.#found;
    if (found === null) throw new Error('nothing is searched');
    this.#found = null;
    found(nonce);
  }

  configure(): void {}

  status(): MinerStatus {
    return { threads: 1, hashRate: 0, rateMax: null };
  }

  async close(): Promise<void> {}
}

/** Real signatures, counted. */
export class CountingVerifier implements Verifier {
  readonly #inner = new InlineVerifier();
  checks = 0;

  verify(checks: readonly SignatureCheck[]): Promise<readonly boolean[]> {
    this.checks += checks.length;
    return this.#inner.verify(checks);
  }

  async close(): Promise<void> {}
}

export interface OpenedNode {
  readonly node: Node;
  readonly clock: ManualClock;
  readonly network: FakeNetwork;
  readonly miner: FakeMiner;
  readonly verifier: CountingVerifier;
  readonly faults: unknown[];
  readonly fatal: unknown[];
}

/** A started node over the store; nothing moves but what the test moves. */
export async function openNode(
  store: Store = new MemoryStore(),
  genesis = usualGenesis,
  pruning: Pruning | null = null,
): Promise<OpenedNode> {
  const clock = new ManualClock(genesis.time + 1_000_000);
  const network = new FakeNetwork(chainIdOf(genesis));
  const fakeMiner = new FakeMiner();
  const verifier = new CountingVerifier();
  const faults: unknown[] = [];
  const fatal: unknown[] = [];
  const random = { bytes: (length: number) => new Uint8Array(length) };
  const node = await Node.open(
    {
      genesis,
      signer: signerOf(miner.secret),
      pruning,
      onFatal: error => fatal.push(error),
      onFault: error => faults.push(error),
      onTrace: () => {},
    },
    { network, store, log: new MemoryLog(), clock, random, verifier, miner: fakeMiner },
  );
  await node.start();
  return { node, clock, network, miner: fakeMiner, verifier, faults, fatal };
}
