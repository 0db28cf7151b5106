import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { toHex, toUtf8 } from '../../chain/bytes.ts';
import { addressOf, formatAddress, publicKeyOf } from '../../chain/keys.ts';
import type { Operation } from '../../chain/operation.ts';
import { verifyProof } from '../../chain/proof.ts';
import { signTransaction, type Transaction } from '../../chain/transaction.ts';
import { type api, type MethodName, methodNames, rowOf } from './api.ts';
import { aliceKey, bobKey } from './little-node.suite.ts';
import { startUnderTest, type UnderTest } from './server-under-test.suite.ts';

let under: UnderTest;
beforeEach(async () => {
  under = await startUnderTest();
});
afterEach(() => under.close());

const alice = formatAddress(addressOf(publicKeyOf(aliceKey)), 'kvt');
const bob = formatAddress(addressOf(publicKeyOf(bobKey)), 'kvt');

function put(key: string, value: string, nonce: number, secretKey = aliceKey): Transaction {
  const operation: Operation = { type: 'put', key, value: toUtf8(value), contentType: '', expectedVersion: null };
  return signed([operation], nonce, secretKey);
}

function signed(operations: readonly Operation[], nonce: number, secretKey = aliceKey): Transaction {
  const { chainId } = under.node;
  return signTransaction({ chainId, nonce, fee: 0n, expiresAt: null, memo: new Uint8Array(0), operations }, secretKey);
}

/** The result, checked against the schema of the table. */
async function ok<M extends MethodName>(
  method: M,
  params: object = {},
): Promise<ReturnType<(typeof api)[M]['result']['parse']>> {
  const answer = await under.rpc(method, params);
  expect(answer.error).toBeUndefined();
  return rowOf(method).result.parse(answer.result) as ReturnType<(typeof api)[M]['result']['parse']>;
}

async function code(method: string, params: object = {}): Promise<string> {
  const answer = await under.rpc(method, params);
  expect(answer.result).toBeUndefined();
  expect(answer.error.data.action).not.toBe('');
  return answer.error.data.code;
}

describe('kv_', () => {
  test('a plain put is signed by the account of the daemon, and read back once a block holds it', async () => {
    const pending = await ok('kv_put', { key: 'bash', value: '5.2', contentType: 'text/plain' });
    expect(pending).toMatchObject({ status: 'pending', height: null, blockHash: null, confirmations: 0 });
    const block = under.node.mine();
    expect(await ok('kv_get', { key: 'bash' })).toEqual({
      key: 'bash',
      value: '5.2',
      encoding: 'utf8',
      contentType: 'text/plain',
      version: 1,
      owner: alice,
      height: 1,
      confirmations: 1,
      finality: 'included',
    });
    expect(await ok('tx_get', { id: pending.id })).toMatchObject({ status: 'included', blockHash: block.hashHex });
  });

  test('a value that is not UTF-8 goes in and out as base64', async () => {
    await ok('kv_put', { key: 'k', value: '/wD+', encoding: 'base64' });
    under.node.mine();
    expect(await ok('kv_get', { key: 'k' })).toMatchObject({ value: '/wD+', encoding: 'base64' });
  });

  test('the signed form is taken as it is, and the answer says where it is', async () => {
    const transaction = put('k', 'v', 0, bobKey);
    const answer = await ok('kv_put', { key: 'k', transaction: toHex(transaction.bytes) });
    expect(answer.id).toBe(transaction.idHex);
    under.node.mine();
    expect(await ok('kv_get', { key: 'k' })).toMatchObject({ owner: bob });
  });

  test.each([
    [{ key: 'k' }, 'value: required'],
    [{ key: 'k', value: 'v', transaction: '00' }, 'value: not allowed beside transaction'],
    [{ key: 'k', value: 'v', colour: 1 }, 'unknown parameter: colour'],
    [{ key: 'k', value: 'v', expectedversion: 1 }, 'did you mean expectedVersion'],
    [{ key: 'k', value: 'v', wait: 'soon' }, 'wait: expected none'],
    [{ key: 1, value: 'v' }, 'key: '],
    [{ key: 'k', value: 'v', fee: 5 }, 'fee: '],
    [{ key: 'k', value: 'v', fee: '18446744073709551616' }, 'fee: expected an amount'],
    [{ key: 'k', value: 'v', expectedVersion: 2 ** 53 }, 'expectedVersion: '],
  ])('kv_put %j is INVALID_PARAMS and names the parameter', async (params, message) => {
    const { error } = await under.rpc('kv_put', params);
    expect(error).toMatchObject({ code: -32602, data: { code: 'INVALID_PARAMS' } });
    expect(error.message).toContain(message);
  });

  test.each([
    [{ key: '', value: 'v' }, 'BAD_KEY'],
    [{ key: 'k'.repeat(257), value: 'v' }, 'BAD_KEY'],
    [{ key: '\ud800', value: 'v' }, 'BAD_KEY'],
    [{ key: 'k', value: '\ud800' }, 'BAD_VALUE'],
    [{ key: 'k', value: '$', encoding: 'base64' }, 'BAD_VALUE'],
    [{ key: 'k', value: 'v'.repeat(65_537) }, 'BAD_VALUE'],
    [{ key: 'k', value: 'v', contentType: 'c'.repeat(65) }, 'BAD_VALUE'],
    [{ key: 'k', transaction: '00' }, 'BAD_ENCODING'],
  ])('kv_put refuses what the protocol does (%#)', async (params, expected) => {
    expect(await code('kv_put', params)).toBe(expected);
  });

  test('a signed form that does not write the key beside it is refused', async () => {
    const transaction = toHex(put('other', 'v', 0).bytes);
    expect(await code('kv_put', { key: 'k', transaction })).toBe('INVALID_PARAMS');
    expect(await code('kv_delete', { key: 'other', transaction })).toBe('INVALID_PARAMS');
  });

  test('two plain puts at once take two nonces', async () => {
    await Promise.all([ok('kv_put', { key: 'a', value: '1' }), ok('kv_put', { key: 'b', value: '2' })]);
    expect(under.node.mempoolList(9).map(({ body }) => body.nonce)).toEqual([0, 1]);
  });

  test('an absent and a deleted key are NO_KEY, and history keeps what was', async () => {
    expect(await code('kv_get', { key: 'k' })).toBe('NO_KEY');
    await ok('kv_put', { key: 'k', value: 'v' });
    under.node.mine();
    await ok('kv_delete', { key: 'k' });
    under.node.mine();
    expect(await code('kv_get', { key: 'k' })).toBe('NO_KEY');
    expect(await ok('kv_get', { key: 'k', at: 1 })).toMatchObject({ value: 'v' });
    const { entries, cursor } = await ok('kv_history', { key: 'k' });
    expect(entries.map(entry => [entry.version, entry.operation, entry.value])).toEqual([
      [2, 'delete', null],
      [1, 'put', 'v'],
    ]);
    expect(cursor).toBeNull();
  });

  test('reads that this chain cannot give are refused at once', async () => {
    expect(await code('kv_get', { key: 'k', read: 'final' })).toBe('FINALITY_UNAVAILABLE');
    expect(await code('kv_get', { key: 'k', read: 'linearizable' })).toBe('FINALITY_UNAVAILABLE');
    expect(await code('kv_get', { key: 'k', at: 9 })).toBe('HEIGHT_UNAVAILABLE');
    expect(await code('kv_get', { key: 'k', read: 'confirmed:0' })).toBe('INVALID_PARAMS');
  });

  test('a value that is not deep enough is NOT_CONFIRMED, not absent', async () => {
    await ok('kv_put', { key: 'k', value: 'v' });
    under.node.mine();
    expect(await code('kv_get', { key: 'k', read: 'confirmed:100000' })).toBe('NOT_CONFIRMED');
    expect(await code('kv_get', { key: 'other', read: 'confirmed:100000' })).toBe('NO_KEY');
  });

  test('a write that could never be final is refused before it is sent', async () => {
    expect(await code('kv_put', { key: 'k', value: 'v', wait: 'final' })).toBe('FINALITY_UNAVAILABLE');
    expect(await code('kv_delete', { key: 'k', wait: 'final' })).toBe('FINALITY_UNAVAILABLE');
    const transaction = toHex(put('k', 'v', 0).bytes);
    expect(await code('kv_put', { transaction, wait: 'final' })).toBe('FINALITY_UNAVAILABLE');
    expect(await code('wallet_transfer', { to: bob, amount: '1', wait: 'final' })).toBe('FINALITY_UNAVAILABLE');
    expect(under.node.mempoolList(9)).toEqual([]);
  });

  test('scan gives pages in the order of bytes, and its cursor goes on where it was', async () => {
    for (const key of ['b', 'a', 'c', 'a\u00e9', 'az']) await ok('kv_put', { key, value: key });
    under.node.mine();
    const keys: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await ok('kv_scan', { prefix: 'a', limit: 2, ...(cursor === undefined ? {} : { cursor }) });
      expect(page.items.length).toBeLessThanOrEqual(2);
      keys.push(...page.items.map(item => item.key));
      cursor = page.cursor ?? undefined;
    } while (cursor !== undefined);
    expect(keys).toEqual(['a', 'az', 'a\u00e9']);
  });

  test('a page ends early at the limit of bytes, so that no answer grows too large', async () => {
    const value = 'v'.repeat(65_536);
    for (let index = 0; index < 70; index++) await ok('kv_put', { key: `k${String(index).padStart(3, '0')}`, value });
    under.node.mine();
    const counts: number[] = [];
    let cursor: string | undefined;
    do {
      const page = await ok('kv_scan', { limit: 1_000, ...(cursor === undefined ? {} : { cursor }) });
      counts.push(page.items.length);
      cursor = page.cursor ?? undefined;
    } while (cursor !== undefined);
    expect(counts).toEqual([32, 32, 6]);
  });

  test.each(['kv_scan', 'kv_history'])('%s refuses a cursor that is not its own', async method => {
    const foreign = Buffer.from('{"v":1,"kind":"other","after":1}').toString('base64url');
    const newer = Buffer.from('{"v":2,"kind":"scan","after":"a"}').toString('base64url');
    for (const cursor of ['', '!', 'AAAA', foreign, newer]) {
      expect(await code(method, method === 'kv_scan' ? { cursor } : { key: 'k', cursor })).toBe('INVALID_PARAMS');
    }
  });

  test('a proof from the answer verifies, for a value, an absence and a tombstone', async () => {
    await ok('kv_put', { key: 'k', value: 'v' });
    under.node.mine();
    const present = verifyProof(await ok('kv_proof', { key: 'k' }));
    expect(present.ok && present.value.value).toEqual(toUtf8('v'));
    const absent = verifyProof(await ok('kv_proof', { key: 'x' }));
    expect(absent.ok && absent.value.record).toBeNull();
    await ok('kv_delete', { key: 'k' });
    under.node.mine();
    const deleted = verifyProof(await ok('kv_proof', { key: 'k' }));
    expect(deleted.ok && [deleted.value.record?.version, deleted.value.value]).toEqual([2, null]);
    expect(verifyProof(await ok('kv_proof', { key: 'k', height: 1 })).ok).toBe(true);
    expect(await code('kv_proof', { key: 'k', height: 99 })).toBe('HEIGHT_UNAVAILABLE');
  });
});

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
