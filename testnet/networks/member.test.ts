/** A member before its first start, and one whose start fails half-way. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { formatGenesis } from '../../chain/genesis-file.ts';
import { publicKeyOf } from '../../chain/keys.ts';
import { readNodeKeys } from '../../daemon/data-folder.ts';
import { loopback } from './hosts.ts';
import { Member } from './member.ts';
import { genesisOf, planOf } from './network-file.ts';

const limitMs = 120_000;

it('signs with a key that is known before its first start', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kvchain-member-'));
  const genesis = () => Promise.reject(new Error('nothing is started'));
  const plan = { role: 'node', hashRate: 0, flags: [] } as const;
  const member = new Member(plan, { index: 3, folder, genesis, host: loopback });
  try {
    const publicKey = await member.publicKey();
    expect(publicKey).toEqual(publicKeyOf((await readNodeKeys(member.dataDir)).producer));
    expect(await member.publicKey()).toEqual(publicKey);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

it(
  'a daemon that answers nothing after its start is stopped with its member',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'kvchain-member-'));
    const network = planOf({ nodes: 1 });
    const [node] = network.nodes;
    if (node === undefined) throw new Error('one node was planned');
    // Its API is elsewhere than the daemon told: it runs, and the first question fails.
    const host = { ...loopback, reach: async () => 'http://127.0.0.1:1' };
    const genesis = async () => formatGenesis(genesisOf(network, [], Date.now()));
    const member = new Member({ role: 'node', ...node }, { index: 0, folder, genesis, host });
    try {
      await expect(member.start()).rejects.toMatchObject({ code: 'UNREACHABLE' });
      const { pid } = member;
      if (pid === null) throw new Error('nobody holds the daemon');
      expect(process.kill(pid, 0)).toBe(true);
      await member.stop();
      expect(() => process.kill(pid, 0)).toThrow('ESRCH');
    } finally {
      await member.kill();
      await rm(folder, { recursive: true, force: true });
    }
  },
  limitMs,
);
