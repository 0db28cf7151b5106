/** Attackers that write gossip frames by hand: what is no gossip, or too much of it, bans them, and gossip goes on. */
import { afterEach, expect, test } from 'vitest';
import { concat, toUtf8 } from '../../chain/bytes.ts';
import { enter, frame, lies, startBareAttacker, stopAttackers } from './attacker.suite.ts';
import { chainA, connect, startNode, stopNodes, until } from './fixtures.suite.ts';
import { gossipProtocol } from './libp2p.ts';
import { protocolNames } from './wire.ts';

const names = protocolNames(chainA);

afterEach(async () => {
  await stopAttackers();
  await stopNodes();
});

test.each(lies)('P6: %s closes the door of gossip, and bans if no honest peer writes it', async (_what, bytes) => {
  const node = await startNode();
  const { attacker } = await startBareAttacker();
  const connection = await enter(attacker, node);
  const stream = await connection.newStream([gossipProtocol]);
  stream.send(Uint8Array.from(bytes));
  await until('the connection is closed', () => connection.status !== 'open');
  await until('it is gone', () => node.network.peers().length === 0);
  // A length of four bytes may be an honest answer that grew over a frame's limit.
  const isHonest = bytes.length === 4;
  expect(node.logged.some(({ message }) => message === 'peer banned')).toBe(!isHonest);
});

/** A field of a protobuf message whose value is bytes. */
function field(number: number, value: Uint8Array): Uint8Array {
  const head = [(number << 3) | 2];
  let rest = value.length;
  for (; rest > 0x7f; rest >>>= 7) head.push((rest & 0x7f) | 0x80);
  return concat(Uint8Array.from([...head, rest]), value);
}

function repeated(count: number, item: (index: number) => Uint8Array): Uint8Array {
  return Buffer.concat(Array.from({ length: count }, (_, index) => item(index)));
}

function numbered(index: number): Uint8Array {
  const id = new Uint8Array(32);
  new DataView(id.buffer).setUint32(0, index);
  return id;
}

const blocksTopic = field(1, toUtf8(names.topics.blocks));
const announced = (count: number, from = 0) =>
  concat(
    blocksTopic,
    repeated(count, index => field(2, numbered(from + index))),
  );
/** Numbers of the fields of gossipsub's messages: 1 subscriptions, 3 control; in control 1 ihave, 2 iwant, 3 graft, 4 prune, 5 idontwant. */
const bombs: readonly (readonly [what: string, frame: Uint8Array])[] = [
  [
    'P4: a frame that subscribes to 100,000 topics',
    repeated(100_000, index => field(1, field(2, toUtf8(`t${index}`)))),
  ],
  ['P4: a frame of a million empty subscriptions', repeated(1_000_000, () => field(1, new Uint8Array()))],
  [
    'P4: a frame of 20,000 grafts',
    field(
      3,
      repeated(20_000, () => field(3, blocksTopic)),
    ),
  ],
  [
    'P4: a frame that wants 100,000 messages',
    field(
      3,
      field(
        2,
        repeated(100_000, index => field(1, numbered(index))),
      ),
    ),
  ],
  [
    'P4: a frame that does not want 100,000 messages',
    field(
      3,
      field(
        5,
        repeated(100_000, index => field(1, numbered(index))),
      ),
    ),
  ],
  ['T6: a frame that announces 100,000 ids', field(3, field(1, announced(100_000)))],
  ['P5: a frame of 4 MB that says nothing', new Uint8Array(4_000_000).fill(0xff)],
];

test.each(bombs)(
  '%s is dropped before it is worth memory, its sender is banned, and gossip goes on',
  async (_what, bytes) => {
    const [node, good] = [await startNode(), await startNode()];
    const { attacker, gossipBytes } = await startBareAttacker();
    await connect(good, node);
    const connection = await enter(attacker, node);
    await frame(await connection.newStream([gossipProtocol])).write(bytes);
    await until('the attacker is gone', () => !node.present.has(attacker.peerId.toString()));
    const reason = expect.stringMatching(/^BAD_MESSAGE: no frame of gossip/);
    expect(node.logged).toContainEqual({
      level: 'info',
      data: { peer: attacker.peerId.toString(), reason },
      message: 'peer banned',
    });
    await expect(enter(attacker, node)).rejects.toThrow();
    expect(gossipBytes()).toBeLessThan(10_000);
    await good.network.request(node.id, toUtf8('still there?'), 5_000);
    await until('gossip of the good peer arrives', () => {
      void good.network.publish('blocks', toUtf8(`from a good peer ${Math.random()}`)); // A failure shows as a time-out.
      return node.gossip.some(({ from }) => from === good.id);
    });
  },
);

test('a frame of as many messages as a peer may have asked for costs nothing', async () => {
  const node = await startNode();
  node.verdict = () => 'ignore';
  const framed = frame(await (await enter((await startBareAttacker()).attacker, node)).newStream([gossipProtocol]));
  const [count, topic] = [2_000, field(4, toUtf8(names.topics.blocks))];
  await framed.write(repeated(count, index => field(2, concat(field(2, numbered(index)), topic))));
  await until('all are judged', () => node.gossip.length === count);
  expect(node.network.peers().map(({ score }) => score)).toEqual([100]);
});

test('T6: who announces ids without end is asked for a bounded number of them', async () => {
  const node = await startNode();
  const { attacker, gossipBytes } = await startBareAttacker();
  const connection = await enter(attacker, node);
  const framed = frame(await connection.newStream([gossipProtocol]));
  const [frames, idsPerFrame] = [40, 4_000];
  for (let index = 0; index < frames; index++) {
    if (connection.status !== 'open') break;
    await framed.write(field(3, field(1, announced(idsPerFrame, index * idsPerFrame)))).catch(() => {});
  }
  // Twice what a heartbeat may ask for, of 34 bytes each, for the flood may span two.
  await until('it is asked', () => gossipBytes() > 0 || connection.status !== 'open');
  expect(gossipBytes()).toBeLessThan(2 * 5_000 * 40);
});
