import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { methodNames } from './api.ts';
import { startUnderTest, type UnderTest } from './server-under-test.suite.ts';

let under: UnderTest;
beforeAll(async () => {
  under = await startUnderTest();
});
afterAll(() => under.close());

const call = (id: unknown, method = 'chain_head', params?: unknown) => ({ jsonrpc: '2.0', id, method, params });
const post = (body: unknown) => under.ask({ body });

describe('one request', () => {
  test.each([
    ['', 400, -32700],
    ['{', 400, -32700],
    ['{"jsonrpc":"2.0",}', 400, -32700],
    ['\ufeff{"jsonrpc":"2.0","id":1,"method":"chain_head"}', 400, -32700],
    ['NaN', 400, -32700],
    ['1', 400, -32600],
    ['"chain_head"', 400, -32600],
    ['null', 400, -32600],
    ['{}', 400, -32600],
    ['{"jsonrpc":"1.0","id":1,"method":"chain_head"}', 400, -32600],
    ['{"jsonrpc":"2.0","id":{},"method":"chain_head"}', 400, -32600],
    ['{"jsonrpc":"2.0","id":[1],"method":"chain_head"}', 400, -32600],
    ['{"jsonrpc":"2.0","id":true,"method":"chain_head"}', 400, -32600],
    ['{"jsonrpc":"2.0","id":1,"method":7}', 400, -32600],
    ['{"jsonrpc":"2.0","id":1,"method":"chain_head","params":"x"}', 400, -32600],
    ['{"jsonrpc":"2.0","id":1,"method":"chain_head","params":null}', 400, -32600],
    ['{"jsonrpc":"2.0","id":1,"method":"chain_head","extra":1}', 400, -32600],
    ['{"jsonrpc":"2.0","id":1,"method":"kv_watch"}', 400, -32600],
    ['{"jsonrpc":"2.0","id":1,"method":"chain_heed"}', 200, -32601],
    ['{"jsonrpc":"2.0","id":1,"method":"__proto__"}', 200, -32601],
    ['{"jsonrpc":"2.0","id":1,"method":"constructor"}', 200, -32601],
    ['{"jsonrpc":"2.0","id":1,"method":"chain_head","params":{"x":1}}', 200, -32602],
    ['{"jsonrpc":"2.0","id":1,"method":"chain_head","params":{"__proto__":{}}}', 200, -32602],
    ['{"jsonrpc":"2.0","id":1,"method":"chain_head","params":[1]}', 200, -32602],
    ['{"jsonrpc":"2.0","id":1,"method":"chain_getHeaders","params":{"from":1e400}}', 200, -32602],
    ['{"jsonrpc":"2.0","id":1,"method":"chain_getHeaders","params":{"from":9007199254740993}}', 200, -32602],
    ['{"jsonrpc":"2.0","id":1,"method":"chain_getHeaders","params":{"from":0.1}}', 200, -32602],
  ])('R6: %s is answered with HTTP %i and %i', async (body, status, code) => {
    const reply = await under.ask({ method: 'POST', headers: { 'content-type': 'application/json' }, body });
    expect(reply.status).toBe(status);
    expect(reply.json).toMatchObject({ jsonrpc: '2.0', error: { code } });
    expect(reply.json.error.data.action).not.toBe('');
  });

  test('R6: bytes that are not UTF-8 are a parse error', async () => {
    const reply = await fetch(`${under.server.url}/`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: Uint8Array.of(0x22, 0xff, 0x22),
    });
    expect(await reply.json()).toMatchObject({ error: { code: -32700 } });
  });

  test('P8, R6: nesting deeper than 64 is refused before it is parsed, and 64 is not', async () => {
    const nested = (depth: number) =>
      `{"jsonrpc":"2.0","id":1,"method":"chain_head","params":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`;
    expect((await post(nested(65))).json.error).toMatchObject({ code: -32700, message: 'JSON nests deeper than 64' });
    expect((await post(nested(64))).json.error).toMatchObject({ code: -32602 });
    expect((await post('['.repeat(500_000))).json.error).toMatchObject({ code: -32700 });
  });

  test('brackets inside strings do not count as nesting', async () => {
    const prefix = `${'['.repeat(100)}\\"${'{'.repeat(100)}`;
    const reply = await post(`{"jsonrpc":"2.0","id":1,"method":"kv_scan","params":{"prefix":"${prefix}"}}`);
    expect(reply.json.result).toEqual({ items: [], cursor: null });
  });

  test.each([0, -1, 1.5, 'a', '', null])('the id %j comes back', async id => {
    expect((await post(call(id))).json).toMatchObject({ id, result: { height: 0 } });
  });

  test('a near miss of a method or parameter is told', async () => {
    expect((await post(call(1, 'kv_gett'))).json.error.message).toContain('did you mean kv_get?');
    expect((await post(call(1, 'chain_getHeaders', { form: 0 }))).json.error.message).toContain('did you mean from?');
  });

  test('parameters by position take the order of the table, and null leaves one out', async () => {
    expect((await post(call(1, 'chain_getHeaders', [0, 1]))).json.result.headers).toHaveLength(1);
    expect((await post(call(1, 'kv_scan', [null, 5]))).json.result).toEqual({ items: [], cursor: null });
  });

  test('a notification is carried out and has no answer', async () => {
    const reply = await post({ jsonrpc: '2.0', method: 'chain_head' });
    expect([reply.status, reply.text]).toEqual([204, '']);
  });
});

describe('a batch', () => {
  test('R6: is answered in its order, with errors in their places, and without its notifications', async () => {
    const reply = await post([call(1), 7, call(2, 'nope'), { jsonrpc: '2.0', method: 'chain_head' }, call(2)]);
    expect(reply.status).toBe(200);
    expect(reply.json).toMatchObject([
      { id: 1, result: {} },
      { id: null, error: { code: -32600 } },
      { id: 2, error: { code: -32601 } },
      { id: 2, result: {} },
    ]);
  });

  test('R6: that is empty, nested or over 100 is refused', async () => {
    expect((await post([])).json).toMatchObject({ id: null, error: { code: -32600 } });
    expect((await post([[call(1)]])).json).toMatchObject([{ error: { code: -32600 } }]);
    const large = await post(Array.from({ length: 101 }, (_, id) => call(id)));
    expect([large.status, large.json.error.data.code]).toEqual([413, 'TOO_LARGE']);
    expect((await post(Array.from({ length: 100 }, (_, id) => call(id)))).json).toHaveLength(100);
  });

  test('R6: of notifications alone has no answer', async () => {
    const reply = await post([{ jsonrpc: '2.0', method: 'chain_head' }]);
    expect([reply.status, reply.text]).toEqual([204, '']);
  });
});

describe('whatever comes', () => {
  const id = fc.oneof(fc.integer(), fc.string(), fc.constant(null), fc.object());
  const method = fc.oneof(fc.constantFrom(...methodNames.filter(name => !name.includes('wait'))), fc.string());
  const params = fc.oneof(fc.object({ maxDepth: 3 }), fc.array(fc.jsonValue()), fc.jsonValue());
  const request = fc.record({ jsonrpc: fc.constantFrom('2.0', '1.0', 2), id, method, params }, { requiredKeys: [] });
  const message = fc.oneof(request, fc.array(request, { maxLength: 5 }), fc.jsonValue());

  test('the answer is one of JSON-RPC', async () => {
    await fc.assert(
      fc.asyncProperty(message, async sent => {
        const reply = await under.ask({
          method: 'POST',
          headers: { authorization: `Bearer ${under.cookie}`, 'content-type': 'application/json' },
          body: JSON.stringify(sent),
        });
        if (reply.status === 204) return;
        for (const answer of Array.isArray(reply.json) ? reply.json : [reply.json]) expectAnswer(answer);
      }),
      { numRuns: 400 },
    );
    expect(under.logged).toEqual([]);
  });

  test('bytes that are no JSON do not harm either', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), fc.string({ unit: 'binary' })), async body => {
        const reply = await under.ask({ method: 'POST', headers: { 'content-type': 'application/json' }, body });
        expectAnswer(reply.json);
      }),
      { numRuns: 200 },
    );
  });
});

function expectAnswer(answer: {
  jsonrpc: string;
  id: unknown;
  result?: unknown;
  error?: { code: number; message: string };
}): void {
  expect(answer.jsonrpc).toBe('2.0');
  expect(answer).toHaveProperty('id');
  expect('result' in answer).not.toBe('error' in answer);
  if (answer.error === undefined) return;
  expect(Number.isInteger(answer.error.code)).toBe(true);
  expect(answer.error.code).not.toBe(-32603);
  expect(answer.error.message).not.toBe('');
}
