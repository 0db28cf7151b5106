import { describe, expect, it } from 'vitest';
import { type Block, contentHash } from '../chain/block.ts';
import { toHex } from '../chain/bytes.ts';
import { KvchainError } from '../chain/errors.ts';
import { paramsAt } from '../chain/genesis.ts';
import { sha256 } from '../chain/hash.ts';
import { verify } from '../chain/keys.ts';
import { alice, bob, put } from '../chain/ledger-fixture.suite.ts';
import { Mempool } from '../chain/mempool.ts';
import { signerOf } from '../chain/transaction.ts';
import { producerCheck } from '../chain/validate.ts';
import {
  Branch,
  chainId,
  findNonce,
  genesis,
  miner,
  openLedger,
  signed,
  storeBlocks,
  templateOn,
} from './chain-fixture.suite.ts';
import { ManualClock, quiet, settle } from './manual-clock.suite.ts';
import { FakeMiner } from './node-fixture.suite.ts';
import { Producer } from './producer.ts';

/** Between two templates on the same parent: a tenth of the second that this network aims at, but at least this. */
const rebuildMs = 250;
const arrival = { source: 'test', now: 0, account: { nonce: 0, balance: 1_000n }, height: 1, feePerByteMin: 0n };

async function bench(onBlock: (block: Block) => Promise<void> = async () => {}, blockTransactionsMax?: number) {
  const { writer, chain } = await openLedger();
  const clock = new ManualClock(genesis.time + 60_000);
  const fakeMiner = new FakeMiner();
  const mempool = new Mempool();
  const found: Block[] = [];
  const faults: unknown[] = [];
  const params = { ...paramsAt(genesis, 0), ...(blockTransactionsMax && { blockTransactionsMax }) };
  const producer = new Producer({
    genesis: { ...genesis, schedule: [{ height: 0, params }] },
    chainId,
    signer: signerOf(miner.secret),
    ledger: writer,
    mempool,
    miner: fakeMiner,
    clock,
    random: { bytes: length => new Uint8Array(length) },
    bodySeal: () => null,
    onBlock: block => {
      found.push(block);
      return onBlock(block);
    },
    onFault: error => faults.push(error),
  });
  return { writer, chain, clock, miner: fakeMiner, mempool, producer, found, faults };
}

describe('the producer', () => {
  it('searches nothing before it is started and before the engine has ordered something', async () => {
    const { producer, miner: search } = await bench();
    producer.mine(templateOn(new Branch()));
    await quiet();
    expect(search.jobs).toEqual([]);
    const other = await bench();
    other.producer.start();
    await quiet();
    expect(other.miner.jobs).toEqual([]);
    producer.start();
    await settle('a search', () => search.isSearching);
  });

  it('makes a signed block of what it found, with the transactions that wait', async () => {
    const { producer, miner: search, mempool, found, clock } = await bench();
    const write = signed(alice, [put('k', 'v')]);
    mempool.add(write, arrival);
    producer.mine(templateOn(new Branch()));
    producer.start();
    await settle('a search', () => search.isSearching);
    const job = search.jobs[0];
    if (job === undefined) throw new Error('there is a job');
    search.find(findNonce(job.contentHash, new Branch().tip.header.bits, 'meets'));
    const [block] = found;
    if (block === undefined) throw new Error('there is a block');
    expect(toHex(contentHash(block.header))).toBe(toHex(job.contentHash));
    expect(block.header).toMatchObject({ height: 1, time: clock.now(), producer: miner.publicKey });
    expect(block.transactions.map(({ idHex }) => idHex)).toEqual([write.idHex]);
    const check = producerCheck(chainId, block);
    expect(verify(sha256(check.message), check.signature, check.publicKey)).toBe(true);
    expect(producer.blocksFound).toBe(1);
  });

  it('names the least time that the engine allows when the clock is behind it', async () => {
    const { producer, miner: search, found, clock } = await bench();
    producer.mine({ ...templateOn(new Branch()), timeMin: clock.now() + 5_000 });
    producer.start();
    await settle('a search', () => search.isSearching);
    search.find(new Uint8Array(32));
    expect(found[0]?.header.time).toBe(clock.now() + 5_000);
  });

  it('ends the old search at once when the engine orders another block, and begins the new one', async () => {
    const { producer, miner: search, writer, chain } = await bench();
    producer.mine(templateOn(new Branch()));
    producer.start();
    await settle('a search', () => search.isSearching);
    const branch = new Branch();
    const block = branch.grow();
    await storeBlocks(chain, [block]);
    await writer.switchTo({ ancestor: block.header.parent, undo: [], apply: [block.hash] });
    producer.mine(templateOn(branch));
    expect(search.isSearching).toBe(false);
    await settle('the new search', () => search.jobs.length === 2 && search.isSearching);
    expect(search.jobs[1]?.contentHash).not.toEqual(search.jobs[0]?.contentHash);
  });

  it('searches nothing for a parent that the ledger does not stand at', async () => {
    const { producer, miner: search } = await bench();
    const branch = new Branch();
    branch.grow();
    producer.mine(templateOn(branch));
    producer.start();
    await quiet();
    expect(search.jobs).toEqual([]);
  });

  it('rebuilds its template with what came meanwhile, every 250 ms at most', async () => {
    const { producer, miner: search, mempool, found, clock } = await bench();
    producer.mine(templateOn(new Branch()));
    producer.start();
    await settle('a search', () => search.isSearching);
    mempool.add(signed(bob, [put('k', 'v')]), arrival);
    clock.advance(rebuildMs - 1);
    await quiet();
    expect(search.jobs).toHaveLength(1);
    clock.advance(1);
    await settle('a rebuilt search', () => search.jobs.length === 2 && search.isSearching);
    search.find(new Uint8Array(32));
    expect(found[0]?.transactions).toHaveLength(1);
  });

  it.each([
    { buildMs: 20, restMs: rebuildMs },
    { buildMs: 40, restMs: 400 },
    { buildMs: 300, restMs: 1_000 },
    { buildMs: 800, restMs: 1_600 },
  ])('rests $restMs ms after a building of $buildMs ms, where blocks come each second', async ({ buildMs, restMs }) => {
    const { producer, miner: search, mempool, clock } = await bench();
    mempool.select = () => {
      clock.advance(buildMs);
      return [];
    };
    producer.mine(templateOn(new Branch()));
    producer.start();
    await settle('a search', () => search.isSearching);
    await quiet();
    clock.advance(restMs - 1);
    await quiet();
    expect(search.jobs).toHaveLength(1);
    clock.advance(1);
    await settle('a rebuilt search', () => search.jobs.length === 2);
  });

  it('goes on when its own block is refused', async () => {
    const refusal = new KvchainError('BAD_STATE_ROOT', 'refused');
    const {
      producer,
      miner: search,
      faults,
      clock,
    } = await bench(async () => {
      throw refusal;
    });
    producer.mine(templateOn(new Branch()));
    producer.start();
    await settle('a search', () => search.isSearching);
    search.find(new Uint8Array(32));
    await settle('the fault', () => faults.length === 1);
    expect(faults).toEqual([refusal]);
    expect(search.isSearching).toBe(false);
    clock.advance(rebuildMs);
    await settle('the next search', () => search.isSearching);
  });

  it.each([
    ['it is stopped', (producer: Producer) => producer.stop()],
    ['the engine has nothing to be mined', (producer: Producer) => producer.drop()],
  ])('searches no more when %s, and leaves no timer behind', async (_, end) => {
    const { producer, miner: search, clock } = await bench();
    producer.mine(templateOn(new Branch()));
    producer.start();
    await settle('a search', () => search.isSearching);
    end(producer);
    expect(search.isSearching).toBe(false);
    expect(clock.timers).toEqual([]);
    clock.advance(10 * rebuildMs);
    await quiet();
    expect(search.jobs).toHaveLength(1);
  });

  it('does not begin a search whose template was still being built when it was stopped', async () => {
    const { producer, miner: search } = await bench();
    producer.mine(templateOn(new Branch()));
    producer.start();
    producer.stop();
    await quiet();
    expect(search.jobs).toEqual([]);
  });
});

describe('the producer of blocks without a nonce', () => {
  const waits = { nonce: 'zeros', when: 'transactions wait', bits: 0 } as const;
  const write = signed(alice, [put('k', 'v')]);
  /** Never admissible: its sender cannot pay. */
  const unpayable = signed(bob, [put('k', 'v')], { fee: 10_000n });

  it('seals with zeros at once, without the miner and without being switched on', async () => {
    const { producer, miner: search, mempool, found, clock } = await bench();
    mempool.add(write, arrival);
    producer.mine({ ...templateOn(new Branch()), ...waits });
    await settle('a block', () => found.length === 1);
    const [block] = found;
    if (block === undefined) throw new Error('there is a block');
    expect(block.nonce).toEqual(new Uint8Array(32));
    expect(block.header).toMatchObject({ height: 1, bits: 0, producer: miner.publicKey });
    expect(block.transactions.map(({ idHex }) => idHex)).toEqual([write.idHex]);
    const check = producerCheck(chainId, block);
    expect(verify(sha256(check.message), check.signature, check.publicKey)).toBe(true);
    expect(search.jobs).toEqual([]);
    expect(clock.timers).toEqual([]);
  });

  it('waits without a timer until something can go into a block, and makes it in that moment', async () => {
    const { producer, mempool, found, clock } = await bench();
    producer.mine({ ...templateOn(new Branch()), ...waits });
    await quiet();
    producer.onNews();
    await quiet();
    expect(found).toEqual([]);
    expect(clock.timers).toEqual([]);
    mempool.add(write, arrival);
    producer.onNews();
    await settle('a block', () => found.length === 1);
    expect(found[0]?.transactions).toHaveLength(1);
  });

  it('makes one block an order, whatever comes after it', async () => {
    const { producer, mempool, found, clock } = await bench();
    mempool.add(write, arrival);
    producer.mine({ ...templateOn(new Branch()), ...waits });
    producer.start();
    await settle('a block', () => found.length === 1);
    producer.onNews();
    clock.advance(10 * rebuildMs);
    await quiet();
    expect(found).toHaveLength(1);
    expect(producer.blocksFound).toBe(1);
  });

  it('makes no empty block of transactions that may not be included, and hears of others that come meanwhile', async () => {
    const { producer, mempool, found } = await bench();
    mempool.add(unpayable, { ...arrival, account: { nonce: 0, balance: 20_000n } });
    producer.mine({ ...templateOn(new Branch()), ...waits });
    mempool.add(write, arrival);
    producer.onNews();
    await settle('a block', () => found.length === 1);
    expect(found[0]?.transactions.map(({ idHex }) => idHex)).toEqual([write.idHex]);
    const alone = await bench();
    alone.mempool.add(unpayable, { ...arrival, account: { nonce: 0, balance: 20_000n } });
    alone.producer.mine({ ...templateOn(new Branch()), ...waits });
    await quiet();
    expect(alone.found).toEqual([]);
    expect(alone.clock.timers).toEqual([]);
  });

  it('makes an empty block where the engine wants one at once', async () => {
    const { producer, found } = await bench();
    producer.mine({ ...templateOn(new Branch()), ...waits, when: 'at once' });
    await settle('a block', () => found.length === 1);
    expect(found[0]?.transactions).toEqual([]);
  });

  it('waits for the ledger where that does not stand at the parent yet', async () => {
    const { producer, found, writer, chain } = await bench();
    const branch = new Branch();
    const block = branch.grow();
    producer.mine({ ...templateOn(branch), ...waits, when: 'at once' });
    await quiet();
    expect(found).toEqual([]);
    await storeBlocks(chain, [block]);
    await writer.switchTo({ ancestor: block.header.parent, undo: [], apply: [block.hash] });
    producer.onNews();
    await settle('a block', () => found.length === 1);
  });

  describe('on a block of its own that is not applied yet', () => {
    const second = signed(bob, [put('k2', 'v')]);

    async function aheadBench(blockTransactionsMax?: number) {
      const opened = await bench(async () => {}, blockTransactionsMax);
      const { producer, mempool, chain, found } = opened;
      mempool.add(write, arrival);
      producer.mine({ ...templateOn(new Branch()), ...waits });
      await settle('a block', () => found.length === 1);
      const [first] = found;
      if (first === undefined) throw new Error('there is a block');
      await storeBlocks(chain, [first]);
      const { hash: parent, header } = first;
      producer.mine({ ...templateOn(new Branch()), ...waits, parent, height: 2, timeMin: header.time + 1 });
      await quiet();
      return { ...opened, first };
    }

    it('makes the next one after 20 ms, of what the one below does not hold', async () => {
      const { producer, mempool, found, clock, first } = await aheadBench();
      mempool.add(second, arrival);
      producer.onNews();
      clock.advance(19);
      await quiet();
      expect(found).toHaveLength(1);
      clock.advance(1);
      await settle('the next', () => found.length === 2);
      expect(found[1]?.header).toMatchObject({ height: 2, parent: first.hash });
      expect(found[1]?.transactions.map(({ idHex }) => idHex)).toEqual([second.idHex]);
      expect(clock.timers).toEqual([]);
    });

    it('makes it at once when that is applied, and waits without a timer while nothing else is wanted', async () => {
      const { producer, mempool, found, clock, writer, first } = await aheadBench();
      clock.advance(20);
      await quiet();
      expect(found).toHaveLength(1);
      expect(clock.timers).toEqual([]);
      mempool.add(second, arrival);
      await writer.switchTo({ ancestor: first.header.parent, undo: [], apply: [first.hash] });
      producer.onNews();
      await settle('the next', () => found.length === 2);
    });

    it('makes it at once when it is full, to which what waits behind a gap adds nothing', async () => {
      const { producer, mempool, found } = await aheadBench(2);
      mempool.add(second, arrival);
      mempool.add(signed(bob, [put('k4', 'v')], { nonce: 9 }), arrival);
      producer.onNews();
      await quiet();
      expect(found).toHaveLength(1);
      mempool.add(signed(bob, [put('k3', 'v')], { nonce: 1 }), arrival);
      producer.onNews();
      await settle('the next', () => found.length === 2);
      expect(found[1]?.transactions).toHaveLength(2);
    });

    it('makes one block of the order when the one below is applied just before the 20 ms are over', async () => {
      const { producer, mempool, found, clock, writer, chain, first } = await aheadBench();
      mempool.add(second, arrival);
      producer.onNews();
      clock.advance(19);
      await writer.switchTo({ ancestor: first.header.parent, undo: [], apply: [first.hash] });
      producer.onNews();
      clock.advance(1);
      await settle('the next', () => found.length === 2);
      await quiet();
      const [, next] = found;
      if (next === undefined) throw new Error('there is a block');
      await storeBlocks(chain, [next]);
      // A second template at its height would have taken the place of what the block gives.
      expect(writer.ahead(next.hash)).toHaveLength(1);
    });
  });

  it.each([
    ['goes on when the miner is stopped', (producer: Producer) => producer.stop(), 1],
    ['ends when the engine wants nothing more', (producer: Producer) => producer.drop(), 0],
  ])('%s', async (_, end, blocks) => {
    const { producer, mempool, found } = await bench();
    producer.mine({ ...templateOn(new Branch()), ...waits });
    await quiet();
    end(producer);
    mempool.add(write, arrival);
    producer.onNews();
    await quiet();
    expect(found).toHaveLength(blocks);
  });

  it('searches a nonce for what waits, where the engine wants one, and nothing before', async () => {
    const { producer, miner: search, mempool, clock } = await bench();
    producer.start();
    producer.mine({ ...templateOn(new Branch()), when: 'transactions wait' });
    await quiet();
    expect(search.jobs).toEqual([]);
    expect(clock.timers).toEqual([]);
    mempool.add(write, arrival);
    producer.onNews();
    await settle('a search', () => search.isSearching);
  });
});
