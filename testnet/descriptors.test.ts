/** What happens to a real daemon when the system gives it no more file descriptors. */
import { execFileSync } from 'node:child_process';
import { Agent, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { newSecret } from '../daemon/keystore/keystore.ts';
import { Cluster } from './cluster.ts';
import type { DaemonProcess } from './daemon-process.ts';
import { genesisOf, mining } from './real-network.suite.ts';
import { until } from './until.ts';

const limitMs = 60_000;
const secretKey = newSecret();
const strangers: Socket[] = [];
/** Keeps one connection, which the daemon answers also when it can accept no other. */
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
let cluster: Cluster;

beforeAll(async () => {
  cluster = await Cluster.create(genesisOf({ name: 'descriptors', zeroBits: 13, rich: secretKey }));
});

afterAll(async () => {
  for (const stranger of strangers) stranger.destroy();
  agent.destroy();
  await cluster.close();
}, limitMs);

function get(daemon: DaemonProcess, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request(new URL(path, daemon.client.url), { agent }, response => {
      const chunks: Buffer[] = [];
      response.on('data', chunk => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
    });
    sent.once('error', reject);
    sent.end();
  });
}

async function heightOf(daemon: DaemonProcess): Promise<number> {
  return Number(/"height":(\d+)/.exec(await get(daemon, '/v1/status'))?.[1]);
}

/** Connections that never say anything, half of them to each of the two ports. */
async function crowd(daemon: DaemonProcess, count: number): Promise<void> {
  const [, peersPort = ''] = /\/tcp\/(\d+)/.exec(await daemon.address()) ?? [];
  const ports = [Number(new URL(daemon.client.url).port), Number(peersPort)];
  for (let index = 0; index < count; index++) {
    strangers.push(connect(ports[index % 2] ?? 0, '127.0.0.1').on('error', () => {}));
  }
}

it(
  'R7: a daemon without file descriptors goes on, says so, and answers again once it has some; nothing is lost',
  async () => {
    let daemon = await cluster.start('short', mining);
    await daemon.client.put('before', 'kept', { signer: { secretKey } });
    await heightOf(daemon);
    execFileSync('prlimit', ['--pid', String(daemon.pid), '--nofile=64:64']);
    await crowd(daemon, 500);
    let height = 0;
    await until('the daemon to say so', limitMs, async () => {
      // Asked again and again, so that the kept connection is never idle for long.
      height = await heightOf(daemon);
      return daemon.log.includes('no file descriptors are left');
    });
    await until('blocks meanwhile', limitMs, async () => (await heightOf(daemon)) >= height + 2);

    for (const stranger of strangers) stranger.destroy();
    await until('the end of it', limitMs, async () => daemon.log.includes('there are file descriptors again'));
    await daemon.client.put('after', 'kept', { signer: { secretKey } });
    expect(await get(daemon, '/metrics')).toMatch(/^kvchain_node_descriptor_shortages_total [1-9]/m);
    expect(await daemon.stop()).toBe(0);

    daemon = await cluster.start('short', []);
    expect((await daemon.client.call('chain_status', {})).height).toBeGreaterThanOrEqual(height + 2);
    for (const key of ['before', 'after']) expect((await daemon.client.get(key))?.value, key).toBe('kept');
  },
  limitMs,
);
