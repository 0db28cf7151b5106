import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { toHex, toUtf8 } from '../../chain/bytes.ts';
import { signTransaction } from '../../chain/transaction.ts';
import { aliceKey } from './little-node.suite.ts';
import { type DoorLimits, socketsMax } from './server-settings.ts';
import { startUnderTest, type UnderTest } from './server-under-test.suite.ts';
import { closeCodes, socketMessageBytesMax, subscriptionsMax } from './socket.ts';

let under: UnderTest;
beforeEach(async () => {
  under = await startUnderTest();
});
afterEach(() => under.close());

/** A connection that keeps what it hears. */
class Peer {
  readonly socket: WebSocket;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of any shape.
  readonly heard: any[] = [];
  readonly closed: Promise<number>;
  #wake: () => void = () => {};
  #id = 0;

  constructor(port: number, headers: Record<string, string> = {}) {
    this.socket = new WebSocket(`ws://127.0.0.1:${port}/v1/ws`, { headers, maxPayload: 0 });
    this.socket.on('message', (data: Buffer) => {
      this.heard.push(JSON.parse(data.toString('utf8')));
      this.#wake();
    });
    this.closed = new Promise(resolve => this.socket.on('close', code => resolve(code)));
    this.socket.on('error', () => {});
  }

  async opened(): Promise<this> {
    if (this.socket.readyState === WebSocket.CONNECTING) {
      await new Promise((resolve, reject) => {
        this.socket.once('open', resolve);
        this.socket.once('error', reject);
      });
    }
    return this;
  }

  // biome-ignore lint/suspicious/noExplicitAny: as above.
  async hears(matches: (message: any) => boolean): Promise<any> {
    for (;;) {
      const found = this.heard.find(matches);
      if (found !== undefined) return found;
      await new Promise<void>(resolve => {
        this.#wake = resolve;
      });
    }
  }

  // biome-ignore lint/suspicious/noExplicitAny: as above.
  call(method: string, params?: unknown): Promise<any> {
    const id = ++this.#id;
    this.socket.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
    return this.hears(message => message.id === id);
  }
}

/** Another server, with limits that a test can meet. */
async function restart(limits: Partial<DoorLimits>): Promise<void> {
  await under.close();
  under = await startUnderTest({ settings: { limits } });
}

function connect(headers?: Record<string, string>): Promise<Peer> {
  return new Peer(under.server.port, headers).opened();
}

describe('JSON-RPC over a WebSocket', () => {
  test('answers calls, batches and errors as over HTTP', async () => {
    const peer = await connect();
    expect(await peer.call('chain_head')).toMatchObject({ result: { height: 0 } });
    expect(await peer.call('miner_stop')).toMatchObject({ error: { data: { code: 'UNAUTHORIZED' } } });
    peer.socket.send('[{"jsonrpc":"2.0","id":"b","method":"chain_head"}]');
    expect(await peer.hears(Array.isArray)).toMatchObject([{ id: 'b', result: {} }]);
    peer.socket.send('{');
    expect(await peer.hears(message => message.error?.code === -32700)).toMatchObject({ id: null });
    peer.socket.close();
  });

  test('a token in the header gives its scope', async () => {
    const peer = await connect({ authorization: `Bearer ${under.cookie}` });
    expect(await peer.call('miner_stop')).toMatchObject({ result: { running: false } });
    peer.socket.close();
  });

  test.each([
    [{ origin: 'https://evil.test' }, 403],
    [{ host: 'evil.test' }, 403],
    [{ authorization: 'Bearer wrong' }, 401],
  ])('the handshake with %j is refused with %i', async (headers, status) => {
    const error: unknown = await connect(headers).catch(caught => caught);
    expect(String(error)).toContain(String(status));
  });

  test('what is no text, or too large, closes the connection', async () => {
    const binary = await connect();
    binary.socket.send(Uint8Array.of(1, 2));
    expect(await binary.closed).toBe(closeCodes.notText);
    const large = await connect();
    large.socket.send('x'.repeat(socketMessageBytesMax + 1));
    expect(await large.closed).toBe(1009);
  });

  test(`no more than ${socketsMax} are open at once`, async () => {
    const peers = await Promise.all(Array.from({ length: socketsMax }, () => connect()));
    await Promise.all(peers.map(peer => peer.call('chain_head')));
    const extra = await connect();
    expect(await extra.closed).toBe(closeCodes.tryAgainLater);
    peers[0]?.socket.close();
    await peers[0]?.closed;
    for (const peer of peers) peer.socket.terminate();
  });

  test('closing the server says goodbye', async () => {
    const peer = await connect();
    await peer.call('kv_watch');
    await under.server.close();
    expect(await peer.closed).toBe(closeCodes.goingAway);
    expect(under.node.listeners).toBe(0);
  });
});

describe('kv_watch', () => {
  test('answers first, then sends what follows, to every subscription its own', async () => {
    const peer = await connect();
    const head = under.node.status().head.hashHex;
    const one = await peer.call('kv_watch', { prefix: 'a' });
    const two = await peer.call('kv_watch');
    expect(one.result).toEqual({ subscription: '1', at: { height: 0, hash: head } });
    await peer.call('tx_submit', { transaction: toHex(put('b', 'v', 0)) });
    const { hashHex } = under.node.mine();
    const isFor = (subscription: string) => (message: { params?: { subscription?: string } }) =>
      message.params?.subscription === subscription;
    expect((await peer.hears(isFor('1'))).params.event).toMatchObject({
      type: 'applied',
      hash: hashHex,
      parent: head,
      changes: [],
    });
    expect((await peer.hears(isFor(two.result.subscription))).params.event.changes).toMatchObject([
      { key: 'b', value: 'v' },
    ]);
    expect(await peer.call('kv_unwatch', { subscription: '1' })).toMatchObject({ result: { ended: true } });
    expect(await peer.call('kv_unwatch', { subscription: '1' })).toMatchObject({ result: { ended: false } });
    while (under.node.listeners > 1) await new Promise(resolve => setImmediate(resolve));
    peer.socket.close();
  });

  test('a batch of blocks since the resume point comes first, then the new ones', async () => {
    const first = under.node.mine();
    for (let index = 0; index < 5; index++) under.node.mine();
    const peer = await connect();
    await peer.call('kv_watch', { from: { height: 1, hash: first.hashHex } });
    await peer.hears(message => message.params?.event?.height === 6);
    under.node.mine();
    await peer.hears(message => message.params?.event?.height === 7);
    const heights = peer.heard.flatMap(message => message.params?.event?.height ?? []);
    expect(heights).toEqual([2, 3, 4, 5, 6, 7]);
    peer.socket.close();
  });

  test('subscriptions of one connection are bounded, and end with it', async () => {
    const peer = await connect();
    for (let index = 0; index < subscriptionsMax; index++) await peer.call('kv_watch');
    expect(await peer.call('kv_watch')).toMatchObject({ error: { data: { code: 'RATE_EXCEEDED' } } });
    peer.socket.terminate();
    while (under.node.listeners > 0) await new Promise(resolve => setImmediate(resolve));
  });

  test('a watch whose place fell out of the undo window ends with RESUME_TOO_OLD', async () => {
    const peer = await connect();
    const { hashHex } = under.node.mine();
    for (let index = 0; index < 60; index++) under.node.mine();
    const answer = await peer.call('kv_watch', { from: { height: 1, hash: hashHex } });
    expect(answer).toMatchObject({ error: { data: { code: 'RESUME_TOO_OLD' } } });
    peer.socket.close();
  });

  test('a consumer that does not read holds one event in memory, not all', async () => {
    const peer = await connect();
    await peer.call('kv_watch');
    // Nothing is read from here on: the events fill the buffers of the system, then one waits.
    peer.socket.pause();
    let asked = 0;
    const original = under.node.appliedEvent.bind(under.node);
    under.node.appliedEvent = height => {
      asked = Math.max(asked, height);
      return original(height);
    };
    for (let index = 0; index < 10; index++) {
      await under.ask({
        body: { jsonrpc: '2.0', id: 1, method: 'tx_submit', params: { transactions: largePuts(index) } },
      });
      under.node.mine();
    }
    await new Promise(resolve => setImmediate(resolve));
    expect(asked).toBeLessThan(10);
    peer.socket.resume();
    await peer.hears(message => message.params?.event?.height === 10);
    expect(peer.heard.flatMap(message => message.params?.event?.height ?? [])).toEqual(
      Array.from({ length: 10 }, (_, index) => index + 1),
    );
    peer.socket.close();
  });
});

describe('a consumer that is too slow', () => {
  test('is closed when it does not take an event in time', async () => {
    await restart({ eventTimeoutMs: 200 });
    const peer = await connect();
    await peer.call('kv_watch');
    peer.socket.pause();
    for (let index = 0; under.node.listeners > 0; index++) {
      await under.ask({
        body: { jsonrpc: '2.0', id: 1, method: 'tx_submit', params: { transactions: largePuts(index) } },
      });
      under.node.mine();
    }
    peer.socket.resume();
    await peer.closed;
  });

  test('is closed when it leaves too much unread, and none of its calls is carried out after that', async () => {
    await restart({ socketBufferBytesMax: 1_000_000 });
    await under.rpc('tx_submit', { transactions: largePuts(0) });
    under.node.mine();
    const peer = await connect();
    const call = { jsonrpc: '2.0', id: 1, method: 'kv_get', params: { key: 'k1' } };
    peer.socket.pause();
    for (let index = 0; index < 300; index++) peer.socket.send(JSON.stringify(call));
    const calls = (): number => under.events.filter(event => event === 'call kv_get').length;
    // 25 MB of answers: more than the limit and what the system holds. When that holds less, the end comes before so many calls.
    const latestMs = performance.now() + 5_000;
    while (calls() < 64 && performance.now() < latestMs) await new Promise(resolve => setImmediate(resolve));
    peer.socket.resume();
    await peer.closed;
    expect(calls()).toBeLessThan(200);
    expect(peer.heard.length).toBeLessThan(300);
  });
});

/** Seven values, each six times as long in JSON. */
function largePuts(block: number): readonly string[] {
  return Array.from({ length: 7 }, (_, index) => toHex(put(`k${index}`, '\0'.repeat(65_000), block * 7 + index)));
}

function put(key: string, value: string, nonce: number): Uint8Array {
  return signTransaction(
    {
      chainId: under.node.chainId,
      nonce,
      fee: 0n,
      expiresAt: null,
      memo: new Uint8Array(0),
      operations: [{ type: 'put', key, value: toUtf8(value), contentType: '', expectedVersion: null }],
    },
    aliceKey,
  ).bytes;
}
