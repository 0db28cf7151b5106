import { describe, expect, test } from 'vitest';
import { toHex } from '../../chain/bytes.ts';
import { methodNames } from './api.ts';
import { bobKey } from './little-node.suite.ts';
import { alice, bob, code, ok, put, serveEachTest, under } from './method-calls.suite.ts';

serveEachTest();

describe('tx_ and wallet_', () => {
  test('prepare tells all that a signature needs', async () => {
    await ok('kv_put', { key: 'k', value: 'v' });
    expect(await ok('tx_prepare', { address: alice })).toEqual({
      chainId: toHex(under.node.chainId),
      nonce: 1,
      feePerByte: '0',
      fee: '0',
      expiresAt: 360,
      height: 0,
      addressPrefix: 'kvt',
    });
    expect(await code('tx_prepare', { address: 'kv1nonsense' })).toBe('BAD_ADDRESS');
  });

  test('submit answers one as one, and the same again with where it is now', async () => {
    const transaction = toHex(put('k', 'v', 0).bytes);
    const first = await ok('tx_submit', { transaction });
    under.node.mine();
    const second = await ok('tx_submit', { transaction });
    expect([first, second]).toMatchObject([{ status: 'pending' }, { status: 'included', height: 1 }]);
    expect(under.node.sources[0]).toBe('rpc:cookie');
  });

  test('submit answers many in their order, good ones and bad ones', async () => {
    const good = put('a', '1', 0);
    const answer = await ok('tx_submit', {
      transactions: [toHex(good.bytes), '00', toHex(put('b', '1', 7).bytes), toHex(put('c', '1', 1).bytes)],
    });
    expect('results' in answer && answer.results).toMatchObject([
      { id: good.idHex, status: 'pending' },
      { code: 'BAD_ENCODING' },
      { code: 'BAD_NONCE', action: expect.stringContaining('tx_prepare') },
      { status: 'pending' },
    ]);
  });

  test('submit wants either one or many, and at most 1,000', async () => {
    expect(await code('tx_submit', {})).toBe('INVALID_PARAMS');
    expect(await code('tx_submit', { transaction: '00', transactions: ['00'] })).toBe('INVALID_PARAMS');
    expect(await code('tx_submit', { transactions: [] })).toBe('INVALID_PARAMS');
    expect(await code('tx_submit', { transactions: Array(1_001).fill('00') })).toBe('INVALID_PARAMS');
  });

  test('a failed transaction is told as failed, with its code', async () => {
    await ok('tx_submit', { transaction: toHex(put('k', 'v', 0, bobKey).bytes) });
    const { id } = await ok('kv_put', { key: 'k', value: 'mine' });
    under.node.mine();
    expect(await ok('tx_get', { id })).toMatchObject({ status: 'failed', code: 'NOT_OWNER', receipt: { index: 0 } });
    expect(await code('tx_get', { id: '0'.repeat(64) })).toBe('NOT_FOUND');
  });

  test('wait ends when the transaction is included, and again when it has its confirmations', async () => {
    const { id } = await ok('kv_put', { key: 'k', value: 'v' });
    const included = ok('tx_wait', { id });
    const confirmed = ok('tx_wait', { id, wait: 'confirmed:2' });
    await waitUntil(() => under.node.listeners === 2);
    under.node.mine();
    expect(await included).toMatchObject({ status: 'included', confirmations: 1, reached: true });
    under.node.mine();
    expect(await confirmed).toMatchObject({ status: 'included', confirmations: 2, reached: true });
    expect(under.node.listeners).toBe(0);
  });

  test('wait says so when the time is up, when it was dropped, and when nothing will ever be final', async () => {
    const { id } = await ok('kv_put', { key: 'k', value: 'v' });
    expect(await ok('tx_wait', { id, timeoutMs: 5 })).toMatchObject({ status: 'pending', reached: false });
    const waiting = ok('tx_wait', { id });
    await waitUntil(() => under.node.listeners === 1);
    under.node.drop('REPLACEMENT_UNDERPRICED');
    expect(await waiting).toMatchObject({ status: 'dropped', reached: true });
    expect(await code('tx_wait', { id, wait: 'final' })).toBe('FINALITY_UNAVAILABLE');
    under.node.canFinalize = true;
    expect(await ok('tx_wait', { id, wait: 'final' })).toMatchObject({ status: 'dropped' });
    expect(await code('tx_wait', { id: '0'.repeat(64) })).toBe('NOT_FOUND');
    expect(await code('tx_wait', { id, timeoutMs: 25_001 })).toBe('INVALID_PARAMS');
  });

  test('wait for what is final ends when more becomes final, with no new block', async () => {
    under.node.canFinalize = true;
    const { id } = await ok('kv_put', { key: 'k', value: 'v' });
    const waiting = ok('tx_wait', { id, wait: 'final' });
    await waitUntil(() => under.node.listeners === 1);
    const { header } = under.node.mine();
    under.node.finalize(header.height);
    expect(await waiting).toMatchObject({ status: 'included', finality: 'final', reached: true });
  });

  test('decode shows what a transaction says', async () => {
    const transaction = put('k', 'v', 4);
    expect(await ok('tx_decode', { transaction: toHex(transaction.bytes) })).toMatchObject({
      id: transaction.idHex,
      sender: alice,
      nonce: 4,
      operations: [{ type: 'put', key: 'k', value: 'v' }],
    });
  });

  test('money moves, in decimal strings', async () => {
    await ok('wallet_transfer', { to: bob, amount: '250' });
    under.node.mine();
    expect(await ok('wallet_get', { address: bob })).toEqual({
      address: bob,
      balance: '250',
      nonce: 0,
      pendingNonce: 0,
    });
    expect(await ok('wallet_get')).toMatchObject({ address: alice, balance: '999750', nonce: 1 });
    expect(await code('wallet_transfer', { to: bob, amount: '0' })).toBe('BAD_AMOUNT');
    expect(await code('wallet_transfer', { to: 'kv1x', amount: '1' })).toBe('BAD_ADDRESS');
    expect(await code('wallet_transfer', { to: bob, amount: '-1' })).toBe('INVALID_PARAMS');
    expect(await code('wallet_transfer', { to: bob, amount: '1.5' })).toBe('INVALID_PARAMS');
    expect(await code('wallet_get', { address: 'x' })).toBe('BAD_ADDRESS');
  });
});

describe('chain_, mempool_, miner_, net_, node_', () => {
  test('blocks and headers are found by height, hash and "head"', async () => {
    await ok('kv_put', { key: 'k', value: 'v' });
    const { hashHex } = under.node.mine();
    for (const id of [1, '1', hashHex, hashHex.toUpperCase(), 'head']) {
      expect((await ok('chain_getBlock', { id })).header.hash).toBe(hashHex);
      expect((await ok('chain_getHeader', { id })).header.hash).toBe(hashHex);
    }
    const block = await ok('chain_getBlock', { id: 1 });
    expect(block).toMatchObject({
      canonical: true,
      transactions: [{ sender: alice }],
      receipts: [{ status: 'applied' }],
    });
    expect(await ok('chain_getBlock', { id: 1, detail: 'ids' })).not.toHaveProperty('transactions');
    for (const id of [2, 'f'.repeat(64)]) {
      expect(await code('chain_getBlock', { id })).toBe('NOT_FOUND');
      expect(await code('chain_getHeader', { id })).toBe('NOT_FOUND');
    }
    for (const id of [-1, 'tip', 1.5, null]) expect(await code('chain_getBlock', { id })).toBe('INVALID_PARAMS');
    expect((await ok('chain_getHeaders', { from: 0, limit: 5 })).headers.map(header => header.height)).toEqual([0, 1]);
    expect((await ok('chain_head')).hash).toBe(hashHex);
    expect((await ok('chain_tips')).tips).toMatchObject([{ hash: hashHex, status: 'active' }]);
  });

  test('lead says so where nobody leads, and what the node is where it may', async () => {
    expect(await code('consensus_lead')).toBe('METHOD_NOT_FOUND');
    under.node.lead = () => true;
    expect(await ok('consensus_lead')).toEqual({ role: null });
  });

  test('status has what programs count on', async () => {
    const { hashHex, header } = under.node.mine();
    expect(await ok('chain_status')).toMatchObject({
      chainId: toHex(under.node.chainId),
      engine: 'pow',
      faultModel: 'byzantine',
      height: 1,
      headHash: hashHex,
      stateRoot: toHex(header.stateRoot),
      peers: 1,
      mempool: 0,
      syncing: false,
      supply: '1000000',
    });
    expect(await ok('consensus_status')).toMatchObject({ engine: 'pow', head: { hash: hashHex }, branches: 1 });
  });

  test('the mempool is listed', async () => {
    await ok('kv_put', { key: 'k', value: 'v' });
    expect(await ok('mempool_info')).toMatchObject({ transactions: 1, gapped: 0, feePerByteMin: '0' });
    expect((await ok('mempool_list')).transactions).toMatchObject([{ sender: alice, nonce: 0, operations: 1 }]);
    const [waiting] = (await ok('consensus_queue')).transactions;
    expect(waiting).toMatchObject({ sender: alice, nonce: 0, operations: [{ type: 'put' }] });
  });

  test('the miner starts, is throttled, and stops', async () => {
    expect(await ok('miner_start', { threads: 2, rate: 500 })).toMatchObject({
      running: true,
      threads: 2,
      rateMax: 500,
    });
    expect(await ok('miner_start', { rate: null })).toMatchObject({ threads: 2, rateMax: null });
    expect(await ok('miner_status')).toMatchObject({ running: true, difficultyBits: 2, expectedTrials: '4' });
    expect(await ok('miner_stop')).toMatchObject({ running: false });
    expect(await code('miner_start', { threads: 0 })).toBe('INVALID_PARAMS');
  });

  test('peers are listed, added and removed', async () => {
    expect(await ok('net_info')).toMatchObject({ peerId: 'little-peer', peers: 1 });
    expect(await ok('net_addPeer', { address: '/ip4/127.0.0.1/tcp/1/p2p/peer-2' })).toEqual({ id: 'peer-2' });
    expect((await ok('net_peers')).peers.map(peer => peer.id)).toEqual(['peer-1', 'peer-2']);
    expect(await ok('net_removePeer', { peer: 'peer-2' })).toEqual({ removed: true });
    expect(await code('net_removePeer', { peer: 'peer-2' })).toBe('NOT_FOUND');
    expect(await code('net_addPeer', { address: 'peer' })).toBe('BAD_ADDRESS');
  });

  test('links fail, delay and lose on order, are listed with the peers, and are mended', async () => {
    const good = { peer: 'peer-1', failed: false, delayMs: 0, lossRate: 0 };
    expect(await ok('net_failLink', { peer: 'peer-1' })).toEqual({ ...good, failed: true });
    expect(await ok('net_delay', { peer: 'peer-1', delayMs: 150 })).toEqual({ ...good, failed: true, delayMs: 150 });
    expect(await ok('net_loss', { peer: 'peer-2', lossRate: 0.25 })).toMatchObject({ lossRate: 0.25 });
    expect((await ok('net_peers')).links).toEqual([
      { ...good, failed: true, delayMs: 150 },
      { ...good, peer: 'peer-2', lossRate: 0.25 },
    ]);
    expect(await ok('net_fixLink', { peer: 'peer-1' })).toEqual(good);
    expect((await ok('net_peers')).links).toHaveLength(1);
    expect(await code('net_delay', { peer: 'peer-1', delayMs: 10_001 })).toBe('INVALID_PARAMS');
    expect(await code('net_loss', { peer: 'peer-1', lossRate: 1.5 })).toBe('INVALID_PARAMS');
  });

  test('the node tells of itself, and stops when asked', async () => {
    expect(await ok('node_info')).toMatchObject({
      name: 'kvchain',
      network: 'little',
      account: alice,
      uptimeMs: 1_000,
    });
    expect(await ok('node_stop')).toEqual({ stopping: true });
    await waitUntil(() => under.events.includes('stop'));
    expect(await ok('node_crash')).toEqual({ crashing: true });
    expect(under.events).toContain('crash');
  });

  test('rpc.discover describes every method', async () => {
    const document = await ok('rpc.discover');
    expect((document.methods as { name: string }[]).map(({ name }) => name)).toEqual(methodNames);
  });
});

async function waitUntil(condition: () => boolean): Promise<void> {
  const endMs = Date.now() + 5_000;
  while (!condition()) {
    if (Date.now() > endMs) throw new Error('the condition did not come true within 5 s');
    await new Promise(resolve => setImmediate(resolve));
  }
}
