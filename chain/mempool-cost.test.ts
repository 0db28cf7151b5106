/** What the changes of a long queue cost, counted in looks at transactions, which do not depend on the machine. */
import { describe, expect, it } from 'vitest';
import { toHex } from './bytes.ts';
import { sha256 } from './hash.ts';
import { alice, transact } from './ledger-fixture.suite.ts';
import { Mempool } from './mempool.ts';
import type { MempoolLimits } from './mempool-admission.ts';
import { chunkTransactionsMax } from './mempool-sender.ts';
import type { Transaction } from './transaction.ts';

const template = transact(alice, [], { nonce: 0 });
const senders = Array.from({ length: 4 }, (_, index) => sha256(Uint8Array.of(index)).slice(0, 20));
const account = { nonce: 0, balance: 10n ** 15n };
const arrival = { source: 'peer:a', now: 0, height: 1, feePerByteMin: 0n, account };

/** Transactions without keys, which the pool does not look at, that count how often their body is asked for. */
class Counter {
  looks = 0;

  make(sender: number, nonce: number, fee: number): Transaction {
    const counter = this;
    const body = { ...template.body, nonce, fee: BigInt(fee) };
    const id = sha256(new TextEncoder().encode(`${sender} ${nonce} ${fee}`));
    const idHex = toHex(id);
    const senderAddress = senders[sender % senders.length] ?? template.senderAddress;
    const ids = { id, idHex, witnessId: id, witnessIdHex: idHex, senderAddress, senderHex: toHex(senderAddress) };
    return {
      ...template,
      ...ids,
      get body() {
        counter.looks++;
        return body;
      },
    };
  }
}

const orders: readonly (readonly [string, (nonce: number) => number])[] = [
  ['mixed', nonce => 100 + ((nonce * 7_919) % 1_009)],
  ['rising', nonce => 100 + nonce],
  ['falling', nonce => 1_000_000 - nonce],
  ['free, but for one in a hundred', nonce => (nonce % 100 === 99 ? 50_000 : 0)],
];

/** Looks for each of `count` transactions of four senders that are admitted, then included one at a time. */
function costOfLife(count: number, feeOf: (nonce: number) => number): number {
  const counter = new Counter();
  const pool = new Mempool();
  for (let index = 0; index < count; index++) {
    const nonce = Math.floor(index / senders.length);
    expect(pool.add(counter.make(index, nonce, feeOf(nonce)), arrival).ok).toBe(true);
  }
  for (;;) {
    const [first] = pool.select({ bytesMax: 10_000, operationsMax: 100, transactionsMax: 1, height: 1 });
    if (first === undefined) break;
    const accounts = new Map([[first.senderHex, { ...account, nonce: first.body.nonce + 1 }]]);
    pool.chainMoved({ undone: [], included: [first], accounts, now: 0, height: 1 });
  }
  expect(pool.stats().count).toBe(0);
  return counter.looks / count;
}

function full(limits: Partial<MempoolLimits>, feeOf: (nonce: number) => number) {
  const counter = new Counter();
  const pool = new Mempool(limits);
  for (let nonce = 0; nonce < 2_000; nonce++) pool.add(counter.make(0, nonce, feeOf(nonce)), arrival);
  counter.looks = 0;
  return { counter, pool };
}

describe('a long queue', () => {
  it.each(orders)('T5: of fees that are %s costs each transaction the same, however many wait', (_, feeOf) => {
    const [few, many] = [costOfLife(1_000, feeOf), costOfLife(4_000, feeOf)];
    expect(many).toBeLessThan(1.5 * few);
    expect(many).toBeLessThan(6 * chunkTransactionsMax);
  });

  it.each(orders)('T5: of fees that are %s is replaced in at the cost of one chunk', (_, feeOf) => {
    const { counter, pool } = full({}, feeOf);
    for (let nonce = 0; nonce < 2_000; nonce += 10) {
      expect(pool.add(counter.make(0, nonce, feeOf(nonce) * 2 + 1), arrival)).toMatchObject({ ok: true });
    }
    expect(counter.looks / 200).toBeLessThan(6 * chunkTransactionsMax);
  });

  it('T5: refuses a newcomer of its own in a full pool at the cost of that newcomer', () => {
    const feeOf = (nonce: number) => 100 + nonce;
    const { counter, pool } = full({ transactionsMax: 2_000 }, feeOf);
    for (let nonce = 2_000; nonce < 2_200; nonce++) {
      expect(pool.add(counter.make(0, 2_000, feeOf(nonce)), arrival)).toMatchObject({ error: { code: 'POOL_FULL' } });
    }
    expect(counter.looks / 200).toBeLessThan(6 * chunkTransactionsMax);
  });

  it('T5: with something behind a gap follows the head without being sorted anew', () => {
    const { counter, pool } = full({}, () => 100);
    expect(pool.add(counter.make(0, 3_000, 100), arrival)).toMatchObject({ value: { status: 'gapped' } });
    counter.looks = 0;
    for (let nonce = 1; nonce <= 100; nonce++) {
      const accounts = new Map([[toHex(senders[0] ?? new Uint8Array(20)), { ...account, nonce }]]);
      const moved = pool.chainMoved({ undone: [], included: [], accounts, now: 0, height: 1 });
      expect(moved.removed).toMatchObject([{ reason: 'superseded' }]);
    }
    expect(counter.looks / 100).toBeLessThan(6 * chunkTransactionsMax);
    expect(pool.stats()).toMatchObject({ count: 1_901, gapped: 1 });
  });

  it('T5: does not keep what pays nothing because more than a chunk of dear ones stands behind it', () => {
    const counter = new Counter();
    const pool = new Mempool({ transactionsMax: 300 });
    for (let nonce = 0; nonce < 300; nonce++) pool.add(counter.make(0, nonce, nonce < 150 ? 0 : 9_000), arrival);
    expect(pool.stats()).toMatchObject({ count: 300, feePerByteMin: 0 });
    const result = pool.add(counter.make(1, 0, 1), arrival);
    expect(result).toMatchObject({ ok: true });
    expect(pool.stats().count).toBeLessThanOrEqual(300);
  });
});

describe('a move of the head in steps', () => {
  it('leaves each sender moved or not moved, and lets newcomers in between', () => {
    const counter = new Counter();
    const pool = new Mempool();
    const included = [0, 1, 2].map(sender => counter.make(sender, 0, 100));
    for (const transaction of included) pool.add(transaction, arrival);
    const undone = counter.make(3, 0, 100);
    const accounts = new Map(
      senders.map((address, sender) => [toHex(address), { ...account, nonce: sender < 3 ? 1 : 0 }]),
    );
    const steps = pool.chainMovedInSteps({ undone: [undone], included, accounts, now: 0, height: 1 });
    const held: number[] = [];
    for (let step = steps.next(); ; step = steps.next()) {
      if (step.done) {
        expect(step.value.removed.map(({ reason }) => reason)).toEqual(['included', 'included', 'included']);
        expect(step.value.relay).toEqual([]);
        break;
      }
      held.push(pool.stats().count);
      expect(pool.select({ bytesMax: 1e6, operationsMax: 1e3, transactionsMax: 1e3, height: 1 })).toHaveLength(
        held.at(-1) ?? 0,
      );
      // What comes back is brought by a peer before its turn has come.
      if (held.length === 2) expect(pool.add(undone, arrival).ok).toBe(true);
    }
    expect(held).toEqual([2, 1, 1, 1]);
    expect([...pool.entries()].map(({ transaction }) => transaction)).toEqual([undone]);
  });
});
