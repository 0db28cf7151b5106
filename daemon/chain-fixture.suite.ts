/**
 * What the tests of the node's core share: a small network, real blocks on any branch of it (executed, mined and signed), a ledger over
 * the memory store, and a check that a database is whole.
 */
import { expect } from 'vitest';
import { type Block, blockHash, contentHash, type Header, producerDigest, seal } from '../chain/block.ts';
import { toHex } from '../chain/bytes.ts';
import { chainIdOf, type Genesis, paramsAt } from '../chain/genesis.ts';
import { genesisChanges, makeGenesisBlock } from '../chain/genesis-block.ts';
import { sign } from '../chain/keys.ts';
import { allOf, rows } from '../chain/layout.ts';
import { type Applied, BlockExecution } from '../chain/ledger.ts';
import {
  type Actor,
  actor,
  alice,
  bob,
  genesisWith,
  MemoryState,
  paramsWith,
  type TransactionFields,
} from '../chain/ledger-fixture.suite.ts';
import { merkleRoot } from '../chain/merkle.ts';
import type { Operation } from '../chain/operation.ts';
import { pathOf, payloadHashOf, treeUpdates } from '../chain/state.ts';
import { StateTree } from '../chain/state-tree.ts';
import { decodeBits, hashMeetsTarget } from '../chain/target.ts';
import { signTransaction, type Transaction } from '../chain/transaction.ts';
import type { Template } from '../consensus/engine.ts';
import { ChainStore } from './chain-store.ts';
import { createChain } from './genesis-store.ts';
import type { MovedBlock } from './ledger-step.ts';
import { LedgerWriter } from './ledger-writer.ts';
import { ManualClock } from './manual-clock.suite.ts';
import type { Store, StoreRange, StoreWrite } from './ports.ts';
import { MemoryStore } from './store/memory-store.ts';

export const genesis: Genesis = genesisWith(paramsWith({ subsidy: 10n }), [
  [alice, 1_000n],
  [bob, 500n],
]);
export const chainId: Uint8Array = chainIdOf(genesis);
export const miner: Actor = actor('miner');
export const rival: Actor = actor('rival');

/** A signed transaction of this network; nonce 0 and fee 0 unless told. */
export function signed(sender: Actor, operations: readonly Operation[], fields: TransactionFields = {}): Transaction {
  const { nonce = 0, fee = 0n, expiresAt = null, memo = new Uint8Array(0) } = fields;
  return signTransaction({ chainId, nonce, fee, expiresAt, memo, operations }, sender.secret);
}

/** The same body with a signature that does not verify. */
export function badlySigned(transaction: Transaction, decode: (bytes: Uint8Array) => Transaction): Transaction {
  const bytes = transaction.bytes.slice();
  bytes[bytes.length - 1] = (bytes[bytes.length - 1] ?? 0) ^ 1;
  return decode(bytes);
}

export interface Growth {
  readonly producer?: Actor;
  /** Header fields that are to be other than execution gives; the work and the signature are for them all the same. */
  readonly changes?: Partial<Header>;
  /** Transactions that the header commits to but that are not executed: what makes a block invalid inside. */
  readonly unexecuted?: readonly Transaction[];
}

/** A chain that grows by real blocks, from block 0 or from where another one stood. */
export class Branch {
  readonly genesis: Genesis;
  readonly blocks: Block[] = [];
  readonly #state = new MemoryState();
  readonly #tree = new StateTree();
  readonly #applied: Applied[] = [];

  constructor(of: Genesis = genesis) {
    this.genesis = of;
    this.#state.write(genesisChanges(of));
    this.#tree.update(treeUpdates(genesisChanges(of)));
  }

  get tip(): Block {
    return this.blocks.at(-1) ?? { ...makeGenesisBlock(this.genesis), transactions: [] };
  }

  get hashes(): readonly Uint8Array[] {
    return this.blocks.map(({ hash }) => hash);
  }

  /** Another branch that has the first `height` blocks of this one. */
  fork(height: number): Branch {
    const branch = new Branch(this.genesis);
    for (const [index, block] of this.blocks.slice(0, height).entries()) {
      const applied = this.#applied[index];
      if (applied !== undefined) branch.#follow(block, applied);
    }
    return branch;
  }

  /** Appends a block. */
  grow(transactions: readonly Transaction[] = [], growth: Growth = {}): Block {
    const { block, applied } = this.#make(transactions, growth);
    this.#follow(block, applied);
    return block;
  }

  /** A block on the tip that is not appended. */
  make(transactions: readonly Transaction[] = [], growth: Growth = {}): Block {
    return this.#make(transactions, growth).block;
  }

  /** Appends `count` empty blocks. */
  extend(count: number, growth: Growth = {}): readonly Block[] {
    return Array.from({ length: count }, () => this.grow([], growth));
  }

  #make(executed: readonly Transaction[], { producer = miner, changes = {}, unexecuted = [] }: Growth) {
    const { header: parent, hash } = this.tip;
    const height = parent.height + 1;
    const params = paramsAt(this.genesis, height);
    const context = { genesis: this.genesis, params, height, producer: producer.publicKey, state: this.#state };
    const execution = new BlockExecution(context);
    for (const transaction of executed) expect(execution.add(transaction)).toMatchObject({ ok: true });
    const applied = execution.finish();
    const back = this.#tree.update(treeUpdates(applied.changes));
    const stateRoot = this.#tree.root();
    this.#tree.update(back);
    const transactions = [...executed, ...unexecuted];
    const header: Header = {
      version: 1,
      height,
      parent: hash,
      transactionsRoot: merkleRoot(transactions.map(({ witnessId }) => witnessId)),
      receiptsRoot: applied.receiptsRoot,
      stateRoot,
      time: parent.time + 1_000,
      bits: params.bits,
      producer: producer.publicKey,
      extension: new Uint8Array(0),
      ...changes,
    };
    return { block: { ...mineAndSign(header, producer.secret, chainIdOf(this.genesis)), transactions }, applied };
  }

  #follow(block: Block, applied: Applied): void {
    this.#state.write(applied.changes);
    this.#tree.update(treeUpdates(applied.changes));
    this.#applied.push(applied);
    this.blocks.push(block);
  }
}

/** A header that meets its target, signed by its producer. */
function mineAndSign(header: Header, secret: Uint8Array, of: Uint8Array) {
  const content = contentHash(header);
  const nonce = findNonce(content, header.bits, 'meets');
  return seal(header, nonce, sign(producerDigest(of, blockHash(content, nonce)), secret));
}

/** The engine's order for the next block on this branch, with proof of work. */
export function templateOn({ tip: { hash, header } }: Branch): Template {
  return {
    parent: hash,
    height: header.height + 1,
    bits: header.bits,
    timeMin: header.time + 1,
    extension: new Uint8Array(0),
    nonce: 'search',
    when: 'at once',
  };
}

/** The first nonce, counting from 0, whose hash meets the target, or misses it. */
export function findNonce(content: Uint8Array, bits: number, wanted: 'meets' | 'misses'): Uint8Array {
  const target = decodeBits(bits) ?? 0n;
  for (let trial = 0; ; trial++) {
    const nonce = new Uint8Array(32);
    new DataView(nonce.buffer).setUint32(28, trial);
    if (hashMeetsTarget(blockHash(content, nonce), target) === (wanted === 'meets')) return nonce;
  }
}

/** A store whose reads and writes can be looked at, held up and made to fail. */
export class WatchedStore implements Store {
  readonly inner: MemoryStore;
  writes = 0;
  /** Awaited before each write is carried out; what it throws fails the write. */
  beforeWrite: (batch: readonly StoreWrite[]) => Promise<void> = async () => {};
  /** Awaited when a write can be read already, and before its writer hears of it. */
  afterWrite: () => Promise<void> = async () => {};
  /** Awaited before a single row is read. */
  beforeRead: (key: Uint8Array) => Promise<void> = async () => {};
  /** Called before a row is read that the reader's thread waits for. */
  beforeReadSync: (key: Uint8Array) => void = () => {};
  /** Awaited before several rows are read at once. */
  beforeReadMany: () => Promise<void> = async () => {};

  constructor(inner: MemoryStore = new MemoryStore()) {
    this.inner = inner;
  }

  async get(key: Uint8Array) {
    await this.beforeRead(key);
    return this.inner.get(key);
  }

  getSync(key: Uint8Array) {
    this.beforeReadSync(key);
    return this.inner.getSync(key);
  }

  async getMany(keys: readonly Uint8Array[]) {
    await this.beforeReadMany();
    return this.inner.getMany(keys);
  }

  range(range: StoreRange) {
    return this.inner.range(range);
  }

  async write(batch: readonly StoreWrite[], durability: 'durable' | 'lazy'): Promise<void> {
    this.writes += 1;
    await this.beforeWrite(batch);
    await this.inner.write(batch, durability);
    await this.afterWrite();
  }

  freeze() {
    return this.inner.freeze();
  }

  close() {
    return this.inner.close();
  }
}

export interface OpenedLedger {
  readonly store: Store;
  readonly chain: ChainStore;
  readonly writer: LedgerWriter;
  /** Each step that was told, as `+height` and `-height`. */
  readonly steps: string[];
}

/** Opens the ledger over a store; an empty one gets block 0. */
export async function openLedger(store: Store = new MemoryStore(), of: Genesis = genesis): Promise<OpenedLedger> {
  const chain = new ChainStore(store);
  if ((await chain.tip()) === null) await createChain(chain, of, makeGenesisBlock(of));
  const steps: string[] = [];
  const onStep = async (moved: readonly MovedBlock[]) => {
    steps.push(moved.map(({ type, block }) => `${type === 'applied' ? '+' : '-'}${block.header.height}`).join(' '));
  };
  const clock = new ManualClock(of.time);
  const writer = await LedgerWriter.open({ genesis: of, chain, clock, durability: 'durable', onStep });
  return { store, chain, writer, steps };
}

/** Stores blocks as the road of a block does, without making them canonical. */
export async function storeBlocks(chain: ChainStore, blocks: readonly Block[]): Promise<void> {
  for (const block of blocks)
    await chain.putBlock(block, new Uint8Array(0), { name: 'own-block', durability: 'durable' });
}

/** Orders the ledger from the first branch to the second, which share `common` blocks. */
export function switchBetween(from: Branch, to: Branch, common: number) {
  const ancestor = (common === 0 ? new Branch(from.genesis) : from.fork(common)).tip.hash;
  return { ancestor, undo: from.hashes.slice(common).toReversed(), apply: to.hashes.slice(common) };
}

/** Checks that the rows of a database agree with each other, and gives its tip. */
export async function expectWhole(store: Store): Promise<{ readonly height: number; readonly hash: string }> {
  const chain = new ChainStore(store);
  const tip = await chain.tip();
  if (tip === null) throw new Error('the database has no tip');
  const headers = await chain.canonicalHeaders(0, tip.height + 2);
  expect(headers.map(({ header }) => header.height)).toEqual(Array.from({ length: tip.height + 1 }, (_, at) => at));
  const head = headers.at(-1);
  expect(head?.hashHex).toBe(toHex(tip.hash));
  const tree = StateTree.build(await chain.leaves());
  expect(toHex(tree.root())).toBe(toHex(head?.header.stateRoot ?? new Uint8Array(0)));
  const records = await store.range({ ...allOf(rows.state), limit: 100_000, order: 'ascending' });
  expect(records).toHaveLength(tree.size);
  for (const { key, value } of records) {
    const leaf = await store.get(rows.leaf.key(pathOf(rows.state.placeOf(key))));
    expect(leaf && toHex(rows.leaf.decode(leaf))).toBe(toHex(payloadHashOf(rows.state.decode(value))));
  }
  for (const { hash, header } of headers) {
    expect(await chain.receipts(hash), `receipts of block ${header.height}`).not.toBeNull();
    if (header.height > 0) expect(toHex((await chain.undo(header.height))?.blockHash ?? tip.hash)).toBe(toHex(hash));
  }
  expect(await chain.undo(tip.height + 1)).toBeNull();
  return { height: tip.height, hash: toHex(tip.hash) };
}
