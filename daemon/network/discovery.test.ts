/** How nodes find each other, and find each other again. */
import { randomBytes } from 'node:crypto';
import { afterEach, expect, test } from 'vitest';
import { connect, startNode, stopNodes, type TestNode, until } from './fixtures.suite.ts';
import { createLibp2pNetwork } from './network.ts';

afterEach(stopNodes);

function knows(node: TestNode, others: readonly TestNode[]): boolean {
  return others.every(other => other === node || node.present.has(other.id));
}

test('four nodes that know only the first one know each other within 10 s', async () => {
  const first = await startNode();
  const bootstrap = [first.address];
  const nodes = [first, ...(await Promise.all([1, 2, 3].map(() => startNode({ bootstrap }))))];
  await until('all know all', () => nodes.every(node => knows(node, nodes)), 10_000);
  for (const node of nodes) expect(node.events.filter(event => event.startsWith('came'))).toHaveLength(3);
});

test('a bootstrap address needs no peer id', async () => {
  const first = await startNode();
  const bootstrap = [first.address.replace(/\/p2p\/.*/, '')];
  const nodes = [first, await startNode({ bootstrap }), await startNode({ bootstrap })];
  await until('all know all', () => nodes.every(node => knows(node, nodes)), 10_000);
});

test('P11: two nodes that dial each other at once keep one connection', async () => {
  for (let round = 0; round < 5; round++) {
    const [a, b] = [await startNode(), await startNode()];
    await Promise.allSettled([a.network.addPeer(b.address), b.network.addPeer(a.address)]);
    await until('both are peers', () => a.present.has(b.id) && b.present.has(a.id));
    const [there, back] = [a.network.peers(), b.network.peers()];
    expect(there).toHaveLength(1);
    expect(back).toHaveLength(1);
    expect(new Set([there[0]?.direction, back[0]?.direction])).toEqual(new Set(['inbound', 'outbound']));
  }
});

test('a peer that restarts on the same port is found again, with the same id', async () => {
  const identity = randomBytes(32);
  const first = await startNode({ identity });
  const { address } = first;
  const port = /\/tcp\/(\d+)/.exec(address)?.[1];
  const other = await startNode({ bootstrap: [address] });
  await until('they are peers', () => knows(other, [first]));
  await first.network.stop();
  await until('it is missed', () => !other.present.has(first.id));
  const again = await startNode({ identity, listen: [`/ip4/127.0.0.1/tcp/${port}`] });
  expect(again.id).toBe(first.id);
  await until('they are peers again', () => knows(other, [again]) && knows(again, [other]), 20_000);
  expect(other.events).toEqual([`came ${first.id}`, `went ${first.id}`, `came ${first.id}`]);
}, 40_000);

test('peers are remembered over a restart, without a bootstrap address', async () => {
  let book: readonly string[] = [];
  const addressBook = {
    load: async () => book,
    save: async (addresses: readonly string[]) => {
      book = addresses;
    },
  };
  const a = await startNode();
  const identity = randomBytes(32);
  const b = await startNode({ identity, addressBook, bootstrap: [a.address] });
  await until('they are peers', () => knows(b, [a]));
  await b.network.stop();
  expect(book).toEqual([a.address]);
  const again = await startNode({ identity, addressBook });
  await until('they are peers again', () => knows(again, [a]));
});

test('a damaged address book harms nothing', async () => {
  const fail = () => Promise.reject(new Error('damaged'));
  const a = await startNode({ addressBook: { load: fail, save: fail } });
  const b = await startNode({ addressBook: { load: async () => ['nonsense', ''], save: fail } });
  await connect(a, b);
});

test('P11: a node does not become its own peer', async () => {
  const a = await startNode();
  await expect(a.network.addPeer(a.address)).rejects.toMatchObject({ code: 'BAD_ADDRESS' });
  await expect(a.network.addPeer(a.address.replace(/\/p2p\/.*/, ''))).rejects.toMatchObject({ code: 'BAD_ADDRESS' });
  expect(a.network.peers()).toEqual([]);
});

test('an address where nobody listens is UNREACHABLE, one that is none BAD_ADDRESS', async () => {
  const [a, gone] = [await startNode(), await startNode()];
  await gone.network.stop();
  await expect(a.network.addPeer('/ip4/127.0.0.1/tcp/1')).rejects.toMatchObject({ code: 'UNREACHABLE' });
  await expect(a.network.addPeer('http://127.0.0.1')).rejects.toMatchObject({ code: 'BAD_ADDRESS' });
});

test('a peer that is removed stays away until it is added again', async () => {
  const [a, b] = [await startNode(), await startNode()];
  await connect(a, b);
  await a.network.removePeer(b.id);
  await until('both know', () => !a.present.has(b.id) && !b.present.has(a.id));
  await expect(b.network.addPeer(a.address)).rejects.toMatchObject({ code: 'UNREACHABLE' });
  await expect(a.network.removePeer(b.id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await connect(a, b);
});

test('a ban ends, and then the peer comes back by itself', async () => {
  const a = await startNode();
  const b = await startNode({ bootstrap: [a.address] });
  await until('they are peers', () => knows(a, [b]) && knows(b, [a]));
  a.network.penalize(b.id, 'BAD_SIGNATURE', 'a forged block');
  await until('it is gone', () => !a.present.has(b.id) && !b.present.has(a.id));
  await expect(b.network.addPeer(a.address)).rejects.toMatchObject({ code: 'UNREACHABLE' });
  a.clock.move(600_001);
  await until('it is back', () => knows(a, [b]) && knows(b, [a]), 30_000);
}, 60_000);

test('a port in use is told with its number', async () => {
  const a = await startNode();
  const port = /\/tcp\/(\d+)/.exec(a.address)?.[1] ?? '';
  await expect(startNode({ listen: [`/ip4/127.0.0.1/tcp/${port}`] })).rejects.toMatchObject({
    code: 'PORT_IN_USE',
    message: expect.stringContaining(port),
  });
});

test.each([
  [{ identity: new Uint8Array(31) }, 'BAD_KEY_FILE'],
  [{ listen: ['127.0.0.1:1'] }, 'BAD_ADDRESS'],
  [{ bootstrap: ['nonsense'] }, 'BAD_ADDRESS'],
])('refuses the settings %o with %s', async (settings, code) => {
  const options = {
    identity: randomBytes(32),
    listen: [],
    bootstrap: [],
    chainIdHex: 'aa'.repeat(32),
    isMdnsOn: false,
    isPrivateAllowed: false,
    addressBook: { load: async () => [], save: async () => {} },
    clock: { now: () => 0, monotonic: () => 0, setTimer: () => () => {} },
    random: { bytes: (length: number) => new Uint8Array(length) },
    log: { debug: () => {}, info: () => {}, warn: () => {} },
  };
  await expect(createLibp2pNetwork({ ...options, ...settings })).rejects.toMatchObject({ code });
});
