import { describe, expect, it } from 'vitest';
import { chainIdOf } from '../chain/genesis.ts';
import { type Actor, actor, alice, bob, genesisWith, paramsWith, put } from '../chain/ledger-fixture.suite.ts';
import { defaultParams } from '../chain/params.ts';
import { decodeTransaction, signTransaction, type Transaction } from '../chain/transaction.ts';
import { Branch, badlySigned, signed } from './chain-fixture.suite.ts';
import { quiet, settle } from './manual-clock.suite.ts';
import { type OpenedNode, openNode } from './node-fixture.suite.ts';
import { MemoryStore } from './store/memory-store.ts';
import { relayLimits } from './transaction-relay.ts';
import { decodeBatch, encodeBatch, encodeCompactBlock } from './wire.ts';

function write(nonce: number, sender: Actor = alice): Transaction {
  return signed(sender, [put(`k${nonce}`, 'v')], { nonce });
}

function spoilt(transaction: Transaction): Transaction {
  return badlySigned(transaction, bytes => {
    const decoded = decodeTransaction(bytes);
    if (!decoded.ok) throw new Error('only the signature is wrong');
    return decoded.value;
  });
}

function foreign(): Transaction {
  const chainId = new Uint8Array(32).fill(3);
  const operations = [put('k', 'v')];
  return signTransaction(
    { chainId, nonce: 0, fee: 0n, expiresAt: null, memo: new Uint8Array(0), operations },
    alice.secret,
  );
}

function gossip({ network }: OpenedNode, transactions: readonly Transaction[], from = 'peer') {
  return network.handlers.onGossip('transactions', from, encodeBatch(transactions));
}

/** Ids of the transactions that the node has sent, a list a message. */
function sent({ network }: OpenedNode): readonly (readonly string[])[] {
  return network.published
    .filter(({ topic }) => topic === 'transactions')
    .map(({ data }) => {
      const batch = decodeBatch(data);
      return batch.ok ? batch.value.map(({ idHex }) => idHex) : [];
    });
}

/** Sends the branch's tip to the node, which follows it. */
async function follow(opened: OpenedNode, branch: Branch): Promise<void> {
  const block = branch.tip;
  const ids = block.transactions.map(({ witnessId }) => witnessId);
  await opened.network.handlers.onGossip('blocks', 'peer', encodeCompactBlock(block, ids));
  await settle(`block ${block.header.height}`, () => opened.node.ledger.head.hashHex === block.hashHex);
}

describe('a gossiped batch', () => {
  it('of new transactions is admitted and forwarded as it is', async () => {
    const opened = await openNode();
    expect(await gossip(opened, [write(0), write(1), write(0, bob)])).toBe('accept');
    expect(opened.node.mempool.stats()).toMatchObject({ count: 3, gapped: 0 });
    opened.clock.advance(relayLimits.delayMs);
    expect(sent(opened)).toEqual([]);
    expect(opened.network.penalties).toEqual([]);
  });

  it('that does not decode is rejected and costs its forwarder', async () => {
    const opened = await openNode();
    const verdict = await opened.network.handlers.onGossip('transactions', 'peer', Uint8Array.of(0x81, 0x00));
    expect(verdict).toBe('reject');
    expect(opened.network.penalties).toHaveLength(1);
  });

  it('T1: with a member of another chain is rejected before any signature is looked at', async () => {
    const opened = await openNode();
    expect(await gossip(opened, [write(0), foreign()])).toBe('reject');
    expect(opened.network.penalties).toEqual([{ peer: 'peer', code: 'WRONG_CHAIN' }]);
    expect(opened.verifier.checks).toBe(0);
    expect(opened.node.mempool.stats().count).toBe(0);
  });

  it('C10: with a bad signature is rejected and costs its forwarder; what was good in it still goes on', async () => {
    const opened = await openNode();
    const good = write(0);
    expect(await gossip(opened, [good, spoilt(write(0, bob))])).toBe('reject');
    expect(opened.network.penalties).toEqual([{ peer: 'peer', code: 'BAD_SIGNATURE' }]);
    expect(opened.node.mempool.has(good.idHex)).toBe(true);
    expect(opened.node.mempool.stats().count).toBe(1);
    opened.clock.advance(relayLimits.delayMs);
    expect(sent(opened)).toEqual([[good.idHex]]);
  });

  it('T4: of known transactions is ignored without a look at a signature, also when that is a wrong one', async () => {
    const opened = await openNode();
    await gossip(opened, [write(0)]);
    const { checks } = opened.verifier;
    expect(await gossip(opened, [write(0)], 'other')).toBe('ignore');
    expect(await gossip(opened, [spoilt(write(0))], 'third')).toBe('ignore');
    expect(opened.verifier.checks).toBe(checks);
    expect(opened.network.penalties).toEqual([]);
  });

  it('T2: of used nonces is ignored without a look at a signature', async () => {
    const opened = await openNode();
    const branch = new Branch();
    await gossip(opened, [write(0)]);
    branch.grow([write(0)]);
    await follow(opened, branch);
    const { checks } = opened.verifier;
    expect(await gossip(opened, [write(0), signed(alice, [put('k0', 'else')])])).toBe('ignore');
    expect(opened.verifier.checks).toBe(checks);
    expect(opened.network.penalties).toEqual([]);
    expect(opened.node.mempool.stats().count).toBe(0);
  });

  it('with something known among the new is ignored, and the new goes on in a batch of our own', async () => {
    const opened = await openNode();
    await gossip(opened, [write(0)]);
    expect(await gossip(opened, [write(0), write(1)])).toBe('ignore');
    expect(sent(opened)).toEqual([]);
    opened.clock.advance(relayLimits.delayMs);
    expect(sent(opened)).toEqual([[write(1).idHex]]);
  });

  it('C17: of a later version is ignored and costs nothing: who forwards it may be newer than we are', async () => {
    const opened = await openNode();
    const batch = encodeBatch([write(0)]);
    // The heads of batch, transaction and body stand before the version.
    batch[3] = 2;
    expect(decodeBatch(batch)).toMatchObject({ ok: false, error: { code: 'BAD_VERSION' } });
    expect(await opened.network.handlers.onGossip('transactions', 'peer', batch)).toBe('ignore');
    expect(opened.network.penalties).toEqual([]);
  });

  it('with a fee that is too low is ignored and costs nothing, and the others in it go on', async () => {
    const genesis = genesisWith(paramsWith({ feePerByteMin: 1n }), [
      [alice, 1_000n],
      [bob, 1_000n],
    ]);
    const opened = await openNode(new MemoryStore(), genesis);
    const own = (sender: Actor, fee: bigint) => {
      const { body } = write(0, sender);
      return signTransaction({ ...body, chainId: chainIdOf(genesis), fee }, sender.secret);
    };
    const paid = own(alice, 500n);
    expect(await gossip(opened, [paid, own(bob, 1n)])).toBe('ignore');
    expect(opened.network.penalties).toEqual([]);
    opened.clock.advance(relayLimits.delayMs);
    expect(sent(opened)).toEqual([[paid.idHex]]);
  });

  it('behind a gap waits and is not forwarded before the gap is filled', async () => {
    const opened = await openNode();
    expect(await gossip(opened, [write(1)])).toBe('ignore');
    opened.clock.advance(relayLimits.delayMs);
    expect(sent(opened)).toEqual([]);
    expect(opened.node.mempool.stats()).toMatchObject({ count: 1, gapped: 1 });
    expect(await gossip(opened, [write(0)])).toBe('accept');
    opened.clock.advance(relayLimits.delayMs);
    expect(sent(opened)).toEqual([[write(1).idHex]]);
    expect(opened.node.mempool.stats()).toMatchObject({ count: 2, gapped: 0 });
  });

  it('whose fee cannot be paid is ignored and costs nothing: the forwarder may stand at another block', async () => {
    const opened = await openNode();
    const poor = signed(actor('poor'), [put('k', 'v')], { fee: 1n });
    expect(await gossip(opened, [poor])).toBe('ignore');
    expect(opened.network.penalties).toEqual([]);
    expect(opened.node.mempool.stats().count).toBe(0);
  });
});

describe('what a client submits', () => {
  it('is answered one by one, in order', async () => {
    const { node } = await openNode();
    const answers = await node.pipeline.submitted([write(0), spoilt(write(0, bob)), write(2), foreign()], 'rpc:test');
    expect(answers.map(answer => (answer.ok ? answer.value : answer.error.code))).toEqual([
      'ready',
      'BAD_SIGNATURE',
      'gapped',
      'WRONG_CHAIN',
    ]);
  });

  it('meets the accounts as they are once its signatures are verified: the head may move meanwhile', async () => {
    const opened = await openNode();
    await opened.node.pipeline.submitted([write(0)], 'rpc:test');
    const branch = new Branch();
    branch.grow([write(0)]);
    const verify = opened.verifier.verify.bind(opened.verifier);
    opened.verifier.verify = async checks => {
      opened.verifier.verify = verify;
      await follow(opened, branch);
      return verify(checks);
    };
    const other = signed(alice, [put('k0', 'else')]);
    const answers = await opened.node.pipeline.submitted([other, write(1)], 'rpc:test');
    expect(answers.map(answer => (answer.ok ? answer.value : answer.error.code))).toEqual(['BAD_NONCE', 'ready']);
  });

  it('costs one reading a sender while the head stands still', async () => {
    const store = new MemoryStore();
    const { node } = await openNode(store);
    const read = store.getSync.bind(store);
    let reads = 0;
    store.getSync = key => {
      reads += 1;
      return read(key);
    };
    await node.pipeline.submitted([write(0), write(1), write(0, bob)], 'rpc:test');
    expect(reads).toBe(2);
  });

  it('is gossiped in one batch a moment later', async () => {
    const opened = await openNode();
    await opened.node.pipeline.submitted([write(0)], 'rpc:test');
    await opened.node.pipeline.submitted([write(1)], 'rpc:test');
    expect(sent(opened)).toEqual([]);
    opened.clock.advance(relayLimits.delayMs);
    expect(sent(opened)).toEqual([[write(0).idHex, write(1).idHex]]);
  });

  it('is gossiped again every 5 blocks while no block includes it, and not after that', async () => {
    const opened = await openNode();
    await opened.node.pipeline.submitted([write(0)], 'rpc:test');
    opened.clock.advance(relayLimits.delayMs);
    const branch = new Branch();
    for (let height = 1; height < relayLimits.againAfterBlocks; height++) {
      branch.grow();
      await follow(opened, branch);
    }
    opened.clock.advance(relayLimits.delayMs);
    expect(sent(opened)).toHaveLength(1);
    branch.grow();
    await follow(opened, branch);
    opened.clock.advance(relayLimits.delayMs);
    expect(sent(opened)).toEqual([[write(0).idHex], [write(0).idHex]]);
    branch.grow([write(0)]);
    await follow(opened, branch);
    for (let more = 0; more < relayLimits.againAfterBlocks; more++) {
      branch.grow();
      await follow(opened, branch);
    }
    opened.clock.advance(relayLimits.delayMs);
    await quiet();
    expect(sent(opened)).toHaveLength(2);
  });

  it('is gossiped again after a time though no block comes: its leader may not have it', async () => {
    const opened = await openNode();
    await opened.node.pipeline.submitted([write(0)], 'rpc:test');
    opened.clock.advance(relayLimits.againAfterMs - 1);
    expect(sent(opened)).toHaveLength(1);
    opened.clock.advance(1);
    opened.clock.advance(relayLimits.delayMs);
    expect(sent(opened)).toEqual([[write(0).idHex], [write(0).idHex]]);
  });

  it('of others too is sent again where one member makes the blocks: perhaps nobody else can tell it', async () => {
    const params = defaultParams('paxos', { testNetwork: 1 });
    const members = [alice, bob].map(({ publicKey }, index) => ({ name: `P${index}`, publicKey }));
    const genesis = { ...genesisWith(params, [[alice, 100n]]), engine: 'paxos', members } as const;
    const opened = await openNode(new MemoryStore(), genesis);
    const fields = { nonce: 0, fee: 0n, expiresAt: null, memo: new Uint8Array(0), operations: [put('k', 'v')] };
    const given = signTransaction({ chainId: chainIdOf(genesis), ...fields }, alice.secret);
    expect(await gossip(opened, [given])).toBe('accept');
    opened.clock.advance(relayLimits.againAfterMs);
    opened.clock.advance(relayLimits.delayMs);
    expect(sent(opened)).toEqual([[given.idHex]]);
  });

  it('is gossiped again with what stands before it, and what took its place goes in its stead', async () => {
    const opened = await openNode();
    const rival = signed(alice, [put('k1', 'else')], { nonce: 1, fee: 1_000n });
    await gossip(opened, [write(0)]);
    await opened.node.pipeline.submitted([write(1)], 'rpc:test');
    await gossip(opened, [rival]);
    opened.clock.advance(relayLimits.againAfterMs);
    opened.clock.advance(relayLimits.delayMs);
    expect(sent(opened).at(-1)).toEqual([write(0).idHex, rival.idHex]);
  });

  it('is verified once: its block is not checked for the same signature again', async () => {
    const opened = await openNode();
    await opened.node.pipeline.submitted([write(0)], 'rpc:test');
    expect(opened.verifier.checks).toBe(1);
    const branch = new Branch();
    branch.grow([write(0)]);
    await follow(opened, branch);
    expect(opened.verifier.checks).toBe(2);
  });
});
