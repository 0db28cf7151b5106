/** Engine messages from peer to peer: their order, and what becomes of a reader that is too slow. */
import type { Connection, Stream } from '@libp2p/interface';
import { afterEach, expect, test } from 'vitest';
import { fromUtf8, toUtf8 } from '../../chain/bytes.ts';
import { enter, frame, startAttacker, stopAttackers } from './attacker.suite.ts';
import { chainA, connect, startNode, stopNodes, type TestNode, until } from './fixtures.suite.ts';
import { networkLimits } from './limits.ts';
import { protocolNames } from './wire.ts';

const names = protocolNames(chainA);

afterEach(async () => {
  await stopAttackers();
  await stopNodes();
});

async function startPair(limits = {}): Promise<readonly [a: TestNode, b: TestNode]> {
  const [a, b] = [await startNode({ limits }), await startNode({ limits })];
  await connect(a, b);
  return [a, b];
}

test('messages arrive in order, both ways at once', async () => {
  const [a, b] = await startPair();
  const texts = Array.from({ length: 500 }, (_, index) => `message ${index}`);
  for (const text of texts) {
    a.network.send(b.id, toUtf8(text));
    b.network.send(a.id, toUtf8(text));
  }
  await until('all are there', () => a.messages.length === 500 && b.messages.length === 500);
  expect(b.messages.map(({ data }) => fromUtf8(data))).toEqual(texts);
  expect(a.messages.every(({ from }) => from === b.id)).toBe(true);
});

test('a message to nobody is dropped', async () => {
  const a = await startNode();
  a.network.send('nobody', toUtf8('x'));
  expect(a.network.peers()).toEqual([]);
});

test('a message of the greatest size passes, a greater one is refused', async () => {
  const [a, b] = await startPair();
  a.network.send(b.id, new Uint8Array(networkLimits.messageBytesMax));
  await until('it is there', () => b.messages.length === 1);
  expect(() => a.network.send(b.id, new Uint8Array(networkLimits.messageBytesMax + 1))).toThrow('at most');
});

test('a handler that fails does not end the conversation', async () => {
  const [a, b] = await startPair();
  const push = b.messages.push.bind(b.messages);
  b.messages.push = () => {
    b.messages.push = push;
    throw new Error('a bug');
  };
  for (const text of ['one', 'two']) a.network.send(b.id, toUtf8(text));
  await until('the second is there', () => b.messages.some(({ data }) => fromUtf8(data) === 'two'));
  expect(b.logged.some(({ message }) => message === 'message handler failed')).toBe(true);
});

test('messages beyond the rate wait and are not lost', async () => {
  const [a, b] = await startPair({ messagesPerSecond: 100, messagesBurst: 10 });
  for (let index = 0; index < 60; index++) a.network.send(b.id, toUtf8(`${index}`));
  await until('all are there', () => b.messages.length === 60);
  expect(b.messages.map(({ data }) => fromUtf8(data))).toEqual(Array.from({ length: 60 }, (_, index) => `${index}`));
});

/** One message on a stream of its own. */
async function say(connection: Connection, text: string): Promise<Stream> {
  const stream = await connection.newStream([names.consensus]);
  const framed = frame(stream);
  await framed.write(toUtf8(text));
  await framed.end();
  return stream;
}

test('P5: who opens a stream for each message has no more of them read than on one', async () => {
  const node = await startNode({ limits: { messagesPerSecond: 0.001, messagesBurst: 4 } });
  const connection = await enter(await startAttacker(), node);
  for (let count = 0; count < 4; count++) {
    const stream = await say(connection, `${count}`);
    await until('it is read, and the stream over', () => node.messages.length > count && stream.status === 'closed');
  }
  await say(connection, 'one too many');
  // Whoever is answered now came after all of them.
  const question = frame(await connection.newStream([names.sync]));
  await question.write(toUtf8('x'));
  await question.read(5_000);
  expect(node.messages.map(({ data }) => fromUtf8(data))).toEqual(['0', '1', '2', '3']);
});

test('P9: a peer that reads too slowly is disconnected', async () => {
  const b = await startNode({ limits: { messagesPerSecond: 0.001, messagesBurst: 1 } });
  const a = await startNode({ limits: { messageOutboxBytesMax: 4_000_000 } });
  await connect(a, b);
  await until('it is gone', () => {
    if (a.present.has(b.id)) a.network.send(b.id, new Uint8Array(200_000));
    return !a.present.has(b.id);
  });
  expect(a.logged.some(({ message }) => message === 'peer reads engine messages too slowly')).toBe(true);
});
