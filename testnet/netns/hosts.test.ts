/**
 * `up --netns`: daemons on hosts of their own find each other by addresses that are not of loopback, answer on this machine's, and leave
 * neither process nor namespace. Needs root and iproute2; `npm run test:netns` runs it.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Hosts } from '../networks/hosts.ts';
import { RunningNetwork } from '../networks/network.ts';
import { planOf } from '../networks/network-file.ts';
import { until } from '../until.ts';

/** Of the iproute2 package. */
const ipProgram = 'ip';
const limitMs = 120_000;
const folder = mkdtempSync(join(tmpdir(), 'kvchain-hosts-'));
let hosts: Hosts;
let network: RunningNetwork;

beforeAll(async () => {
  hosts = await Hosts.open(2);
  const plan = planOf({ nodes: 2, hashRate: 500, intervalMs: 500 });
  network = new RunningNetwork(plan, folder, index => hosts.host(index));
  await network.start(() => {});
}, limitMs);

afterAll(async () => {
  await network.stop();
  hosts.close();
  rmSync(folder, { recursive: true, force: true });
  const left = execFileSync(ipProgram, ['netns', 'list'], { encoding: 'utf8' });
  expect(left).not.toContain(`kvchain-${process.pid}-`);
}, limitMs);

test(
  'two daemons on hosts of their own agree, and are the same after a restart',
  async () => {
    expect(network.members.map(({ address }) => address?.split('/')[2])).toEqual(['10.213.0.1', '10.213.0.2']);
    const urls = network.members.map(({ client }) => client?.url);
    await network.restart(1);
    expect(network.members.map(({ client }) => client?.url)).toEqual(urls);
    await until('blocks on both', limitMs, async () => {
      const rows = await network.rows();
      return rows.every(({ reading }) => reading !== null && reading.peers === 1 && reading.height >= 3);
    });
  },
  2 * limitMs,
);
