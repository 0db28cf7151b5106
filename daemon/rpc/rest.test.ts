import { afterEach, beforeEach, expect, test } from 'vitest';
import { toHex, toUtf8 } from '../../chain/bytes.ts';
import { addressOf, formatAddress, publicKeyOf } from '../../chain/keys.ts';
import { signTransaction, type Transaction } from '../../chain/transaction.ts';
import { aliceKey } from './little-node.suite.ts';
import { routeGroups } from './rest.ts';
import { type Ask, type Reply, startUnderTest, type UnderTest } from './server-under-test.suite.ts';

let under: UnderTest;
beforeEach(async () => {
  under = await startUnderTest();
});
afterEach(() => under.close());

const alice = formatAddress(addressOf(publicKeyOf(aliceKey)), 'kvt');

function admin(ask: Ask): Promise<Reply> {
  return under.ask({ ...ask, headers: { authorization: `Bearer ${under.cookie}`, ...ask.headers } });
}

function get(path: string): Promise<Reply> {
  return under.ask({ path });
}

function put(key: string, nonce: number): Transaction {
  return signTransaction(
    {
      chainId: under.node.chainId,
      nonce,
      fee: 0n,
      expiresAt: null,
      memo: new Uint8Array(0),
      operations: [{ type: 'put', key, value: toUtf8('v'), contentType: '', expectedVersion: null }],
    },
    aliceKey,
  );
}

test('a key with slashes, spaces and other letters is put, read, proved, deleted and told by its encoded path', async () => {
  const key = 'a/b c?\u00e9%';
  const path = `/v1/kv/${encodeURIComponent(key)}`;
  const written = await admin({ method: 'PUT', path, body: { value: 'v' } });
  expect([written.status, written.json.status]).toEqual([200, 'pending']);
  under.node.mine();
  expect((await get(path)).json).toMatchObject({ key, value: 'v', version: 1 });
  expect((await get(`${path}/history`)).json.entries).toHaveLength(1);
  expect((await get(`${path}/proof`)).json).toMatchObject({ format: 'kvchain-proof', claim: { key } });
  expect((await get('/v1/kv?prefix=a%2F&limit=5')).json.items).toMatchObject([{ key }]);
  expect((await admin({ method: 'DELETE', path })).json.status).toBe('pending');
  under.node.mine();
  const absent = await get(path);
  expect(absent.status).toBe(404);
  expect(absent.json).toEqual({
    code: 'NO_KEY',
    message: expect.stringContaining(JSON.stringify(key)),
    action: expect.any(String),
  });
  expect((await get(`${path}?at=1`)).json.value).toBe('v');
});

test('put takes the signed form without a token, and waits when told', async () => {
  const body = { transaction: toHex(put('k', 0).bytes), wait: 'included' };
  const answer = under.ask({ method: 'PUT', path: '/v1/kv/k', body });
  while (under.node.listeners === 0) await new Promise(resolve => setImmediate(resolve));
  under.node.mine();
  expect((await answer).json).toMatchObject({ status: 'included', height: 1, confirmations: 1 });
});

test.each(['/v1/transactions', '/new_transaction'])('POST %s takes one or many', async path => {
  const one = await under.ask({ path, body: { transaction: toHex(put('a', 0).bytes) } });
  expect([one.status, one.json.status]).toEqual([200, 'pending']);
  const many = await under.ask({ path, body: { transactions: [toHex(put('b', 1).bytes), '00'] } });
  expect(many.json.results).toMatchObject([{ status: 'pending' }, { code: 'BAD_ENCODING' }]);
  const stale = await under.ask({ path, body: { transaction: toHex(put('c', 0).bytes) } });
  expect([stale.status, stale.json.code]).toEqual([409, 'BAD_NONCE']);
});

test('a transaction is told, waited for and decoded', async () => {
  const transaction = put('k', 0);
  await under.ask({ path: '/v1/transactions', body: { transaction: toHex(transaction.bytes) } });
  under.node.mine();
  const path = `/v1/transactions/${transaction.idHex}`;
  expect((await get(path)).json).toMatchObject({ status: 'included', receipt: { status: 'applied' } });
  expect((await get(`${path}?wait=confirmed:1`)).json).toMatchObject({ reached: true });
  expect((await get(`${path}?wait=confirmed:9&timeoutMs=1`)).json).toMatchObject({ reached: false });
  expect((await get(`${path}?wait=never`)).status).toBe(400);
  const decoded = await under.ask({ path: '/v1/transactions/decode', body: { transaction: toHex(transaction.bytes) } });
  expect(decoded.json.id).toBe(transaction.idHex);
});

test.each([
  ['/v1/status', { height: 0, engine: 'pow' }],
  ['/v1/chain', { height: 0 }],
  ['/v1/blocks/0', { canonical: true }],
  ['/v1/blocks/head?detail=ids', { canonical: true }],
  ['/v1/headers/head', { confirmations: 1 }],
  ['/v1/headers?from=0&limit=1', { headers: [{ height: 0 }] }],
  ['/v1/tips', { tips: [{ status: 'active' }] }],
  ['/v1/consensus', { engine: 'pow' }],
  ['/v1/mempool', { transactions: 0 }],
  ['/v1/mempool/transactions?limit=3', { transactions: [] }],
  ['/v1/miner', { running: false }],
  ['/v1/network', { peerId: 'little-peer' }],
  ['/v1/peers', { peers: [{ id: 'peer-1' }] }],
  ['/v1/node', { name: 'kvchain' }],
  [`/v1/wallets/${alice}`, { balance: '1000000' }],
  [`/v1/wallets/${alice}/prepare?bytes=100`, { nonce: 0, fee: '0' }],
  ['/openrpc.json', { openrpc: '1.3.2' }],
  ['/openapi.json', { openapi: '3.1.0' }],
  ['/healthz', { status: 'ok' }],
  ['/readyz', { status: 'ready' }],
])('GET %s answers', async (path, expected) => {
  const reply = await get(path);
  expect(reply.status).toBe(200);
  expect(reply.json).toMatchObject(expected);
});

test('peers are added and removed, money is moved', async () => {
  expect((await admin({ path: '/v1/peers', body: { address: '/ip4/127.0.0.1/tcp/1/p2p/p2' } })).json).toEqual({
    id: 'p2',
  });
  expect((await admin({ method: 'DELETE', path: '/v1/peers/p2' })).json).toEqual({ removed: true });
  expect((await admin({ method: 'DELETE', path: '/v1/peers?peer=peer-1' })).json).toEqual({ removed: true });
  expect((await admin({ method: 'DELETE', path: '/v1/peers/p2' })).status).toBe(404);
  expect((await admin({ path: '/v1/transfers', body: { to: alice, amount: '5' } })).json.status).toBe('pending');
});

test('PUT /v1/miner starts and stops by what the body says', async () => {
  const miner = (body: object) => admin({ method: 'PUT', path: '/v1/miner', body });
  expect((await miner({ running: true, threads: 2, rate: 100 })).json).toMatchObject({
    running: true,
    threads: 2,
    rateMax: 100,
  });
  expect((await miner({ running: false })).json).toMatchObject({ running: false });
  expect((await miner({ threads: 2 })).json).toMatchObject({
    code: 'INVALID_PARAMS',
    message: 'running: expected true or false',
  });
  expect((await miner({ running: 'yes' })).status).toBe(400);
  expect((await miner({ running: false, threads: 2 })).json.message).toContain('unknown parameter: threads');
});

test('stop answers before it stops', async () => {
  expect((await admin({ method: 'POST', path: '/v1/stop' })).json).toEqual({ stopping: true });
  expect((await admin({ method: 'POST', path: '/v1/crash', body: {} })).json).toEqual({ crashing: true });
});

test('readiness says syncing with 503, and health stays', async () => {
  under.node.isSyncing = true;
  const reply = await get('/readyz');
  expect([reply.status, reply.json.status]).toEqual([503, 'syncing']);
  expect((await get('/healthz')).status).toBe(200);
});

test.each([
  [{ path: '/v1/nothing' }, 404, 'METHOD_NOT_FOUND'],
  [{ path: '/v1/kv/%ff' }, 400, 'INVALID_REQUEST'],
  [{ path: `/v1/kv/${'k'.repeat(300)}` }, 400, 'BAD_KEY'],
  [{ path: '/v1/kv/' }, 400, 'BAD_KEY'],
  [{ path: '/v1/kv/k?colour=red' }, 400, 'INVALID_PARAMS'],
  [{ path: '/v1/kv?limit=ten' }, 400, 'INVALID_PARAMS'],
  [{ path: '/v1/kv?limit=1e2' }, 400, 'INVALID_PARAMS'],
  [{ path: '/v1/kv?limit=1&limit=2' }, 400, 'INVALID_PARAMS'],
  [{ path: '/v1/blocks/9' }, 404, 'NOT_FOUND'],
  [{ path: '/v1/transactions/xyz' }, 400, 'INVALID_PARAMS'],
  [{ path: '/v1/transactions', body: '{' }, 400, 'PARSE_ERROR'],
  [{ path: '/v1/transactions', body: '[]' }, 400, 'INVALID_PARAMS'],
  [{ path: '/v1/transactions', body: '"x"' }, 400, 'INVALID_PARAMS'],
  [{ path: '/v1/transactions', body: '{"transactions":'.padEnd(300, '[') }, 400, 'PARSE_ERROR'],
  [{ method: 'PUT', path: '/v1/kv/k', body: { key: 'other', value: 'v' } }, 400, 'INVALID_PARAMS'],
])('%j is refused with its status and code', async (ask, status, code) => {
  const reply = await admin(ask);
  expect([reply.status, reply.json.code]).toEqual([status, code]);
  expect(Object.keys(reply.json)).toEqual(['code', 'message', 'action']);
});

test.each([
  [{ path: '/v1/kv/%ff' }, 'path: /v1/kv/%ff is not UTF-8 in percent-encoding'],
  [
    { path: '/v1/transactions', body: `{"a":1,}${' '.repeat(99)}` },
    'the body is not valid JSON: Expected double-quoted property name in JSON at position 7',
  ],
])('%j is told where it is wrong', async (ask, says) => {
  expect((await admin(ask)).json.message).toContain(says);
});

test('a GET never changes anything: no GET route belongs to a method that writes', () => {
  for (const candidates of routeGroups().values()) {
    for (const { name, route } of candidates) {
      if (route.verb === 'GET')
        expect(name).not.toMatch(/_(put|delete|submit|transfer|start|stop|crash|addPeer|removePeer)$/);
    }
  }
});
