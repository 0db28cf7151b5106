import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { KvchainError } from '../../chain/errors.ts';
import { cookieName, failureDelayMs } from './auth.ts';
import { isLoopbackHost } from './guard.ts';
import { LittleNode } from './little-node.suite.ts';
import { RateLimiter } from './rate.ts';
import { bodyBytesMax, doorLimits } from './server-settings.ts';
import { startUnderTest, type UnderTest, type UnderTestOptions } from './server-under-test.suite.ts';

const open: UnderTest[] = [];
async function start(options: UnderTestOptions = {}): Promise<UnderTest> {
  const under = await startUnderTest(options);
  open.push(under);
  return under;
}
afterEach(async () => {
  for (const under of open.splice(0)) await under.close();
});

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const head = { jsonrpc: '2.0', id: 1, method: 'chain_head' };
const plainPut = { jsonrpc: '2.0', id: 1, method: 'kv_put', params: { key: 'k', value: 'v' } };

describe('who may call', () => {
  test('R10: the cookie file is readable by its owner alone, new at each start, and gone after the stop', async () => {
    const under = await start();
    const path = join(under.dataDir, cookieName);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(under.cookie).toMatch(/^[0-9a-f]{64}$/);
    expect((await start()).cookie).not.toBe(under.cookie);
    await under.server.close();
    expect(existsSync(path)).toBe(false);
  });

  test('a cookie file that another process wrote since is left alone', async () => {
    const under = await start();
    writeFileSync(join(under.dataDir, cookieName), 'other');
    await under.server.close();
    expect(readFileSync(join(under.dataDir, cookieName), 'utf8')).toBe('other');
  });

  test('R1: on loopback reading and submitting need no token, the rest does', async () => {
    const under = await start();
    expect((await under.ask({ body: head })).json.result.height).toBe(0);
    const submitted = await under.ask({ body: { ...head, method: 'tx_submit', params: { transaction: '00' } } });
    expect(submitted.json.error.data.code).toBe('BAD_ENCODING');
    for (const method of ['miner_start', 'node_stop', 'net_addPeer']) {
      const reply = await under.ask({ body: { ...head, method } });
      expect([reply.status, reply.json.error.data.code]).toEqual([401, 'UNAUTHORIZED']);
    }
    expect((await under.ask({ method: 'POST', path: '/v1/stop' })).status).toBe(401);
    expect((await under.ask({ body: plainPut })).json.error.message).toContain('needs a token of scope admin');
    expect((await under.ask({ body: plainPut, headers: bearer(under.cookie) })).json.result.status).toBe('pending');
  });

  test('without an account plain forms are ACCOUNT_LOCKED and name tx_submit', async () => {
    const under = await start({ account: null });
    const { error } = await under.rpc('kv_put', { key: 'k', value: 'v' });
    expect(error.data.code).toBe('ACCOUNT_LOCKED');
    expect(error.message).toContain('tx_submit');
    expect((await under.rpc('wallet_get')).error.data.code).toBe('ACCOUNT_LOCKED');
    expect((await under.rpc('node_info')).result.account).toBeNull();
  });

  test('R1: a named token may do what its scope says and no more', async () => {
    const tokens = [{ name: 'reader', scope: 'read' as const, sha256: sha256('r') }];
    const under = await start({ settings: { tokens } });
    expect((await under.ask({ body: head, headers: bearer('r') })).status).toBe(200);
    const body = { ...head, method: 'tx_submit', params: { transaction: '00' } };
    const reply = await under.ask({ body, headers: bearer('r') });
    expect([reply.status, reply.json.error.data.code]).toEqual([403, 'FORBIDDEN']);
  });

  test.each(['Bearer wrong', 'Bearer', 'Basic abc', `Bearer ${'x'.repeat(600)}`, 'bearer  '])(
    'R1, R10: a wrong token (%j) is refused late, though none was needed, and never logged',
    async authorization => {
      const under = await start();
      const startedMs = performance.now();
      const reply = await under.ask({ body: head, headers: { authorization } });
      expect(performance.now() - startedMs).toBeGreaterThan(failureDelayMs - 5);
      expect([reply.status, reply.json.error.data.code]).toEqual([401, 'UNAUTHORIZED']);
      expect(reply.headers['www-authenticate']).toBe('Bearer');
      expect(under.logged.join('')).not.toContain('wrong');
    },
  );

  test('R1, R8: beyond loopback it does not start without TLS and tokens', async () => {
    for (const host of ['0.0.0.0', '::', '192.0.2.1', 'example.org']) {
      expect(isLoopbackHost(host)).toBe(false);
      const error: unknown = await startUnderTest({ settings: { host } }).catch(caught => caught);
      expect(error instanceof KvchainError && error.code).toBe('BAD_CONFIG');
    }
    for (const host of ['127.0.0.1', '127.9.9.9', '::1', 'localhost']) expect(isLoopbackHost(host)).toBe(true);
  });

  test('methods for test networks do not exist elsewhere', async () => {
    const { genesis } = new LittleNode();
    const schedule = genesis.schedule.map(entry => ({ ...entry, params: { ...entry.params, testNetwork: 0 } }));
    const under = await start({ node: new LittleNode({ ...genesis, schedule }) });
    expect((await under.rpc('node_crash')).error.data.code).toBe('NOT_TEST_NETWORK');
    expect(under.events).not.toContain('crash');
  });
});

test('where members make the blocks no miner is started', async () => {
  const { genesis } = new LittleNode();
  const under = await start({ node: new LittleNode({ ...genesis, engine: 'paxos' }) });
  expect((await under.rpc('miner_start')).error).toMatchObject({
    message: 'engine paxos does not mine: members of the genesis make its blocks',
    data: { code: 'MINING_UNAVAILABLE' },
  });
});

describe('where a call may come from', () => {
  test.each(['localhost', 'LocalHost', '127.0.0.1', '[::1]'])('R2: the host %s is ours, with the port', async name => {
    const under = await start();
    expect((await under.ask({ body: head, headers: { host: `${name}:${under.server.port}` } })).status).toBe(200);
    expect((await under.ask({ body: head, headers: { host: `${name}:1` } })).status).toBe(403);
    expect((await under.ask({ body: head, headers: { host: name } })).status).toBe(403);
  });

  test.each(['evil.test', 'localhost.evil.test', '127.0.0.1.evil.test', 'localhost@evil.test', ''])(
    'R2: the host %j is not, not even for what needs no token',
    async host => {
      const under = await start();
      const reply = await under.ask({ path: '/healthz', headers: { host: `${host}:${under.server.port}` } });
      expect(reply.status).toBe(403);
    },
  );

  test.each([
    ['a whole URI', (port: number) => `GET http://evil.test/healthz HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n`],
    [
      'a whole URI of our own',
      (port: number) => `GET http://127.0.0.1:${port}/healthz HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n`,
    ],
    ['a second Host', (port: number) => `GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nHost: evil.test\r\n`],
    [
      'our Host twice',
      (port: number) => `GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nHost: 127.0.0.1:${port}\r\n`,
    ],
  ])('R2: %s is refused, not even for what needs no token', async (_what, headOf) => {
    const { port } = (await start()).server;
    const answer = await rawAnswer(port, `${headOf(port)}Connection: close\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 403 /);
    expect(answer).toContain('FORBIDDEN');
  });

  test('a name of the configuration is', async () => {
    const under = await start({ settings: { allowedHosts: ['Node.Example:8443'] } });
    expect((await under.ask({ body: head, headers: { host: 'node.example:8443' } })).status).toBe(200);
    expect((await under.ask({ body: head, headers: { host: 'node.example' } })).status).toBe(403);
  });

  test('R3: a page of another origin may not call, our own may', async () => {
    const under = await start();
    for (const origin of ['https://evil.test', 'null', `https://127.0.0.1:${under.server.port}`, 'http://127.0.0.1']) {
      const reply = await under.ask({ body: head, headers: { origin } });
      expect([reply.status, reply.json.error.data.code]).toEqual([403, 'FORBIDDEN']);
    }
    const own = await under.ask({ body: head, headers: { origin: `http://127.0.0.1:${under.server.port}` } });
    expect(own.status).toBe(200);
    expect(own.headers['access-control-allow-origin']).toBeUndefined();
  });

  test.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', ''])(
    'R3: a body of type %j is 415, as a form of another site would send it',
    async type => {
      const under = await start();
      for (const path of ['/', '/v1/transactions']) {
        const reply = await under.ask({ path, body: JSON.stringify(head), headers: { 'content-type': type } });
        expect(reply.status).toBe(415);
      }
    },
  );

  test('answers carry the headers that keep browsers from guessing', async () => {
    const { headers } = await (await start()).ask({ path: '/v1/status' });
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['content-security-policy']).toContain("default-src 'self'");
  });
});

describe('too much', () => {
  test('R5: a body over the limit is 413, with a length or without', async () => {
    const under = await start();
    const body = JSON.stringify({ ...head, pad: 'x'.repeat(bodyBytesMax) });
    expect((await under.ask({ body })).status).toBe(413);
    const chunked = await under
      .ask({ body, headers: { 'transfer-encoding': 'chunked' } })
      .catch(() => ({ status: 413 }));
    expect(chunked.status).toBe(413);
    expect((await under.ask({ body: head })).status).toBe(200);
  });

  test('R5: headers over 16 KiB are 431, what is no HTTP is 400', async () => {
    const under = await start();
    expect((await under.ask({ path: '/healthz', headers: { 'x-pad': 'x'.repeat(17_000) } })).status).toBe(431);
    expect(await rawAnswer(under.server.port, 'SSH-2.0-x\r\n\r\n')).toContain('HTTP/1.1 400');
  });

  test('R5: a body without end is cut off after its limit, and costs no more memory than that', async () => {
    const under = await start();
    const socket = connect(under.server.port, '127.0.0.1');
    let isClosed = false;
    socket.on('error', () => {});
    socket.on('close', () => {
      isClosed = true;
    });
    const host = `host: 127.0.0.1:${under.server.port}`;
    socket.write(`POST / HTTP/1.1\r\n${host}\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n`);
    const chunk = Buffer.concat([Buffer.from('10000\r\n'), Buffer.alloc(65_536, 0x20), Buffer.from('\r\n')]);
    const before = process.memoryUsage().arrayBuffers;
    let sent = 0;
    let peak = 0;
    while (!isClosed && sent < 100_000_000) {
      sent += chunk.length;
      if (!socket.write(chunk)) await Promise.race([once(socket, 'drain'), once(socket, 'close')]).catch(() => {});
      peak = Math.max(peak, process.memoryUsage().arrayBuffers - before);
    }
    expect(sent).toBeLessThan(100_000_000);
    expect(peak).toBeLessThan(10_000_000);
    expect((await under.ask({ body: head })).status).toBe(200);
  });

  test('R6: a caller that spends its rate is 429, by the element of a batch, and others are not', async () => {
    const tokens = [{ name: 'ci', scope: 'read' as const, sha256: sha256('t') }];
    const under = await start({ settings: { rate: { perSecond: 0.001, burst: 10 }, tokens } });
    expect((await under.ask({ body: Array(8).fill(head) })).json).toHaveLength(8);
    const large = await under.ask({ body: Array(3).fill(head) });
    expect([large.status, large.json.error.data.code, large.headers['retry-after']]).toEqual([
      429,
      'RATE_EXCEEDED',
      '1',
    ]);
    expect((await under.ask({ body: [7, { jsonrpc: '2.0', method: 'x' }] })).status).toBe(200);
    expect((await under.ask({ body: head })).status).toBe(429);
    expect((await under.ask({ path: '/v1/status' })).json.code).toBe('RATE_EXCEEDED');
    expect((await under.ask({ body: head, headers: bearer('t') })).status).toBe(200);
  });

  test.each(['/metrics', '/openapi.json'])('%s spends the rate too', async path => {
    const under = await start({ settings: { rate: { perSecond: 0.001, burst: 1 } } });
    expect((await under.ask({ path })).status).toBe(200);
    const refused = await under.ask({ path });
    expect([refused.status, refused.json.code, refused.headers['retry-after']]).toEqual([429, 'RATE_EXCEEDED', '1']);
  });

  test('a bucket fills again with time, up to its burst', () => {
    let now = 0;
    const limiter = new RateLimiter({ perSecond: 10, burst: 5 }, () => now);
    expect([limiter.take('a', 5), limiter.take('a', 1), limiter.take('b', 6)]).toEqual([true, false, false]);
    now = 100;
    expect([limiter.take('a', 1), limiter.take('a', 1)]).toEqual([true, false]);
    now = 100_000;
    expect([limiter.take('a', 6), limiter.take('a', 5)]).toEqual([false, true]);
  });

  test('R4: a thousand connections that say nothing do not keep a caller waiting', async () => {
    const under = await start();
    const sockets: Socket[] = [];
    let closed = 0;
    for (let index = 0; index < 1_000; index++) {
      const socket = connect(under.server.port, '127.0.0.1', () => socket.write('GET / HT'));
      socket.on('error', () => {});
      socket.on('close', () => closed++);
      sockets.push(socket);
    }
    const startedMs = performance.now();
    expect((await under.ask({ body: head })).status).toBe(200);
    expect(performance.now() - startedMs).toBeLessThan(5_000);
    while (closed < 1_000 - doorLimits.connectionsMax) await new Promise(resolve => setImmediate(resolve));
    expect((await under.ask({ body: head })).status).toBe(200);
    for (const socket of sockets) socket.destroy();
  });
});

describe('faults and the end', () => {
  test('a fault of the node is INTERNAL, says nothing of the inside, and is logged', async () => {
    const under = await start();
    under.node.fault = new Error('secret path /home/x');
    const reply = await under.ask({ path: '/v1/kv/k' });
    expect([reply.status, reply.json.code]).toEqual([500, 'INTERNAL']);
    expect(reply.text).not.toContain('secret');
    expect((await under.rpc('kv_get', { key: 'k' })).error).toMatchObject({ code: -32603 });
    expect(under.logged.join('\n')).toContain('secret path');
  });

  test('a port that is taken is PORT_IN_USE and leaves no cookie', async () => {
    const { port } = (await start()).server;
    const error: unknown = await startUnderTest({ settings: { port } }).catch(caught => caught);
    expect(error instanceof KvchainError && [error.code, error.message]).toEqual([
      'PORT_IN_USE',
      expect.stringContaining(String(port)),
    ]);
  });

  test('closing answers what waits and ends within a second', async () => {
    const under = await start();
    const { id } = (await under.rpc('kv_put', { key: 'k', value: 'v' })).result;
    const waiting = under.ask({ path: `/v1/transactions/${id}?wait=included` }).catch(() => null);
    const idle = connect(under.server.port, '127.0.0.1');
    idle.on('error', () => {});
    while (under.node.listeners === 0) await new Promise(resolve => setImmediate(resolve));
    const startedMs = performance.now();
    await under.server.close();
    expect(performance.now() - startedMs).toBeLessThan(1_000);
    expect((await waiting)?.json).toMatchObject({ status: 'pending', reached: false });
    expect(under.node.listeners).toBe(0);
    idle.destroy();
  });

  test('metrics are served', async () => {
    expect((await (await start()).ask({ path: '/metrics' })).text).toBe('kvchain_up 1\n');
  });
});

function rawAnswer(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    socket.on('data', data => {
      answer += data.toString();
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(answer));
  });
}
