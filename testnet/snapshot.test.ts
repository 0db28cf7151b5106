/** A newcomer joins a network of real daemons from a snapshot, by the command line alone, and answers as the others do. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Genesis } from '../chain/genesis.ts';
import { formatGenesis } from '../chain/genesis-file.ts';
import { newSecret } from '../daemon/keystore/keystore.ts';
import { KvchainClient } from '../daemon/rpc/client.ts';
import { repositoryRoot, runNode, type Verdict } from './ci/programs.ts';
import { Cluster } from './cluster.ts';
import type { DaemonProcess } from './daemon-process.ts';
import { genesisOf, mining } from './real-network.suite.ts';
import { until } from './until.ts';

const limitMs = 180_000;
/** So small that a snapshot is deep enough after a few blocks. */
const undoBlocksMax = 12;
const blocksMin = 30;
const secretKey = newSecret();
const puts = new Map(Array.from({ length: 40 }, (_, index) => [`early/${index}`, `value ${index}`]));

function shallowGenesis(): Genesis {
  const genesis = genesisOf({ name: 'snapshot', zeroBits: 11, rich: secretKey });
  return {
    ...genesis,
    schedule: genesis.schedule.map(({ height, params }) => ({ height, params: { ...params, undoBlocksMax } })),
  };
}

describe('a daemon that is started with --snapshot-sync', () => {
  let cluster: Cluster;
  let first: DaemonProcess;
  let second: DaemonProcess;
  let folder = '';
  const genesis = shallowGenesis();

  const kvchain = (...words: readonly string[]): Promise<Verdict> =>
    runNode(repositoryRoot, [join('dist', 'cli', 'main.js'), ...words, '--data-dir', folder]);
  const answer = async (...words: readonly string[]) => {
    const { exitCode, stdout, stderr } = await kvchain(...words, '--json');
    expect({ words, exitCode, said: exitCode === 0 ? '' : stdout + stderr }).toEqual({ words, exitCode: 0, said: '' });
    return JSON.parse(stdout);
  };

  beforeAll(async () => {
    cluster = await Cluster.create(genesis);
    folder = cluster.folderOf('newcomer');
    first = await cluster.start('first', mining);
    second = await cluster.start('second', ['--bootstrap', await first.address()]);
    const { client } = first;
    await Promise.all([...puts].map(([key, value]) => client.put(key, value, { signer: { secretKey } })));
    await until('a chain', limitMs, async () => (await client.call('chain_status', {})).height >= blocksMin);
    // The chain stands still while the newcomer joins: at this pace of blocks snapshots are not kept long.
    await client.call('miner_stop', {});
    await until('one head', limitMs, async () => {
      const [ours, theirs] = await Promise.all([first, second].map(daemon => daemon.client.call('chain_head', {})));
      return ours?.hash === theirs?.hash;
    });
  }, limitMs);

  afterAll(async () => {
    await kvchain('stop');
    await cluster.close();
  }, limitMs);

  it(
    'has all values and proofs without having executed the blocks, and goes on with the others',
    async () => {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await writeFile(join(folder, 'genesis.json'), formatGenesis(genesis));
      const network = ['--p2p-host', '127.0.0.1', '--p2p-port', '0', '--rpc-port', '0'];
      const peers = ['--bootstrap', await first.address(), '--bootstrap', await second.address()];
      const { url } = await answer('start', '--detach', '--snapshot-sync', ...network, ...peers);
      const { client } = first;
      const newcomer = new KvchainClient({ url });
      const head = await client.call('chain_head', {});
      await until(
        'the head of the others',
        limitMs,
        async () => (await newcomer.call('chain_head', {})).hash === head.hash,
      );
      expect(await answer('status')).toMatchObject({ stateRoot: head.stateRoot, blocksFrom: expect.any(Number) });
      expect((await newcomer.call('chain_status', {})).blocksFrom).toBeGreaterThan(undoBlocksMax);
      for (const [key, value] of puts) expect((await newcomer.get(key))?.value, key).toBe(value);
      for (const key of ['early/0', 'early/17', 'early/39']) {
        expect(await answer('get', key, '--verify')).toMatchObject({ key, value: puts.get(key) });
      }
      const below = await kvchain('block', '1', '--json');
      expect(below.stdout + below.stderr).toContain('HEIGHT_UNAVAILABLE');
      await answer('mine', 'start');
      await until('a block of the newcomer at both', limitMs, async () => {
        const heads = await Promise.all([first, second].map(daemon => daemon.client.call('chain_head', {})));
        return heads.every(({ height }) => height > head.height);
      });
    },
    limitMs,
  );
});
