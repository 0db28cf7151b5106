import { describe, expect, it } from 'vitest';
import { KvchainClient } from '../../daemon/rpc/client.ts';
import { countLost } from './at-rest.ts';

/** A daemon that gives these answers to tx_get, by id; of others it knows nothing. */
function daemonWith(standings: Readonly<Record<string, string>>): KvchainClient {
  const answer = ({ id, params }: { readonly id: number; readonly params: { readonly id: string } }) => {
    const status = standings[params.id];
    if (status === undefined) return { id, error: { message: 'not found', data: { code: 'NOT_FOUND' } } };
    const nowhere = { height: null, blockHash: null, index: null, confirmations: 0, finality: 'pending' };
    return { id, result: { id: params.id, status, ...nowhere, receipt: null, transaction: null } };
  };
  const fetch = async (_: unknown, init?: RequestInit) =>
    new Response(JSON.stringify(JSON.parse(String(init?.body)).map(answer)), {
      headers: { 'content-type': 'application/json' },
    });
  return new KvchainClient({ url: 'http://127.0.0.1:1', fetch });
}

describe('what was acknowledged', () => {
  it.each([
    ['on the chain', 'included', 0],
    ['on the chain, without effect', 'failed', 1],
    ['still in a mempool', 'pending', 1],
    ['expired, replaced or evicted', 'dropped', 1],
  ] as const)('and is %s at rest', async (_, status, lost) => {
    const id = 'a'.repeat(64);
    expect(await countLost([daemonWith({ [id]: status })], [{ id }])).toBe(lost);
  });

  it('is lost when no daemon has included it, and not when one has', async () => {
    const ids = ['a', 'b', 'c'].map(digit => digit.repeat(64));
    const [a = '', b = ''] = ids;
    const daemons = [daemonWith({ [a]: 'included' }), daemonWith({ [b]: 'included' })];
    const written = ids.map(id => ({ id }));
    expect(await countLost(daemons, written)).toBe(1);
    expect(await countLost(daemons.slice(0, 1), written)).toBe(2);
    expect(await countLost(daemons, [])).toBe(0);
  });

  it('is counted over more calls than one request may hold', async () => {
    const written = Array.from({ length: 250 }, (_, index) => ({ id: String(index).padStart(64, '0') }));
    const all = Object.fromEntries(written.map(({ id }) => [id, 'included']));
    expect(await countLost([daemonWith(all)], written)).toBe(0);
    expect(await countLost([daemonWith({})], written)).toBe(250);
  });
});
