/**
 * The node: its parts built in order over the seven ports, stopped backwards. It knows no clock, socket or disk but those that it is
 * given, so the daemon and the simulator run the same one.
 */
import type { Block, SealedHeader } from '../chain/block.ts';
import { toUtf8 } from '../chain/bytes.ts';
import { KvchainError } from '../chain/errors.ts';
import { chainIdOf, type Genesis, type Params, paramsAt } from '../chain/genesis.ts';
import { Mempool } from '../chain/mempool.ts';
import { isEnforced } from '../chain/rules.ts';
import type { Signer } from '../chain/transaction.ts';
import type { MemberIndex } from '../consensus/engine.ts';
import type { EngineInstance } from '../consensus/instance.ts';
import { BlockImport } from './block-import.ts';
import { CertainReads } from './certain-reads.ts';
import { type ChainStore, expectRow } from './chain-store.ts';
import { Driver, type DriverHands } from './driver.ts';
import { EngineMail } from './engine-mail.ts';
import { LedgerEvents } from './ledger-events.ts';
import type { MovedBlock } from './ledger-step.ts';
import type { LedgerWriter } from './ledger-writer.ts';
import { MemberPeers } from './member-peers.ts';
import { proveMember } from './member-proof.ts';
import { MemberRoad } from './member-road.ts';
import { MemberWatch } from './member-watch.ts';
import { MempoolKeeper } from './mempool-keeper.ts';
import { areMembersTrusted, type ChainOptions, type ChainPorts, type OpenedChain, openChain } from './opened-chain.ts';
import { Pipeline } from './pipeline.ts';
import type { Miner, Network, NetworkHandlers, PeerId, Verifier } from './ports.ts';
import { Producer } from './producer.ts';
import type { Pruner } from './pruner.ts';
import { Reader } from './reader.ts';
import { SignatureDesk } from './signature-desk.ts';
import { SnapshotShelf } from './snapshot-shelf.ts';
import { Sync, type SyncLimits, syncLimits } from './sync.ts';
import { TransactionRelay } from './transaction-relay.ts';
import { VerifiedCache } from './verified-cache.ts';
import { Welcomes } from './welcome.ts';
import { encodeCompactBlock, encodeStatus, type MemberProof, type StatusMessage, workToBytes } from './wire.ts';

export interface NodePorts extends ChainPorts {
  readonly network: Network;
  readonly verifier: Verifier;
  readonly miner: Miner;
}

export interface NodeOptions extends ChainOptions {
  /** Other bounds of synchronisation than `syncLimits`. */
  readonly syncLimits?: Partial<SyncLimits>;
  /** Told once when the node cannot go on: a broken disk, a reorg below the undo window. */
  readonly onFatal: (error: unknown) => void;
  /** Told of each rule that the engine used. */
  readonly onTrace: (rule: string, data: Readonly<Record<string, string | number>>) => void;
}

/** Transactions whose signatures are remembered as good: what a full mempool holds, twice. */
const verifiedMax = 200_000;

export class Node {
  readonly genesis: Genesis;
  readonly chainId: Uint8Array;
  readonly ports: NodePorts;
  readonly chain: ChainStore;
  readonly engine: EngineInstance;
  readonly ledger: LedgerWriter;
  readonly mempool: Mempool;
  readonly keeper: MempoolKeeper;
  readonly events: LedgerEvents;
  readonly reader: Reader;
  readonly producer: Producer;
  readonly pruner: Pruner;
  readonly pipeline: Pipeline;
  readonly sync: Sync;
  /** Which member of the genesis this node is; null for none. */
  readonly self: MemberIndex | null;
  readonly members: MemberPeers;
  readonly watch: MemberWatch;
  readonly #options: NodeOptions;
  readonly #driver: Driver;
  readonly #blocks: BlockImport;
  readonly #relay: TransactionRelay;
  readonly #road: MemberRoad;
  readonly #reads: CertainReads;
  readonly #proof: MemberProof | null;
  readonly #snapshots: SnapshotShelf;
  readonly #welcomes: Welcomes;
  #isStopping = false;
  #stopping: Promise<void> | null = null;
  #isHalted = false;

  private constructor(options: NodeOptions, ports: NodePorts, opened: OpenedChain) {
    const { genesis } = options;
    const onFault = (error: unknown) => this.#onFault(error);
    const { network, clock, verifier, log } = ports;
    this.genesis = genesis;
    this.chainId = chainIdOf(genesis);
    this.ports = ports;
    this.#options = options;
    const chainId = this.chainId;
    const { chain, ledger, engine, pruner, self } = opened;
    this.self = self;
    this.chain = chain;
    this.ledger = ledger;
    this.engine = engine;
    this.pruner = pruner;
    this.mempool = new Mempool();
    this.watch = new MemberWatch({ genesis, clock, engine });
    this.members = new MemberPeers(network, (member, frame) => this.watch.sent(member, frame));
    this.#proof = proveMember(this, network.self, options.signer);
    this.#welcomes = new Welcomes(this);
    this.events = new LedgerEvents(chain);
    const mempool = this.mempool;
    const nextHeight = () => ledger.head.header.height + 1;
    const keeper = new MempoolKeeper({ mempool, chain, clock, nextHeight, onFault });
    this.keeper = keeper;
    const signatures = new SignatureDesk(verifier, new VerifiedCache(verifiedMax));
    this.#driver = new Driver({ engine, log, ...opened.lengths, clock, hands: this.#hands() });
    const driver = this.#driver;
    const held = (sender: string, nonce: number) => mempool.at(sender, nonce);
    this.#relay = new TransactionRelay({ network, clock, held, route: () => this.#road.route(), onFault });
    const onAssembled = () => this.sync.onAssembled();
    const onStored = (hash: Uint8Array) => this.sync.forget(hash);
    const onWithheld = (hash: Uint8Array, sender: PeerId) => this.sync.onWithheld(hash, sender);
    // W1: a member's records may speak of a body that it heard of, so that is to outlive a crash as they do.
    const peerBodies = self === null || !isEnforced('bodies durable') ? 'lazy' : 'durable';
    const areTrusted = areMembersTrusted(engine, genesis);
    const trust = areTrusted ? { isTrusted: (peer: PeerId) => this.members.indexOf(peer) !== null } : null;
    const bodies = { signatures, mempool, peerBodies, trust, onStored, onWithheld, onAssembled } as const;
    this.#blocks = new BlockImport({ genesis, chainId, network, clock, chain, driver, verifier, ...bodies });
    const blocks = this.#blocks;
    this.#snapshots = new SnapshotShelf({ genesis, chain, tree: ledger, onFault });
    const limits = { ...syncLimits, ...options.syncLimits };
    this.sync = new Sync({ network, clock, chain, driver, blocks, snapshots: this.#snapshots, limits, onFault });
    const relay = this.#relay;
    const onAdmitted = () => this.producer.onNews();
    const admission = { genesis, chainId, chain, ledger, mempool, keeper, signatures } as const;
    this.pipeline = new Pipeline({ ...admission, network, clock, relay, keepsGossip: areTrusted, onAdmitted });
    this.#road = this.#makeRoad(areTrusted);
    this.producer = this.#makeProducer(options.signer);
    const droppedFor = (id: string) => keeper.droppedFor(id);
    const isMempoolAtHead = () => keeper.isAtHead;
    const ask = (id: number) => this.#driver.dispatch({ type: 'read', now: clock.now(), id });
    const reads = new CertainReads({ clock, random: this.ports.random, ask });
    this.#reads = reads;
    const waiting = { mempool, droppedFor, isMempoolAtHead };
    this.reader = new Reader({ genesis, chain, ledger, driver, reads, floors: pruner, ...waiting });
    opened.onStep = (moved, head) => this.#onStep(moved, head);
    opened.onFault = onFault;
  }

  #makeRoad(areTrusted: boolean): MemberRoad {
    const { self, chain, engine, members, pipeline } = this;
    const { network, clock, verifier } = this.ports;
    const driver = this.#driver;
    const mail = new EngineMail({ driver, members, network, clock, verifier });
    const gossips = engine.gossipsTransactions(paramsAt(this.genesis, 0));
    const onHeard = this.watch.heard.bind(this.watch);
    const onDisk = (work: Promise<unknown>) => {
      this.#onDisk(work).catch((error: unknown) => this.#onFault(error));
    };
    const told = { self, areTrusted, gossips, onHeard, onDisk };
    return new MemberRoad({ network, chain, driver, members, mail, blocks: this.#blocks, pipeline, ...told });
  }

  #makeProducer(signer: Signer): Producer {
    const { genesis, chainId, ledger, mempool, engine } = this;
    const { miner, clock, random } = this.ports;
    const onBlock = (block: Block) => {
      this.watch.found(block);
      return this.#blocks.mined(block);
    };
    const onFault = (error: unknown) => this.#onFault(error);
    const bodySeal = (params: Params) => engine.bodySeal(params);
    const parts = { genesis, chainId, signer, ledger, mempool, miner, clock, random, bodySeal };
    return new Producer({ ...parts, onBlock, onFault });
  }

  /**
   * Opens the node over what the store holds; an empty store gets block 0. Errors: BAD_GENESIS, BAD_CONFIG (a depth of pruning within
   * the undo window), DATABASE_VERSION, DATABASE_DAMAGED.
   */
  static async open(options: NodeOptions, ports: NodePorts): Promise<Node> {
    return new Node(options, ports, await openChain(options, ports));
  }

  /** Joins the network and lets the engine begin. */
  async start(): Promise<void> {
    await this.ports.network.start(this.#handlers());
    this.#driver.dispatch({ type: 'start', now: this.ports.clock.now() });
    this.pruner.onHead(this.ledger.head.header.height);
    await this.keeper.load(transactions => this.pipeline.submitted(transactions, 'journal'));
  }

  /** All up to here is final, also after a crash. */
  get finalHeight(): number {
    return this.#driver.finalHeight;
  }

  /** Says something to the person at a member. Error thrown: NOT_FOUND for a peer that is none. */
  say(peer: PeerId, text: string): void {
    const member = this.members.indexOf(peer);
    if (member === null) throw new KvchainError('NOT_FOUND', `no member is connected as ${peer}`);
    this.members.send(member, { kind: 'words', content: toUtf8(text) });
  }

  /** Tries to lead the members; false where nobody leads, and for an observer. */
  lead(): boolean {
    if (this.self === null || this.engine.view().role === undefined) return false;
    this.#driver.dispatch({ type: 'lead', now: this.ports.clock.now() });
    return true;
  }

  /** Stops backwards: no new work, no more peers, the ledger's last batch, the mempool to disk. The other ports are their owner's to close. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stopAll();
    return this.#stopping;
  }

  async #stopAll(): Promise<void> {
    this.#isStopping = true;
    this.#endProducing();
    this.#driver.stop();
    this.sync.stop();
    this.#reads.stop();
    this.#blocks.stop();
    this.#relay.stop();
    this.keeper.stop();
    await this.ports.network.stop();
    await this.ledger.idle();
    await this.pruner.stop();
    await this.#snapshots.stop();
    await this.keeper.save();
    // A copy that is not made costs the next start a few seconds.
    await this.ledger.keepLeaves().catch(this.#options.onFault);
  }

  /** The new head and its events are one for those who listen; the mempool may need several slices to follow. */
  async #onStep(moved: readonly MovedBlock[], head: SealedHeader): Promise<void> {
    // First, before anything is awaited: the rows and the tree are those of this head now.
    this.#snapshots.onHead(head);
    const following = this.keeper.onStep(moved);
    for (const { type, block } of moved) if (type === 'applied') this.watch.committed(block);
    this.events.publish(moved, head.header.height, head.hash);
    this.sync.onHead();
    this.pruner.onHead(head.header.height);
    this.#relay.add(await following);
    this.#relay.onHead(head.header.height);
  }

  #hands(): DriverHands {
    const { network } = this.ports;
    return {
      announce: message => this.#road.announce(message),
      readable: (id, isReadable) => this.#reads.answer(id, isReadable),
      send: (member, message) => this.members.send(member, { kind: 'engine', content: message }),
      broadcast: message => this.members.broadcast({ kind: 'engine', content: message }),
      fetchHeaders: (peer, after) => this.sync.fetchHeaders(peer, after),
      fetchBodies: (hashes, hint) => this.sync.fetchBodies(hashes, hint),
      switchTo: order => this.ledger.switchTo(order).finally(() => this.producer.onNews()),
      give: hash => this.#road.give(hash),
      relay: hash => {
        this.#announce(hash).catch(error => this.#onFault(error));
      },
      markInvalid: async hash => {
        this.sync.forget(hash);
        await this.chain.markInvalid(hash);
      },
      mine: template => this.producer.mine(template),
      stopMining: () => this.producer.drop(),
      penalize: (peer, code, detail) => network.penalize(peer, code, detail),
      led: () => this.#relay.onLeader(),
      finalized: height => this.events.finalized(height),
      evidence: evidence => this.events.conflict(evidence),
      trace: (rule, data) => this.#options.onTrace(rule, data),
      halt: error => this.#halt(error),
    };
  }

  #handlers(): NetworkHandlers {
    return {
      localStatus: () => this.#localStatus(),
      onStatus: (peer, bytes) => this.#welcomes.judge(peer, bytes),
      onPeer: peer => {
        const status = this.#welcomes.take(peer);
        if (status === null) return;
        if (status.memberProof !== null) this.members.remember(peer, status.memberProof.member);
        this.#greet(peer, status);
      },
      onPeerGone: peer => {
        this.members.forget(peer);
        this.sync.onPeerGone(peer);
      },
      onGossip: (topic, from, data) =>
        this.#onDisk(topic === 'blocks' ? this.#blocks.gossiped(data, from) : this.pipeline.gossiped(data, from)),
      onRequest: (_peer, data) => this.#onDisk(this.sync.answer(data)),
      onMessage: (from, data) => this.#road.onFrame(from, data),
    };
  }

  /** F-5: what is final comes first, so that the chain is followed to there and to nowhere else. */
  #greet(peer: PeerId, status: StatusMessage): void {
    const follow = () => {
      this.sync.onPeer(peer, status);
      this.#road.welcome(peer);
    };
    if (status.certificate === null) {
      follow();
      return;
    }
    const isHere = () => this.ports.network.peers().some(({ id }) => id === peer);
    const heard = this.#road.hear(peer, status.certificate).then(() => isHere() && follow());
    heard.catch(error => this.#onFault(error));
  }

  #localStatus(): Uint8Array {
    const { head, finalHeight } = this.engine.view();
    return encodeStatus({
      chainId: this.chainId,
      engine: this.engine.name,
      headHash: head.hash,
      headHeight: head.height,
      work: workToBytes(head.work),
      finalHeight,
      blocksFrom: this.pruner.blocksFrom,
      addresses: this.ports.network.addresses(),
      memberProof: this.#proof,
      certificate: this.#road.announced,
    });
  }

  /** Tells all peers of a block; what came by gossip is passed on by gossip itself. */
  async #announce(hash: Uint8Array): Promise<void> {
    if (this.#blocks.noteRelay(hash)) return;
    const block = expectRow(await this.chain.block(hash), 'a block to pass on');
    const witnessIds = block.transactions.map(({ witnessId }) => witnessId);
    await this.ports.network.publish('blocks', encodeCompactBlock(block, witnessIds));
  }

  /** Work for a peer that reads or writes the disk: when that is broken, the node stops, and the peer is not to blame. */
  async #onDisk<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      if (isBrokenDisk(error)) this.#halt(error);
      throw error;
    }
  }

  #onFault(error: unknown): void {
    if (isBrokenDisk(error)) this.#halt(error);
    else this.#options.onFault(error);
  }

  #endProducing(): void {
    this.producer.stop();
    this.producer.drop();
  }

  #halt(error: unknown): void {
    if (this.#isStopping || this.#isHalted) return;
    this.#isHalted = true;
    this.#endProducing();
    this.#driver.stop();
    this.#reads.stop();
    this.#options.onFatal(error);
  }
}

/** A node that cannot write, or cannot trust what it reads, has nothing to say to anyone. */
function isBrokenDisk(error: unknown): boolean {
  return error instanceof KvchainError && (error.code === 'DISK_FAILED' || error.code === 'DATABASE_DAMAGED');
}
