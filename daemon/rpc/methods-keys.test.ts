import { describe, expect, test } from 'vitest';
import { toHex, toUtf8 } from '../../chain/bytes.ts';
import { verifyProof } from '../../chain/proof.ts';
import { bobKey } from './little-node.suite.ts';
import { alice, bob, code, ok, put, serveEachTest, under } from './method-calls.suite.ts';

serveEachTest();

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
      read: 'local',
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
