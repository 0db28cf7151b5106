/**
 * A little ledger behind the NodeApi, for the tests of the servers and clients: real transactions, real headers with real work, real proofs; one
 * process, no network, blocks made and undone on demand.
 */
import type { Block, SealedHeader } from '../../chain/block.ts';
import { compareBytes, equalBytes, toHex, toUtf8 } from '../../chain/bytes.ts';
import { accept, type ErrorCode, KvchainError, type Result, reject } from '../../chain/errors.ts';
import { chainIdOf, type Genesis, type Params, paramsAt } from '../../chain/genesis.ts';
import { makeGenesisBlock } from '../../chain/genesis-block.ts';
import { verify } from '../../chain/keys.ts';
import { type HistoryEntry, keyStateKey, pathOf } from '../../chain/state.ts';
import { decodeBits, targetToBytes, workOf } from '../../chain/target.ts';
import { bodyBytes, signingDigest, type Transaction } from '../../chain/transaction.ts';
import type { Evidence } from '../../consensus/engine.ts';
import type * as node from '../node-api.ts';
import type { TraceEntry } from '../trace-book.ts';
import { emptyStatus, finalityOf, type Made, pendingStatus, placeOf, undoneEvent } from './little-answers.suite.ts';
import { littleGenesis, treeOf } from './little-ledger.suite.ts';
import { minedOn } from './little-miner.suite.ts';

export { aliceKey, bobKey, littleGenesis } from './little-ledger.suite.ts';

const undoWindow = 50;
const proofWindow = 128;

export class LittleNode implements node.NodeApi {
  readonly genesis: Genesis;
  readonly chainId: Uint8Array;
  canFinalize = false;
  #finalHeight = 0;
  #chain: Made[] = [];
  /** Blocks that were undone, for watchers that stood there. */
  readonly #undone = new Map<string, Made>();
  #pending: Transaction[] = [];
  readonly #dropped = new Map<string, ErrorCode>();
  readonly #listeners = new Set<(event: node.LedgerEvent) => void>();
  #peers: string[] = ['peer-1'];
  mining: { isRunning: boolean; threads: number; rateMax: number | null } = {
    isRunning: false,
    threads: 1,
    rateMax: null,
  };
  /** What node_trace gives. */
  readonly traced: TraceEntry[] = [];
  isSyncing = false;
  isStopped = false;
  lead = () => false;
  /** Thrown by the next reads, to see that nothing of it gets out. */
  fault: Error | null = null;
  readonly sources: string[] = [];

  constructor(genesis: Genesis = littleGenesis()) {
    this.genesis = genesis;
    this.chainId = chainIdOf(genesis);
    const accounts = new Map(
      genesis.allocations.map(({ address, balance }) => [toHex(address), { nonce: 0, balance }]),
    );
    const block: Block = { ...makeGenesisBlock(genesis), transactions: [] };
    this.#chain.push({ block, receipts: [], state: { keys: new Map(), accounts }, changes: [] });
  }

  get #head(): Made {
    const head = this.#chain.at(-1);
    if (head === undefined) throw new Error('the genesis block stays');
    return head;
  }

  /** Makes a block of what is pending, at `time` or 10 s after its parent. */
  mine(options: { readonly time?: number; readonly bits?: number } = {}): SealedHeader {
    const transactions = this.#pending;
    this.#pending = [];
    const made = minedOn(this.#head, transactions, { chainId: this.chainId, bits: this.params().bits, ...options });
    this.#chain.push(made);
    const { block, changes } = made;
    this.#emit({ type: 'applied', ...placeOf(block), changes });
    this.#emit({ type: 'head', height: block.header.height, hash: block.hash, undone: 0 });
    return block;
  }

  /** Undoes `count` blocks and returns their transactions to what is pending. */
  undo(count: number): void {
    for (let left = count; left > 0; left--) {
      const made = this.#chain.pop();
      if (made === undefined) return;
      this.#undone.set(made.block.hashHex, made);
      this.#pending = [...made.block.transactions, ...this.#pending];
      this.#emit(undoneEvent(made));
    }
  }

  /** Drops what is pending, as a full or outbid mempool does. */
  drop(code: ErrorCode): void {
    for (const { idHex } of this.#pending) this.#dropped.set(idHex, code);
    this.#pending = [];
    this.#emit({ type: 'head', height: this.#head.block.header.height, hash: this.#head.block.hash, undone: 0 });
  }

  /** Makes all up to this height final, as an engine may without a new block. */
  finalize(height: number): void {
    this.#finalHeight = height;
    this.#emit({ type: 'final', height });
  }

  conflict(evidence: Evidence): void {
    this.#emit({ type: 'finality_conflict', evidence });
  }

  #emit(event: node.LedgerEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  params(): Params {
    return paramsAt(this.genesis, this.#chain.length);
  }

  status(): node.NodeStatus {
    const { block } = this.#head;
    return {
      chainId: this.chainId,
      engine: 'pow',
      faultModel: 'byzantine',
      head: block,
      work: BigInt(this.#chain.length) * 4n,
      finalHeight: 0,
      role: null,
      leader: null,
      ballot: null,
      peers: this.#peers.length,
      mempool: this.#pending.length,
      isSyncing: this.isSyncing,
      targetHeight: block.header.height,
      unservedHeight: null,
      blocksFrom: 0,
      versionsFrom: 0,
    };
  }

  tips(): ReturnType<node.NodeApi['tips']> {
    const { head, work } = this.status();
    return [{ hash: head.hash, height: head.header.height, work, status: 'active' }];
  }

  members(): readonly node.MemberStanding[] {
    return [];
  }

  sealTexts(): null {
    return null;
  }

  trace(): readonly TraceEntry[] {
    return this.traced;
  }

  say(peer: string, text: string): void {
    if (!this.#peers.includes(peer)) throw new KvchainError('NOT_FOUND', `no peer ${peer}`);
    this.traced.push({ number: this.traced.length + 1, time: 0, what: 'said', member: null, data: { text } });
  }

  staleBlocks(): number {
    return this.#undone.size;
  }

  async blockByHash(hash: Uint8Array): Promise<Result<node.BlockReading>> {
    return found(this.#reading(this.#chain.find(({ block }) => equalBytes(block.hash, hash))));
  }

  async blockByHeight(height: number): Promise<Result<node.BlockReading>> {
    return found(this.#reading(this.#chain[height]));
  }

  async headerByHash(hash: Uint8Array): Promise<node.HeaderReading | null> {
    const reading = await this.blockByHash(hash);
    if (!reading.ok) return null;
    const { block, confirmations } = reading.value;
    return { sealed: block, isCanonical: true, confirmations };
  }

  async headersFrom(height: number, limit: number): Promise<readonly SealedHeader[]> {
    return this.#chain.slice(height, height + limit).map(({ block }) => block);
  }

  #reading(made: Made | undefined): node.BlockReading | null {
    if (made === undefined) return null;
    const confirmations = this.#confirmations(made.block.header.height);
    return {
      block: made.block,
      receipts: made.receipts,
      isCanonical: true,
      confirmations,
      finality: finalityOf(confirmations),
    };
  }

  #confirmations(height: number): number {
    return this.#chain.length - height;
  }

  async readKey(
    key: string,
    { at, read }: { readonly at: number | null; readonly read: node.ReadMode },
  ): Promise<Result<node.KeyReading>> {
    if (this.fault !== null) throw this.fault;
    if (read.kind === 'final' || read.kind === 'linearizable')
      return reject('FINALITY_UNAVAILABLE', 'not with proof of work');
    const depth = read.kind === 'confirmed' ? read.confirmations : 1;
    const height = at ?? Math.max(0, this.#chain.length - depth);
    const made = this.#chain[height];
    if (made === undefined) return reject('HEIGHT_UNAVAILABLE', `no state at height ${height}`);
    return accept(this.#keyReading(key, made, height));
  }

  #keyReading(key: string, { state }: Made, at: number): node.KeyReading {
    const held = state.keys.get(key);
    const confirmations = held === undefined ? 0 : this.#confirmations(held.record.height);
    const value = held?.entries.at(-1)?.value ?? null;
    return { key, record: held?.record ?? null, value, confirmations, finality: finalityOf(confirmations), at };
  }

  async history(
    key: string,
    { before, limit }: { readonly before: number | null; readonly limit: number },
  ): Promise<readonly HistoryEntry[]> {
    const entries = this.#head.state.keys.get(key)?.entries ?? [];
    return entries
      .filter(entry => before === null || entry.version < before)
      .reverse()
      .slice(0, limit);
  }

  async scan(
    prefix: string,
    { after, limit }: { readonly after: string | null; readonly limit: number },
  ): Promise<node.ScanReading> {
    const head = this.#head;
    const rows = [...head.state.keys.entries()]
      .filter(([key, { record }]) => key.startsWith(prefix) && record.valueHash !== null)
      .map(([key]) => key)
      .filter(key => after === null || compareBytes(toUtf8(key), toUtf8(after)) > 0)
      .sort((a, b) => compareBytes(toUtf8(a), toUtf8(b)))
      .slice(0, limit)
      .map(key => this.#keyReading(key, head, this.#chain.length - 1));
    return { rows, next: rows.length < limit ? null : (rows.at(-1)?.key ?? null) };
  }

  async prove(key: string, height: number | null): Promise<Result<node.KeyProof>> {
    const made = this.#chain[height ?? this.#chain.length - 1];
    if (made === undefined || this.#confirmations(made.block.header.height) > proofWindow) {
      return reject('HEIGHT_UNAVAILABLE', `no proof at height ${height}`);
    }
    const { record, value } = this.#keyReading(key, made, 0);
    const proof = treeOf(made.state).prove(pathOf(keyStateKey(key)));
    return accept({ sealed: made.block, key, record, value, proof });
  }

  async readAccount(address: Uint8Array): Promise<node.AccountReading> {
    const account = this.#head.state.accounts.get(toHex(address)) ?? { nonce: 0, balance: 0n };
    const held = this.#pending.filter(transaction => equalBytes(transaction.senderAddress, address)).length;
    return { ...account, pendingNonce: account.nonce + held };
  }

  async supply(): Promise<bigint> {
    return 1_000_000n;
  }

  async submit(
    transactions: readonly Transaction[],
    source: string,
  ): Promise<readonly Result<node.TransactionStatus>[]> {
    this.sources.push(source);
    const results: Result<node.TransactionStatus>[] = [];
    for (const transaction of transactions) results.push(await this.#admit(transaction));
    return results;
  }

  async #admit(transaction: Transaction): Promise<Result<node.TransactionStatus>> {
    const { body, id } = transaction;
    if (!equalBytes(body.chainId, this.chainId)) return reject('WRONG_CHAIN', 'another chain');
    const known = await this.transaction(id);
    if (known.ok && known.value.status !== 'dropped') return known;
    if (!verify(signingDigest(bodyBytes(transaction)), transaction.signature, body.sender))
      return reject('BAD_SIGNATURE', 'no');
    const { feePerByteMin } = this.params();
    if (body.fee < feePerByteMin * BigInt(transaction.bytes.length)) return reject('FEE_TOO_LOW', `fee ${body.fee}`);
    const { pendingNonce } = await this.readAccount(transaction.senderAddress);
    if (body.nonce !== pendingNonce) return reject('BAD_NONCE', `nonce ${body.nonce}, expected ${pendingNonce}`);
    this.#pending.push(transaction);
    return accept(pendingStatus(transaction));
  }

  async transaction(id: Uint8Array): Promise<Result<node.TransactionStatus>> {
    return found(this.#status(id));
  }

  standing(id: Uint8Array): Promise<Result<node.TransactionStanding>> {
    return this.transaction(id);
  }

  #status(id: Uint8Array): node.TransactionStatus | null {
    const hex = toHex(id);
    const held = this.#pending.find(({ idHex }) => idHex === hex);
    if (held !== undefined) return pendingStatus(held);
    const code = this.#dropped.get(hex);
    if (code !== undefined) return { ...emptyStatus, id, status: 'dropped', code };
    for (const { block, receipts } of this.#chain) {
      const index = block.transactions.findIndex(({ idHex }) => idHex === hex);
      if (index < 0) continue;
      const receipt = receipts[index] ?? null;
      const confirmations = this.#confirmations(block.header.height);
      return {
        id,
        status: receipt?.status === 'failed' ? 'failed' : 'included',
        code: receipt?.code ?? null,
        height: block.header.height,
        blockHash: block.hash,
        index,
        confirmations,
        finality: block.header.height <= this.#finalHeight ? 'final' : finalityOf(confirmations),
        receipt,
        transaction: block.transactions[index] ?? null,
      };
    }
    return null;
  }

  mempoolInfo(): node.MempoolInfo {
    const bytes = this.#pending.reduce((sum, transaction) => sum + transaction.bytes.length, 0);
    return { transactions: this.#pending.length, bytes, gapped: 0, feePerByteMin: this.params().feePerByteMin };
  }

  mempoolList(limit: number): readonly Transaction[] {
    return this.#pending.slice(0, limit);
  }

  startMining(settings: { readonly threads?: number; readonly rateMax?: number | null }): void {
    this.mining = { ...this.mining, ...settings, isRunning: true };
  }

  stopMining(): void {
    this.mining = { ...this.mining, isRunning: false };
  }

  miningStatus(): node.MiningStatus {
    const { bits } = this.params();
    const target = decodeBits(bits) ?? 1n;
    return {
      ...this.mining,
      hashRate: 0,
      bits,
      target: targetToBytes(target),
      expectedTrials: workOf(target),
      blocksFound: 0,
    };
  }

  peerId(): string {
    return 'little-peer';
  }

  addresses(): readonly string[] {
    return ['/ip4/127.0.0.1/tcp/9645/p2p/little-peer'];
  }

  peers(): ReturnType<node.NodeApi['peers']> {
    return this.#peers.map(id => ({
      id,
      address: `/ip4/127.0.0.1/tcp/1/p2p/${id}`,
      direction: 'outbound' as const,
      score: 100,
      roundTripMs: null,
      connectedSinceMs: 1_700_000_000_000,
    }));
  }

  strangers(): number {
    return 0;
  }

  async addPeer(address: string): Promise<string> {
    if (!address.startsWith('/ip4/')) throw new KvchainError('BAD_ADDRESS', `not a multiaddr: ${address}`);
    const id = address.split('/').at(-1) ?? '';
    this.#peers.push(id);
    return id;
  }

  async removePeer(peer: string): Promise<void> {
    this.#peers = this.#peers.filter(id => id !== peer);
  }

  onLedgerEvent(listener: (event: node.LedgerEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  async appliedEvent(height: number): Promise<node.AppliedEvent | null> {
    const made = this.#chain[height];
    if (made === undefined || this.#confirmations(height) > undoWindow) return null;
    return { type: 'applied', ...placeOf(made.block), changes: made.changes };
  }

  async undoneSince(height: number, hash: Uint8Array): Promise<readonly node.UndoneEvent[] | null> {
    if (this.#confirmations(height) > undoWindow + 1) return null;
    const events: node.UndoneEvent[] = [];
    let [at, next] = [height, hash];
    for (;;) {
      const canonical = this.#chain[at];
      if (canonical !== undefined && equalBytes(canonical.block.hash, next)) return events;
      const made = this.#undone.get(toHex(next));
      if (made === undefined || made.block.header.height !== at) return null;
      events.push(undoneEvent(made));
      [at, next] = [at - 1, made.block.header.parent];
    }
  }

  async stop(): Promise<void> {
    this.isStopped = true;
  }
}

function found<T>(value: T | null): Result<T> {
  return value === null ? reject('NOT_FOUND', 'this node knows nothing of it') : accept(value);
}
