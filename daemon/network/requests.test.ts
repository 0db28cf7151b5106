/** Requests and answers between two nodes: what comes back, what is refused, what costs whom, and what is bounded. */
import { performance } from 'node:perf_hooks';
import { afterEach, expect, test } from 'vitest';
import { fromUtf8, toUtf8 } from '../../chain/bytes.ts';
import { KvchainError } from '../../chain/errors.ts';
import { connect, startNode, stopNodes, type TestNode, until } from './fixtures.suite.ts';
import { networkLimits } from './limits.ts';

afterEach(stopNodes);

async function startPair(limits = {}): Promise<readonly [a: TestNode, b: TestNode]> {
  const [a, b] = [await startNode({ limits }), await startNode({ limits })];
  await connect(a, b);
  return [a, b];
}

function scoreOf(node: TestNode, peer: TestNode): number | undefined {
  return node.network.peers().find(({ id }) => id === peer.id)?.score;
}

test('both sides may ask, and an answer may be empty', async () => {
  const [a, b] = await startPair();
  b.answer = async data => toUtf8(`${fromUtf8(data)} world`);
  a.answer = async () => new Uint8Array();
  expect(fromUtf8(await a.network.request(b.id, toUtf8('hello'), 5_000))).toBe('hello world');
  expect(await b.network.request(a.id, new Uint8Array(), 5_000)).toEqual(new Uint8Array());
});

test('an answer of a whole block passes', async () => {
  const [a, b] = await startPair();
  b.answer = async () => new Uint8Array(4_194_304).fill(9);
  const answer = await a.network.request(b.id, toUtf8('block'), 10_000);
  expect(answer.length).toBe(4_194_304);
  expect(answer.every(byte => byte === 9)).toBe(true);
});

test('an unknown peer is NOT_FOUND', async () => {
  const a = await startNode();
  await expect(a.network.request('nobody', new Uint8Array(), 1_000)).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

test('a request over its limit is not sent', async () => {
  const [a, b] = await startPair();
  const data = new Uint8Array(networkLimits.requestBytesMax + 1);
  await expect(a.network.request(b.id, data, 1_000)).rejects.toMatchObject({ code: 'TOO_LARGE' });
  expect(scoreOf(b, a)).toBe(100);
});

test.each([
  ['NO_KEY', 100],
  ['RATE_EXCEEDED', 90],
] as const)('the refusal %s reaches the asker and leaves it %i', async (code, score) => {
  const [a, b] = await startPair();
  b.answer = async () => {
    throw new KvchainError(code, 'this is why');
  };
  await expect(a.network.request(b.id, toUtf8('x'), 5_000)).rejects.toMatchObject({ code, message: 'this is why' });
  expect(scoreOf(b, a)).toBe(score);
  expect(scoreOf(a, b)).toBe(100);
});

test('a request that breaks the protocol bans the asker', async () => {
  const [a, b] = await startPair();
  b.answer = async () => {
    throw new KvchainError('BAD_MESSAGE', 'not a request');
  };
  await expect(a.network.request(b.id, toUtf8('x'), 5_000)).rejects.toBeInstanceOf(KvchainError);
  await until('a is gone', () => !b.present.has(a.id));
});

test('a fault of the handler is INTERNAL, tells nothing, and costs nobody', async () => {
  const [a, b] = await startPair();
  b.answer = async () => {
    throw new Error('secret path');
  };
  await expect(a.network.request(b.id, toUtf8('x'), 5_000)).rejects.toMatchObject({
    code: 'INTERNAL',
    message: expect.not.stringContaining('secret'),
  });
  expect(scoreOf(b, a)).toBe(100);
});

test('an answer over its limit is INTERNAL', async () => {
  const [a, b] = await startPair();
  b.answer = async () => new Uint8Array(networkLimits.answerBytesMax + 1);
  await expect(a.network.request(b.id, toUtf8('x'), 5_000)).rejects.toMatchObject({ code: 'INTERNAL' });
});

test('P9: a peer that does not answer is PEER_TIMEOUT in time, and others are served meanwhile', async () => {
  const [a, b] = await startPair();
  b.answer = data => (fromUtf8(data) === 'slow' ? new Promise(() => {}) : Promise.resolve(data));
  const startMs = performance.now();
  const slow = expect(a.network.request(b.id, toUtf8('slow'), 300)).rejects.toMatchObject({ code: 'PEER_TIMEOUT' });
  expect(fromUtf8(await a.network.request(b.id, toUtf8('fast'), 5_000))).toBe('fast');
  await slow;
  expect(performance.now() - startMs).toBeLessThan(3_000);
});

test('a request to a peer that goes away ends at once', async () => {
  const [a, b] = await startPair();
  b.answer = () => new Promise(() => {});
  const request = a.network.request(b.id, toUtf8('x'), 60_000);
  const failed = expect(request).rejects.toMatchObject({ code: 'PEER_TIMEOUT' });
  await b.network.stop();
  await failed;
});

test('no more requests run at once than may, and the others wait their turn', async () => {
  const [a, b] = await startPair({ requestsInFlightPerPeerMax: 3 });
  let running = 0;
  let most = 0;
  b.answer = async data => {
    running += 1;
    most = Math.max(most, running);
    await Promise.resolve();
    running -= 1;
    return data;
  };
  const answers = await Promise.all(
    Array.from({ length: 30 }, (_, index) => a.network.request(b.id, toUtf8(`${index}`), 5_000)),
  );
  expect(answers.map(fromUtf8)).toEqual(Array.from({ length: 30 }, (_, index) => `${index}`));
  expect(most).toBeLessThanOrEqual(3);
});

test('too many waiting requests fail at once, and one that waits too long in time', async () => {
  const [a, b] = await startPair({ requestsInFlightPerPeerMax: 1, requestsWaitingPerPeerMax: 1 });
  b.answer = () => new Promise(() => {});
  const codes = await Promise.allSettled([1, 2, 3].map(() => a.network.request(b.id, toUtf8('x'), 300)));
  expect(codes.map(result => (result.status === 'rejected' ? result.reason.code : 'answered'))).toEqual([
    'PEER_TIMEOUT',
    'PEER_TIMEOUT',
    'RATE_EXCEEDED',
  ]);
});

test('P10: who asks faster than allowed is told so, pays, and is banned when it goes on', async () => {
  const b = await startNode({ limits: { requestsPerSecond: 0.001, requestsBurst: 2 } });
  const a = await startNode();
  await connect(a, b);
  for (let count = 0; count < 2; count++) await a.network.request(b.id, toUtf8('x'), 5_000);
  await expect(a.network.request(b.id, toUtf8('x'), 5_000)).rejects.toMatchObject({ code: 'RATE_EXCEEDED' });
  expect(scoreOf(b, a)).toBe(90);
  for (let count = 0; count < 10; count++) await a.network.request(b.id, toUtf8('x'), 5_000).catch(() => {});
  await until('a is banned', () => !b.present.has(a.id));
});

test('P10: who asks for much at once has few answers in memory, and all of them in the end', async () => {
  const [a, b] = await startPair();
  let running = 0;
  let most = 0;
  b.answer = async data => {
    most = Math.max(most, ++running);
    await new Promise(resolve => setImmediate(resolve));
    running -= 1;
    return data;
  };
  const answers = await Promise.all(Array.from({ length: 8 }, () => a.network.request(b.id, toUtf8('x'), 5_000)));
  expect(answers).toHaveLength(8);
  expect(most).toBe(networkLimits.answersAtOncePerPeerMax);
  expect(scoreOf(b, a)).toBe(100);
});

test('P10: a peer waits for what its answers cost, is not refused for it, and others do not wait with it', async () => {
  const b = await startNode({ limits: { answeringMsPerSecond: 100, answeringMsBurst: 1 } });
  const [greedy, other] = [await startNode(), await startNode()];
  await connect(greedy, b);
  await connect(other, b);
  let answered = 0;
  b.answer = async (data, peer) => {
    if (peer === greedy.id) {
      answered += 1;
      b.clock.move(1_000);
    }
    return data;
  };
  await greedy.network.request(b.id, toUtf8('x'), 5_000);
  // It owes a second of work, which ten seconds give back.
  const next = expect(greedy.network.request(b.id, toUtf8('x'), 30_000)).rejects.toMatchObject({
    code: 'PEER_TIMEOUT',
  });
  await other.network.request(b.id, toUtf8('x'), 5_000);
  expect(answered).toBe(1);
  expect(scoreOf(b, greedy)).toBe(100);
  await greedy.network.stop();
  await next;
});
