import { beforeAll, describe, expect, it } from 'vitest';
import { type Block, contentHash, producerDigest, seal } from '../chain/block.ts';
import { toHex } from '../chain/bytes.ts';
import { encode } from '../chain/codec.ts';
import { sign } from '../chain/keys.ts';
import { rows } from '../chain/layout.ts';
import { alice, put } from '../chain/ledger-fixture.suite.ts';
import { accountCodec, accountStateKey, decodeRecord, keyStateKey, pathOf } from '../chain/state.ts';
import { type Branch, chainId, findNonce, genesis, miner, signed } from './chain-fixture.suite.ts';
import { ChainStore } from './chain-store.ts';
import { copyOf, findAll, writeChain, writtenChain } from './database-fixture.suite.ts';
import { settle } from './manual-clock.suite.ts';
import { openNode } from './node-fixture.suite.ts';
import type { StoreWrite } from './ports.ts';
import { MemoryStore } from './store/memory-store.ts';
import { encodeBodies, encodeHeaders } from './wire.ts';

const top = 12;
const depths = [0, 1, 5, 11];
let branch: Branch;
let good: MemoryStore;

beforeAll(async () => {
  branch = writtenChain(top);
  good = new MemoryStore();
  await writeChain(branch, good);
});

function blockAt(height: number): Block {
  const block = branch.blocks[height - 1];
  if (block === undefined) throw new Error(`the chain has a block ${height}`);
  return block;
}

/** The block with another value in it, signed by the same sender; the header is as it was. */
function withOtherValue(block: Block): Block {
  const { height } = block.header;
  return { ...block, transactions: [signed(alice, [put(`key ${height}`, 'forged')], { nonce: height - 1 })] };
}

/** Another header in the place of the block's: with its work, and signed. */
function remined(block: Block): Block {
  const header = { ...block.header, time: block.header.time + 1 };
  const nonce = findNonce(contentHash(header), header.bits, 'meets');
  const { hash } = seal(header, nonce, new Uint8Array(64));
  return {
    ...seal(header, nonce, sign(producerDigest(chainId, hash), miner.secret)),
    transactions: block.transactions,
  };
}

async function historyOf(key: string, version: number) {
  const entry = await new ChainStore(good).version(key, version);
  if (entry === null) throw new Error(`${key} has version ${version}`);
  return entry;
}

async function headerOf({ hash }: Block) {
  const record = await new ChainStore(good).header(hash);
  if (record === null) throw new Error('the header is stored');
  return record;
}

/** What somebody who writes into the database, with right checksums, does to the block at a height; each with the kind of row found. */
const pens: Readonly<Record<string, (height: number) => Promise<{ row: string; writes: readonly StoreWrite[] }>>> = {
  'a value in the history': async height => {
    const { key, version, ...record } = await historyOf('shared', height);
    return { row: 'history', writes: [rows.history.put({ key, version }, { ...record, value: Uint8Array.of(1) })] };
  },
  'a version that was never written': async height => {
    const { version, ...record } = await historyOf(`key ${height}`, 1);
    return { row: 'history', writes: [rows.history.put({ key: `key ${height}`, version: version + 1 }, record)] };
  },
  'the record of a key': async height => {
    const stateKey = keyStateKey(`key ${height}`);
    const record = (await good.get(rows.state.key(stateKey)))?.slice() ?? new Uint8Array(0);
    record[10] = (record[10] ?? 0) ^ 1;
    return { row: 'state', writes: [rows.state.put(stateKey, record)] };
  },
  'a transaction in the body': async height => {
    const { hash, transactions } = withOtherValue(blockAt(height));
    return { row: 'body', writes: [rows.body.put(hash, transactions)] };
  },
  'the header, mined again, under its old hash': async height => {
    const block = blockAt(height);
    const record = await headerOf(block);
    return { row: 'header', writes: [rows.header.put(block.hash, { ...record, sealed: remined(block) })] };
  },
  'the mark of an invalid block': async height => {
    const block = blockAt(height);
    return { row: 'header', writes: [rows.header.put(block.hash, { ...(await headerOf(block)), isInvalid: true })] };
  },
  "the producer's signature": async height => {
    const block = blockAt(height);
    const record = await headerOf(block);
    const sealed = { ...record.sealed, signature: new Uint8Array(64).fill(1) };
    return { row: 'header', writes: [rows.header.put(block.hash, { ...record, sealed })] };
  },
  'the receipts': async height => {
    const { hash } = blockAt(height);
    return { row: 'receipts', writes: [rows.receipts.put(hash, [])] };
  },
  'the undo record': async height => {
    const { hash } = blockAt(height);
    return { row: 'undo', writes: [rows.undo.put(height, { blockHash: hash, changes: [], history: [] })] };
  },
  'the place of a transaction': async height => {
    const id = blockAt(height).transactions[0]?.id ?? new Uint8Array(32);
    return { row: 'transaction', writes: [rows.transaction.put(id, { height, index: 1 })] };
  },
  'the body, taken away': async height => {
    return { row: 'body', writes: [rows.body.remove(blockAt(height).hash)] };
  },
};

describe('one row that was rewritten with a right checksum', () => {
  it('is not found in a database that nobody touched', async () => {
    expect(await findAll(good)).toEqual([]);
  });

  describe.each(Object.keys(pens))('%s', name => {
    it.each(depths)('is found at depth %i, with its height', async depth => {
      const height = top - depth;
      const pen = pens[name];
      if (pen === undefined) throw new Error(`there is a pen ${name}`);
      const { row, writes } = await pen(height);
      const forged = await copyOf(good);
      await forged.write(writes, 'durable');
      const [finding, ...others] = await findAll(forged);
      expect(others).toEqual([]);
      expect(finding).toMatchObject({ height, row });
      expect(finding?.key).toBe(toHex(writes[0]?.key ?? new Uint8Array(0)));
    });
  });

  it('a balance, with its leaf, is found at start by the stateRoot of the head', async () => {
    const forged = await copyOf(good);
    const stateKey = accountStateKey(alice.address);
    const account = decodeRecord(accountCodec, (await good.get(rows.state.key(stateKey))) ?? new Uint8Array(0));
    const rich = encode(accountCodec, { ...account, balance: 1_000_000n });
    await forged.write([rows.state.put(stateKey, rich), rows.leaf.put(pathOf(stateKey), pathOf(rich))], 'durable');
    await expect(openNode(forged, genesis)).rejects.toMatchObject({ code: 'DATABASE_DAMAGED' });
    expect(await findAll(forged)).toMatchObject([{ row: 'state', height: top }, { row: 'leaf' }]);
  });

  it.each(depths)('a header at depth %i is found at start, with its height', async depth => {
    const block = blockAt(top - depth);
    const forged = await copyOf(good);
    await forged.write(
      [rows.header.put(block.hash, { ...(await headerOf(block)), sealed: remined(block) })],
      'durable',
    );
    await expect(openNode(forged, genesis)).rejects.toMatchObject({
      code: 'DATABASE_DAMAGED',
      message: expect.stringContaining(`of height ${top - depth}`),
    });
  });

  it.each(depths.slice(1))('a block at depth %i that was mined again does not carry those above it', async depth => {
    const height = top - depth;
    const block = remined(blockAt(height));
    const forged = await copyOf(good);
    await new ChainStore(forged).putBlock(block, (await headerOf(blockAt(height))).record, {
      name: 'own-block',
      durability: 'durable',
    });
    await forged.write([rows.canonical.put(height, block.hash)], 'durable');
    expect(await findAll(forged)).toMatchObject([{ height: height + 1, row: 'canonical' }]);
  });

  it.each(depths)('a body at depth %i is refused by peers, at the cost of whom it came from', async depth => {
    const opened = await openNode();
    const height = top - depth;
    opened.network.connect('liar', 1_000_000n, request => {
      if (request.type === 'getHeaders') return encodeHeaders(branch.blocks);
      if (request.type !== 'getBodies') return encodeBodies([]);
      const bodies = request.hashes.map(hash => branch.blocks.find(block => toHex(hash) === block.hashHex) ?? null);
      return encodeBodies(
        bodies.map(block => {
          if (block === null) return null;
          return rows.body.encode((block.header.height === height ? withOtherValue(block) : block).transactions);
        }),
      );
    });
    await settle('the price', () => opened.network.penalties.length > 0);
    expect(opened.network.penalties[0]).toMatchObject({ peer: 'liar', code: 'BAD_TRANSACTIONS_ROOT' });
    expect(opened.node.ledger.head.header.height).toBeLessThan(height);
  });
});
