/**
 * What the node offers to the API servers: reads of the chain and of the store, submission, control, and events. The node implements it;
 * rpc/ speaks it and knows nothing else of the node.
 */
import type { Block, SealedHeader } from '../chain/block.ts';
import type { ErrorCode, Result } from '../chain/errors.ts';
import type { Genesis, Params } from '../chain/genesis.ts';
import type { Receipt } from '../chain/receipt.ts';
import type { Account, HistoryEntry, KeyRecord } from '../chain/state.ts';
import type { StateProof } from '../chain/state-tree-proof.ts';
import type { Transaction } from '../chain/transaction.ts';
import type { Evidence, FaultModel, Tip } from '../consensus/engine.ts';
import type { MinerStatus, PeerInfo } from './ports.ts';
import type { TraceEntry } from './trace-book.ts';

/** How sure a read must be. `confirmed` counts the head as 1. What the engine cannot give is FINALITY_UNAVAILABLE. */
export type ReadMode =
  | { readonly kind: 'local' }
  | { readonly kind: 'confirmed'; readonly confirmations: number }
  | { readonly kind: 'final' }
  | { readonly kind: 'linearizable' };

export type Finality = 'pending' | 'included' | 'safe' | 'final';

/** What this side does on purpose with its link to a peer, connected or not. */
export interface LinkState {
  readonly peer: string;
  /** Carries nothing either way. */
  readonly isFailed: boolean;
  /** What this side sends leaves so much later. */
  readonly delayMs: number;
  /** So much of what this side sends is lost, from 0 to 1. */
  readonly lossRate: number;
}

export type LinkChange = Partial<Omit<LinkState, 'peer'>>;

/** Faults of links on purpose, for test networks; none unless somebody sets one. */
export interface LinkControl {
  /** Changes what is named of a link. Error thrown: TOO_LARGE when too many links have faults. */
  set(peer: string, change: LinkChange): LinkState;
  /** The links that have a fault. */
  faulty(): readonly LinkState[];
}

export interface NodeStatus {
  readonly chainId: Uint8Array;
  readonly engine: string;
  readonly faultModel: FaultModel;
  readonly head: SealedHeader;
  readonly work: bigint;
  readonly finalHeight: number;
  /** What this node is among the members now, in the engine's word; null where all are alike. */
  readonly role: string | null;
  /** The place of the member that this node takes for the leader; null while it knows of none, and where nobody leads. */
  readonly leader: number | null;
  /** The highest ballot that it promised; null where there are none. */
  readonly ballot: { readonly number: number; readonly member: number } | null;
  readonly peers: number;
  readonly mempool: number;
  /** True while a heavier header chain is known whose bodies are not all here. */
  readonly isSyncing: boolean;
  /** The height of the heaviest header known. */
  readonly targetHeight: number;
  /** The lowest block that is wanted and that every connected peer has pruned; null when there is none. */
  readonly unservedHeight: number | null;
  /** The lowest height from which on every block is held whole; above 0 when the node was pruned. */
  readonly blocksFrom: number;
  /** The lowest height at which every key can be read. */
  readonly versionsFrom: number;
}

/** A member of the genesis, as this node sees it. */
export interface MemberStanding {
  readonly name: string;
  readonly publicKey: Uint8Array;
  readonly isSelf: boolean;
  /** The peer by which it is spoken to; null for one that is not connected, and for this node. */
  readonly peer: string | null;
}

export interface BlockReading {
  readonly block: Block;
  readonly receipts: readonly Receipt[];
  readonly isCanonical: boolean;
  /** 0 when it is not on the canonical chain. */
  readonly confirmations: number;
  readonly finality: Finality;
}

export interface HeaderReading {
  readonly sealed: SealedHeader;
  readonly isCanonical: boolean;
  readonly confirmations: number;
}

/** As of the block at the height `at`, or where the read mode looks. */
export interface KeyOptions {
  readonly at: number | null;
  readonly read: ReadMode;
}

/** A value as it stood at a height. `record.valueHash` is null for a tombstone, `record` null for a key never written. */
export interface KeyReading {
  readonly key: string;
  readonly record: KeyRecord | null;
  readonly value: Uint8Array | null;
  /** Of the block that wrote this version; 0 for none. */
  readonly confirmations: number;
  readonly finality: Finality;
  /** The height that the reading is of. */
  readonly at: number;
}

/** Rows of a scan; `next` is the key after which it goes on, null at its end. There may be a next page behind one of few rows, or none. */
export interface ScanReading {
  readonly rows: readonly KeyReading[];
  readonly next: string | null;
}

export interface KeyProof {
  readonly sealed: SealedHeader;
  readonly key: string;
  readonly record: KeyRecord | null;
  readonly value: Uint8Array | null;
  readonly proof: StateProof;
}

/** Where a transaction is. `dropped`: it was held and is no longer (replaced, evicted, expired). */
export interface TransactionStanding {
  readonly id: Uint8Array;
  readonly status: 'pending' | 'included' | 'failed' | 'dropped';
  /** Why it failed, or was dropped. */
  readonly code: ErrorCode | null;
  readonly height: number | null;
  readonly blockHash: Uint8Array | null;
  readonly index: number | null;
  readonly confirmations: number;
  readonly finality: Finality;
  readonly receipt: Receipt | null;
}

/** Where a transaction is, and itself. */
export interface TransactionStatus extends TransactionStanding {
  readonly transaction: Transaction | null;
}

export interface AccountReading extends Account {
  /** The next nonce after the sender's transactions in the mempool. */
  readonly pendingNonce: number;
}

export interface MempoolInfo {
  readonly transactions: number;
  readonly bytes: number;
  readonly gapped: number;
  /** Fee per byte from which a new transaction is taken now. */
  readonly feePerByteMin: bigint;
}

export interface MiningStatus extends MinerStatus {
  readonly isRunning: boolean;
  readonly bits: number;
  readonly target: Uint8Array;
  readonly expectedTrials: bigint;
  readonly blocksFound: number;
}

interface MovedBlockEvent {
  readonly height: number;
  readonly hash: Uint8Array;
  readonly parent: Uint8Array;
  readonly time: number;
  readonly transactionIds: readonly Uint8Array[];
}

export interface AppliedEvent extends MovedBlockEvent {
  readonly type: 'applied';
  /** The versions that the block made, in their order. */
  readonly changes: readonly HistoryEntry[];
}

export interface UndoneEvent extends MovedBlockEvent {
  readonly type: 'undone';
  /** The keys that the block's transactions named in order to write them, unique, in their order: what it made of them is gone. */
  readonly keys: readonly string[];
}

/** What the ledger made and unmade. Sent in the ledger's order, each exactly once. */
export type LedgerEvent =
  | AppliedEvent
  | UndoneEvent
  /** After the last batch of one switch: readers see this head now. `undone` is 0 when the chain only grew. */
  | { readonly type: 'head'; readonly height: number; readonly hash: Uint8Array; readonly undone: number }
  /** The engine made all up to this height final, which may be ahead of the head. */
  | { readonly type: 'final'; readonly height: number }
  /** Finality and something else disagree (`Evidence`); the node follows what is final. */
  | { readonly type: 'finality_conflict'; readonly evidence: Evidence };

export interface NodeApi {
  readonly genesis: Genesis;
  readonly chainId: Uint8Array;
  /** Whether anything but the genesis ever becomes final on this chain. */
  readonly canFinalize: boolean;
  /** The parameters in force for the next block. */
  params(): Params;
  status(): NodeStatus;
  tips(): readonly Tip[];
  /** In the order of the genesis; none with proof of work. */
  members(): readonly MemberStanding[];
  /** Tries to lead the members; false where nobody leads, and for an observer. */
  lead(): boolean;
  /** What a block's header says of its body, as texts; null where it says nothing but the roots. */
  sealTexts(block: Block): Readonly<Record<string, string>> | null;
  /** What this node did and heard after the entry of this number, oldest first; it is kept from the first question on. */
  trace(after: number): readonly TraceEntry[];
  /** Says something to the person at a member. Error thrown: NOT_FOUND for a peer that is none. */
  say(peer: string, text: string): void;
  /** Blocks in memory that were undone or never adopted although nothing is wrong with them. Takes milliseconds on a long chain. */
  staleBlocks(): number;

  /** Errors: NOT_FOUND; HEIGHT_UNAVAILABLE for one that was pruned, whose header is still here. */
  blockByHash(hash: Uint8Array): Promise<Result<BlockReading>>;
  blockByHeight(height: number): Promise<Result<BlockReading>>;
  headerByHash(hash: Uint8Array): Promise<HeaderReading | null>;
  /** Canonical headers, ascending, at most `limit` (<= 2,000). */
  headersFrom(height: number, limit: number): Promise<readonly SealedHeader[]>;

  /** Errors: FINALITY_UNAVAILABLE; HEIGHT_UNAVAILABLE above the head or below `versionsFrom`. An absent key is a reading without record or value. */
  readKey(key: string, options: KeyOptions): Promise<Result<KeyReading>>;
  /** Versions of a key, newest first, below `before` (null: from the newest), at most `limit`; those from below `versionsFrom` may lack. */
  history(
    key: string,
    options: { readonly before: number | null; readonly limit: number },
  ): Promise<readonly HistoryEntry[]>;
  /** Keys with values, in UTF-8 order, that start with `prefix` and come after `after`: at most `limit`, fewer among many deleted ones. */
  scan(prefix: string, options: { readonly after: string | null; readonly limit: number }): Promise<ScanReading>;
  /** Errors: HEIGHT_UNAVAILABLE more than 128 blocks below the head, or behind more than 5,000 changes of the state. */
  prove(key: string, height: number | null): Promise<Result<KeyProof>>;
  readAccount(address: Uint8Array): Promise<AccountReading>;
  supply(): Promise<bigint>;

  /**
   * Checks, verifies and admits; one answer a transaction, in order. One that waits or is included already is answered with where it is.
   * `source` names who pays for space in the mempool.
   */
  submit(transactions: readonly Transaction[], source: string): Promise<readonly Result<TransactionStatus>[]>;
  /** Errors: NOT_FOUND; HEIGHT_UNAVAILABLE when its block was pruned. */
  transaction(id: Uint8Array): Promise<Result<TransactionStatus>>;
  /** The same without the transaction, whose block is not read for it: for who asks again at every head. */
  standing(id: Uint8Array): Promise<Result<TransactionStanding>>;

  mempoolInfo(): MempoolInfo;
  mempoolList(limit: number): readonly Transaction[];

  startMining(settings: { readonly threads?: number; readonly rateMax?: number | null }): void;
  stopMining(): void;
  miningStatus(): MiningStatus;

  peerId(): string;
  addresses(): readonly string[];
  peers(): readonly PeerInfo[];
  /** How many peers that this node dialled are of another network. */
  strangers(): number;
  addPeer(address: string): Promise<string>;
  removePeer(peer: string): Promise<void>;

  /** Listener is called synchronously in the ledger's order; returns the function that ends the subscription. */
  onLedgerEvent(listener: (event: LedgerEvent) => void): () => void;
  /** The `applied` event of a canonical block within the undo window; null below it. For resuming a watch. */
  appliedEvent(height: number): Promise<AppliedEvent | null>;
  /**
   * What a watcher that stands at (height, hash) must hear first: the `undone` events from there down to the canonical chain; empty when
   * that block is canonical; null (RESUME_TOO_OLD) when the block is unknown or below the undo window.
   */
  undoneSince(height: number, hash: Uint8Array): Promise<readonly UndoneEvent[] | null>;
  stop(): Promise<void>;
}
