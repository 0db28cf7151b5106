import { describe, expect, it } from 'vitest';
import { encodeBody } from '../chain/block.ts';
import { equalBytes } from '../chain/bytes.ts';
import { KvchainError } from '../chain/errors.ts';
import { alice, put } from '../chain/ledger-fixture.suite.ts';
import { Branch, rival, signed } from './chain-fixture.suite.ts';
import { quiet, settle } from './manual-clock.suite.ts';
import { type Answering, type OpenedNode, openNode, peerWith } from './node-fixture.suite.ts';
import { syncLimits } from './sync.ts';
import { encodeBodies, encodeHeaders, wireLimits } from './wire.ts';

/** More work than any chain of these tests has. */
const much = 1_000_000n;

function grown(count: number): Branch {
  const branch = new Branch();
  for (let nonce = 0; nonce < count; nonce++) branch.grow([signed(alice, [put(`k${nonce}`, 'v')], { nonce })]);
  return branch;
}

function isAt({ node }: OpenedNode, branch: Branch) {
  return () => node.ledger.head.hashHex === branch.tip.hashHex;
}

/** How many bodies each peer was asked for. */
function bodiesAsked({ network }: OpenedNode): Readonly<Record<string, number>> {
  const asked: Record<string, number> = {};
  for (const { peer, request } of network.requests) {
    if (request.type === 'getBodies') asked[peer] = (asked[peer] ?? 0) + request.hashes.length;
  }
  return asked;
}

describe('sync', () => {
  it('takes headers first and bodies then, and ends at the peer that has more work', async () => {
    const opened = await openNode();
    const branch = grown(40);
    opened.network.connect('peer', much, peerWith(branch.blocks));
    await settle('the head', isAt(opened, branch));
    expect(opened.network.requests[0]?.request).toMatchObject({ type: 'getHeaders' });
    expect(opened.node.sync.missing).toBe(0);
    expect(opened.network.penalties).toEqual([]);
  });

  it('follows the chain whose bodies come, though headers without bodies promise more work', async () => {
    const opened = await openNode();
    const promised = new Branch();
    promised.extend(6, { producer: rival });
    const without = promised.blocks.map(({ header }) => header.height);
    opened.network.connect('withholder', much, peerWith(promised.blocks, { without }));
    const best = () => opened.node.engine.view().bestHeader;
    await settle('the promise', () => best().height === 6);
    const branch = grown(4);
    opened.network.connect('honest', best().work - 1n, peerWith(branch.blocks));
    await settle('the head', isAt(opened, branch));
  });

  it('asks each peer once when it comes, whatever it claims: it may have found a block since it said so', async () => {
    const opened = await openNode();
    const branch = grown(3);
    opened.network.connect('peer', 0n, peerWith(branch.blocks));
    await settle('the head', isAt(opened, branch));
    opened.network.connect('other', 0n, peerWith([]));
    await quiet();
    const asked = opened.network.requests.filter(({ request }) => request.type === 'getHeaders');
    expect(asked.map(({ peer }) => peer)).toEqual(['peer', 'other']);
  });

  it('fetches bodies from all peers at once, each body from one', async () => {
    const opened = await openNode();
    const branch = new Branch();
    branch.extend(6 * wireLimits.bodiesMax);
    opened.network.connect('a', 0n, peerWith(branch.blocks));
    opened.network.connect('b', 0n, peerWith(branch.blocks));
    opened.network.connect('c', much, peerWith(branch.blocks));
    await settle('the head', isAt(opened, branch));
    const asked = bodiesAsked(opened);
    expect(Object.keys(asked).sort()).toEqual(['a', 'b', 'c']);
    expect(Object.values(asked).reduce((sum, count) => sum + count, 0)).toBe(branch.blocks.length);
  });

  it('asks another peer for what the first lacks, and the first again later when nobody has it', async () => {
    const opened = await openNode();
    const branch = grown(5);
    const lacking = peerWith(branch.blocks, { without: [3] });
    let isThere = false;
    const late: Answering = request => (isThere ? peerWith(branch.blocks)(request) : lacking(request));
    opened.network.connect('a', much, late);
    opened.network.connect('b', 0n, lacking);
    await settle('what comes before it', () => opened.node.ledger.head.header.height === 2);
    await quiet();
    expect(opened.node.sync.missing).toBe(1);
    isThere = true;
    opened.clock.advance(syncLimits.retryMs);
    await settle('the head', isAt(opened, branch));
    expect(opened.network.penalties).toEqual([]);
  });

  it('asks a pruned peer only for bodies that it holds, and ends with the help of one that holds all', async () => {
    const opened = await openNode();
    const branch = grown(30);
    const held = branch.blocks.slice(0, 20).map(({ header }) => header.height);
    opened.network.connect('pruned', much, peerWith(branch.blocks, { without: held }), 21);
    opened.network.connect('full', 0n, peerWith(branch.blocks));
    await settle('the head', isAt(opened, branch));
    const asked = opened.network.requests.flatMap(({ peer, request }) =>
      peer === 'pruned' && request.type === 'getBodies' ? request.hashes : [],
    );
    const heights = asked.map(hash => branch.blocks.find(block => equalBytes(block.hash, hash))?.header.height ?? 0);
    expect(Math.min(...heights, 21)).toBe(21);
    expect(opened.network.penalties).toEqual([]);
    expect(opened.faults).toEqual([]);
    expect(opened.node.sync.unserved).toBeNull();
  });

  it('tells once which block only pruned peers are there for, and goes on when another peer comes', async () => {
    const opened = await openNode();
    const branch = grown(8);
    const without = [1, 2, 3, 4, 5];
    opened.network.connect('a', much, peerWith(branch.blocks, { without }), 6);
    opened.network.connect('b', 0n, peerWith(branch.blocks, { without: without.slice(0, 3) }), 4);
    await settle('the word', () => opened.node.sync.unserved === 1);
    opened.clock.advance(3 * syncLimits.retryMs);
    await quiet();
    expect(opened.faults).toMatchObject([
      { code: 'HEIGHT_UNAVAILABLE', message: expect.stringContaining('block 1 was') },
    ]);
    expect(opened.node.ledger.head.header.height).toBe(0);
    expect(opened.network.penalties).toEqual([]);
    opened.network.connect('full', 0n, peerWith(branch.blocks));
    await settle('the head', isAt(opened, branch));
    expect(opened.node.sync.unserved).toBeNull();
  });

  it('asks again for headers that did not come, though no block moves it', async () => {
    const opened = await openNode();
    const branch = grown(5);
    let isThere = false;
    const late: Answering = request => {
      if (!isThere) throw new KvchainError('PEER_TIMEOUT', 'no answer');
      return peerWith(branch.blocks)(request);
    };
    opened.network.connect('peer', much, late);
    await quiet();
    expect(opened.network.requests).toHaveLength(1);
    isThere = true;
    opened.clock.advance(syncLimits.retryMs);
    await settle('the head', isAt(opened, branch));
  });

  it('gives the bodies of a peer that does not answer to others', async () => {
    const opened = await openNode();
    const branch = grown(20);
    const silent: Answering = request => {
      if (request.type === 'getBodies') throw new KvchainError('PEER_TIMEOUT', 'no answer');
      return peerWith(branch.blocks)(request);
    };
    opened.network.connect('silent', much, silent);
    opened.network.connect('good', 0n, peerWith(branch.blocks));
    await settle('the head', isAt(opened, branch));
    expect(opened.network.penalties).toContainEqual({ peer: 'silent', code: 'PEER_TIMEOUT' });
    expect(opened.network.penalties.every(({ peer }) => peer === 'silent')).toBe(true);
  });

  it('gives the bodies of a peer that leaves to others', async () => {
    const opened = await openNode();
    const branch = grown(20);
    const never = new Promise<Uint8Array>(() => {});
    const holding: Answering = request => (request.type === 'getBodies' ? never : peerWith(branch.blocks)(request));
    opened.network.connect('leaving', much, holding);
    await settle('questions for bodies', () => bodiesAsked(opened).leaving === 20);
    opened.network.connect('staying', 0n, peerWith(branch.blocks));
    await quiet();
    expect(bodiesAsked(opened).staying).toBeUndefined();
    opened.network.disconnect('leaving');
    await settle('the head', isAt(opened, branch));
  });

  it('switches to a heavier branch that a peer has', async () => {
    const opened = await openNode();
    const branch = grown(6);
    const heavier = branch.fork(3);
    heavier.extend(5, { producer: rival });
    opened.network.connect('a', much, peerWith(branch.blocks));
    await settle('the first branch', isAt(opened, branch));
    opened.network.connect('b', much, peerWith(heavier.blocks));
    await settle('the heavier branch', isAt(opened, heavier));
  });

  it('C19: is not asked for ever by claiming much and telling the same again', async () => {
    const opened = await openNode();
    const branch = grown(syncLimits.headersPerRequest);
    const full = encodeHeaders(branch.blocks);
    let asked = 0;
    opened.network.connect('liar', much * much, request => {
      if (request.type === 'getHeaders') asked += 1;
      return request.type === 'getHeaders' ? full : encodeBodies(request.type === 'getBodies' ? [null] : []);
    });
    await settle('an answer', () => asked > 0);
    await quiet();
    expect(asked).toBeLessThanOrEqual(2);
  });

  it('asks for headers again and again while the answers are full', async () => {
    const opened = await openNode();
    const branch = new Branch();
    branch.extend(syncLimits.headersPerRequest + 10);
    opened.network.connect('peer', much, peerWith(branch.blocks));
    await settle('the head', isAt(opened, branch));
    expect(opened.network.requests.filter(({ request }) => request.type === 'getHeaders').length).toBeGreaterThan(1);
  });
});

describe('a peer that answers', () => {
  const branch = grown(3);
  const other = new Branch();
  other.extend(3, { producer: rival });

  it.each<[string, string, Answering]>([
    ['garbage for headers', 'BAD_MESSAGE', () => Uint8Array.of(0xff)],
    ['headers that continue nothing it was told', 'BAD_MESSAGE', () => encodeHeaders(branch.blocks.slice(1))],
    [
      'garbage for bodies',
      'BAD_MESSAGE',
      request => (request.type === 'getHeaders' ? peerWith(branch.blocks)(request) : Uint8Array.of(0x00)),
    ],
    [
      'no body at all',
      'BAD_MESSAGE',
      request => (request.type === 'getHeaders' ? peerWith(branch.blocks)(request) : encodeBodies([])),
    ],
    [
      'more bodies than were asked for',
      'BAD_MESSAGE',
      request =>
        request.type === 'getHeaders' ? peerWith(branch.blocks)(request) : encodeBodies([null, null, null, null]),
    ],
    [
      'a body that is none',
      'BAD_ENCODING',
      request => (request.type === 'getHeaders' ? peerWith(branch.blocks)(request) : encodeBodies([Uint8Array.of(0)])),
    ],
    [
      'bodies of other blocks',
      'BAD_TRANSACTIONS_ROOT',
      request =>
        request.type === 'getHeaders'
          ? peerWith(branch.blocks)(request)
          : encodeBodies(other.blocks.map(({ transactions }) => encodeBody(transactions))),
    ],
  ])('C19: %s pays %s, and the blocks come from another', async (_, code, answer) => {
    const opened = await openNode();
    opened.network.connect('liar', much, answer);
    await settle('the penalty', () => opened.network.penalties.length > 0);
    expect(opened.network.penalties[0]).toEqual({ peer: 'liar', code });
    opened.network.connect('honest', much, peerWith(branch.blocks));
    await settle('the head', isAt(opened, branch));
    expect(opened.network.penalties.every(({ peer }) => peer === 'liar')).toBe(true);
  });

  it('headers with a bad signature pays, and none of them is kept', async () => {
    const opened = await openNode();
    const forged = branch.blocks.map(block => ({ ...block, signature: other.tip.signature }));
    opened.network.connect('liar', much, () => encodeHeaders(forged));
    await settle('the penalty', () => opened.network.penalties.length > 0);
    expect(opened.network.penalties).toEqual([{ peer: 'liar', code: 'BAD_PRODUCER_SIGNATURE' }]);
    expect(opened.node.engine.view().bestHeader.height).toBe(0);
  });
});
