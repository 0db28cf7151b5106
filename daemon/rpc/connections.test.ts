import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { toHex, toUtf8 } from '../../chain/bytes.ts';
import { signTransaction } from '../../chain/transaction.ts';
import { aliceKey } from './little-node.suite.ts';
import type { DoorLimits } from './server-settings.ts';
import { startUnderTest, type UnderTest } from './server-under-test.suite.ts';

const open: UnderTest[] = [];
const clients: RawClient[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) client.socket.destroy();
  for (const under of open.splice(0)) await under.close();
});

async function start(limits: Partial<DoorLimits> = {}): Promise<UnderTest> {
  const under = await startUnderTest({ settings: { limits } });
  open.push(under);
  return under;
}

/** A connection that says what it likes, and counts what comes back. */
class RawClient {
  readonly socket: Socket;
  readonly closed: Promise<void>;
  heard = '';

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1');
    this.socket.on('error', () => {});
    this.socket.on('data', (data: Buffer) => {
      this.heard += data.toString('latin1');
    });
    this.closed = new Promise(resolve => this.socket.once('close', () => resolve()));
    clients.push(this);
  }

  /** How many answers have begun. */
  get answers(): number {
    return this.heard.split('HTTP/1.1 ').length - 1;
  }
}

function get(under: UnderTest, path: string): string {
  return `GET ${path} HTTP/1.1\r\nhost: 127.0.0.1:${under.server.port}\r\n\r\n`;
}

function post(under: UnderTest, message: unknown): string {
  const body = JSON.stringify(message);
  const headers = `host: 127.0.0.1:${under.server.port}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}`;
  return `POST / HTTP/1.1\r\n${headers}\r\n\r\n${body}`;
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise(resolve => setImmediate(resolve));
}

const head = { jsonrpc: '2.0', id: 1, method: 'chain_head' };

/** A request whose answer has 6.5 MB: more than the system takes of what is not read. */
async function largeRequest(under: UnderTest): Promise<string> {
  const put = signTransaction(
    {
      chainId: under.node.chainId,
      nonce: 0,
      fee: 0n,
      expiresAt: null,
      memo: new Uint8Array(0),
      operations: [
        { type: 'put', key: 'k', value: toUtf8('v'.repeat(65_000)), contentType: '', expectedVersion: null },
      ],
    },
    aliceKey,
  );
  await under.rpc('tx_submit', { transaction: toHex(put.bytes) });
  under.node.mine();
  return post(under, Array(100).fill({ jsonrpc: '2.0', id: 1, method: 'kv_get', params: { key: 'k' } }));
}

const largeAnswerBytes = 100 * 65_000;

describe('requests that one connection pipelines', () => {
  test('are answered in their order, one after the other', async () => {
    const under = await start();
    const client = new RawClient(under.server.port);
    client.socket.write(Array.from({ length: 12 }, (_, id) => post(under, { ...head, id })).join(''));
    await until(() => client.answers === 12 && client.heard.endsWith('}'));
    expect(Array.from(client.heard.matchAll(/"id":(\d+)/g), ([, id]) => Number(id))).toEqual([
      0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
    ]);
  });

  test.each(['/metrics', '/healthz', '/openapi.json'])('are few: hundreds of GET %s close it', async path => {
    const under = await start();
    const client = new RawClient(under.server.port);
    client.socket.write(get(under, path).repeat(900));
    await client.closed;
    expect(client.answers).toBeLessThanOrEqual(1);
    expect(under.events.length).toBeLessThanOrEqual(1);
    expect((await under.ask({ body: head })).status).toBe(200);
  });

  test('leave the turn to other connections between two of them', async () => {
    const under = await start();
    const many = new RawClient(under.server.port);
    const one = new RawClient(under.server.port);
    many.socket.write(post(under, head).repeat(16));
    one.socket.write(post(under, { ...head, method: 'chain_tips' }));
    await until(() => many.answers === 16 && one.answers === 1);
    expect(under.events.indexOf('call chain_tips')).toBeLessThan(12);
  });

  test('are not carried out when the connection is gone', async () => {
    const under = await start();
    const { id } = (await under.rpc('kv_put', { key: 'k', value: 'v' })).result;
    const client = new RawClient(under.server.port);
    client.socket.write(get(under, `/v1/transactions/${id}?wait=included`) + get(under, '/metrics').repeat(5));
    await until(() => under.node.listeners === 1);
    client.socket.destroy();
    await until(() => under.node.listeners === 0);
    for (let turn = 0; turn < 5; turn++) await under.ask({ body: head });
    expect(under.events).not.toContain('metrics');
  });
});

describe('calls that wait for a transaction', () => {
  test('hold half of the places: one more is told when to ask again, a write where it is, and others are answered', async () => {
    const under = await start({ connectionsMax: 4 });
    const { id } = (await under.rpc('kv_put', { key: 'k', value: 'v' })).result;
    const path = `/v1/transactions/${id}?wait=included`;
    const waiting = [new RawClient(under.server.port), new RawClient(under.server.port)];
    for (const { socket } of waiting) socket.write(get(under, path));
    await until(() => under.node.listeners === 2);
    const refused = await under.ask({ path });
    expect([refused.status, refused.json.code, refused.headers['retry-after']]).toEqual([429, 'RATE_EXCEEDED', '1']);
    const put = await under.rpc('kv_put', { key: 'l', value: 'v', wait: 'included' });
    expect(put.result.status).toBe('pending');
    expect((await under.ask({ body: head })).status).toBe(200);
    under.node.mine();
    await until(() => waiting.every(({ heard }) => heard.includes('"reached":true')));
    expect((await under.ask({ path })).json.reached).toBe(true);
  });

  test('in a batch are the last that is carried out when the caller goes', async () => {
    const under = await start();
    const { id } = (await under.rpc('kv_put', { key: 'k', value: 'v' })).result;
    const client = new RawClient(under.server.port);
    client.socket.write(post(under, [{ ...head, method: 'tx_wait', params: { id } }, head]));
    await until(() => under.node.listeners === 1);
    client.socket.destroy();
    await until(() => under.node.listeners === 0);
    for (let turn = 0; turn < 5; turn++) await under.ask({ body: { ...head, method: 'chain_tips' } });
    expect(under.events).toContain('call tx_wait');
    expect(under.events).not.toContain('call chain_head');
  });
});

describe('a client that does not read its answers', () => {
  test('R4: gives its place to who comes when all places are taken', async () => {
    const under = await start({ connectionsMax: 4 });
    const request = await largeRequest(under);
    for (let index = 0; index < 4; index++) {
      const client = new RawClient(under.server.port);
      client.socket.pause();
      client.socket.write(request);
    }
    await until(() => under.events.filter(event => event === 'call kv_get').length === 400);
    expect((await under.ask({ body: head })).status).toBe(200);
  });

  test('is cut when all of them leave too much unread, and who leaves less is not', async () => {
    const under = await start({ unreadBytesMax: 10_000_000 });
    const request = await largeRequest(under);
    const readers = Array.from({ length: 4 }, () => new RawClient(under.server.port));
    for (const { socket } of readers) {
      socket.pause();
      socket.write(request);
    }
    await until(() => under.events.filter(event => event === 'call kv_get').length === 400);
    const small = await under.ask({ body: head });
    for (const { socket } of readers) {
      socket.resume();
      socket.end();
    }
    await Promise.all(readers.map(({ closed }) => closed));
    const whole = readers.filter(({ heard }) => heard.length > largeAnswerBytes).length;
    expect(whole).toBeGreaterThan(0);
    expect(whole).toBeLessThan(4);
    expect(small.status).toBe(200);
  });
});

describe('what takes too long', () => {
  test('is closed: an exchange', async () => {
    const under = await start({ exchangeTimeoutMs: 200 });
    const { id } = (await under.rpc('kv_put', { key: 'k', value: 'v' })).result;
    const client = new RawClient(under.server.port);
    client.socket.write(get(under, `/v1/transactions/${id}?wait=included`));
    await client.closed;
    await until(() => under.node.listeners === 0);
    expect(client.heard).toBe('');
  });

  test.each([
    ['the headers of a request', 'GET / HT'],
    ['a body', 'POST / HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\r\n{'],
  ])('R4: is closed: %s', async (_, text) => {
    const under = await start({ headersTimeoutMs: 100, requestTimeoutMs: 200 });
    const client = new RawClient(under.server.port);
    client.socket.write(text.replace('host: x', `host: 127.0.0.1:${under.server.port}`));
    await client.closed;
    expect(client.heard).toContain('HTTP/1.1 408');
  });
});
