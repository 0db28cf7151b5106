import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { toHex, toUtf8 } from '../../chain/bytes.ts';
import { KvchainError } from '../../chain/errors.ts';
import { addressOf, formatAddress, publicKeyOf } from '../../chain/keys.ts';
import { signTransaction } from '../../chain/transaction.ts';
import { KvchainClient } from './client.ts';
import { aliceKey, bobKey } from './little-node.suite.ts';
import { startUnderTest, type UnderTest } from './server-under-test.suite.ts';

let under: UnderTest;
let client: KvchainClient;
beforeEach(async () => {
  under = await startUnderTest();
  client = new KvchainClient({ url: under.server.url, signer: { secretKey: aliceKey } });
});
afterEach(() => under.close());

async function codeOf(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => null,
    caught => caught,
  );
  return error instanceof KvchainError ? error.code : String(error);
}

/** Mines whenever something is pending, until `work` is done. */
async function whileMining<T>(work: Promise<T>): Promise<T> {
  let isDone = false;
  const done = work.finally(() => {
    isDone = true;
  });
  while (!isDone) {
    if (under.node.status().mempool > 0) under.node.mine();
    await new Promise(resolve => setImmediate(resolve));
  }
  return done;
}

describe('writes', () => {
  test('put waits until the value is included, and get reads it back', async () => {
    const state = await whileMining(client.put('bash', '5.2', { contentType: 'text/plain' }));
    expect(state).toMatchObject({ status: 'included', height: 1, confirmations: 1 });
    expect(await client.get('bash')).toMatchObject({ value: '5.2', bytes: toUtf8('5.2'), contentType: 'text/plain' });
    expect(await client.get('nothing')).toBeNull();
  });

  test('many puts in flight take consecutive nonces and few requests', async () => {
    const states = await whileMining(
      Promise.all(Array.from({ length: 300 }, (_, index) => client.put(`k${index}`, 'v'))),
    );
    expect(states.every(({ status }) => status === 'included')).toBe(true);
    expect(under.events.filter(event => event === 'call tx_submit').length).toBeLessThanOrEqual(3);
    const keys: string[] = [];
    for await (const { key } of client.scan('k')) keys.push(key);
    expect(keys).toHaveLength(300);
  });

  test('bytes that are not text survive, and a delete leaves history', async () => {
    const value = Uint8Array.of(0, 255, 128);
    await whileMining(client.put('k', value));
    expect((await client.get('k'))?.bytes).toEqual(value);
    await whileMining(client.delete('k'));
    expect(await client.get('k')).toBeNull();
    const entries: string[] = [];
    for await (const { operation } of client.history('k')) entries.push(operation);
    expect(entries).toEqual(['delete', 'put']);
  });

  test('a write that is included but fails is told with its code', async () => {
    await whileMining(client.put('k', 'v'));
    const state = await whileMining(client.put('k', 'w', { expectedVersion: 5 }));
    expect(state).toMatchObject({ status: 'failed', code: 'VERSION_CONFLICT' });
    const foreign = await whileMining(client.put('k', 'w', { signer: { secretKey: bobKey } }));
    expect(foreign).toMatchObject({ status: 'failed', code: 'NOT_OWNER' });
  });

  test('a nonce that another process took is taken anew', async () => {
    const { chainId } = under.node;
    let isRaced = false;
    const racing = new KvchainClient({
      url: under.server.url,
      signer: { secretKey: aliceKey },
      fetch: async (input, init) => {
        if (!isRaced && String(init?.body).includes('tx_submit')) {
          isRaced = true;
          const other = signTransaction(
            {
              chainId,
              nonce: 0,
              fee: 0n,
              expiresAt: null,
              memo: new Uint8Array(0),
              operations: [{ type: 'delete', key: 'x' }],
            },
            aliceKey,
          );
          await client.submit(other, { wait: 'none' });
        }
        return fetch(input, init);
      },
    });
    expect(await racing.put('k', 'v', { wait: 'none' })).toMatchObject({ status: 'pending' });
    expect(under.node.mempoolList(9).map(({ body }) => body.nonce)).toEqual([0, 1]);
  });

  test('a submit whose answer was lost is sent again and counts once', async () => {
    let losses = 2;
    const lossy = new KvchainClient({
      url: under.server.url,
      signer: { secretKey: aliceKey },
      fetch: async (input, init) => {
        const response = await fetch(input, init);
        if (String(init?.body).includes('tx_submit') && losses-- > 0) throw new TypeError('fetch failed');
        return response;
      },
    });
    await lossy.put('k', 'v', { wait: 'none' });
    expect(under.node.mempoolList(9)).toHaveLength(1);
  });

  test('a refused write does not take the others with it', async () => {
    const [refused, taken] = await Promise.allSettled([
      client.put('k'.repeat(257), 'v', { wait: 'none' }),
      client.put('good', 'v', { wait: 'none' }),
    ]);
    expect([refused.status, taken.status]).toEqual(['rejected', 'fulfilled']);
  });

  test('a wait that can never end is refused before anything is signed or sent', async () => {
    expect(await codeOf(client.put('k', 'v', { wait: 'final' }))).toBe('FINALITY_UNAVAILABLE');
    expect(await codeOf(client.put('k', 'v', { wait: 'confirmed:0' }))).toBe('USAGE');
    const body = { chainId: under.node.chainId, nonce: 0, fee: 0n, expiresAt: null, memo: new Uint8Array(0) };
    const transaction = signTransaction({ ...body, operations: [{ type: 'delete', key: 'x' }] }, aliceKey);
    expect(await codeOf(client.submit(transaction, { wait: 'final' }))).toBe('FINALITY_UNAVAILABLE');
    expect(under.node.mempoolList(9)).toEqual([]);
  });

  test('half a character is refused, since it would be stored as another text', async () => {
    expect(await codeOf(client.put('k', 'a\ud800'))).toBe('BAD_VALUE');
    expect(await codeOf(client.put('\udc00k', 'v'))).toBe('BAD_KEY');
    expect(await codeOf(client.delete('\udc00k'))).toBe('BAD_KEY');
    expect(await codeOf(client.put('k', 'v', { contentType: '\ud800' }))).toBe('BAD_VALUE');
    expect(under.node.mempoolList(9)).toEqual([]);
  });

  test('what has a wrong type is USAGE with its place, before anything is signed or sent', async () => {
    // As a program without a compiler says it.
    const put = (key: unknown, value: unknown, options: unknown = {}): Promise<unknown> =>
      Reflect.apply(client.put, client, [key, value, options]);
    const cases: readonly (readonly [Promise<unknown>, RegExp])[] = [
      [put(5, 'v'), /operations\.0\.key: expected string, received number/],
      [put('k', 5), /value: expected a string or a Uint8Array/],
      [put('k', null), /value: expected a string or a Uint8Array/],
      [put('k', 'v', { expectedVersion: '1' }), /operations\.0\.expectedVersion: expected number, received string/],
      [put('k', 'v', { fee: 5 }), /fee: expected bigint, received number/],
      [put('k', 'v', { memo: 'm' }), /memo: expected a Uint8Array/],
      [put('k', 'v', { wait: 7 }), /wait 7/],
      [put('k', 'v', { signer: { secretKey: '00' } }), /signer\.secretKey: expected 32 bytes/],
      [put('k', 'v', { signer: { secretKey: new Uint8Array(32) } }), /signer\.secretKey: expected 32 bytes/],
      [Reflect.apply(client.send, client, ['put']), /operations: expected array, received string/],
      [Reflect.apply(client.send, client, [[{ type: 'write' }]]), /operations\.0\.type/],
      [Reflect.apply(client.submit, client, ['00']), /transaction\.bytes: expected a Uint8Array/],
    ];
    for (const [refused, says] of cases) {
      const error: unknown = await refused.catch(caught => caught);
      expect({ error, code: error instanceof KvchainError && error.code }).toMatchObject({
        error: { message: expect.stringMatching(says) },
        code: 'USAGE',
      });
    }
    expect(await codeOf(Reflect.apply(client.transfer, client, [5, 5n]))).toBe('BAD_ADDRESS');
    expect(await codeOf(Reflect.apply(client.get, client, [5]))).toBe('INVALID_PARAMS');
    expect(under.node.mempoolList(9)).toEqual([]);
  });

  test('what is too long is told with its limit, before anything is signed or sent', async () => {
    const cases: readonly (readonly [Promise<unknown>, string, string])[] = [
      [client.put('', 'v'), 'BAD_KEY', 'a key of 0 bytes, expected UTF-8 of 1 to 256'],
      [client.delete('é'.repeat(129)), 'BAD_KEY', 'a key of 258 bytes, expected UTF-8 of 1 to 256'],
      [client.put('k', 'v'.repeat(65_537)), 'BAD_VALUE', 'a value of 65537 bytes, at most 65536'],
      [client.put('k', 'v', { contentType: 't'.repeat(65) }), 'BAD_VALUE', 'a content type of 65 bytes, at most 64'],
    ];
    for (const [refused, code, message] of cases) await expect(refused).rejects.toMatchObject({ code, message });
    expect(under.node.mempoolList(9)).toEqual([]);
  });

  test('the id is told before the wait', async () => {
    const ids: string[] = [];
    const { id } = await whileMining(client.put('k', 'v', { onSubmitted: state => ids.push(state.id) }));
    expect(ids).toEqual([id]);
  });

  test('money moves to an address of this network only', async () => {
    const bob = formatAddress(addressOf(publicKeyOf(bobKey)), 'kvt');
    await whileMining(client.transfer(bob, 5n));
    expect(await client.call('wallet_get', { address: bob })).toMatchObject({ balance: '5' });
    expect(await codeOf(client.transfer(formatAddress(addressOf(publicKeyOf(bobKey)), 'kv'), 5n))).toBe('BAD_ADDRESS');
  });

  test('nothing is signed for another chain, or without a signer', async () => {
    const wary = new KvchainClient({ url: under.server.url, signer: { secretKey: aliceKey }, chainId: '0'.repeat(64) });
    expect(await codeOf(wary.put('k', 'v'))).toBe('WRONG_CHAIN');
    expect(under.node.status().mempool).toBe(0);
    expect(await codeOf(new KvchainClient({ url: under.server.url }).put('k', 'v'))).toBe('USAGE');
  });

  test('many signed transactions have an answer each', async () => {
    const { chainId } = under.node;
    const make = (nonce: number) =>
      signTransaction(
        {
          chainId,
          nonce,
          fee: 0n,
          expiresAt: null,
          memo: new Uint8Array(0),
          operations: [{ type: 'delete', key: 'x' }],
        },
        aliceKey,
      );
    expect(await client.submitMany([make(0), make(5), make(1)])).toMatchObject([
      { status: 'pending' },
      { code: 'BAD_NONCE' },
      { status: 'pending' },
    ]);
    expect(await client.submitMany([])).toEqual([]);
  });
});

describe('waiting', () => {
  test('ends with confirmations, a drop, the time, or an abort', async () => {
    const { id } = await client.put('k', 'v', { wait: 'none' });
    expect(await codeOf(client.waitFor(id, 'included', { timeoutMs: 30 }))).toBe('TIMED_OUT');
    const aborted = client.waitFor(id, 'included', { signal: AbortSignal.timeout(10) });
    expect(await codeOf(aborted)).toContain('TimeoutError');
    const confirmed = client.waitFor(id, 'confirmed:3');
    under.node.mine();
    under.node.mine();
    under.node.mine();
    expect(await confirmed).toMatchObject({ confirmations: 3 });
    const second = await client.put('k', 'w', { wait: 'none' });
    const dropped = client.waitFor(second.id, 'included');
    under.node.drop('EXPIRED');
    expect(await codeOf(dropped)).toBe('TRANSACTION_DROPPED');
    expect(await codeOf(client.waitFor('0'.repeat(64), 'included'))).toBe('NOT_FOUND');
  });
});

describe('the connection', () => {
  test('an address where nobody answers is UNREACHABLE, says where and what to do', async () => {
    const { url } = client;
    await under.server.close();
    const error: unknown = await client.get('k').catch(caught => caught);
    expect(error instanceof KvchainError && error.code).toBe('UNREACHABLE');
    expect(String(error)).toContain(url);
    expect(error instanceof KvchainError && error.action).toContain('kvchain start');
  });

  test.each(['', 'localhost:8645', 'ftp://127.0.0.1', 'kvchain'])('%j is no URL', url => {
    expect(() => new KvchainClient({ url })).toThrow(KvchainError);
  });

  test('an answer that is not of the protocol is BAD_MESSAGE, never taken', async () => {
    for (const body of ['not json', '[]', '{}', '{"jsonrpc":"2.0","id":1,"result":{"key":"k"}}']) {
      const odd = new KvchainClient({ url: under.server.url, fetch: async () => new Response(body) });
      expect(await codeOf(odd.get('k'))).toBe('BAD_MESSAGE');
    }
  });

  test('a batch has an answer for each call', async () => {
    const answers = await client.batch([
      { method: 'kv_get', params: { key: 'k' } },
      { method: 'kv_get', params: { key: '' } },
    ]);
    expect(answers.map(answer => (answer.ok ? 'ok' : answer.error.code))).toEqual(['NO_KEY', 'BAD_KEY']);
  });
});

describe('watch', () => {
  test('gives every block once, undone ones on a reorg, and goes on over a new connection', async () => {
    const end = new AbortController();
    const watching = client.watch('a', {
      signal: end.signal,
      from: { height: 0, hash: toHex((await under.node.headersFrom(0, 1))[0]?.hash ?? new Uint8Array(0)) },
    });
    await client.put('a1', 'v', { wait: 'none' });
    await client.put('b1', 'v', { wait: 'none' });
    under.node.mine();
    const first = (await watching.next()).value;
    expect(first).toMatchObject({ type: 'applied', height: 1, changes: [{ key: 'a1', value: 'v' }] });
    under.node.mine();
    expect((await watching.next()).value).toMatchObject({ type: 'applied', height: 2, changes: [] });
    under.node.undo(2);
    under.node.mine({ time: 1_700_000_500_000 });
    expect((await watching.next()).value).toMatchObject({ type: 'undone', height: 2, keys: [] });
    expect((await watching.next()).value).toMatchObject({ type: 'undone', height: 1, keys: ['a1'] });
    expect((await watching.next()).value).toMatchObject({ type: 'applied', height: 1, changes: [{ key: 'a1' }] });
    end.abort();
    expect((await watching.next()).done).toBe(true);
  });

  test('tells of a conflict of finality, and goes on where it was', async () => {
    const end = new AbortController();
    const watching = client.watch('', { signal: end.signal });
    const first = watching.next();
    while (under.node.listeners === 0) await new Promise(resolve => setImmediate(resolve));
    const { hash } = under.node.mine();
    expect((await first).value).toMatchObject({ type: 'applied', height: 1 });
    under.node.conflict({ kind: 'heavier-branch', height: 1, hash, other: new Uint8Array(32) });
    const conflict = {
      type: 'finality_conflict',
      kind: 'heavier-branch',
      height: 1,
      hash: toHex(hash),
      other: '0'.repeat(64),
    };
    expect((await watching.next()).value).toEqual(conflict);
    under.node.mine();
    expect((await watching.next()).value).toMatchObject({ type: 'applied', height: 2 });
    end.abort();
    await watching.next();
  });

  test('goes on where it was when the server comes back', async () => {
    const watching = client.watch('');
    const started = watching.next();
    while (under.node.listeners === 0) await new Promise(resolve => setImmediate(resolve));
    under.node.mine();
    expect((await started).value).toMatchObject({ height: 1 });
    const { port } = under.server;
    await under.server.close();
    under.node.mine();
    const again = await startUnderTest({ node: under.node, settings: { port } });
    under.node.mine();
    expect((await watching.next()).value).toMatchObject({ height: 2 });
    expect((await watching.next()).value).toMatchObject({ height: 3 });
    await watching.return();
    await again.close();
  });

  test('a point that is too old or unknown is RESUME_TOO_OLD', async () => {
    const from = { height: 0, hash: 'f'.repeat(64) };
    expect(await codeOf(client.watch('', { from }).next())).toBe('RESUME_TOO_OLD');
    const genesis = toHex((await under.node.headersFrom(0, 1))[0]?.hash ?? new Uint8Array(0));
    for (let height = 1; height <= 60; height++) under.node.mine();
    expect(await codeOf(client.watch('', { from: { height: 0, hash: genesis } }).next())).toBe('RESUME_TOO_OLD');
  });

  test('a consumer that rests hears all the same, once and in order', async () => {
    const watching = client.watch('');
    const first = watching.next();
    while (under.node.listeners === 0) await new Promise(resolve => setImmediate(resolve));
    for (let height = 1; height <= 40; height++) under.node.mine();
    const heights = [(await first).value?.height];
    while (heights.length < 40) heights.push((await watching.next()).value?.height);
    expect(heights).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
    await watching.return();
  });
});
