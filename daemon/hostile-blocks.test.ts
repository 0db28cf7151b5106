/** Blocks and transactions that lie, each on every road that leads into the node: what it answers, and that the truth is taken afterwards. */
import { describe, expect, it } from 'vitest';
import type { Block } from '../chain/block.ts';
import { toHex } from '../chain/bytes.ts';
import { type Actor, actor, alice, bob, genesisWith, paramsWith, put } from '../chain/ledger-fixture.suite.ts';
import type { Operation } from '../chain/operation.ts';
import { decodeTransaction, signTransaction, type Transaction } from '../chain/transaction.ts';
import { Branch, chainId, miner, rival, signed } from './chain-fixture.suite.ts';
import { settle } from './manual-clock.suite.ts';
import { type OpenedNode, openNode } from './node-fixture.suite.ts';
import { MemoryStore } from './store/memory-store.ts';
import { encodeBatch, encodeBodies, encodeCompactBlock, encodeHeaders, encodeTransactions } from './wire.ts';

const noAccount = new Uint8Array(0);

/** Sends a block as a peer that holds all of its transactions does. */
function send({ network }: OpenedNode, block: Block, from = 'peer', ids?: readonly Uint8Array[]) {
  const witnessIds = ids ?? block.transactions.map(({ witnessId }) => witnessId);
  network.answer(from, () => encodeTransactions(block.transactions));
  return network.handlers.onGossip('blocks', from, encodeCompactBlock(block, witnessIds));
}

function sendTransactions({ network }: OpenedNode, transactions: readonly Transaction[]) {
  return network.handlers.onGossip('transactions', 'peer', encodeBatch(transactions));
}

async function follow(opened: OpenedNode, blocks: readonly Block[]): Promise<void> {
  for (const block of blocks) {
    expect(await send(opened, block)).toBe('accept');
    await settle(`block ${block.header.height}`, () => opened.node.ledger.head.hashHex === block.hashHex);
  }
}

/** The block is marked as invalid, and the head did not move. */
async function expectInvalid(opened: OpenedNode, block: Block): Promise<void> {
  const { hashHex } = opened.node.ledger.head;
  await send(opened, block);
  await settle('the verdict', () => {
    const tip = opened.node.engine.view().tips.find(({ hash }) => toHex(hash) === block.hashHex);
    return tip?.status === 'invalid';
  });
  expect(opened.node.ledger.head.hashHex).toBe(hashHex);
}

/** Where in the canonical chain a key was written. */
async function heightsOf({ node }: OpenedNode, key: string): Promise<readonly number[]> {
  const entries = await node.reader.history(key, { before: null, limit: 10 });
  return entries.map(({ height }) => height);
}

const write = signed(alice, [put('k', 'v')]);

describe('a private branch', () => {
  it('C1: that undoes a paid block leaves nothing of it, and what it undid waits again and is included again', async () => {
    const opened = await openNode();
    const honest = new Branch();
    honest.extend(2);
    const secret = honest.fork(2);
    honest.grow([write]);
    honest.extend(3);
    await follow(opened, honest.blocks);
    expect(await heightsOf(opened, 'k')).toEqual([3]);
    secret.extend(5, { producer: rival });
    opened.network.connect('attacker', 1_000_000n, request => {
      if (request.type === 'getHeaders') return encodeHeaders(secret.blocks);
      return encodeBodies(request.type === 'getBodies' ? request.hashes.map(() => Uint8Array.of(0x80)) : []);
    });
    await settle('the private branch', () => opened.node.ledger.head.hashHex === secret.tip.hashHex);
    expect(await heightsOf(opened, 'k')).toEqual([]);
    await settle('the undone transaction', () => opened.node.mempool.has(write.idHex));
    const again = secret.grow([write]);
    await follow(opened, [again]);
    expect(await heightsOf(opened, 'k')).toEqual([again.header.height]);
    expect(opened.node.mempool.stats().count).toBe(0);
  });
});

describe('a block', () => {
  it('C8: with its last transaction twice is refused at its ids, and the real block is accepted afterwards', async () => {
    const opened = await openNode();
    const transactions = [alice, bob, actor('carol')].map(sender => signed(sender, [put(toHex(sender.address), 'v')]));
    const block = new Branch().grow(transactions);
    const ids = [...transactions, ...transactions.slice(-1)].map(({ witnessId }) => witnessId);
    expect(await send(opened, block, 'liar', ids)).toBe('reject');
    expect(opened.network.penalties).toEqual([{ peer: 'liar', code: 'BAD_TRANSACTIONS_ROOT' }]);
    await follow(opened, [block]);
  });

  it('C13: with a transaction of an earlier block is invalid, also after a restart', async () => {
    const store = new MemoryStore();
    const opened = await openNode(store);
    const branch = new Branch();
    branch.grow([write]);
    branch.extend(2);
    await follow(opened, branch.blocks);
    await expectInvalid(opened, branch.make([], { unexecuted: [write] }));
    await opened.node.stop();
    const again = await openNode(store.reopen());
    await expectInvalid(again, branch.make([], { unexecuted: [write], producer: rival }));
    await follow(again, [branch.grow()]);
  });

  it('C14: whose state gives its producer more than subsidy and fees is invalid', async () => {
    const opened = await openNode();
    const generous = genesisWith(paramsWith({ subsidy: 11n }), [
      [alice, 1_000n],
      [bob, 500n],
    ]);
    const { stateRoot } = new Branch(generous).make().header;
    const branch = new Branch();
    expect(stateRoot).not.toEqual(branch.make().header.stateRoot);
    await expectInvalid(opened, branch.make([], { changes: { stateRoot } }));
    await follow(opened, [branch.grow()]);
  });

  it('C19: below a good-looking branch is invalid with all that is built on it; the best valid branch is followed', async () => {
    const opened = await openNode();
    const honest = new Branch();
    honest.extend(4);
    const bad = honest.fork(2);
    bad.grow([], { changes: { stateRoot: new Uint8Array(32).fill(9) } });
    bad.extend(5);
    const good = honest.blocks.slice(2);
    for (const [name, blocks] of [
      ['relayer', bad.blocks],
      ['honest', [...honest.blocks.slice(0, 2), ...good]],
    ] as const) {
      opened.network.connect(name, 1_000_000n, request => {
        if (request.type === 'getHeaders') return encodeHeaders(blocks);
        return encodeBodies(request.type === 'getBodies' ? request.hashes.map(() => Uint8Array.of(0x80)) : []);
      });
    }
    await settle('the honest branch', () => opened.node.ledger.head.hashHex === honest.tip.hashHex);
    // Only execution could tell, so who passed it on pays nothing.
    expect(opened.network.penalties).toEqual([]);
    expect(opened.node.engine.view().tips).toContainEqual(
      expect.objectContaining({ hash: bad.tip.hash, status: 'invalid' }),
    );
  });
});

/** The transaction with other bytes in the place of its signature, which are its last 64. */
function withSignature(of: Transaction, signature: Uint8Array): Transaction {
  const bytes = of.bytes.slice();
  bytes.set(signature, bytes.length - signature.length);
  const decoded = decodeTransaction(bytes);
  if (!decoded.ok) throw new Error(decoded.error.detail);
  return decoded.value;
}

function signatureOf(sender: Actor, operations: readonly Operation[], of: Uint8Array = chainId): Uint8Array {
  const body = { chainId: of, nonce: 0, fee: 0n, expiresAt: null, memo: noAccount, operations };
  return signTransaction(body, sender.secret).bytes.slice(-64);
}

const operations = [put('a', '1'), put('b', '2')];
const good = signed(alice, operations);

describe('a transaction', () => {
  it.each<[string, Uint8Array]>([
    ['zeros for a signature', new Uint8Array(64)],
    ['the signature of another key', signatureOf(bob, operations)],
    ['a signature over its operations in another order', signatureOf(alice, operations.toReversed())],
    ['a signature for another chain', signatureOf(alice, operations, new Uint8Array(32).fill(7))],
  ])(
    'C10: with %s is refused from a client, by gossip and in a block, and the good one is taken',
    async (_, signature) => {
      const opened = await openNode();
      const forged = withSignature(good, signature);
      const [answer] = await opened.node.pipeline.submitted([forged], 'rpc:test');
      expect(answer).toMatchObject({ ok: false, error: { code: 'BAD_SIGNATURE' } });
      expect(await sendTransactions(opened, [forged])).toBe('reject');
      expect(opened.network.penalties).toEqual([{ peer: 'peer', code: 'BAD_SIGNATURE' }]);
      const branch = new Branch();
      await expectInvalid(opened, branch.make([], { unexecuted: [forged] }));
      await follow(opened, [branch.grow([good], { producer: miner })]);
    },
  );

  it('T1: of another chain is refused from a client, by gossip and in a block', async () => {
    const opened = await openNode();
    const other = { chainId: new Uint8Array(32).fill(3), nonce: 0, fee: 0n, expiresAt: null, memo: noAccount };
    const foreign = signTransaction({ ...other, operations }, alice.secret);
    const [answer] = await opened.node.pipeline.submitted([foreign], 'rpc:test');
    expect(answer).toMatchObject({ ok: false, error: { code: 'WRONG_CHAIN' } });
    expect(await sendTransactions(opened, [foreign])).toBe('reject');
    expect(opened.network.penalties).toEqual([{ peer: 'peer', code: 'WRONG_CHAIN' }]);
    await expectInvalid(opened, new Branch().make([], { unexecuted: [foreign] }));
  });

  it('T2: that was included is refused when it comes again, also after a restart, and so is another with its nonce', async () => {
    const store = new MemoryStore();
    const opened = await openNode(store);
    await follow(opened, [new Branch().grow([write])]);
    await opened.node.stop();
    const again = await openNode(store.reopen());
    const rest = signed(alice, [put('k', 'other')], { fee: 500n });
    expect(await sendTransactions(again, [write, rest])).toBe('ignore');
    const answers = await again.node.pipeline.submitted([rest], 'rpc:test');
    expect(answers).toMatchObject([{ ok: false, error: { code: 'BAD_NONCE' } }]);
    expect(again.node.mempool.stats()).toMatchObject({ count: 0, gapped: 0 });
    expect(await heightsOf(again, 'k')).toEqual([1]);
  });
});
