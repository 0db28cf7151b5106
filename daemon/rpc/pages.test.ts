import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { toHex } from '../../chain/bytes.ts';
import { signTransaction } from '../../chain/transaction.ts';
import { aliceKey } from './little-node.suite.ts';
import { startUnderTest, type UnderTest } from './server-under-test.suite.ts';

let under: UnderTest;
beforeEach(async () => {
  under = await startUnderTest();
});
afterEach(() => under.close());

test('kv_scan has no items and yet a cursor where the node looked at deleted keys only', async () => {
  const asked: (string | null)[] = [];
  under.node.scan = async (_, { after }) => {
    asked.push(after);
    return { rows: [], next: after === null ? 'gone' : null };
  };
  const first = (await under.rpc('kv_scan', {})).result;
  expect(first).toMatchObject({ items: [], cursor: expect.any(String) });
  const second = (await under.rpc('kv_scan', { cursor: first.cursor })).result;
  expect(second).toEqual({ items: [], cursor: null });
  expect(asked).toEqual([null, 'gone']);
});

describe('answers of values that are six times as long in JSON', () => {
  const value = new Uint8Array(65_000);

  function put(key: string, nonce: number): string {
    const operation = { type: 'put' as const, key, value, contentType: '', expectedVersion: null };
    const body = { chainId: under.node.chainId, nonce, fee: 0n, expiresAt: null, memo: new Uint8Array(0) };
    return toHex(signTransaction({ ...body, operations: [operation] }, aliceKey).bytes);
  }

  async function fill(count: number, keyOf: (index: number) => string): Promise<void> {
    for (let from = 0; from < count; from += 8) {
      const indexes = Array.from({ length: Math.min(8, count - from) }, (_, index) => from + index);
      const transactions = indexes.map(index => put(keyOf(index), index));
      await under.rpc('tx_submit', { transactions });
    }
    under.node.mine();
  }

  test.each([
    ['kv_scan', 'items', (index: number) => `k${String(index).padStart(3, '0')}`],
    ['kv_history', 'entries', () => 'k'],
  ] as const)('%s ends its pages early, and they hold every row once', async (method, list, keyOf) => {
    await fill(30, keyOf);
    let cursor: string | null | undefined;
    const seen: string[] = [];
    let pages = 0;
    while (cursor !== null) {
      const params = {
        ...(method === 'kv_scan' ? {} : { key: 'k' }),
        limit: 30,
        ...(cursor === undefined ? {} : { cursor }),
      };
      const page = (await under.rpc(method, params)).result;
      seen.push(...page[list].map((row: { key: string; version: number }) => `${row.key} ${row.version}`));
      cursor = page.cursor;
      pages++;
    }
    expect(new Set(seen).size).toBe(30);
    expect(seen).toHaveLength(30);
    expect(pages).toBeGreaterThan(2);
  });

  test('a block that does not fit is refused, and told by its ids', async () => {
    await fill(24, index => `k${index}`);
    expect((await under.rpc('chain_getBlock', { id: 1, detail: 'full' })).error.data.code).toBe('TOO_LARGE');
    expect((await under.ask({ path: '/v1/blocks/1?detail=full' })).status).toBe(413);
    const { transactionIds } = (await under.rpc('chain_getBlock', { id: 1, detail: 'ids' })).result;
    expect(transactionIds).toHaveLength(24);
    expect((await under.rpc('tx_get', { id: transactionIds[0] })).result.transaction.nonce).toBe(0);
  });

  test('a batch ends where its answers are full: no call after that is carried out', async () => {
    await fill(1, () => 'k');
    under.events.splice(0);
    const get = (id: number) => ({ jsonrpc: '2.0', id, method: 'kv_get', params: { key: 'k' } });
    const { json } = await under.ask({ body: Array.from({ length: 100 }, (_, id) => get(id)) });
    expect(json).toHaveLength(100);
    const answered = json.filter((answer: { result?: unknown }) => answer.result !== undefined).length;
    expect(answered).toBe(21);
    expect(under.events).toHaveLength(answered + 1);
    expect(json[99]).toMatchObject({ id: 99, error: { data: { code: 'TOO_LARGE' } } });
    expect(json[99].error.message).toContain('not carried out');
  });
});
