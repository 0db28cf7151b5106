/** The node as API servers see it (node-api.ts): readings from the reader, orders to the parts that carry them out. */
import type { Block } from '../chain/block.ts';
import { accept, KvchainError, type Result, reject } from '../chain/errors.ts';
import { type Genesis, type Params, paramsAt } from '../chain/genesis.ts';
import { decodeBits, targetToBytes, workOf } from '../chain/target.ts';
import type { Transaction } from '../chain/transaction.ts';
import type { Tip } from '../consensus/engine.ts';
import type { Node } from './node.ts';
import type {
  KeyOptions,
  LedgerEvent,
  MemberStanding,
  MempoolInfo,
  MiningStatus,
  NodeApi,
  NodeStatus,
  TransactionStanding,
  TransactionStatus,
} from './node-api.ts';
import type { PeerInfo } from './ports.ts';
import type { TraceEntry } from './trace-book.ts';

/** The target that any hash meets. */
const everyHash = 2n ** 256n - 1n;

export class NodeService implements NodeApi {
  readonly genesis: Genesis;
  readonly chainId: Uint8Array;
  readonly canFinalize: boolean;
  readonly #node: Node;
  readonly #stop: () => Promise<void>;

  /** `stop` ends the whole daemon, this node with it. */
  constructor(node: Node, stop: () => Promise<void>) {
    this.#node = node;
    this.#stop = stop;
    this.genesis = node.genesis;
    this.chainId = node.chainId;
    this.canFinalize = node.engine.canFinalize;
  }

  params(): Params {
    return paramsAt(this.genesis, this.#node.ledger.head.header.height + 1);
  }

  status(): NodeStatus {
    const { bestHeader, head, role = null, ballot = null } = this.#node.engine.view();
    return {
      chainId: this.chainId,
      engine: this.#node.engine.name,
      faultModel: this.#node.engine.faultModel,
      head: this.#node.ledger.head,
      work: head.work,
      finalHeight: this.#node.finalHeight,
      role,
      leader: this.#leader(role),
      ballot,
      peers: this.#node.ports.network.peers().length,
      mempool: this.#node.mempool.stats().count,
      isSyncing: bestHeader.work > head.work,
      targetHeight: bestHeader.height,
      unservedHeight: this.#node.sync.unserved,
      blocksFrom: this.#node.pruner.blocksFrom,
      versionsFrom: this.#node.pruner.versionsFrom,
    };
  }

  /** A member that led before it came back takes nobody for the leader, also not itself. */
  #leader(role: string | null): number | null {
    const leader = this.#node.engine.leader();
    return leader === this.#node.self && role !== 'leader' ? null : leader;
  }

  tips(): readonly Tip[] {
    return this.#node.engine.view().tips;
  }

  members(): readonly MemberStanding[] {
    const { self, members } = this.#node;
    return this.genesis.members.map(({ name, publicKey }, index) => {
      return { name, publicKey, isSelf: index === self, peer: members.peerOf(index) };
    });
  }

  lead(): boolean {
    return this.#node.lead();
  }

  sealTexts(block: Block) {
    return this.#node.watch.sealTexts(block);
  }

  trace(after: number): readonly TraceEntry[] {
    return this.#node.watch.book.after(after);
  }

  say(peer: string, text: string): void {
    this.#node.say(peer, text);
  }

  staleBlocks(): number {
    return this.#node.engine.staleBlocks();
  }

  blockByHash(hash: Uint8Array) {
    return this.#node.reader.blockByHash(hash);
  }

  blockByHeight(height: number) {
    return this.#node.reader.blockByHeight(height);
  }

  headerByHash(hash: Uint8Array) {
    return this.#node.reader.headerByHash(hash);
  }

  headersFrom(height: number, limit: number) {
    return this.#node.reader.headersFrom(height, limit);
  }

  readKey(key: string, options: KeyOptions) {
    return this.#node.reader.readKey(key, options);
  }

  history(key: string, options: { readonly before: number | null; readonly limit: number }) {
    return this.#node.reader.history(key, options);
  }

  scan(prefix: string, options: { readonly after: string | null; readonly limit: number }) {
    return this.#node.reader.scan(prefix, options);
  }

  prove(key: string, height: number | null) {
    return this.#node.reader.prove(key, height);
  }

  readAccount(address: Uint8Array) {
    return this.#node.reader.account(address);
  }

  supply() {
    return this.#node.reader.supply();
  }

  /** A transaction that is here already is answered with where it is, not with an error. */
  async submit(transactions: readonly Transaction[], source: string): Promise<readonly Result<TransactionStatus>[]> {
    const admitted = await this.#node.pipeline.submitted(transactions, source);
    return Promise.all(
      transactions.map(async (transaction, index): Promise<Result<TransactionStatus>> => {
        const result = admitted[index];
        if (result?.ok) return accept(pendingStatus(transaction));
        const known = await this.transaction(transaction.id);
        // One that was dropped before is not here: what counts is why it is refused now.
        if (known.ok && known.value.status !== 'dropped') return known;
        return result ?? reject('INTERNAL', 'no answer for a transaction');
      }),
    );
  }

  transaction(id: Uint8Array): Promise<Result<TransactionStatus>> {
    return this.#node.reader.transaction(id);
  }

  standing(id: Uint8Array): Promise<Result<TransactionStanding>> {
    return this.#node.reader.standing(id);
  }

  mempoolInfo(): MempoolInfo {
    const { count, bytes, gapped, feePerByteMin } = this.#node.mempool.stats();
    const feePerByte = BigInt(Math.ceil(feePerByteMin));
    const { feePerByteMin: least } = this.params();
    return { transactions: count, bytes, gapped, feePerByteMin: feePerByte > least ? feePerByte : least };
  }

  mempoolList(limit: number): readonly Transaction[] {
    const transactions: Transaction[] = [];
    for (const { transaction } of this.#node.mempool.entries()) {
      if (transactions.length === limit) break;
      transactions.push(transaction);
    }
    return transactions;
  }

  startMining(settings: { readonly threads?: number; readonly rateMax?: number | null }): void {
    this.#node.ports.miner.configure(settings);
    this.#node.producer.start();
  }

  stopMining(): void {
    this.#node.producer.stop();
  }

  miningStatus(): MiningStatus {
    const { producer, ports } = this.#node;
    const bits = producer.template?.bits ?? this.#node.ledger.head.header.bits;
    // Bits that are no target stand where there is no proof of work: every hash will do.
    const target = decodeBits(bits) ?? everyHash;
    return {
      ...ports.miner.status(),
      isRunning: producer.isRunning,
      bits,
      target: targetToBytes(target),
      expectedTrials: workOf(target),
      blocksFound: producer.blocksFound,
    };
  }

  peerId(): string {
    return this.#node.ports.network.self;
  }

  addresses(): readonly string[] {
    return this.#node.ports.network.addresses();
  }

  peers(): readonly PeerInfo[] {
    return this.#node.ports.network.peers();
  }

  strangers(): number {
    return this.#node.ports.network.strangers();
  }

  addPeer(address: string): Promise<string> {
    return this.#node.ports.network.addPeer(address);
  }

  async removePeer(peer: string): Promise<void> {
    if (!this.peers().some(({ id }) => id === peer))
      throw new KvchainError('NOT_FOUND', `no peer ${JSON.stringify(peer)}`);
    await this.#node.ports.network.removePeer(peer);
  }

  onLedgerEvent(listener: (event: LedgerEvent) => void): () => void {
    return this.#node.events.subscribe(listener);
  }

  appliedEvent(height: number) {
    return this.#node.events.applied(this.#node.ledger, height);
  }

  undoneSince(height: number, hash: Uint8Array) {
    return this.#node.events.undoneSince(this.#node.ledger, height, hash);
  }

  stop(): Promise<void> {
    return this.#stop();
  }
}

function pendingStatus(transaction: Transaction): TransactionStatus {
  const nowhere = { height: null, blockHash: null, index: null, confirmations: 0, receipt: null };
  return { id: transaction.id, status: 'pending', code: null, finality: 'pending', transaction, ...nowhere };
}
