/** Gossip along a line A - B - C: what B's node says of a message decides what C sees and what A pays. */
import { performance } from 'node:perf_hooks';
import { afterEach, expect, test } from 'vitest';
import { fromUtf8, toUtf8 } from '../../chain/bytes.ts';
import type { GossipVerdict } from '../ports.ts';
import { connect, startNode, stopNodes, type TestNode, until } from './fixtures.suite.ts';
import { networkLimits } from './limits.ts';

afterEach(stopNodes);

type Line = readonly [a: TestNode, b: TestNode, c: TestNode];

/** Three nodes that do not look for others, so that the line stays one; both hops carry gossip when it resolves. */
async function startLine(): Promise<Line> {
  const limits = { outboundPeersTarget: 0 };
  const line: Line = [await startNode({ limits }), await startNode({ limits }), await startNode({ limits })];
  const [a, b, c] = line;
  await connect(a, b);
  await connect(b, c);
  await untilGossips(a, b);
  await untilGossips(b, c);
  return line;
}

let probes = 0;

async function untilGossips(from: TestNode, to: TestNode): Promise<void> {
  await until('gossip flows', () => {
    void from.network.publish('transactions', toUtf8(`probe ${probes++}`)); // A failure shows as a time-out.
    return to.gossip.some(({ from: sender }) => sender === from.id);
  });
}

function saw(node: TestNode, text: string): boolean {
  return node.gossip.some(({ data }) => fromUtf8(data) === text);
}

test('an accepted message is passed on, from the one who passed it', async () => {
  const [a, b, c] = await startLine();
  await a.network.publish('blocks', toUtf8('good'));
  await until('c sees it', () => saw(c, 'good'));
  expect(c.gossip.find(({ data }) => fromUtf8(data) === 'good')).toMatchObject({ from: b.id, topic: 'blocks' });
  expect(b.network.peers().map(({ score }) => score)).toEqual([100, 100]);
});

test.each([
  ['ignore', 100],
  ['reject', 100 - networkLimits.rejectedGossipPenalty],
] as const)('a message with the verdict %s is not passed on and leaves its forwarder %i', async (verdict, score) => {
  const [a, b, c] = await startLine();
  b.verdict = data => (fromUtf8(data) === 'bad' ? verdict : 'accept');
  await a.network.publish('blocks', toUtf8('bad'));
  await until('b judged it', () => saw(b, 'bad'));
  await a.network.publish('blocks', toUtf8('after'));
  await until('c sees the next', () => saw(c, 'after'));
  expect(saw(c, 'bad')).toBe(false);
  expect(b.network.peers().find(({ id }) => id === a.id)?.score).toBe(score);
});

test('P5: who keeps forwarding what is rejected is banned', async () => {
  const [a, b] = await startLine();
  b.verdict = () => 'reject';
  for (let count = 0; count < 100 / networkLimits.rejectedGossipPenalty; count++) {
    await a.network.publish('blocks', toUtf8(`bad ${count}`));
  }
  await until('a is gone', () => !b.present.has(a.id));
  expect(b.logged).toContainEqual({
    level: 'info',
    data: { peer: a.id, reason: 'rejected gossip' },
    message: 'peer banned',
  });
});

test('a verdict that comes after the gossip window still passes the message on', async () => {
  const [a, b, c] = await startLine();
  let decide = (_: GossipVerdict) => {};
  b.verdict = data =>
    fromUtf8(data) === 'slow'
      ? new Promise(resolve => {
          decide = resolve;
        })
      : 'accept';
  await a.network.publish('blocks', toUtf8('slow'));
  await until('b judges it', () => saw(b, 'slow'));
  const heardMs = performance.now();
  // gossipsub keeps a message for five heartbeats of a second.
  await until('the window is over', () => performance.now() - heardMs > 6_500);
  decide('accept');
  await until('c sees it', () => saw(c, 'slow'));
}, 30_000);

test('a handler that fails costs nobody anything', async () => {
  const [a, b] = await startLine();
  b.verdict = () => {
    throw new Error('a bug');
  };
  await a.network.publish('blocks', toUtf8('x'));
  await until('the failure is logged', () => b.logged.some(({ message }) => message === 'gossip handler failed'));
  expect(b.network.peers().map(({ score }) => score)).toEqual([100, 100]);
});

test('P5: more messages than may be judged at once wait, and none is lost', async () => {
  const [a, b] = await startLine();
  const waiting: ((verdict: GossipVerdict) => void)[] = [];
  b.verdict = data => (fromUtf8(data)?.startsWith('load') ? new Promise(resolve => waiting.push(resolve)) : 'accept');
  const padding = 'x'.repeat(20_000);
  const count = 4 * networkLimits.gossipInboxMax;
  for (let index = 0; index < count; index++) await a.network.publish('blocks', toUtf8(`load ${index} ${padding}`));
  await until('the inbox is full', () => waiting.length >= networkLimits.gossipInboxMax);
  let judged = 0;
  await until('all are judged', () => {
    judged += waiting.length;
    for (const decide of waiting.splice(0)) decide('ignore');
    return judged === count;
  });
}, 30_000);

test('publishing the same again, or without peers, is no error', async () => {
  const a = await startNode();
  await a.network.publish('blocks', toUtf8('alone'));
  const b = await startNode();
  await connect(a, b);
  await untilGossips(a, b);
  for (let count = 0; count < 2; count++) await a.network.publish('blocks', toUtf8('alone'));
  await until('what had no hearer is heard now', () => saw(b, 'alone'));
});

test('a message over the limit is not published', async () => {
  const a = await startNode();
  const data = new Uint8Array(networkLimits.gossipBytesMax + 1);
  await expect(a.network.publish('blocks', data)).rejects.toMatchObject({ code: 'TOO_LARGE' });
});

test('the largest message passes', async () => {
  const [a, , c] = await startLine();
  await a.network.publish('blocks', new Uint8Array(networkLimits.gossipBytesMax).fill(7));
  await until('c sees it', () => c.gossip.some(({ data }) => data.length === networkLimits.gossipBytesMax));
});
