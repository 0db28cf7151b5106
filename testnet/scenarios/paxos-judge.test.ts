import { expect, it } from 'vitest';
import { KvchainClient } from '../../daemon/rpc/client.ts';
import { exampleHeader } from '../../daemon/rpc/examples.ts';
import { duplicatesIn, faultsOf, type ScenarioRow, standingOf } from './paxos-judge.ts';

const good: ScenarioRow = {
  scenario: 'partition',
  blocksEqualOn: 3,
  afterHealEqualOn: 5,
  kvEqual: true,
  duplicates: 0,
  linearizable: true,
};

it('finds nothing wrong where all is as it must be', () => {
  expect(faultsOf(good)).toEqual([]);
});

it.each<[Partial<ScenarioRow>, string]>([
  [{ afterHealEqualOn: 4 }, 'partition: 4 of 5 servers have one chain at the end'],
  [{ kvEqual: false }, 'partition: the dictionaries of the servers differ'],
  [{ duplicates: 3 }, 'partition: 3 operations stand on the chain more than once'],
  [{ linearizable: false }, 'partition: no order of the operations explains what the clients were told'],
])('says what is wrong with %o', (changed, fault) => {
  expect(faultsOf({ ...good, ...changed })).toEqual([fault]);
});

it('says all that is wrong', () => {
  const bad = { ...good, afterHealEqualOn: 0, kvEqual: false, duplicates: 1, linearizable: false };
  expect(faultsOf(bad)).toHaveLength(4);
});

it.each([
  [['a', 'b', 'c'], 0],
  [['a', 'b', 'a', 'a'], 2],
])('counts in %j what stands there again', (operations, duplicates) => {
  expect(duplicatesIn({ blocks: [], operations, store: '' })).toBe(duplicates);
});

it('a server that does not give one of its blocks has no standing: what stands in it would not be counted', async () => {
  const client = new KvchainClient({
    url: 'http://127.0.0.1:1',
    fetch: async (_, init) => {
      const request: unknown = JSON.parse(String(init?.body));
      const missing = { id: 0, error: { message: 'no such block', data: { code: 'NOT_FOUND' } } };
      const headers = { id: 1, result: { headers: [exampleHeader] } };
      return Response.json(Array.isArray(request) ? [missing] : headers);
    },
  });
  await expect(standingOf(client)).rejects.toMatchObject({ code: 'NOT_FOUND' });
});
