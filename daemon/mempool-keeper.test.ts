import { describe, expect, it, vi } from 'vitest';
import { actor, alice, bob, put } from '../chain/ledger-fixture.suite.ts';
import { Mempool } from '../chain/mempool.ts';
import type { Transaction } from '../chain/transaction.ts';
import { Branch, openLedger, rival, signed, storeBlocks, switchBetween, WatchedStore } from './chain-fixture.suite.ts';
import { ManualClock, quiet } from './manual-clock.suite.ts';
import { MempoolKeeper } from './mempool-keeper.ts';
import { openNode } from './node-fixture.suite.ts';
import type { Store } from './ports.ts';
import { MemoryStore } from './store/memory-store.ts';

const gapMs = 60_000;
const expiryMs = 5_000;
const saveMs = 60_000;
const account = { nonce: 0, balance: 1_000n };

/** A keeper over the store, with what it was given at start. */
async function keeperOn(store: Store) {
  const { chain, writer } = await openLedger(store);
  const clock = new ManualClock(1_000_000);
  const mempool = new Mempool();
  const faults: unknown[] = [];
  const nextHeight = () => writer.head.header.height + 1;
  const keeper = new MempoolKeeper({ mempool, chain, clock, nextHeight, onFault: error => faults.push(error) });
  const loaded: string[] = [];
  const add = (transaction: Transaction) => {
    const arrival = { source: 'test', now: clock.now(), account, height: nextHeight(), feePerByteMin: 0n };
    return mempool.add(transaction, arrival);
  };
  await keeper.load(async transactions => {
    for (const transaction of transactions) {
      loaded.push(transaction.idHex);
      add(transaction);
    }
  });
  return { keeper, mempool, chain, writer, clock, faults, loaded, add };
}

function write(nonce: number, sender = alice): Transaction {
  return signed(sender, [put(`k${nonce}`, 'v')], { nonce });
}

describe('the journal of the mempool', () => {
  it('brings back at the next start what was written at stop', async () => {
    const store = new MemoryStore();
    const { keeper, add } = await keeperOn(store);
    const transactions = [write(0), write(1), write(0, bob)];
    for (const transaction of transactions) add(transaction);
    await keeper.save();
    const again = await keeperOn(store.reopen());
    expect(again.loaded).toEqual(transactions.map(({ idHex }) => idHex));
    expect(again.mempool.stats().count).toBe(3);
  });

  it('is written anew each time, and holds nothing that has left', async () => {
    const store = new MemoryStore();
    const { keeper, add, mempool } = await keeperOn(store);
    const large = Array.from({ length: 40 }, (_, index) =>
      signed(actor(`sender ${index}`), [put('k', 'x'.repeat(60_000))]),
    );
    for (const transaction of large) expect(add(transaction).ok).toBe(true);
    await keeper.save();
    const again = await keeperOn(store.reopen());
    expect(again.loaded).toHaveLength(large.length);
    const accounts = new Map(
      large.map(({ senderAddress }) => [Buffer.from(senderAddress).toString('hex'), { nonce: 1, balance: 0n }]),
    );
    for (const pool of [mempool, again.mempool]) {
      pool.chainMoved({ undone: [], included: large, accounts, now: 0, height: 1 });
    }
    await again.keeper.save();
    expect((await again.chain.journal()).transactions).toEqual([]);
  });

  it('is written a part at a time, and a crash in between takes nothing of the one before', async () => {
    const store = new MemoryStore();
    const { keeper, add } = await keeperOn(store);
    const large = Array.from({ length: 40 }, (_, index) =>
      signed(actor(`sender ${index}`), [put('k', 'x'.repeat(60_000))]),
    );
    for (const transaction of large) expect(add(transaction).ok).toBe(true);
    await keeper.save();
    add(signed(actor('one more'), [put('k', 'x')]));
    const sizes: number[] = [];
    const write = store.write.bind(store);
    vi.spyOn(store, 'write').mockImplementation(async (batch, durability) => {
      sizes.push(batch.reduce((sum, row) => sum + (row.value?.length ?? 0), 0));
      if (sizes.length === 3) throw new Error('the disk is gone');
      await write(batch, durability);
    });
    await expect(keeper.save()).rejects.toThrow('the disk is gone');
    expect(Math.max(...sizes)).toBeLessThan(1_100_000);
    const again = await keeperOn(store.reopen());
    expect(new Set(again.loaded)).toEqual(new Set(large.map(({ idHex }) => idHex)));
    await again.keeper.save();
    expect((await again.chain.journal()).transactions).toHaveLength(large.length);
  });

  it('is written every minute without being asked', async () => {
    const store = new MemoryStore();
    const { add, clock, chain, faults } = await keeperOn(store);
    add(write(0));
    clock.advance(saveMs);
    await quiet();
    expect((await chain.journal()).transactions.map(({ idHex }) => idHex)).toEqual([write(0).idHex]);
    expect(faults).toEqual([]);
  });

  it('is not written again while it stays as it is', async () => {
    const store = new WatchedStore();
    const { add, mempool, clock, keeper } = await keeperOn(store);
    const writesOf = async (change: () => unknown) => {
      const before = store.writes;
      change();
      clock.advance(saveMs);
      await quiet();
      return store.writes - before;
    };
    expect(await writesOf(() => add(write(0)))).toBe(1);
    expect(await writesOf(() => {})).toBe(0);
    // The new part, and the end of the old one.
    expect(await writesOf(() => add(write(1)))).toBe(2);
    expect(await writesOf(() => {})).toBe(0);
    store.beforeWrite = () => Promise.reject(new Error('no space'));
    await expect(writesOf(() => add(write(2)))).resolves.toBe(1);
    store.beforeWrite = async () => {};
    expect(await writesOf(() => {})).toBe(2);
    expect(mempool.stats().count).toBe(3);
    await keeper.save();
    expect(await writesOf(() => {})).toBe(0);
  });

  it('has the transactions of an undone block after a crash, though the mempool was never written', async () => {
    const store = new MemoryStore();
    const { chain, writer } = await openLedger(store);
    const first = new Branch();
    first.grow([write(0)]);
    first.grow([write(1)]);
    const second = new Branch();
    second.extend(3, { producer: rival });
    await storeBlocks(chain, [...first.blocks, ...second.blocks]);
    await writer.switchTo(switchBetween(new Branch(), first, 0));
    await writer.switchTo(switchBetween(first, second, 0));
    const again = await keeperOn(store.crash());
    expect([...again.loaded].sort()).toEqual([write(0).idHex, write(1).idHex].sort());
    await again.keeper.save();
    expect(await again.chain.journal()).toMatchObject({ undone: [] });
    expect((await again.chain.journal()).transactions).toHaveLength(2);
  });

  it('does not bring back what a later block included', async () => {
    const store = new MemoryStore();
    const { chain, writer } = await openLedger(store);
    const first = new Branch();
    first.grow([write(0)]);
    const second = new Branch();
    second.grow([], { producer: rival });
    second.grow([write(0)], { producer: rival });
    await storeBlocks(chain, [...first.blocks, ...second.blocks]);
    await writer.switchTo(switchBetween(new Branch(), first, 0));
    await writer.switchTo(switchBetween(first, second, 0));
    const { node, faults } = await openNode(store.crash());
    expect(node.ledger.head.header.height).toBe(2);
    expect(node.mempool.stats().count).toBe(0);
    expect(faults).toEqual([]);
  });
});

describe('the keeper', () => {
  it('remembers why something left, but not that it was included', async () => {
    const { keeper, writer, chain } = await keeperOn(new MemoryStore());
    const [kept, gone] = [write(0), signed(bob, [put('other', 'v')])];
    keeper.displaced([gone], 'evicted');
    expect(keeper.droppedFor(gone.idHex)).toBe('evicted');
    expect(keeper.droppedFor(kept.idHex)).toBeNull();
    const branch = new Branch();
    const block = branch.grow([kept]);
    await storeBlocks(chain, [block]);
    await writer.switchTo(switchBetween(new Branch(), branch, 0));
    expect(keeper.droppedFor(kept.idHex)).toBeNull();
  });

  it('is not at the head while it follows a step', async () => {
    const { keeper } = await keeperOn(new MemoryStore());
    expect(keeper.isAtHead).toBe(true);
    const [one, two] = [keeper.onStep([]), keeper.onStep([])];
    expect(keeper.isAtHead).toBe(false);
    await Promise.all([one, two]);
    expect(keeper.isAtHead).toBe(true);
  });

  it('drops what waited too long behind a gap, and says so', async () => {
    const { keeper, mempool, add, clock } = await keeperOn(new MemoryStore());
    const waiting = write(5);
    add(waiting);
    clock.advance(gapMs - expiryMs);
    expect(mempool.has(waiting.idHex)).toBe(true);
    clock.advance(2 * expiryMs);
    expect(mempool.has(waiting.idHex)).toBe(false);
    expect(keeper.droppedFor(waiting.idHex)).toBe('gap');
  });

  it('drops what a block superseded by another transaction with its nonce', async () => {
    const opened = await openNode();
    const ours = signed(alice, [put('ours', 'v')]);
    await opened.node.pipeline.submitted([ours], 'rpc:test');
    const branch = new Branch();
    const block = branch.grow([signed(alice, [put('theirs', 'v')])]);
    await storeBlocks(opened.node.chain, [block]);
    await opened.node.ledger.switchTo(switchBetween(new Branch(), branch, 0));
    expect(opened.node.mempool.has(ours.idHex)).toBe(false);
    expect(opened.node.keeper.droppedFor(ours.idHex)).toBe('superseded');
  });

  it('leaves no timer behind when it stops', async () => {
    const { keeper, clock } = await keeperOn(new MemoryStore());
    expect(clock.timers).toEqual([expiryMs, saveMs]);
    keeper.stop();
    expect(clock.timers).toEqual([]);
  });
});
