import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { toHex, toUtf8 } from '../../chain/bytes.ts';
import { allOf, rows } from '../../chain/layout.ts';
import { alice } from '../../chain/ledger-fixture.suite.ts';
import {
  Branch,
  chainId,
  genesis,
  openLedger,
  signed,
  storeBlocks,
  switchBetween,
} from '../../daemon/chain-fixture.suite.ts';
import type { Store } from '../../daemon/ports.ts';
import { openLevelStore } from '../../daemon/store/level-store.ts';
import { findLost } from './autopsy.ts';

const folders: string[] = [];
const prunedBlock = async () => null;

afterEach(() => Promise.all(folders.splice(0).map(folder => rm(folder, { recursive: true }))));

/** A folder with one block, which puts `kept`; `harm` may do something to its database. */
async function remainsAfter(harm: (store: Store) => Promise<void>): Promise<string> {
  const dataDir = await mkdtemp(join(tmpdir(), 'kvchain-autopsy-'));
  folders.push(dataDir);
  const store = await openLevelStore({ folder: join(dataDir, 'chain'), chainIdHex: toHex(chainId) });
  const { writer, chain } = await openLedger(store);
  const branch = new Branch();
  const put = { type: 'put', key: 'kept', value: toUtf8('1'), contentType: '', expectedVersion: null } as const;
  await storeBlocks(chain, [branch.grow([signed(alice, [put])])]);
  await writer.switchTo(switchBetween(new Branch(), branch, 0));
  await harm(store);
  await store.close();
  return dataDir;
}

const acknowledged = new Map([
  ['kept', '1'],
  ['gone', '2'],
]);

it('finds the put that is not in the state, and only that one', async () => {
  const dataDir = await remainsAfter(async () => {});
  expect(await findLost({ dataDir, genesis, prunedBlock, acknowledged })).toEqual(['gone']);
});

it('finds a value that is another than was acknowledged', async () => {
  const dataDir = await remainsAfter(async () => {});
  expect(await findLost({ dataDir, genesis, prunedBlock, acknowledged: new Map([['kept', '2']]) })).toEqual(['kept']);
});

it('refuses a state that its blocks do not give', async () => {
  const dataDir = await remainsAfter(async store => {
    const [row] = await store.range({ ...allOf(rows.state), limit: 1, order: 'ascending' });
    if (row) await store.write([{ key: row.key, value: null }], 'durable', 'ledger-step');
  });
  await expect(findLost({ dataDir, genesis, prunedBlock, acknowledged })).rejects.toThrow('A-I3');
});
