import { describe, expect, it } from 'vitest';
import { toHex } from './bytes.ts';
import type { ErrorCode, Result } from './errors.ts';
import { type Actor, actor, alice, bob, carol, put, type TransactionFields, transact } from './ledger-fixture.suite.ts';
import { type Added, Mempool } from './mempool.ts';
import type { Arrival, MempoolLimits } from './mempool-admission.ts';
import type { Operation } from './operation.ts';
import type { Account } from './state.ts';
import type { Transaction } from './transaction.ts';

const rich: Account = { nonce: 0, balance: 10n ** 15n };
const wide = { bytesMax: 2_000_000, transactionsMax: 10_000, operationsMax: 10_000, height: 1 };

function arrival(changes: Partial<Arrival> = {}): Arrival {
  return { source: 'peer:a', now: 1_000, height: 1, feePerByteMin: 0n, account: rich, ...changes };
}

function poolWith(limits: Partial<MempoolLimits>, ...transactions: readonly Transaction[]): Mempool {
  const pool = new Mempool(limits);
  for (const transaction of transactions) expect(pool.add(transaction, arrival()).ok).toBe(true);
  return pool;
}

function code(result: Result<Added>): ErrorCode | Added['status'] {
  return result.ok ? result.value.status : result.error.code;
}

function held(pool: Mempool): readonly string[] {
  return [...pool.entries()].map(entry => entry.transaction.idHex).sort();
}

function ids(transactions: readonly Transaction[]): readonly string[] {
  return transactions.map(transaction => transaction.idHex);
}

function account(of: Actor, nonce: number, balance = rich.balance): readonly [string, Account] {
  return [toHex(of.address), { nonce, balance }];
}

const at = (nonce: number, fields: TransactionFields = {}, sender = alice) =>
  transact(sender, [], { ...fields, nonce });
const pay = (to: Actor, amount: bigint): Operation => ({ type: 'transfer', to: to.address, amount });

describe('admission', () => {
  const limits = { senderReadyMax: 2, senderGappedMax: 2, senderBytesMax: 100_000 };
  const cases: readonly [string, readonly Transaction[], Transaction, Partial<Arrival>, ErrorCode | Added['status']][] =
    [
      ['the next nonce', [], at(0), {}, 'ready'],
      ['the nonce after one that waits', [at(0)], at(1), {}, 'ready'],
      ['a nonce after a gap', [], at(2), {}, 'gapped'],
      ['what waits already', [at(0)], at(0), {}, 'DUPLICATE'],
      ['a used nonce', [], at(0), { account: { nonce: 1, balance: 0n } }, 'BAD_NONCE'],
      ['what expires before the next block', [], at(0, { expiresAt: 4 }), { height: 5 }, 'EXPIRED'],
      ['what expires with the next block', [], at(0, { expiresAt: 5 }), { height: 5 }, 'ready'],
      ['a fee below the minimum', [], at(0, { fee: 10n }), { feePerByteMin: 1n }, 'FEE_TOO_LOW'],
      ['a fee above the balance', [], at(0, { fee: 11n }), { account: { nonce: 0, balance: 10n } }, 'FEE_UNPAYABLE'],
      [
        'a transfer above the balance: it fails in its block',
        [],
        transact(alice, [pay(bob, rich.balance + 1n)]),
        {},
        'ready',
      ],
      ['one ready more than a sender may have', [at(0), at(1)], at(2), {}, 'SENDER_LIMIT'],
      ['one gapped more than a sender may have', [at(2), at(3)], at(4), {}, 'GAP_LIMIT'],
      [
        'more bytes than a sender may have',
        [transact(alice, [put('k', 'x'.repeat(60_000))])],
        transact(alice, [put('k', 'x'.repeat(60_000))], { nonce: 1 }),
        {},
        'SENDER_LIMIT',
      ],
    ];
  it.each(cases)('%s', (...[, before, transaction, changes, expected]) => {
    const pool = poolWith(limits, ...before);
    const was = held(pool);
    const result = pool.add(transaction, arrival(changes));
    expect(code(result)).toBe(expected);
    if (!result.ok) expect(held(pool)).toEqual(was);
  });

  it('finds what waits by id and by witness id', () => {
    const transaction = at(0);
    const pool = poolWith({}, transaction);
    expect(pool.has(transaction.idHex)).toBe(true);
    expect(pool.byId(transaction.idHex)).toBe(transaction);
    expect(pool.byWitnessId(transaction.witnessIdHex)).toBe(transaction);
    expect([pool.byId('00'), pool.byWitnessId('00'), pool.nextNonce(bob.address)]).toEqual([null, null, null]);
    expect(pool.nextNonce(alice.address)).toBe(1);
  });

  it('makes ready what waited for the missing nonce, and tells what to pass on', () => {
    const [first, second, fourth] = [at(0), at(1), at(3)];
    const pool = poolWith({}, fourth, second);
    expect(pool.select(wide)).toEqual([]);
    const added = pool.add(first, arrival());
    expect(added).toMatchObject({ ok: true, value: { status: 'ready' } });
    expect(added.ok && ids(added.value.relay)).toEqual(ids([first, second]));
    expect(ids(pool.select(wide))).toEqual(ids([first, second]));
    expect(pool.stats()).toMatchObject({ count: 3, gapped: 1 });
  });
});

describe('overdrafts (DETER)', () => {
  const balance = 1_000n;
  const poor = arrival({ account: { nonce: 0, balance } });

  it('counts the fees of all that waits of a sender', () => {
    const pool = new Mempool();
    expect(code(pool.add(at(0, { fee: 600n }), poor))).toBe('ready');
    expect(code(pool.add(at(1, { fee: 401n }), poor))).toBe('FEE_UNPAYABLE');
    expect(code(pool.add(at(1, { fee: 400n }), poor))).toBe('ready');
  });

  it('T5: counts a transfer of everything against every fee after it, in any order of arrival', () => {
    const drain = transact(alice, [pay(bob, 999n)], { fee: 1n });
    const pool = new Mempool();
    expect(code(pool.add(drain, poor))).toBe('ready');
    expect(code(pool.add(at(1, { fee: 1n }), poor))).toBe('FEE_UNPAYABLE');
    const reversed = new Mempool();
    expect(code(reversed.add(at(1, { fee: 1n }), poor))).toBe('gapped');
    expect(code(reversed.add(drain, poor))).toBe('FEE_UNPAYABLE');
  });

  it('does not let a replacement slip a transfer under fees that wait', () => {
    const pool = new Mempool();
    for (const nonce of [0, 1, 2]) expect(code(pool.add(at(nonce, { fee: 10n }), poor))).toBe('ready');
    expect(code(pool.add(transact(alice, [pay(bob, 990n)], { nonce: 0, fee: 20n }), poor))).toBe('FEE_UNPAYABLE');
    expect(code(pool.add(transact(alice, [pay(bob, 960n)], { nonce: 0, fee: 20n }), poor))).toBe('ready');
  });

  it('T5: drops what a block has made unpayable, and all that it carried', () => {
    const pool = new Mempool();
    const [first, second, third] = [at(0, { fee: 10n }), at(1, { fee: 10n }), at(2, { fee: 10n })];
    for (const one of [first, second, third]) pool.add(one, poor);
    const moved = pool.chainMoved({
      undone: [],
      included: [first],
      accounts: new Map([account(alice, 1, 15n)]),
      now: 2_000,
      height: 2,
    });
    expect(moved.removed).toEqual([
      { transaction: first, reason: 'included' },
      { transaction: third, reason: 'unpayable' },
    ]);
    expect(held(pool)).toEqual(ids([second]));
  });
});

describe('replacement', () => {
  const old = transact(alice, [put('k', 'a')], { fee: 1_000n });
  const bytes = old.bytes.length;
  const replacing = (fee: bigint) => transact(alice, [put('k', 'b')], { fee });

  it.each<[string, bigint, 'ready' | 'REPLACEMENT_UNDERPRICED']>([
    ['10 % more', 1_100n, 'ready'],
    ['a little less than 10 % more', 1_099n, 'REPLACEMENT_UNDERPRICED'],
    ['the same', 1_000n, 'REPLACEMENT_UNDERPRICED'],
  ])('at %s per byte', (_name, fee, expected) => {
    const pool = poolWith({}, old);
    const transaction = replacing(fee);
    expect(transaction.bytes.length).toBe(bytes);
    const result = pool.add(transaction, arrival());
    expect(code(result)).toBe(expected);
    expect(held(pool)).toEqual(ids([expected === 'ready' ? transaction : old]));
    if (result.ok) expect(result.value.replaced).toBe(old);
  });

  it('T2: never lets a free transaction replace a free one', () => {
    const pool = poolWith({}, transact(alice, [put('k', 'a')]));
    expect(code(pool.add(replacing(0n), arrival()))).toBe('REPLACEMENT_UNDERPRICED');
    expect(code(pool.add(replacing(1n), arrival()))).toBe('ready');
  });

  it('replaces behind a gap too, without waiting longer', () => {
    const pool = new Mempool();
    pool.add(at(3, { fee: 1_000n }), arrival({ now: 0 }));
    expect(code(pool.add(at(3, { fee: 2_000n }), arrival({ now: 59_999 })))).toBe('gapped');
    expect(pool.stats()).toMatchObject({ count: 1, gapped: 1 });
    expect(pool.expire(60_000, 1).map(({ reason }) => reason)).toEqual(['gap']);
  });
});

describe('eviction', () => {
  const senders = Array.from({ length: 8 }, (_, index) => actor(`sender ${index}`));
  const of = (index: number, fee: bigint, nonce = 0) => at(nonce, { fee }, senders[index]);

  it('drops the lowest fee per byte for a newcomer that pays more', () => {
    const pool = poolWith({ transactionsMax: 3 }, of(0, 300n), of(1, 100n), of(2, 200n));
    const result = pool.add(of(3, 101n), arrival());
    expect(result.ok && ids(result.value.evicted)).toEqual(ids([of(1, 100n)]));
  });

  it('refuses a newcomer that pays less or the same, and drops nothing for it', () => {
    const pool = poolWith({ transactionsMax: 2 }, of(0, 300n), of(1, 100n));
    const was = held(pool);
    expect(code(pool.add(of(2, 99n), arrival()))).toBe('POOL_FULL');
    expect(code(pool.add(of(3, 100n), arrival()))).toBe('POOL_FULL');
    expect(held(pool)).toEqual(was);
    expect(pool.stats().feePerByteMin).toBeGreaterThan(0);
  });

  it('T5: never lets a free transaction evict a paying one, ready or behind a gap', () => {
    const pool = poolWith({ transactionsMax: 2 }, of(0, 1n), of(1, 1n, 5));
    expect(code(pool.add(of(2, 0n), arrival({ source: 'peer:b' })))).toBe('POOL_FULL');
    expect(pool.stats().count).toBe(2);
  });

  it('drops what waits behind a gap before anything ready, and lets it displace nothing ready', () => {
    const pool = poolWith({ transactionsMax: 2 }, of(0, 1n), of(1, 1_000n, 5));
    const result = pool.add(of(2, 1n), arrival());
    expect(result.ok && ids(result.value.evicted)).toEqual(ids([of(1, 1_000n, 5)]));
    expect(code(pool.add(of(3, 1_000n, 5), arrival()))).toBe('POOL_FULL');
  });

  it('T2: bounds what waits behind gaps of all senders together', () => {
    const pool = poolWith({ gappedMax: 2 }, of(0, 10n, 5), of(1, 20n, 5));
    expect(code(pool.add(of(2, 5n, 5), arrival()))).toBe('POOL_FULL');
    const result = pool.add(of(2, 15n, 5), arrival());
    expect(result.ok && ids(result.value.evicted)).toEqual(ids([of(0, 10n, 5)]));
  });

  it('T5: takes from the source that holds most bytes at equal fee per byte, so a flood displaces itself', () => {
    const pool = new Mempool({ transactionsMax: 6 });
    for (const index of [0, 1, 2, 3, 4]) pool.add(of(index, 100n), arrival({ source: 'peer:flood' }));
    pool.add(of(5, 100n), arrival({ source: 'peer:honest' }));
    const result = pool.add(of(6, 100n), arrival({ source: 'peer:honest' }));
    expect(result.ok && ids(result.value.evicted)).toEqual(ids([of(4, 100n)]));
    expect(code(pool.add(of(7, 100n), arrival({ source: 'peer:flood' })))).toBe('POOL_FULL');
  });

  it('drops the tail of a sender, never a nonce that others build on', () => {
    const pool = poolWith({ transactionsMax: 3 }, of(0, 100n, 0), of(0, 100n, 1), of(0, 100n, 2));
    pool.add(of(1, 200n), arrival());
    expect(ids(pool.select(wide))).toEqual(ids([of(1, 200n), of(0, 100n, 0), of(0, 100n, 1)]));
  });

  it('values a cheap transaction by the dear one that needs it', () => {
    const pool = poolWith({ transactionsMax: 3 }, of(0, 10n, 0), of(0, 1_000n, 1), of(1, 200n));
    const result = pool.add(of(2, 300n), arrival());
    expect(result.ok && ids(result.value.evicted)).toEqual(ids([of(1, 200n)]));
    expect(ids(pool.select(wide))).toEqual(ids([of(0, 10n, 0), of(0, 1_000n, 1), of(2, 300n)]));
  });

  it('leaves everything as it was after a refusal that had merged with what it built on', () => {
    const pool = poolWith({ transactionsMax: 3 }, of(0, 10n), of(1, 200n), of(2, 300n));
    expect(code(pool.add(of(0, 100n, 1), arrival()))).toBe('POOL_FULL');
    expect(ids(pool.select(wide))).toEqual(ids([of(2, 300n), of(1, 200n), of(0, 10n)]));
  });

  it('puts back what it had taken out when the newcomer turns out to be next', () => {
    const before = [of(0, 10n), of(1, 50n), of(2, 9_000n)];
    const bytesMax = before.reduce((sum, { bytes }) => sum + bytes.length, 0);
    const pool = poolWith({ bytesMax }, ...before);
    const large = transact(senders[1] ?? alice, [put('k', 'x'.repeat(100))], { nonce: 1, fee: 50n });
    expect(code(pool.add(large, arrival()))).toBe('POOL_FULL');
    expect(ids(pool.select(wide))).toEqual(ids([of(2, 9_000n), of(1, 50n), of(0, 10n)]));
    expect(held(pool)).toEqual([...ids(before)].sort());
  });

  it('counts bytes too, and makes room for a large newcomer with several', () => {
    const small = [of(0, 100n), of(1, 100n), of(2, 100n)];
    const bytes = small.reduce((sum, { bytes: { length } }) => sum + length, 0);
    const pool = poolWith({ bytesMax: bytes }, ...small);
    const large = transact(carol, [put('k', 'x'.repeat(100))], { fee: 100_000n });
    const result = pool.add(large, arrival());
    expect(result.ok && result.value.evicted.length).toBe(2);
    expect(pool.stats().bytes).toBeLessThanOrEqual(bytes);
  });
});

describe('templates', () => {
  const [one, two, three] = [actor('one'), actor('two'), actor('three')];

  it('takes the best fee per byte first, each sender in the order of its nonces', () => {
    const cheap = [at(0, { fee: 100n }, one), at(1, { fee: 900n }, one)];
    const dear = [at(0, { fee: 600n }, two), at(1, { fee: 1n }, two)];
    const pool = poolWith({}, ...cheap, ...dear);
    expect(ids(pool.select(wide))).toEqual(ids([dear[0], cheap[0], cheap[1], dear[1]].filter(t => t !== undefined)));
  });

  it('takes sources in turn at equal fee per byte', () => {
    const pool = new Mempool();
    const flood = [0, 1, 2, 3].map(nonce => at(nonce, { fee: 100n }, one));
    for (const transaction of flood) pool.add(transaction, arrival({ source: 'peer:flood' }));
    const honest = [at(0, { fee: 100n }, two), at(0, { fee: 100n }, three)];
    for (const transaction of honest) pool.add(transaction, arrival({ source: 'rpc:user' }));
    const sources = pool.select({ ...wide, transactionsMax: 4 }).map(({ idHex }) => ids(flood).includes(idHex));
    expect(sources).toEqual([true, false, true, false]);
  });

  it.each([
    ['transactions', { transactionsMax: 2 }, 2],
    ['operations', { operationsMax: 5 }, 2],
    ['bytes', { bytesMax: 500 }, 2],
    ['nothing', { bytesMax: 0 }, 0],
  ])('keeps the limit of %s', (_name, limit, count) => {
    const operations = [put('a', 'v'), put('b', 'v')];
    const pool = poolWith({}, ...[0, 1, 2, 3].map(nonce => transact(alice, operations, { nonce })));
    const picked = pool.select({ ...wide, ...limit });
    expect(picked.map(({ body }) => body.nonce)).toEqual(Array.from({ length: count }, (_, nonce) => nonce));
  });

  it('leaves out what blocks below hold already, and gives what follows it', () => {
    const [first, second, third] = [at(0), at(1), at(2)];
    const pool = poolWith({}, first, second, third);
    const limits = { ...wide, transactionsMax: 1 };
    expect(ids(pool.select({ ...limits, without: new Set([first, second]) }))).toEqual(ids([third]));
    expect(ids(pool.select({ ...limits, without: new Set() }))).toEqual(ids([first]));
  });

  it('leaves out what has expired at the height of the block, and what needs it', () => {
    const pool = poolWith({}, at(0), at(1, { expiresAt: 3 }), at(2));
    expect(pool.select({ ...wide, height: 4 }).map(({ body }) => body.nonce)).toEqual([0]);
    expect(pool.select({ ...wide, height: 3 }).map(({ body }) => body.nonce)).toEqual([0, 1, 2]);
  });
});

describe('time', () => {
  it('drops what waits 60 s behind a gap, and nothing before', () => {
    const pool = poolWith({}, at(0), at(2));
    expect(pool.expire(60_999, 1)).toEqual([]);
    expect(pool.expire(61_000, 1)).toEqual([{ transaction: at(2), reason: 'gap' }]);
    expect(pool.stats()).toMatchObject({ count: 1, gapped: 0 });
  });

  it('drops what has expired; what needs it waits behind the gap', () => {
    const pool = poolWith({}, at(0), at(1, { expiresAt: 3 }), at(2));
    expect(pool.expire(2_000, 3)).toEqual([]);
    expect(pool.expire(2_000, 4)).toEqual([{ transaction: at(1, { expiresAt: 3 }), reason: 'expired' }]);
    expect(pool.stats()).toMatchObject({ count: 2, gapped: 1 });
  });
});

describe('a move of the head', () => {
  const move = { undone: [], included: [], accounts: new Map(), now: 2_000, height: 2 };

  it('takes out what was included and what had its nonce', () => {
    const [kept, included, rival] = [at(2), at(0), at(1)];
    const pool = poolWith({}, included, rival, kept);
    const other = at(1, { fee: 5n });
    const moved = pool.chainMoved({ ...move, included: [included, other], accounts: new Map([account(alice, 2)]) });
    expect(moved.removed).toEqual([
      { transaction: included, reason: 'included' },
      { transaction: rival, reason: 'superseded' },
    ]);
    expect(ids(pool.select(wide))).toEqual(ids([kept]));
  });

  it('makes ready what waited for a nonce that was included elsewhere', () => {
    const waiting = at(1);
    const pool = poolWith({}, waiting);
    const moved = pool.chainMoved({ ...move, included: [at(0)], accounts: new Map([account(alice, 1)]) });
    expect(ids(moved.relay)).toEqual(ids([waiting]));
    expect(pool.stats()).toMatchObject({ count: 1, gapped: 0 });
  });

  it('C1: brings back what was undone, before what waits of the same sender', () => {
    const [first, second, third] = [at(0), at(1), at(2)];
    const pool = poolWith({}, first, second, third);
    pool.chainMoved({ ...move, included: [first, second], accounts: new Map([account(alice, 2)]) });
    const moved = pool.chainMoved({ ...move, undone: [first, second], accounts: new Map([account(alice, 0)]) });
    expect(moved).toEqual({ removed: [], relay: [first, second] });
    expect(ids(pool.select(wide))).toEqual(ids([first, second, third]));
  });

  it('does not bring back what the new branch includes, or what it made impossible', () => {
    const [first, second, rival] = [at(0), at(1), at(1, { fee: 9n })];
    const pool = new Mempool();
    const accounts = new Map([account(alice, 2)]);
    const moved = pool.chainMoved({ ...move, undone: [first, second], included: [first, rival], accounts });
    expect(moved).toEqual({
      removed: [
        { transaction: first, reason: 'included' },
        { transaction: second, reason: 'superseded' },
      ],
      relay: [],
    });
    expect(pool.stats()).toMatchObject({ count: 0, bytes: 0, gapped: 0 });
  });

  it('keeps its limits when more comes back than there is room for', () => {
    const undone = [0, 1, 2, 3].map(nonce => at(nonce));
    const pool = new Mempool({ transactionsMax: 3 });
    const moved = pool.chainMoved({ ...move, undone, accounts: new Map([account(alice, 0)]) });
    expect(moved.removed).toEqual([{ transaction: undone[3], reason: 'evicted' }]);
    expect(ids(moved.relay)).toEqual(ids(undone.slice(0, 3)));
  });
});
