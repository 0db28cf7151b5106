/**
 * mDNS between two machines: two network namespaces joined by a cable (veth), one node in each, neither with a bootstrap address.
 * Needs root and iproute2, so it is run by `npm run test:netns` alone; where these are missing it fails and says so.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const hosts = [
  { name: `kvchain-a-${process.pid}`, link: 'veth-kva', address: '10.213.7.1' },
  { name: `kvchain-b-${process.pid}`, link: 'veth-kvb', address: '10.213.7.2' },
] as const;
/** Of the iproute2 package. */
const ipProgram = 'ip';
const nodeProgram = fileURLToPath(new URL('./mdns-node.js', import.meta.url));
const processes: ChildProcess[] = [];

beforeAll(() => {
  try {
    for (const { name } of hosts) ip('netns', 'add', name);
  } catch (cause) {
    throw new Error('this test needs root and iproute2 (apt-get install iproute2) to make network namespaces', {
      cause,
    });
  }
  const [a, b] = hosts;
  ip('link', 'add', a.link, 'netns', a.name, 'type', 'veth', 'peer', 'name', b.link, 'netns', b.name);
  for (const { name, link, address } of hosts) {
    ip('-n', name, 'address', 'add', `${address}/24`, 'dev', link);
    for (const device of ['lo', link]) ip('-n', name, 'link', 'set', device, 'up');
    ip('-n', name, 'route', 'add', '224.0.0.0/4', 'dev', link);
  }
});

afterAll(async () => {
  for (const child of processes) child.kill('SIGKILL');
  await Promise.all(processes.map(child => (child.exitCode ?? child.signalCode) === null && once(child, 'exit')));
  for (const { name } of hosts) ip('netns', 'delete', name);
});

test('two nodes on one LAN find each other without a bootstrap address', async () => {
  const found = hosts.map(({ name, address }) => firstPeer(name, address));
  const [a, b] = await Promise.all(found);
  expect([a?.peer, b?.peer]).toEqual([b?.self, a?.self]);
}, 40_000);

interface Found {
  readonly self: string;
  readonly peer: string;
}

/** Starts a node in a namespace; resolves with the first peer that it shook hands with. */
async function firstPeer(namespace: string, address: string): Promise<Found> {
  const child = spawn(ipProgram, ['netns', 'exec', namespace, process.execPath, nodeProgram, address], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  processes.push(child);
  for await (const line of createInterface({ input: child.stdout })) {
    const [self = '', peer = ''] = line.split(' ');
    if (peer !== '') return { self, peer };
  }
  throw new Error(`the node at ${address} ended without a peer`);
}

function ip(...args: readonly string[]): void {
  execFileSync(ipProgram, args, { stdio: ['ignore', 'ignore', 'pipe'] });
}
