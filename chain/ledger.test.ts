import { describe, expect, it } from 'vitest';
import type { Header } from './block.ts';
import { toHex } from './bytes.ts';
import { amountMax } from './codec.ts';
import type { ErrorCode } from './errors.ts';
import type { Params } from './genesis.ts';
import { sha256 } from './hash.ts';
import { addressOf } from './keys.ts';
import { applyBlock, checkStateRoot, subsidyAt, touchedBy } from './ledger.ts';
import { Chain, createMoney, del, get, outcome, transfer, transferKey } from './ledger-chain.suite.ts';
import { type Actor, alice, bob, carol, minter, paramsWith, producer, put, transact } from './ledger-fixture.suite.ts';
import type { Operation } from './operation.ts';
import type { Transaction } from './transaction.ts';

describe('what may not be in a block', () => {
  const cases: readonly [string, ErrorCode, Transaction, Partial<Params>][] = [
    ['a nonce that was used (a replay)', 'BAD_NONCE', transact(alice, [], { nonce: 0 }), {}],
    ['a nonce that leaves a gap', 'BAD_NONCE', transact(alice, [], { nonce: 2 }), {}],
    ['a height past its expiry', 'EXPIRED', transact(alice, [], { nonce: 1, expiresAt: 1 }), {}],
    ['a fee above the balance', 'FEE_UNPAYABLE', transact(alice, [], { nonce: 1, fee: 1_001n }), {}],
    ['a fee below the minimum', 'FEE_TOO_LOW', transact(alice, [], { nonce: 1, fee: 5n }), { feePerByteMin: 1n }],
  ];
  it.each(cases)('refuses %s, and changes nothing', (_name, code, transaction, params) => {
    const chain = new Chain(params);
    chain.state.fund(alice.address, { nonce: 1, balance: 1_000n });
    chain.height = 1;
    const execution = chain.execution([transaction]);
    const added = execution.add(transaction);
    expect(added.ok ? 'accepted' : added.error.code).toBe(code);
    const applied = execution.finish();
    expect(applied.changes).toEqual([]);
    expect(applied.receipts).toEqual([]);
  });

  it('takes a transaction at the very height at which it expires', () => {
    const chain = new Chain();
    expect(outcome(chain.block(transact(alice, [], { expiresAt: 1 })))).toBe('applied');
  });

  it('takes a fee of exactly the minimum and of exactly the balance', () => {
    const length = BigInt(transact(alice, [], { fee: 1_000n }).bytes.length);
    const balance = 3n * length;
    const chain = new Chain({ feePerByteMin: 3n }, [[alice, balance]]);
    const transaction = transact(alice, [], { fee: balance });
    expect(BigInt(transaction.bytes.length)).toBe(length);
    expect(outcome(chain.block(transaction))).toBe('applied');
    expect(chain.balance(alice)).toBe(0n);
  });

  it('C12: refuses the second of two transactions with one nonce', () => {
    const chain = new Chain();
    const first = transact(alice, [put('a', '1')]);
    const second = transact(alice, [put('a', '2')]);
    const execution = chain.execution([first, second]);
    expect(execution.add(first).ok).toBe(true);
    expect(execution.add(second)).toMatchObject({ ok: false, error: { code: 'BAD_NONCE' } });
  });
});

describe('a failed transaction', () => {
  it('pays its fee, uses its nonce and leaves nothing of its operations', () => {
    const chain = new Chain();
    const operations = [put('a', '1'), transfer(bob, 100n), get('a'), del('absent'), put('b', '2')];
    const applied = chain.block(transact(alice, operations, { fee: 7n }));
    expect(applied.receipts[0]).toMatchObject({ status: 'failed', code: 'NO_KEY', index: 3, results: [] });
    expect(applied.history).toEqual([]);
    expect(chain.state.view().account(alice.address)).toEqual({ nonce: 1, balance: 993n });
    expect(chain.balance(bob)).toBe(500n);
    expect(chain.balance(producer)).toBe(7n);
    expect(chain.state.view().keyRecord('a')).toBeNull();
  });

  it('does not stop the next transaction of its sender', () => {
    const chain = new Chain();
    const applied = chain.block(transact(alice, [del('absent')]), transact(alice, [put('a', '1')], { nonce: 1 }));
    expect([outcome(applied, 0), outcome(applied, 1)]).toEqual(['NO_KEY', 'applied']);
  });

  it('C12: is the second of two transfers that only together exceed the balance', () => {
    const chain = new Chain();
    const applied = chain.block(
      transact(alice, [transfer(bob, 600n)]),
      transact(alice, [transfer(carol, 600n)], { nonce: 1 }),
    );
    expect([outcome(applied, 0), outcome(applied, 1)]).toEqual(['applied', 'INSUFFICIENT_BALANCE']);
    expect([chain.balance(alice), chain.balance(bob), chain.balance(carol)]).toEqual([400n, 1_100n, 0n]);
  });
});

describe('keys', () => {
  it('counts versions from 1, and delete and transferKey count', () => {
    const chain = new Chain();
    const operations = [put('k', '1'), put('k', '2'), transferKey('k', alice), del('k'), put('k', '3')];
    const applied = chain.block(transact(alice, operations));
    expect(applied.history.map(entry => [entry.version, entry.operation, entry.valueVersion])).toEqual([
      [1, 'put', 1],
      [2, 'put', 2],
      [3, 'transferKey', 2],
      [4, 'delete', 0],
      [5, 'put', 5],
    ]);
    expect(chain.state.view().keyRecord('k')).toMatchObject({ version: 5, valueVersion: 5, height: 1 });
  });

  it('gives version and hash of what a get sees in its place, null for absent and deleted', () => {
    const chain = new Chain();
    const operations = [get('k'), put('k', '1'), get('k'), del('k'), get('k')];
    const applied = chain.block(transact(alice, operations));
    const valueHash = sha256(new TextEncoder().encode('1'));
    expect(applied.receipts[0]?.results).toEqual([null, null, { version: 1, valueHash }, null, null]);
  });

  it('keeps hash and place of the value, content type and version through a transferKey', () => {
    const chain = new Chain();
    chain.block(transact(alice, [put('k', '1')]));
    chain.block(transact(alice, [transferKey('k', bob)], { nonce: 1 }));
    expect(chain.state.view().keyRecord('k')).toEqual({
      version: 2,
      owner: bob.address,
      valueHash: sha256(new TextEncoder().encode('1')),
      valueVersion: 1,
      contentType: 'text/plain',
      height: 2,
    });
    expect(outcome(chain.block(transact(bob, [put('k', '2')])))).toBe('applied');
    expect(outcome(chain.block(transact(alice, [put('k', '3')], { nonce: 2 })))).toBe('NOT_OWNER');
  });

  const before = [put('live', '1'), put('dead', '1'), del('dead')];
  const cases: readonly [string, Actor, Operation, Partial<Params>, ErrorCode | 'applied'][] = [
    ['put by another on a key with an owner', bob, put('live', '2'), {}, 'NOT_OWNER'],
    ['put by another on a tombstone', bob, put('dead', '2'), {}, 'NOT_OWNER'],
    ['put by the owner on a tombstone', alice, put('dead', '2'), {}, 'applied'],
    ['put by another where keys are open', bob, put('live', '2'), { keyOwnership: 'open' }, 'applied'],
    ['put expecting never written on a key', alice, put('live', '2', 0), {}, 'VERSION_CONFLICT'],
    ['put expecting never written on a tombstone', alice, put('dead', '2', 0), {}, 'VERSION_CONFLICT'],
    ['put expecting never written on nothing', bob, put('new', '2', 0), {}, 'applied'],
    ['put expecting the version', alice, put('live', '2', 1), {}, 'applied'],
    ['put expecting the version of a tombstone', alice, put('dead', '2', 2), {}, 'applied'],
    ['put expecting a later version', alice, put('live', '2', 2), {}, 'VERSION_CONFLICT'],
    ['put by another, with a wrong version: the owner comes first', bob, put('live', '2', 9), {}, 'NOT_OWNER'],
    ['delete by another', bob, del('live'), {}, 'NOT_OWNER'],
    ['delete by another where keys are open', bob, del('live'), { keyOwnership: 'open' }, 'applied'],
    ['delete of nothing', alice, del('new'), {}, 'NO_KEY'],
    ['delete of a tombstone', alice, del('dead'), {}, 'NO_KEY'],
    ['transferKey by another', bob, transferKey('live', bob), {}, 'NOT_OWNER'],
    ['transferKey of nothing', alice, transferKey('new', bob), {}, 'NO_KEY'],
    ['transferKey of a tombstone', alice, transferKey('dead', bob), {}, 'NO_KEY'],
    ['transferKey where keys are open', alice, transferKey('live', bob), { keyOwnership: 'open' }, 'BAD_OPERATION'],
    ['get by anyone', bob, get('live'), {}, 'applied'],
  ];
  it.each(cases)('%s', (...[, sender, operation, params, expected]) => {
    const chain = new Chain(params);
    chain.block(transact(alice, before));
    const applied = chain.block(transact(sender, [operation], { nonce: sender === alice ? 1 : 0 }));
    expect(outcome(applied)).toBe(expected);
  });

  it('names the last writer as owner where keys are open; a delete does not change it', () => {
    const chain = new Chain({ keyOwnership: 'open' });
    chain.block(transact(alice, [put('k', '1')]), transact(bob, [put('k', '2')]), transact(carol, [del('k')]));
    expect(chain.state.view().keyRecord('k')?.owner).toEqual(bob.address);
  });
});

describe('money', () => {
  const cases: readonly [string, Actor, readonly Operation[], ErrorCode | 'applied'][] = [
    ['a transfer of the whole balance', alice, [transfer(bob, 1_000n)], 'applied'],
    ['a transfer of one more', alice, [transfer(bob, 1_001n)], 'INSUFFICIENT_BALANCE'],
    ['a transfer of nothing', alice, [transfer(bob, 0n)], 'BAD_AMOUNT'],
    ['a transfer to oneself', alice, [transfer(alice, 1_000n)], 'applied'],
    ['a transfer to oneself of one more', alice, [transfer(alice, 1_001n)], 'INSUFFICIENT_BALANCE'],
    ['transfers that wrap a 64-bit sum', alice, [transfer(bob, 1n), transfer(bob, amountMax)], 'INSUFFICIENT_BALANCE'],
    ['createMoney by a minter up to the limit', minter, [createMoney(bob, 998_490n)], 'applied'],
    ['createMoney by one more', minter, [createMoney(bob, 998_491n)], 'SUPPLY_EXCEEDED'],
    ['createMoney twice, wrapping', minter, [createMoney(bob, 1n), createMoney(bob, amountMax)], 'SUPPLY_EXCEEDED'],
    ['createMoney of nothing', minter, [createMoney(bob, 0n)], 'BAD_AMOUNT'],
    ['createMoney by anyone else', alice, [createMoney(alice, 1n)], 'NOT_MINTER'],
  ];
  it.each(cases)('%s', (_name, sender, operations, expected) => {
    const chain = new Chain();
    const applied = chain.block(transact(sender, operations));
    expect(outcome(applied)).toBe(expected);
    expect(chain.total()).toBe(chain.state.view().supply());
    if (expected !== 'applied') expect(chain.total()).toBe(1_510n);
  });

  it('leaves a balance as it was after a transfer to oneself', () => {
    const chain = new Chain();
    chain.block(transact(alice, [transfer(alice, 1_000n)], { fee: 0n }));
    expect(chain.balance(alice)).toBe(1_000n);
  });

  it('pays subsidy and fees after the last transaction, so the producer cannot spend them in the block', () => {
    const chain = new Chain({ subsidy: 50n });
    const applied = chain.block(
      transact(alice, [], { fee: 5n }),
      transact(producer, [transfer(bob, 1n)]),
      transact(bob, [del('absent')], { fee: 3n }),
    );
    expect(outcome(applied, 1)).toBe('INSUFFICIENT_BALANCE');
    expect(chain.balance(producer)).toBe(58n);
    expect(chain.state.view().supply()).toBe(1_560n);
    expect(chain.total()).toBe(1_560n);
  });

  it('pays a producer that sends transactions of its own', () => {
    const chain = new Chain({ subsidy: 50n }, [[producer, 10n]]);
    chain.block(transact(producer, [transfer(bob, 4n)], { fee: 6n }));
    expect([chain.balance(producer), chain.balance(bob)]).toEqual([56n, 4n]);
  });

  it('makes no account for a producer that earns nothing', () => {
    const chain = new Chain();
    expect(chain.block().changes).toEqual([]);
  });

  it.each([
    [1, 0n, 50n],
    [9, 0n, 50n],
    [10, 0n, 25n],
    [20, 0n, 12n],
    [60, 0n, 0n],
    [2 ** 53 - 1, 0n, 0n],
    [1, 970n, 30n],
    [1, 1_000n, 0n],
    [1, 2_000n, 0n],
  ])('at height %i with supply %i the subsidy is %i', (height, supply, expected) => {
    expect(subsidyAt(paramsWith({ subsidy: 50n, halvingBlocks: 10, supplyMax: 1_000n }), height, supply)).toBe(
      expected,
    );
  });

  it('never halves with an interval of 0', () => {
    expect(subsidyAt(paramsWith({ subsidy: 50n, halvingBlocks: 0 }), 2 ** 53 - 1, 0n)).toBe(50n);
  });
});

describe('applyBlock', () => {
  const header = (receiptsRoot: Uint8Array): Header => ({
    version: 1,
    height: 1,
    parent: new Uint8Array(32),
    transactionsRoot: new Uint8Array(32),
    receiptsRoot,
    stateRoot: new Uint8Array(32),
    time: 0,
    bits: 0,
    producer: producer.publicKey,
    extension: new Uint8Array(0),
  });
  const transactions = [transact(alice, [put('k', '1')], { fee: 2n }), transact(bob, [get('k')])];

  it('gives what the block makes of the state', () => {
    const chain = new Chain();
    const { state, genesis, params } = chain;
    const { receiptsRoot } = chain.execution(transactions).finish();
    const refused = applyBlock({ genesis, params, block: { header: header(receiptsRoot), transactions }, state });
    expect(refused).toMatchObject({ ok: false, error: { code: 'BAD_RECEIPTS_ROOT' } });
    const expected = new Chain().block(...transactions);
    const block = { header: header(expected.receiptsRoot), transactions };
    expect(applyBlock({ genesis, params, block, state })).toEqual({ ok: true, value: expected });
  });

  it('refuses a block with a transaction that may not be in it, and says which', () => {
    const { state, genesis, params } = new Chain();
    const block = { header: header(new Uint8Array(32)), transactions: [...transactions, ...transactions] };
    const refused = applyBlock({ genesis, params, block, state });
    expect(refused).toMatchObject({ ok: false, error: { code: 'BAD_TRANSACTION' } });
    expect(refused.ok ? '' : refused.error.detail).toMatch(/^transaction 2 \([0-9a-f]{64}\): BAD_NONCE: /);
  });

  it('C14: compares the state root with the header', () => {
    const root = new Uint8Array(32).fill(1);
    expect(checkStateRoot(header(root), root)).toMatchObject({ ok: false, error: { code: 'BAD_STATE_ROOT' } });
    expect(checkStateRoot(header(root), new Uint8Array(32))).toEqual({ ok: true, value: null });
  });
});

describe('touchedBy', () => {
  it('is unique, in order, and names keys, both sides of a transfer, the producer and the supply', () => {
    const touched = touchedBy(
      [transact(alice, [get('b'), put('a', '1'), del('a'), transfer(bob, 1n)]), transact(alice, [])],
      producer.publicKey,
    );
    const hex = [...touched.keys()];
    expect([...touched.values()].map(toHex)).toEqual(hex);
    expect(hex).toEqual([...new Set(hex)].sort());
    const accounts = [alice.address, bob.address, addressOf(producer.publicKey)].map(one => `02${toHex(one)}`);
    expect(hex).toEqual(['0161', '0162', ...accounts.sort(), '03']);
  });
});
