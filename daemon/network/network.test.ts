/** The network as the node sees it: peers come and go, gossip and requests pass, and nobody speaks before the handshake. */
import { afterEach, expect, test } from 'vitest';
import { fromUtf8, toUtf8 } from '../../chain/bytes.ts';
import { chainB, connect, startNode, stopNodes, type TestNode, until } from './fixtures.suite.ts';

afterEach(stopNodes);

test('two nodes shake hands and each is told once', async () => {
  const [a, b] = [await startNode(), await startNode()];
  await connect(a, b);
  expect(a.events).toEqual([`came ${b.id}`]);
  expect(b.events).toEqual([`came ${a.id}`]);
  const [info] = a.network.peers();
  expect(info).toMatchObject({ id: b.id, direction: 'outbound', score: 100 });
  expect(info?.roundTripMs).toBeGreaterThan(0);
});

test('answers a request', async () => {
  const [a, b] = [await startNode(), await startNode()];
  await connect(a, b);
  expect(fromUtf8(await a.network.request(b.id, toUtf8('hello'), 5_000))).toBe('hello');
});

test('gossip reaches a peer of a peer', async () => {
  const [a, b, c] = [await startNode(), await startNode(), await startNode()];
  await connect(a, b);
  await connect(b, c);
  await untilSubscribed(a, c);
});

test('P11: tells both sides of a node of another chain', async () => {
  const [a, b] = [await startNode(), await startNode({ chainIdHex: chainB })];
  await expect(a.network.addPeer(b.address)).rejects.toMatchObject({ code: 'WRONG_NETWORK' });
  // It has banned us, and hangs up: why is still told, and was a warning once.
  await expect(a.network.addPeer(b.address)).rejects.toMatchObject({ code: 'WRONG_NETWORK' });
  expect([a.network.strangers(), b.network.strangers()]).toEqual([1, 0]);
  expect(a.logged.filter(({ level }) => level === 'warn').map(({ message }) => message)).toEqual([
    'a peer is of another network: the genesis.json of this data folder is not its genesis',
  ]);
  for (const node of [a, b]) {
    expect(node.events).toEqual([]);
    expect(node.logged).toContainEqual(expect.objectContaining({ level: 'info', message: 'handshake refused' }));
  }
});

/** Publishes until the mesh is there. */
async function untilSubscribed(from: TestNode, to: TestNode): Promise<void> {
  let count = 0;
  await until('gossip arrives', () => {
    void from.network.publish('blocks', toUtf8(`block ${count++}`)); // A failure shows as a time-out.
    return to.gossip.length > 0;
  });
}
