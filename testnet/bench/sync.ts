/** A second daemon comes to a network of one and fetches its empty blocks over the real network. */
import { performance } from 'node:perf_hooks';
import { chainIdOf } from '../../chain/genesis.ts';
import { sha256 } from '../../chain/hash.ts';
import { verify } from '../../chain/keys.ts';
import { producerCheck } from '../../chain/validate.ts';
import type { DaemonProcess } from '../daemon-process.ts';
import { until } from '../until.ts';

import { benchGenesis, ChainMaker } from './chain-maker.ts';
import { type Effort, type Figure, figure } from './figure.ts';
import { inFolder } from './folder.ts';
import { ImportingNode } from './importing-node.ts';
import { startDaemon } from './started-daemon.ts';

const syncMs = 240_000;

export async function benchSync(effort: Effort): Promise<readonly Figure[]> {
  const blocks = effort === 'full' ? 20_000 : 2_000;
  return inFolder(async folder => {
    const genesis = benchGenesis('sync');
    const maker = await ChainMaker.create(genesis, `${folder}/maker`);
    for (let block = 0; block < blocks; block++) await maker.grow([]);
    const importing = await ImportingNode.open(`${folder}/first`, maker);
    const alone = (blocks * 1_000) / (await importing.catchUp(blocks));
    await importing.close();
    const verified = await producerRate(maker);
    await maker.close();
    const first = await startDaemon({ dataDir: `${folder}/first`, genesis });
    const address = await first.address();
    const second = await startDaemon({ dataDir: `${folder}/second`, genesis, flags: ['--bootstrap', address] });
    try {
      const synced = await syncRate(second, blocks);
      const named = { value: synced, unit: 'blocks/s', rule: 'value at least', goal: 3_000 } as const;
      return [
        figure({
          ...named,
          name: 'a second daemon syncs empty blocks',
          reference: { name: 'their signatures alone, natively on one thread', value: verified },
        }),
        figure({
          ...named,
          name: 'a node imports empty blocks without sockets',
          value: alone,
          reference: { name: 'a second daemon', value: synced },
        }),
      ];
    } finally {
      await second.stop();
      await first.stop();
    }
  });
}

/** From the first block that the daemon shows to the last. */
async function syncRate({ client }: DaemonProcess, blocks: number): Promise<number> {
  const height = () => client.call('chain_status', {}).then(status => status.height);
  const from = await until('the first blocks', syncMs, async () => (await height()) || null);
  const begin = performance.now();
  await until('the last block', syncMs, async () => (await height()) >= blocks);
  return ((blocks - from) * 1_000) / (performance.now() - begin);
}

async function producerRate({ chain, genesis }: ChainMaker): Promise<number> {
  const chainId = chainIdOf(genesis);
  const checks = (await chain.canonicalHeaders(1, 2_000))
    .map(sealed => producerCheck(chainId, sealed))
    .map(check => ({ ...check, digest: sha256(check.message) }));
  const begin = performance.now();
  for (const { digest, signature, publicKey } of checks) {
    if (!verify(digest, signature, publicKey)) throw new Error('a good signature does not verify');
  }
  return (checks.length * 1_000) / (performance.now() - begin);
}
