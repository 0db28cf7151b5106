/**
 * A daemon on a disk that really is full: a file system in memory of 32 MB, mounted in this process's own namespace of mounts, so that it
 * goes with it. Needs root; `npm run test:netns` runs it.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, statfsSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newSecret } from '../../daemon/keystore/keystore.ts';
import { Cluster } from '../cluster.ts';
import { expectKept, fillUp } from '../full-disk.suite.ts';
import { genesisOf, mining, runToEnd } from '../real-network.suite.ts';

const limitMs = 120_000;
const roomBytes = 1_500_000;
const secretKey = newSecret();
let cluster: Cluster;

beforeAll(async () => {
  cluster = await Cluster.create(genesisOf({ name: 'full', zeroBits: 13, rich: secretKey }));
  mkdirSync(cluster.folderOf('full'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=32m,mode=0700', 'tmpfs', cluster.folderOf('full')]);
});

afterAll(async () => {
  execFileSync('umount', [cluster.folderOf('full')]);
  await cluster.close();
}, limitMs);

test(
  'a daemon whose disk is full ends in words, does not start before there is room, and then has all that it acknowledged',
  async () => {
    const folder = cluster.folderOf('full');
    const { bavail, bsize } = statfsSync(folder);
    const ballast = join(folder, 'ballast');
    writeFileSync(ballast, new Uint8Array(bavail * bsize - roomBytes));
    const acknowledged = await fillUp(await cluster.start('full', mining), secretKey);

    const local = ['--p2p-host', '127.0.0.1', '--p2p-port', '0', '--rpc-port', '0'];
    const early = await runToEnd(['--data-dir', folder, ...local]);
    expect(early.code).toBe(1);
    expect(early.stderr).toContain('kvchaind: DISK_FAILED: ');

    await rm(ballast);
    const daemon = await cluster.start('full', mining);
    await expectKept(daemon.client, acknowledged);
    const more = await daemon.client.put('room', 'again', { signer: { secretKey } });
    expect(more.status).toBe('included');
    expect(await daemon.stop()).toBe(0);
  },
  limitMs,
);
