import { afterEach, beforeEach, expect, test } from 'vitest';
import { toUtf8 } from '../../chain/bytes.ts';
import { KvchainError } from '../../chain/errors.ts';
import type { Operation } from '../../chain/operation.ts';
import { KvchainClient } from '../rpc/client.ts';
import { aliceKey, bobKey } from '../rpc/little-node.suite.ts';
import { startUnderTest, type UnderTest } from '../rpc/server-under-test.suite.ts';
import { LeaderClient } from './leader-client.ts';

const names = ['P1', 'P2', 'P3'];
const timeoutMs = 100;
const { signal } = new AbortController();

/** All servers of a classroom are doors to one little ledger: what they agreed on. */
let under: UnderTest;
/** Every call that reached a server: its name and the method. */
let calls: string[];
/** What these servers do before they answer; without it an operation waits for its block. */
let before: (server: string, method: string) => void;
/** What a server says of who leads. */
let leader: string | null;
let told: string[];
let client: LeaderClient;

beforeEach(async () => {
  under = await startUnderTest();
  under.node.lead = () => true;
  calls = [];
  told = [];
  leader = null;
  before = () => {};
  client = clientWith(aliceKey);
});
afterEach(() => under.close());

function clientWith(secretKey: Uint8Array): LeaderClient {
  const servers = names.map(name => ({ name, client: () => doorOf(name) }));
  return new LeaderClient({ servers, secretKey, delayMs: 0, timeoutMs, tell: line => told.push(line) });
}

function doorOf(name: string): KvchainClient {
  return new KvchainClient({
    url: under.server.url,
    token: under.cookie,
    fetch: async (input, init) => {
      const { method } = JSON.parse(String(init?.body));
      calls.push(`${name} ${method}`);
      before(name, method);
      const text = await (await fetch(input, init)).text();
      return new Response(text.replace('"leader":null', `"leader":${JSON.stringify(leader)}`));
    },
  });
}

/** These servers get a majority; the others take operations and decide nothing. */
function decide(...deciding: readonly string[]): void {
  before = (server, method) => {
    if (method === 'tx_wait' && deciding.includes(server) && under.node.status().mempool > 0) under.node.mine();
  };
}

function put(key: string, value = 'v'): Operation {
  return { type: 'put', key, value: toUtf8(value), contentType: '', expectedVersion: null };
}

/** Nonces of what was carried out, in order. */
async function nonces(): Promise<readonly number[]> {
  const found: number[] = [];
  for (let height = 1; height <= under.node.status().head.header.height; height++) {
    const reading = await under.node.blockByHeight(height);
    if (reading.ok) found.push(...(reading.value.block.transactions ?? []).map(({ body }) => body.nonce));
  }
  return found;
}

const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => null,
    (error: unknown) => (error instanceof KvchainError ? error.code : String(error)),
  );

test.each([
  ['a key of 257 bytes', put('k'.repeat(257))],
  ['a value over the limit', put('k', 'v'.repeat(1_000_000))],
])('after %s was refused the next operation is carried out', async (_, refused) => {
  decide(...names);
  await client.operate(put('first'), signal);
  expect(await codeOf(client.operate(refused, signal))).not.toBeNull();
  expect(await client.operate(put('next'), signal)).toMatchObject({ type: 'ack', depth: 2, server: 'P1' });
  expect(await nonces()).toEqual([0, 1]);
});

test('without a reply in time it sends Leader to the next server, and gives it the same operation', async () => {
  decide('P2');
  expect(await client.operate(put('k'), signal)).toMatchObject({ type: 'ack', server: 'P2' });
  expect(calls.filter(call => /submit|lead/.test(call))).toEqual(['P1 tx_submit', 'P2 consensus_lead', 'P2 tx_submit']);
  expect(told).toContain('No reply from P1: sending Leader to P2');
  expect(client.hint).toBe('P2');
});

test('a server that is down is passed over as one that is silent', async () => {
  decide('P2');
  const deciding = before;
  before = (server, method) => {
    if (server === 'P1') throw new TypeError('fetch failed');
    deciding(server, method);
  };
  expect(await client.operate(put('k'), signal)).toMatchObject({ type: 'ack', server: 'P2' });
});

test('an operation is carried out once however often it is sent', async () => {
  // Three servers, of which the first decides when it is asked again.
  before = (server, method) => {
    if (method === 'consensus_lead' && server === 'P1') decide('P1');
  };
  await client.operate(put('k'), signal);
  expect(calls.filter(call => call.endsWith('tx_submit'))).toEqual(
    ['P1', 'P2', 'P3', 'P1'].map(name => `${name} tx_submit`),
  );
  expect(await nonces()).toEqual([0]);
  await client.operate(put('next'), signal);
  expect(await nonces()).toEqual([0, 1]);
});

test('it takes for the leader whom the server names that replied, and sends the next operation there', async () => {
  decide(...names);
  leader = 'P3';
  await client.operate(put('k'), signal);
  expect(client.hint).toBe('P3');
  expect(await client.operate(put('k'), signal)).toMatchObject({ server: 'P3' });
});

test('what a block holds without effect is told as failed, and counted', async () => {
  const bob = clientWith(bobKey);
  decide(...names);
  await bob.operate(put('k'), signal);
  expect(await client.operate(put('k'), signal)).toMatchObject({ type: 'failed', code: 'NOT_OWNER' });
  expect(await client.operate(put('other'), signal)).toMatchObject({ type: 'ack' });
});
