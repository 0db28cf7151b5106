import { describe, expect, it } from 'vitest';
import {
  commitWrites,
  genesisWrites,
  type MempoolToWrite,
  mempoolWrites,
  storeBlockWrites,
  storeHeaderWrites,
  undoWrites,
} from './batches.ts';
import { type Block, seal } from './block.ts';
import { fromHex, toHex } from './bytes.ts';
import type { ErrorCode } from './errors.ts';
import { chainIdOf } from './genesis.ts';
import { genesisChanges } from './genesis-block.ts';
import { zeroHash } from './hash.ts';
import { rows } from './layout.ts';
import { type Applied, BlockExecution } from './ledger.ts';
import { alice, bob, genesisWith, paramsWith, producer, put, transact } from './ledger-fixture.suite.ts';
import { merkleRoot } from './merkle.ts';
import type { StoreWrite } from './row.ts';
import type { StateReader } from './state.ts';
import { supplyStateKey, treeUpdates } from './state.ts';
import { StateTree } from './state-tree.ts';
import type { Transaction } from './transaction.ts';
import { decodeUndo, encodeUndo, undoOf } from './undo.ts';

const undoBlocksMax = 2;
const params = paramsWith({ subsidy: 50n, undoBlocksMax });
const genesis = genesisWith(params, [
  [alice, 1_000n],
  [bob, 500n],
]);

/** Rows in memory, and the blocks that were committed to them. */
class Database implements StateReader {
  readonly stored = new Map<string, Uint8Array>();
  readonly tree = new StateTree();
  tip: Block;

  constructor() {
    this.tip = blockAt(0, chainIdOf(genesis), []);
    const applied: Applied = {
      receipts: [],
      changes: genesisChanges(genesis),
      history: [],
      receiptsRoot: merkleRoot([]),
    };
    this.write(genesisWrites(this.tip, applied, new Uint8Array(0)));
    this.tree.update(treeUpdates(applied.changes));
  }

  read(hex: string): Uint8Array | null {
    return this.get(rows.state.key(fromHex(hex) ?? supplyStateKey));
  }

  get(key: Uint8Array): Uint8Array | null {
    return this.stored.get(toHex(key)) ?? null;
  }

  write(writes: readonly StoreWrite[]): void {
    const keys = writes.map(({ key }) => toHex(key));
    expect(new Set(keys).size, 'no key twice in a batch').toBe(keys.length);
    for (const { key, value } of writes) {
      if (value === null) this.stored.delete(toHex(key));
      else this.stored.set(toHex(key), value);
    }
  }

  /** Replaces the stored mempool; gives where its parts are. */
  save(mempool: MempoolToWrite): readonly number[] {
    const batches = mempoolWrites(mempool);
    for (;;) {
      const batch = batches.next();
      if (batch.done) return batch.value;
      for (const { value } of batch.value) expect(value?.length ?? 0).toBeLessThanOrEqual(1_048_576 + 5);
      this.write(batch.value);
    }
  }

  /** Makes a block on the tip; it is stored, not committed. */
  make(...transactions: readonly Transaction[]): { block: Block; applied: Applied } {
    const height = this.tip.header.height + 1;
    const execution = new BlockExecution({ genesis, params, height, producer: producer.publicKey, state: this });
    for (const transaction of transactions) expect(execution.add(transaction).ok).toBe(true);
    const block = blockAt(height, this.tip.hash, transactions);
    this.write(storeBlockWrites(block, Uint8Array.of(height)));
    return { block, applied: execution.finish() };
  }

  commit({ block, applied }: { readonly block: Block; readonly applied: Applied }): void {
    this.write([...commitWrites({ block, applied, leaves: treeUpdates(applied.changes), undoBlocksMax })]);
    this.tree.update(treeUpdates(applied.changes));
    this.tip = block;
  }

  undo(parent: Block): void {
    const stored = this.get(rows.undo.key(this.tip.header.height));
    const undo = stored && decodeUndo(stored, this.tip.hash);
    if (!undo?.ok) throw new Error('no undo record');
    this.write(undoWrites(this.tip, undo.value));
    this.tree.update(treeUpdates(undo.value.changes));
    this.tip = parent;
  }

  /** All rows but those of the kinds left out, as text. */
  snapshot(leftOut: readonly { readonly prefix: string }[] = []): readonly string[] {
    const prefixes = leftOut.map(({ prefix }) => toHex(new TextEncoder().encode(prefix)));
    return [...this.stored]
      .filter(([key]) => !prefixes.some(prefix => key.startsWith(prefix)))
      .map(([key, value]) => `${key}=${toHex(value)}`)
      .sort();
  }
}

function blockAt(height: number, parent: Uint8Array, transactions: readonly Transaction[]): Block {
  const header = {
    version: 1,
    height,
    parent,
    transactionsRoot: merkleRoot(transactions.map(({ witnessId }) => witnessId)),
    receiptsRoot: zeroHash,
    stateRoot: zeroHash,
    time: height,
    bits: 0,
    producer: producer.publicKey,
    extension: new Uint8Array(0),
  };
  return { ...seal(header, zeroHash, new Uint8Array(64)), transactions };
}

const story = (nonce: number): readonly Transaction[] => [
  transact(alice, [put('a', `${nonce}`), put('b', `${nonce}`), { type: 'delete', key: 'b' }], { nonce, fee: 2n }),
  transact(bob, [{ type: 'delete', key: 'absent' }], { nonce, fee: 1n }),
];

describe('the batches of a block', () => {
  it('undo gives the database as it was, with the stored block and a row that owes it to the mempool', () => {
    const database = new Database();
    database.commit(database.make(...story(0)));
    const parent = database.tip;
    const made = database.make(...story(1));
    const before = database.snapshot();
    const rootBefore = database.tree.root();
    database.commit(made);
    const after = database.snapshot();
    database.undo(parent);
    expect(database.snapshot([rows.undone])).toEqual(before);
    expect(database.tree.root()).toEqual(rootBefore);
    const owed = database.get(rows.undone.key(made.block.hash));
    expect(owed && rows.undone.decode(owed)).toBe(2);
    database.commit(made);
    expect(database.snapshot()).toEqual(after);
  });

  it('the leaves give the tree that the updates gave', () => {
    const database = new Database();
    database.commit(database.make(...story(0)));
    const leaves = [...database.stored].filter(([key]) => key.startsWith(toHex(new TextEncoder().encode('L')))).sort();
    const run = leaves.map(([key, value]) => key.slice(2) + toHex(value)).join('');
    expect(toHex(StateTree.build([Buffer.from(run, 'hex')]).root())).toBe(toHex(database.tree.root()));
  });

  it('a commit moves tip and indexes, and every row says what happened', () => {
    const database = new Database();
    const { block, applied } = database.make(...story(0));
    database.commit({ block, applied });
    const decoded = <T>(row: { decode(bytes: Uint8Array): T }, key: Uint8Array): T | null => {
      const value = database.get(key);
      return value && row.decode(value);
    };
    expect(decoded(rows.tip, rows.tip.key('only'))).toEqual({ hash: block.hash, height: 1 });
    expect(decoded(rows.canonical, rows.canonical.key(1))).toEqual(block.hash);
    expect(decoded(rows.receipts, rows.receipts.key(block.hash))).toEqual(applied.receipts);
    expect(decoded(rows.body, rows.body.key(block.hash))).toEqual(block.transactions);
    expect(decoded(rows.header, rows.header.key(block.hash))).toMatchObject({
      record: Uint8Array.of(1),
      isInvalid: false,
    });
    const [, second] = block.transactions;
    expect(second && decoded(rows.transaction, rows.transaction.key(second.id))).toEqual({ height: 1, index: 1 });
    const history = decoded(rows.history, rows.history.key({ key: 'a', version: 1 }));
    expect(history).toMatchObject({ operation: 'put', height: 1, value: new TextEncoder().encode('0') });
  });

  it('keeps undo records for the undo window, and none for block 0', () => {
    const database = new Database();
    for (let nonce = 0; nonce < 4; nonce++) database.commit(database.make(...story(nonce)));
    const held = [0, 1, 2, 3, 4].filter(height => database.get(rows.undo.key(height)) !== null);
    expect(held).toEqual([3, 4]);
  });

  it('marks a stored block as invalid without touching its body', () => {
    const database = new Database();
    const { block } = database.make(...story(0));
    database.write(storeHeaderWrites({ sealed: block, record: Uint8Array.of(9), isInvalid: true }));
    const stored = database.get(rows.header.key(block.hash));
    expect(stored && rows.header.decode(stored)).toMatchObject({ record: Uint8Array.of(9), isInvalid: true });
    expect(database.get(rows.body.key(block.hash))).not.toBeNull();
  });
});

describe('undo records', () => {
  const undo = undoOf(new Uint8Array(32).fill(1), {
    changes: [{ stateKey: Uint8Array.of(3), before: Uint8Array.of(4), after: null }],
    history: [],
  });

  it('come back as they were', () => {
    expect(decodeUndo(encodeUndo(undo), undo.blockHash)).toEqual({ ok: true, value: undo });
    expect(undo.changes).toEqual([{ stateKey: Uint8Array.of(3), after: Uint8Array.of(4) }]);
  });

  it.each<[string, Uint8Array, Uint8Array, ErrorCode]>([
    ['of another block', encodeUndo(undo), zeroHash, 'DATABASE_DAMAGED'],
    ['cut short', encodeUndo(undo).subarray(1), undo.blockHash, 'DATABASE_DAMAGED'],
    ['empty', new Uint8Array(0), undo.blockHash, 'DATABASE_DAMAGED'],
  ])('are refused when %s', (_name, bytes, blockHash, code) => {
    expect(decodeUndo(bytes, blockHash)).toMatchObject({ ok: false, error: { code } });
  });
});

describe('the stored mempool', () => {
  const big = (nonce: number) =>
    transact(
      alice,
      Array.from({ length: 4 }, (_, n) => put(`${n}`, 'x'.repeat(60_000))),
      { nonce },
    );

  it('is written in parts of at most 1 MiB, replaces the parts before and settles the undone blocks', () => {
    const database = new Database();
    const before = database.snapshot();
    const transactions = Array.from({ length: 9 }, (_, nonce) => big(nonce));
    const first = database.save({ transactions, places: [], undone: [] });
    expect(first).toEqual([0, 1, 2]);
    const read = first.flatMap(part => rows.mempool.decode(database.get(rows.mempool.key(part)) ?? new Uint8Array(0)));
    expect(read.map(({ witnessIdHex }) => witnessIdHex)).toEqual(transactions.map(({ witnessIdHex }) => witnessIdHex));
    database.write([rows.undone.put(zeroHash, 1)]);
    const second = database.save({ transactions: transactions.slice(0, 1), places: first, undone: [zeroHash] });
    expect(second).toEqual([3]);
    expect(database.save({ transactions: [], places: second, undone: [] })).toEqual([]);
    expect(database.snapshot()).toEqual(before);
  });
});
