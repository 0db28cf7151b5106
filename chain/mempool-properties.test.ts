import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toHex } from './bytes.ts';
import { sha256 } from './hash.ts';
import { IndexedHeap } from './heap.ts';
import { BlockExecution, touchedBy } from './ledger.ts';
import {
  type Actor,
  actor,
  genesisWith,
  LoadedState,
  MemoryState,
  paramsWith,
  producer,
  transact,
} from './ledger-fixture.suite.ts';
import { Mempool, type Moved } from './mempool.ts';
import type { MempoolLimits } from './mempool-admission.ts';
import type { Account } from './state.ts';
import type { Transaction } from './transaction.ts';

const senders: readonly Actor[] = Array.from({ length: 4 }, (_, index) => actor(`sender ${index}`));
const sources = ['peer:a', 'peer:b', 'rpc:user'];
const params = paramsWith();
const genesis = genesisWith(params);
const limits: Partial<MempoolLimits> = {
  transactionsMax: 12,
  bytesMax: 3_000,
  senderReadyMax: 5,
  senderGappedMax: 3,
  senderBytesMax: 1_200,
  gappedMax: 6,
  gappedBytesMax: 1_500,
};

interface Wish {
  readonly sender: Actor;
  readonly nonce: number;
  readonly fee: number;
  /** Bytes of the memo; above 0 it also transfers some of the balance. */
  readonly size: number;
  readonly expiresAt: number | null;
}

/** Signing is slow in the portable library, and the same wishes come again and again. */
const signed = new Map<string, Transaction>();
function make({ sender, nonce, fee, size, expiresAt }: Wish): Transaction {
  const name = `${toHex(sender.address)} ${nonce} ${fee} ${size} ${expiresAt}`;
  const known = signed.get(name);
  if (known) return known;
  const other = senders[(senders.indexOf(sender) + 1) % senders.length] ?? sender;
  const operations = size === 0 ? [] : [{ type: 'transfer', to: other.address, amount: BigInt(size) * 40n } as const];
  const transaction = transact(sender, operations, { nonce, fee: BigInt(fee), expiresAt, memo: new Uint8Array(size) });
  signed.set(name, transaction);
  return transaction;
}

type Step =
  | {
      readonly type: 'add';
      readonly sender: number;
      readonly nonce: number;
      readonly fee: number;
      readonly size: number;
      readonly expires: boolean;
      readonly source: number;
    }
  | { readonly type: 'block'; readonly count: number }
  | { readonly type: 'undo' }
  | { readonly type: 'wait'; readonly ms: number };

const add: fc.Arbitrary<Step> = fc.record({
  type: fc.constant('add' as const),
  sender: fc.nat(senders.length - 1),
  nonce: fc.nat(9),
  fee: fc.constantFrom(0, 0, 100, 110, 130, 400),
  size: fc.constantFrom(0, 0, 7, 50),
  expires: fc.boolean(),
  source: fc.nat(sources.length - 1),
});
const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    { weight: 12, arbitrary: add },
    { weight: 2, arbitrary: fc.record({ type: fc.constant('block' as const), count: fc.nat(6) }) },
    { weight: 1, arbitrary: fc.constant({ type: 'undo' } as const) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant('wait' as const), ms: fc.nat(70_000) }) },
  ),
  { maxLength: 60 },
);

/** A chain with a pool, and the books of what became of every transaction that was admitted. */
class World {
  readonly pool = new Mempool(limits);
  readonly state = new MemoryState();
  readonly expected = new Set<string>();
  readonly log: string[] = [];
  readonly blocks: {
    readonly transactions: readonly Transaction[];
    readonly before: readonly [Uint8Array, Account][];
  }[] = [];
  now = 0;

  constructor() {
    for (const { address } of senders) this.state.fund(address, { nonce: 0, balance: 3_000n });
  }

  get height(): number {
    return this.blocks.length + 1;
  }

  step(step: Step): void {
    if (step.type === 'add') this.add(step);
    else if (step.type === 'block') this.block(step.count);
    else if (step.type === 'undo') this.undo();
    else this.wait(step.ms);
    this.check();
  }

  add(step: Extract<Step, { type: 'add' }>): void {
    const sender = senders[step.sender] ?? producer;
    const account = this.account(sender);
    const expiresAt = step.expires ? this.height + 1 : null;
    const transaction = make({ ...step, sender, expiresAt });
    const before = [...this.expected].sort();
    const source = sources[step.source] ?? '';
    const result = this.pool.add(transaction, {
      source,
      now: this.now,
      height: this.height,
      feePerByteMin: 0n,
      account,
    });
    if (!result.ok) {
      this.log.push(result.error.code);
      expect(this.held(), 'a refusal changes nothing').toEqual(before);
      return;
    }
    this.expected.add(transaction.idHex);
    const { replaced, evicted } = result.value;
    if (step.fee === 0) expect([...evicted, replaced].every(one => !one || one.body.fee === 0n)).toBe(true);
    for (const one of replaced ? [replaced, ...evicted] : evicted) expect(this.expected.delete(one.idHex)).toBe(true);
    this.log.push(`${result.value.status} -${evicted.length}`);
  }

  /** Includes the first `count` of a template. */
  block(count: number): void {
    const { height } = this;
    const transactions = this.pool.select({ bytesMax: 10_000, operationsMax: 100, transactionsMax: count, height });
    const state = new LoadedState(this.state, touchedBy(transactions, producer.publicKey));
    const execution = new BlockExecution({ genesis, params, height, producer: producer.publicKey, state });
    for (const transaction of transactions) {
      const added = execution.add(transaction);
      expect(added, 'what is selected can be executed in its order').toMatchObject({ ok: true });
    }
    const before = senders.map((sender): [Uint8Array, Account] => [sender.address, this.account(sender)]);
    this.state.write(execution.finish().changes);
    this.blocks.push({ transactions, before });
    this.moved([], transactions);
  }

  undo(): void {
    const block = this.blocks.pop();
    if (block === undefined) return;
    for (const [address, account] of block.before) this.state.fund(address, account);
    const free = block.transactions.filter(({ idHex }) => !this.expected.has(idHex));
    for (const { idHex } of free) this.expected.add(idHex);
    this.moved(block.transactions, []);
  }

  moved(undone: readonly Transaction[], included: readonly Transaction[]): void {
    const accounts = new Map(senders.map(sender => [toHex(sender.address), this.account(sender)] as const));
    this.book(this.pool.chainMoved({ undone, included, accounts, now: this.now, height: this.height }));
    for (const { idHex } of included) expect(this.pool.has(idHex)).toBe(false);
  }

  wait(ms: number): void {
    this.now += ms;
    this.book({ removed: this.pool.expire(this.now, this.height), relay: [] });
  }

  book({ removed, relay }: Moved): void {
    for (const { transaction, reason } of removed) {
      expect(this.expected.delete(transaction.idHex), `${reason}: it was held, and leaves once`).toBe(true);
      this.log.push(reason);
    }
    for (const { idHex } of relay) expect(this.pool.has(idHex)).toBe(true);
  }

  /** What must hold after every step. */
  check(): void {
    expect(this.held()).toEqual([...this.expected].sort());
    const entries = [...this.pool.entries()];
    const stats = this.pool.stats();
    const bytes = entries.reduce((sum, { transaction }) => sum + transaction.bytes.length, 0);
    const gapped = entries.filter(({ waitingSinceMs }) => waitingSinceMs !== null);
    expect(stats).toMatchObject({ count: entries.length, bytes, gapped: gapped.length });
    expect(entries.length).toBeLessThanOrEqual(limits.transactionsMax ?? 0);
    expect(bytes).toBeLessThanOrEqual(limits.bytesMax ?? 0);
    expect(gapped.length).toBeLessThanOrEqual(limits.gappedMax ?? 0);
    const everything = { bytesMax: 1e9, transactionsMax: 1e6, operationsMax: 1e6, height: this.height };
    const ready = entries.filter(({ waitingSinceMs }) => waitingSinceMs === null);
    const picked = this.pool.select(everything).map(({ idHex }) => idHex);
    expect(picked.sort(), 'a template without limits takes all that is ready').toEqual(
      ready.map(({ transaction }) => transaction.idHex).sort(),
    );
    for (const sender of senders) {
      const own = entries.filter(({ transaction }) => toHex(transaction.senderAddress) === toHex(sender.address));
      const waiting = own.filter(({ waitingSinceMs }) => waitingSinceMs !== null);
      expect(own.length - waiting.length).toBeLessThanOrEqual(limits.senderReadyMax ?? 0);
      expect(waiting.length).toBeLessThanOrEqual(limits.senderGappedMax ?? 0);
      const nonces = own.filter(one => !waiting.includes(one)).map(({ transaction }) => transaction.body.nonce);
      const first = this.account(sender).nonce;
      expect(
        nonces.sort((a, b) => a - b),
        'what is ready has no gap',
      ).toEqual(nonces.map((_, index) => first + index));
    }
  }

  account({ address }: Actor): Account {
    return this.state.view().account(address);
  }

  held(): readonly string[] {
    return [...this.pool.entries()].map(({ transaction }) => transaction.idHex).sort();
  }
}

describe('whatever arrives, is included, undone or waits', () => {
  it('limits hold, templates can be executed, and every transaction is held or left once with a reason', () => {
    fc.assert(
      fc.property(steps, story => {
        const world = new World();
        for (const step of story) world.step(step);
      }),
      { numRuns: 150 },
    );
  });

  it('the same story gives the same pool, in the same order', () => {
    fc.assert(
      fc.property(steps, story => {
        const traces = [new World(), new World()].map(world => {
          for (const step of story) world.step(step);
          const order = [...world.pool.entries()].map(({ transaction }) => transaction.idHex);
          return { log: world.log, order };
        });
        expect(traces[0]).toEqual(traces[1]);
      }),
      { numRuns: 20 },
    );
  });

  it('any order of arrival gives the same template while there is room', () => {
    const wishes = senders.flatMap(sender =>
      [0, 1, 2].map(nonce => make({ sender, nonce, fee: 100 + 10 * nonce, size: 0, expiresAt: null })),
    );
    const selected = (transactions: readonly Transaction[]) => {
      const pool = new Mempool();
      const account = { nonce: 0, balance: 3_000n };
      for (const transaction of transactions) {
        const result = pool.add(transaction, { source: 'peer:a', now: 0, height: 1, feePerByteMin: 0n, account });
        expect(result.ok).toBe(true);
      }
      const template = pool.select({ bytesMax: 100_000, transactionsMax: 100, operationsMax: 100, height: 1 });
      return senders.map(sender =>
        template.filter(one => one.senderAddress.join() === sender.address.join()).map(one => one.idHex),
      );
    };
    const inOrder = selected(wishes);
    fc.assert(
      fc.property(fc.shuffledSubarray(wishes, { minLength: wishes.length }), shuffled => {
        expect(selected(shuffled)).toEqual(inOrder);
      }),
      { numRuns: 50 },
    );
  });
});

describe('the heap', () => {
  it('gives its items in order, whatever came, moved and left', () => {
    const change = fc.tuple(fc.nat(40), fc.option(fc.nat(100), { freq: 2 }));
    fc.assert(
      fc.property(
        fc.array(fc.nat(100), { minLength: 10, maxLength: 40 }),
        fc.array(change, { maxLength: 60 }),
        (first, changes) => {
          const ranks = new Map<number, number>(first.entries());
          const isBefore = (a: number, b: number) => {
            const [rankA, rankB] = [ranks.get(a) ?? 0, ranks.get(b) ?? 0];
            return rankA === rankB ? a < b : rankA < rankB;
          };
          const heap = new IndexedHeap<number>(isBefore, ranks.keys());
          for (const [item, rank] of changes) {
            if (rank === null) {
              heap.remove(item);
              ranks.delete(item);
            } else {
              ranks.set(item, rank);
              heap.set(item);
            }
          }
          const drained: number[] = [];
          for (let item = heap.peek(); item !== undefined; item = heap.peek()) {
            drained.push(item);
            heap.remove(item);
          }
          expect(drained).toEqual([...ranks.keys()].sort((a, b) => (isBefore(a, b) ? -1 : 1)));
        },
      ),
    );
  });
});

describe('a full-size pool', () => {
  const template = make({ sender: producer, nonce: 0, fee: 0, size: 0, expiresAt: null });

  /** Without keys and signatures, which the pool does not look at. */
  function bare(sender: number, nonce: number, fee: number): Transaction {
    const id = sha256(new TextEncoder().encode(`${sender} ${nonce} ${fee}`));
    const senderAddress = sha256(Uint8Array.of(sender, sender >> 8, sender >> 16)).slice(0, 20);
    const idHex = toHex(id);
    const body = { ...template.body, nonce, fee: BigInt(fee) };
    const ids = { id, witnessId: id, idHex, witnessIdHex: idHex, senderAddress, senderHex: toHex(senderAddress) };
    return { ...template, body, ...ids };
  }

  it('T5: holds 100,000 transactions at its limit under a flood, and a paying newcomer always gets in', () => {
    const pool = new Mempool();
    const account = { nonce: 0, balance: 10n ** 12n };
    const arrival = { source: 'peer:flood', now: 0, height: 1, feePerByteMin: 0n, account };
    for (let index = 0; index < 110_000; index++)
      pool.add(bare(index % 5_000, Math.floor(index / 5_000), 100), arrival);
    expect(pool.stats().count).toBe(100_000);
    for (let index = 0; index < 1_000; index++) {
      const result = pool.add(bare(6_000 + index, 0, 101), { ...arrival, source: 'peer:honest' });
      expect(result.ok).toBe(true);
    }
    expect(pool.stats().count).toBe(100_000);
    const picked = pool.select({ bytesMax: 2_097_152, transactionsMax: 1_000, operationsMax: 20_000, height: 1 });
    expect(picked.length).toBe(1_000);
    expect(picked.every(({ body }) => body.fee === 101n)).toBe(true);
  });
});
