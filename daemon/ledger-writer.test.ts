import { describe, expect, it } from 'vitest';
import { contentHash, seal } from '../chain/block.ts';
import { equalBytes, toHex } from '../chain/bytes.ts';
import { encode } from '../chain/codec.ts';
import { rows } from '../chain/layout.ts';
import { alice, bob, put } from '../chain/ledger-fixture.suite.ts';
import { accountCodec, accountStateKey, keyStateKey, pathOf, payloadHashOf } from '../chain/state.ts';
import { verifyStateProof } from '../chain/state-tree-proof.ts';
import type { Transaction } from '../chain/transaction.ts';
import {
  Branch,
  expectWhole,
  findNonce,
  genesis,
  miner,
  type OpenedLedger,
  openLedger,
  rival,
  signed,
  storeBlocks,
  switchBetween,
  templateOn,
  WatchedStore,
} from './chain-fixture.suite.ts';
import { stepLimits } from './ledger-step.ts';
import { LedgerWriter, proofChangesMax, proofDepthMax } from './ledger-writer.ts';
import { ManualClock } from './manual-clock.suite.ts';
import { MemoryStore } from './store/memory-store.ts';

/** Two branches behind two common blocks: one of three more blocks, one of four, all with writes of the same keys. */
function fork() {
  const first = new Branch();
  first.grow([signed(alice, [put('both', 'a'), put('common', 'c')])]);
  first.grow([signed(bob, [put('bobs', '1')])]);
  const second = first.fork(2);
  for (const nonce of [1, 2, 3]) first.grow([signed(alice, [put('both', `first ${nonce}`)], { nonce })]);
  for (const nonce of [1, 2, 3, 4]) {
    second.grow([signed(alice, [put(`second ${nonce}`, 'x')], { nonce })], { producer: rival });
  }
  return { first, second };
}

/** A ledger that stands on the first branch and holds both. */
async function forkedLedger(store = new WatchedStore()) {
  const { first, second } = fork();
  const ledger = await openLedger(store);
  await storeBlocks(ledger.chain, [...first.blocks, ...second.blocks]);
  await ledger.writer.switchTo(switchBetween(new Branch(), first, 0));
  ledger.steps.length = 0;
  return { ...ledger, store, first, second };
}

/** The root that the state tree has now: the head's, when an absent key is proven under it. */
async function rootNow({ writer }: OpenedLedger): Promise<string> {
  const { header } = writer.head;
  const stateKey = keyStateKey('never written');
  const proven = await writer.inTurn(() => writer.proveRecord(stateKey, header.height));
  if (!proven.ok) return 'there is no proof for the head';
  const claim = { root: header.stateRoot, path: pathOf(stateKey), payloadHash: null, proof: proven.value.proof };
  return verifyStateProof(claim) ? toHex(header.stateRoot) : 'the tree has another root';
}

describe('the ledger writer', () => {
  it('applies blocks on its head and tells each once', async () => {
    const branch = new Branch();
    branch.grow([signed(alice, [put('k', 'v')])]);
    branch.extend(2);
    const ledger = await openLedger();
    await storeBlocks(ledger.chain, branch.blocks);
    const done = await ledger.writer.switchTo(switchBetween(new Branch(), branch, 0));
    expect(done).toEqual({ tip: branch.tip.hash, invalid: null });
    expect(ledger.writer.head.hashHex).toBe(branch.tip.hashHex);
    expect(ledger.steps).toEqual(['+1 +2 +3']);
    expect(await expectWhole(ledger.store)).toEqual({ height: 3, hash: branch.tip.hashHex });
  });

  it('refuses an order that does not begin where it stands, and stays as it is', async () => {
    const ledger = await openLedger();
    const branch = new Branch();
    // Empty blocks: nothing in them would tell that they are applied twice.
    branch.extend(2);
    await storeBlocks(ledger.chain, branch.blocks);
    const [first] = branch.hashes;
    if (first === undefined) throw new Error('the branch has two blocks');
    const order = { ancestor: new Branch().tip.hash, undo: [] };
    await ledger.writer.switchTo({ ...order, apply: [first] });
    await expect(ledger.writer.switchTo({ ...order, apply: branch.hashes })).rejects.toThrow('on its parent alone');
    expect(await expectWhole(ledger.store)).toEqual({ height: 1, hash: toHex(first) });
    expect(await rootNow(ledger)).toBe(toHex(ledger.writer.head.header.stateRoot));
  });

  it('C1: carries out a reorg in one batch, and readers see the old head until it is written', async () => {
    const { writer, chain, store, first, second, steps } = await forkedLedger();
    let release = () => {};
    const held = new Promise<void>(resolve => {
      release = resolve;
    });
    let reached = () => {};
    const isWriting = new Promise<void>(resolve => {
      reached = resolve;
    });
    const writesBefore = store.writes;
    store.beforeWrite = () => {
      reached();
      return held;
    };
    const switching = writer.switchTo(switchBetween(first, second, 2));
    await isWriting;
    expect(writer.head.hashHex).toBe(first.tip.hashHex);
    expect((await chain.keyRecord('both'))?.version).toBe(4);
    expect(await chain.keyRecord('second 1')).toBeNull();
    expect(steps).toEqual([]);
    release();
    expect(await switching).toEqual({ tip: second.tip.hash, invalid: null });
    expect(store.writes).toBe(writesBefore + 1);
    expect(writer.head.hashHex).toBe(second.tip.hashHex);
    expect((await chain.keyRecord('both'))?.version).toBe(1);
    expect(await chain.version('both', 2)).toBeNull();
    expect(steps).toEqual(['-5 -4 -3 +3 +4 +5 +6']);
    expect(await expectWhole(store)).toEqual({ height: 6, hash: second.tip.hashHex });
  });

  it('goes back to the very same database when it switches there and back', async () => {
    const { writer, store, first, second } = await forkedLedger();
    const before = await expectWhole(store);
    await writer.switchTo(switchBetween(first, second, 2));
    await writer.switchTo(switchBetween(second, first, 2));
    expect(await expectWhole(store)).toEqual(before);
  });

  it('leaves a whole database behind, wherever power is lost', async () => {
    const { first, second } = fork();
    const seen = new Set<number>();
    for (let crashAt = 1; ; crashAt++) {
      const store = new WatchedStore();
      let left = crashAt;
      store.beforeWrite = async () => {
        left -= 1;
        if (left === 0) throw new Error('the power is gone');
      };
      const isOver = await runUntilCrash(store, first, second).then(
        () => true,
        () => false,
      );
      const survivor = store.inner.crash();
      if (crashAt > 1) {
        seen.add((await expectWhole(survivor)).height);
        const again = await openLedger(survivor);
        expect(again.writer.head.header.height).toBe((await expectWhole(survivor)).height);
      }
      if (isOver) break;
    }
    expect([...seen].sort()).toEqual([0, 5, 6]);
  });

  it('C3: changes nothing when a block behind an undo is invalid', async () => {
    const ledger = await forkedLedger();
    const { writer, chain, store, first, second } = ledger;
    const bad = second.make([], { producer: rival, changes: { stateRoot: new Uint8Array(32) } });
    await storeBlocks(chain, [bad]);
    const writesBefore = store.writes;
    const order = switchBetween(first, second, 2);
    const done = await writer.switchTo({ ...order, apply: [...order.apply, bad.hash] });
    expect(done).toEqual({ tip: first.tip.hash, invalid: { hash: bad.hash, code: 'BAD_STATE_ROOT' } });
    expect(store.writes).toBe(writesBefore);
    expect(await expectWhole(store)).toEqual({ height: 5, hash: first.tip.hashHex });
    expect(await rootNow(ledger)).toBe(toHex(first.tip.header.stateRoot));
  });

  it.each([
    ['BAD_STATE_ROOT', { changes: { stateRoot: new Uint8Array(32) } }],
    ['BAD_RECEIPTS_ROOT', { changes: { receiptsRoot: new Uint8Array(32) } }],
    ['BAD_TRANSACTION', { unexecuted: [signed(alice, [put('k', 'v')], { nonce: 7 })] }],
  ] as const)('keeps the valid beginning before a block that is %s', async (code, growth) => {
    const branch = new Branch();
    branch.extend(2);
    const bad = branch.make([], growth);
    const ledger = await openLedger();
    await storeBlocks(ledger.chain, [...branch.blocks, bad]);
    const order = { ancestor: new Branch().tip.hash, undo: [], apply: [...branch.hashes, bad.hash] };
    expect(await ledger.writer.switchTo(order)).toEqual({ tip: branch.tip.hash, invalid: { hash: bad.hash, code } });
    expect(await expectWhole(ledger.store)).toEqual({ height: 2, hash: branch.tip.hashHex });
    expect(await rootNow(ledger)).toBe(toHex(branch.tip.header.stateRoot));
  });

  it('C3: cuts a long switch into steps, each of them whole', async () => {
    const count = 2 * stepLimits.blocks + 5;
    const first = new Branch();
    first.extend(count);
    const second = first.fork(3);
    second.extend(count, { producer: rival });
    const store = new WatchedStore();
    const ledger = await openLedger(store);
    await storeBlocks(ledger.chain, [...first.blocks, ...second.blocks.slice(3)]);
    await ledger.writer.switchTo(switchBetween(new Branch(), first, 0));
    expect(ledger.steps).toHaveLength(3);
    store.beforeWrite = async () => {
      await expectWhole(store);
    };
    await ledger.writer.switchTo(switchBetween(first, second, 3));
    expect(await expectWhole(store)).toEqual({ height: count + 3, hash: second.tip.hashHex });
    expect(Math.max(...ledger.steps.map(step => step.split(' ').length))).toBe(stepLimits.blocks);
  });

  it('C3: ends a step that has written 32 MiB with the block at hand', async () => {
    const branch = new Branch();
    const value = 'v'.repeat(65_536);
    const writes = Array.from({ length: 192 }, (_, nonce) => {
      const operations = ['a', 'b', 'c'].map(key => put(`${key} ${nonce}`, value));
      return signed(alice, operations, { nonce });
    });
    for (let at = 0; at < writes.length; at += 8) branch.grow(writes.slice(at, at + 8));
    const ledger = await openLedger();
    await storeBlocks(ledger.chain, branch.blocks);
    await ledger.writer.switchTo(switchBetween(new Branch(), branch, 0));
    expect(ledger.steps.length).toBeGreaterThan(1);
  });

  it('puts the tree back when the batch is not written, and goes on afterwards', async () => {
    const ledger = await forkedLedger();
    const { writer, store, first, second } = ledger;
    store.beforeWrite = async () => {
      throw new Error('the disk is full');
    };
    await expect(writer.switchTo(switchBetween(first, second, 2))).rejects.toThrow('the disk is full');
    expect(writer.head.hashHex).toBe(first.tip.hashHex);
    expect(await rootNow(ledger)).toBe(toHex(first.tip.header.stateRoot));
    store.beforeWrite = async () => {};
    await writer.switchTo(switchBetween(first, second, 2));
    expect(await expectWhole(store)).toEqual({ height: 6, hash: second.tip.hashHex });
  });
});

/** Stores both branches and switches to the first, then to the second; throws when a write fails. */
async function runUntilCrash(store: WatchedStore, first: Branch, second: Branch): Promise<void> {
  const { chain, writer } = await openLedger(store);
  await storeBlocks(chain, [...first.blocks, ...second.blocks]);
  await writer.switchTo(switchBetween(new Branch(), first, 0));
  await writer.switchTo(switchBetween(first, second, 2));
}

/** They change more of the state than a template may stand on. */
function many(): readonly Transaction[] {
  return Array.from({ length: 60 }, (_, index) => {
    const operations = Array.from({ length: 100 }, (_, key) => put(`many ${index} ${key}`, 'x'));
    return signed(alice, operations, { nonce: 4 + index });
  });
}

describe('a template', () => {
  it('leaves the tree as it was, and its block becomes the head with the roots that it named', async () => {
    const ledger = await forkedLedger();
    const { writer, chain, store, first } = ledger;
    const picked = [signed(alice, [put('mine', 'x')], { nonce: 4 }), signed(bob, [put('late', 'x')], { nonce: 9 })];
    const order = { producer: miner.publicKey, time: first.tip.header.time + 5, transactions: picked };
    const candidate = await writer.prepare(templateOn(first), order);
    expect(candidate?.transactions).toEqual(picked.slice(0, 1));
    expect(await rootNow(ledger)).toBe(toHex(first.tip.header.stateRoot));
    if (candidate === null) throw new Error('there is a candidate');
    const expected = first.make(picked.slice(0, 1), { changes: { time: order.time } });
    expect(candidate.header).toEqual(expected.header);
    const nonce = findNonce(contentHash(candidate.header), candidate.header.bits, 'meets');
    const block = { ...seal(candidate.header, nonce, new Uint8Array(64)), transactions: candidate.transactions };
    await storeBlocks(chain, [block]);
    await writer.switchTo({ ancestor: first.tip.hash, undo: [], apply: [block.hash] });
    expect(await expectWhole(store)).toEqual({ height: 6, hash: block.hashHex });
    expect((await chain.keyRecord('mine'))?.height).toBe(6);
  });

  it('is not executed a second time when its block is mined', async () => {
    const { writer, chain, store, first } = await forkedLedger();
    const transactions = [signed(alice, [put('mine', 'x')], { nonce: 4 })];
    const order = { producer: miner.publicKey, time: first.tip.header.time + 5, transactions };
    const candidate = await writer.prepare(templateOn(first), order);
    if (candidate === null) throw new Error('there is a candidate');
    const block = first.make(transactions, { changes: { time: order.time } });
    expect(toHex(contentHash(block.header))).toBe(toHex(contentHash(candidate.header)));
    await storeBlocks(chain, [block]);
    // Executed again, the transaction would find its nonce used, and the block would be invalid.
    const account = encode(accountCodec, { nonce: 99, balance: 0n });
    await store.inner.write([rows.state.put(accountStateKey(alice.address), account)], 'durable');
    const done = await writer.switchTo({ ancestor: first.tip.hash, undo: [], apply: [block.hash] });
    expect(done).toEqual({ tip: block.hash, invalid: null });
    expect(await expectWhole(store)).toEqual({ height: 6, hash: block.hashHex });
  });

  it('of the same transactions is not executed a second time: it differs in its time', async () => {
    const { writer, store, first } = await forkedLedger();
    const transactions = [signed(alice, [put('mine', 'x')], { nonce: 4 })];
    const order = { producer: miner.publicKey, time: first.tip.header.time + 5, transactions };
    const candidate = await writer.prepare(templateOn(first), order);
    if (candidate === null) throw new Error('there is a candidate');
    // Executed again, the transaction would find its nonce used, and would be left out.
    const account = encode(accountCodec, { nonce: 99, balance: 0n });
    await store.inner.write([rows.state.put(accountStateKey(alice.address), account)], 'durable');
    const later = await writer.prepare(templateOn(first), {
      ...order,
      time: order.time + 1,
      transactions: [...transactions],
    });
    expect(later).toEqual({ ...candidate, header: { ...candidate.header, time: order.time + 1 } });
    const more = await writer.prepare(templateOn(first), {
      ...order,
      transactions: [...transactions, ...transactions],
    });
    expect(more?.transactions).toEqual([]);
  });

  it('holds what was added in time, and the rest when there is time again', async () => {
    const { writer, first } = await forkedLedger();
    const transactions = [signed(alice, [put('mine', 'x')], { nonce: 4 })];
    const order = { producer: miner.publicKey, time: first.tip.header.time + 5, transactions };
    const late = await writer.prepare(templateOn(first), { ...order, addingMs: 0 });
    expect(late?.transactions).toEqual([]);
    const whole = await writer.prepare(templateOn(first), { ...order, addingMs: 250 });
    expect(whole?.transactions).toEqual(transactions);
  });

  it('is not made when the head is another block than its parent', async () => {
    const { writer, second } = await forkedLedger();
    const order = { producer: miner.publicKey, time: second.tip.header.time + 5, transactions: [] };
    expect(await writer.prepare(templateOn(second), order)).toBeNull();
  });

  it('stands on blocks of this node that are not applied yet, and is not executed again when all are', async () => {
    const ledger = await forkedLedger();
    const { writer, chain, store, first } = ledger;
    const start = first.tip.hash;
    const hashes: Uint8Array[] = [];
    for (let nonce = 4; nonce < 7; nonce++) {
      const transactions = [signed(alice, [put('mine', `x${nonce}`)], { nonce })];
      const order = { producer: miner.publicKey, time: first.tip.header.time + 5, transactions };
      const candidate = await writer.prepare(templateOn(first), order);
      const block = first.grow(transactions, { changes: { time: order.time } });
      expect(candidate?.header).toEqual(block.header);
      await storeBlocks(chain, [block]);
      hashes.push(block.hash);
    }
    expect(writer.ahead(first.tip.hash)?.map(({ block }) => block.hash)).toEqual(hashes);
    expect(await rootNow(ledger)).toBe(toHex(writer.head.header.stateRoot));
    const account = encode(accountCodec, { nonce: 99, balance: 0n });
    await store.inner.write([rows.state.put(accountStateKey(alice.address), account)], 'durable');
    const done = await writer.switchTo({ ancestor: start, undo: [], apply: hashes });
    expect(done).toEqual({ tip: first.tip.hash, invalid: null });
    expect(await expectWhole(store)).toEqual({ height: 8, hash: first.tip.hashHex });
    expect(writer.ahead(first.tip.hash)).toEqual([]);
  });

  it.each([
    ['another made', () => [], 0],
    ['changes more than may be taken there and back', many, 60],
  ])('is not made on a block that %s', async (_, transactionsOf, prepared) => {
    const { writer, chain, first } = await forkedLedger();
    const transactions = transactionsOf();
    const order = { producer: miner.publicKey, time: first.tip.header.time + 5, transactions };
    if (prepared > 0) expect((await writer.prepare(templateOn(first), order))?.transactions).toHaveLength(prepared);
    const block = first.grow(transactions, { changes: { time: order.time } });
    await storeBlocks(chain, [block]);
    expect(writer.ahead(block.hash)).toBeNull();
    expect(await writer.prepare(templateOn(first), { ...order, transactions: [] })).toBeNull();
  });

  it('of another height leaves nothing behind that a block of a peer could be taken for', async () => {
    const { writer, chain, store, first } = await forkedLedger();
    const order = { producer: miner.publicKey, time: first.tip.header.time + 5, transactions: [] };
    await writer.prepare(templateOn(first), order);
    const other = first.make([signed(alice, [put('other', 'x')], { nonce: 4 })]);
    await storeBlocks(chain, [other]);
    await writer.switchTo({ ancestor: first.tip.hash, undo: [], apply: [other.hash] });
    expect((await expectWhole(store)).hash).toBe(other.hashHex);
  });
});

describe('a proof', () => {
  it('verifies against the header of each height down to the limit, and not below or above', async () => {
    const branch = new Branch();
    branch.grow([signed(alice, [put('k', 'old')])]);
    branch.extend(proofDepthMax - 1);
    branch.grow([signed(alice, [put('k', 'new')], { nonce: 1 })]);
    branch.extend(1);
    const ledger = await openLedger();
    await storeBlocks(ledger.chain, branch.blocks);
    await ledger.writer.switchTo(switchBetween(new Branch(), branch, 0));
    const top = branch.tip.header.height;
    for (const stateKey of [keyStateKey('k'), keyStateKey('absent'), accountStateKey(alice.address)]) {
      for (const height of [top, top - 1, top - 2, top - 50, top - proofDepthMax]) {
        const proven = await ledger.writer.inTurn(() => ledger.writer.proveRecord(stateKey, height));
        if (!proven.ok) throw new Error(`there is a proof at ${height}`);
        const { sealed, record, proof } = proven.value;
        expect(sealed.hashHex).toBe(branch.blocks[height - 1]?.hashHex);
        const payloadHash = record && payloadHashOf(record);
        const claim = { root: sealed.header.stateRoot, path: pathOf(stateKey), payloadHash, proof };
        expect(verifyStateProof(claim), `height ${height}`).toBe(true);
      }
    }
    for (const height of [top - proofDepthMax - 1, top + 1, -1]) {
      const refused = await ledger.writer.inTurn(() => ledger.writer.proveRecord(keyStateKey('k'), height));
      expect(refused).toMatchObject({ ok: false, error: { code: 'HEIGHT_UNAVAILABLE' } });
    }
    expect(await rootNow(ledger)).toBe(toHex(branch.tip.header.stateRoot));
  });

  it('is not given where the blocks above changed too much, and no older undo record is read for it', async () => {
    const { writer, chain, store, first } = await forkedLedger();
    const top = first.tip.header.height;
    const undo = await chain.undo(top);
    if (undo === null) throw new Error('the head can be undone');
    const fill = proofChangesMax - undo.changes.length;
    const filled = Uint8Array.of(1);
    const more = Array.from({ length: fill + 1 }, (_, index) => ({ stateKey: keyStateKey(`${index}`), after: filled }));
    const stand = (count: number) => [...undo.changes, ...more.slice(0, count)];
    const atHead = () => writer.inTurn(() => writer.proveRecord(keyStateKey('k'), top));
    const before = await atHead();
    await store.inner.write([rows.undo.put(top, { ...undo, changes: stand(fill) })], 'durable');
    const past = await writer.inTurn(() => writer.proveRecord(keyStateKey(`${fill - 1}`), top - 1));
    expect(past).toMatchObject({ ok: true, value: { record: filled } });
    expect(await atHead(), 'all pieces were taken back').toEqual(before);
    await store.inner.write([rows.undo.put(top, { ...undo, changes: stand(fill + 1) })], 'durable');
    await store.inner.write([rows.undo.remove(top - 1)], 'durable');
    const refused = await writer.inTurn(() => writer.proveRecord(keyStateKey('k'), top - 2));
    expect(refused).toMatchObject({ ok: false, error: { code: 'HEIGHT_UNAVAILABLE' } });
    expect(!refused.ok && refused.error.detail).toContain(`at most ${proofChangesMax}`);
    expect(await atHead()).toEqual(before);
  });
});

describe('a damaged database', () => {
  const damaged = { code: 'DATABASE_DAMAGED' };
  const leaf = rows.leaf.key(pathOf(accountStateKey(bob.address)));

  it.each([
    ['is missing', null],
    ['was altered', new Uint8Array(32)],
  ])('is told at opening when a leaf %s', async (_, value) => {
    const { store } = await forkedLedger();
    await store.inner.write([{ key: leaf, value }], 'durable');
    await expect(openLedger(store.inner)).rejects.toMatchObject(damaged);
  });

  it('is told at opening when the header of the tip is missing', async () => {
    const { store, first } = await forkedLedger();
    await store.inner.write([{ key: rows.header.key(first.tip.hash), value: null }], 'durable');
    await expect(openLedger(store.inner)).rejects.toMatchObject(damaged);
  });

  it.each([5, 4, 3])(
    'is told by a reorg that needs the missing undo record of block %i, which leaves the head',
    async height => {
      const ledger = await forkedLedger();
      const { writer, store, first, second } = ledger;
      await store.inner.write([rows.undo.remove(height)], 'durable');
      await expect(writer.switchTo(switchBetween(first, second, 2))).rejects.toMatchObject(damaged);
      expect(writer.head.hashHex).toBe(first.tip.hashHex);
      const block = first.make([signed(alice, [put('on', 'x')], { nonce: 4 })]);
      await storeBlocks(ledger.chain, [block]);
      const order = { ancestor: first.tip.hash, undo: [], apply: [block.hash] };
      expect(await writer.switchTo(order)).toEqual({ tip: block.hash, invalid: null });
    },
  );

  it('is told by a reorg whose undo record is of another block', async () => {
    const { writer, chain, store, first, second } = await forkedLedger();
    const undo = await chain.undo(4);
    if (undo === null) throw new Error('block 4 can be undone');
    await store.inner.write([rows.undo.put(5, undo)], 'durable');
    await expect(writer.switchTo(switchBetween(first, second, 2))).rejects.toMatchObject(damaged);
  });

  it('is told by a reorg whose undo record does not give the state of the parent', async () => {
    const { writer, chain, store, first, second } = await forkedLedger();
    const undo = await chain.undo(5);
    if (undo === null) throw new Error('block 5 can be undone');
    await store.inner.write([rows.undo.put(5, { ...undo, changes: undo.changes.slice(1) })], 'durable');
    await expect(writer.switchTo(switchBetween(first, second, 2))).rejects.toMatchObject(damaged);
    expect(writer.head.hashHex).toBe(first.tip.hashHex);
  });

  it('is told when the body of a block that is to be applied is missing', async () => {
    const { store, first, second } = await forkedLedger();
    const [, , third] = second.blocks;
    await store.inner.write([rows.body.remove(third?.hash ?? new Uint8Array(32))], 'durable');
    // Opened anew: what a run stored itself it has in memory still.
    const { writer } = await openLedger(store);
    await expect(writer.switchTo(switchBetween(first, second, 2))).rejects.toMatchObject(damaged);
    expect(writer.head.hashHex).toBe(first.tip.hashHex);
  });
});

it('opens an empty store at block 0 of its genesis', async () => {
  const { writer } = await openLedger(new MemoryStore());
  expect(writer.head.header.height).toBe(0);
  expect(writer.head.hashHex).toBe(new Branch(genesis).tip.hashHex);
});

describe('a copy of the leaves', () => {
  class KeepingStore extends MemoryStore {
    kept: { head: Uint8Array; leaves: Uint8Array[] } | null = null;
    async keepLeaves(head: Uint8Array, leaves: Iterable<Uint8Array>) {
      this.kept = { head, leaves: [...leaves] };
    }
    async keptLeaves(head: Uint8Array) {
      return this.kept !== null && equalBytes(this.kept.head, head) ? this.kept.leaves : null;
    }
  }

  async function reopened(change: (leaves: Uint8Array[]) => Uint8Array[]) {
    const store = new KeepingStore();
    const { chain, writer } = await openLedger(store);
    await writer.keepLeaves();
    if (store.kept !== null) store.kept.leaves = change(store.kept.leaves);
    const faults: unknown[] = [];
    const parts = {
      genesis,
      chain,
      clock: new ManualClock(genesis.time),
      durability: 'durable',
      onStep: async () => {},
    } as const;
    const again = await LedgerWriter.reopen(parts, error => faults.push(error));
    return { faults, isSame: again.stateSize === writer.stateSize && equalBytes(again.head.hash, writer.head.hash) };
  }

  it('opens the ledger at the head that it was made at', async () => {
    expect(await reopened(leaves => leaves)).toEqual({ faults: [], isSame: true });
  });

  it('that is wrong is told, and the rows are read', async () => {
    const altered = ([leaves]: Uint8Array[]) => [leaves?.map(byte => byte ^ 1) ?? new Uint8Array(0)];
    const { faults, isSame } = await reopened(altered);
    expect(isSame).toBe(true);
    expect(faults).toHaveLength(1);
  });
});
