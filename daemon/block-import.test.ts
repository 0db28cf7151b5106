import { describe, expect, it } from 'vitest';
import { type Block, contentHash, encodeBody, producerDigest, seal } from '../chain/block.ts';
import { KvchainError } from '../chain/errors.ts';
import { sign } from '../chain/keys.ts';
import { alice, put } from '../chain/ledger-fixture.suite.ts';
import { decodeTransaction, type Transaction } from '../chain/transaction.ts';
import { Branch, badlySigned, chainId, findNonce, miner, rival, signed } from './chain-fixture.suite.ts';
import { quiet, settle } from './manual-clock.suite.ts';
import { type Answering, type OpenedNode, openNode } from './node-fixture.suite.ts';
import { encodeBodies, encodeCompactBlock, encodeHeaders, encodeTransactions } from './wire.ts';

function gossip({ network }: OpenedNode, block: Block, from = 'peer', ids?: readonly Uint8Array[]) {
  const witnessIds = ids ?? block.transactions.map(({ witnessId }) => witnessId);
  return network.handlers.onGossip('blocks', from, encodeCompactBlock(block, witnessIds));
}

function isHead({ node }: OpenedNode, block: Block) {
  return () => node.ledger.head.hashHex === block.hashHex;
}

/** Answers requests for a block's transactions from the block. */
function holds(...transactions: readonly Transaction[]) {
  return () => encodeTransactions(transactions);
}

/** Connects a peer that has no headers to tell of. */
function connect({ network }: OpenedNode, peer: string, answer: Answering): void {
  network.connect(peer, 0n, request => (request.type === 'getHeaders' ? encodeHeaders([]) : answer(request)));
}

/** What peers were asked for, beside headers. */
function asked({ network }: OpenedNode) {
  return network.requests.filter(({ request }) => request.type !== 'getHeaders');
}

const write = signed(alice, [put('k', 'v')]);

/** Blocks of one producer at one height that are passed on, says docs/protocol/network.md. */
const siblingsRelayed = 3;

describe('a gossiped block', () => {
  it('whose header is known and whose copy has another signature is neither kept nor passed on', async () => {
    const opened = await openNode();
    const block = new Branch().grow();
    const heavy = 1_000_000n;
    opened.network.connect('peer', heavy, request =>
      request.type === 'getHeaders' ? encodeHeaders([block]) : encodeBodies([null]),
    );
    await settle('the header', () => opened.node.engine.header(block.hash) !== null);
    const signature = sign(producerDigest(chainId, block.hash), rival.secret);
    expect(await gossip(opened, { ...block, signature }, 'liar')).toBe('ignore');
    expect(opened.node.ledger.head.header.height).toBe(0);
    expect(await gossip(opened, block, 'honest')).toBe('accept');
    await settle('the head', isHead(opened, block));
    const [kept] = await opened.node.chain.canonicalHeaders(1, 1);
    expect(kept?.signature).toEqual(block.signature);
  });

  it('is put together from its sender alone, and no other peer is asked for its body meanwhile', async () => {
    const opened = await openNode();
    const block = new Branch().grow([write]);
    connect(opened, 'other', () => encodeBodies([null]));
    opened.network.answer('peer', holds(write));
    expect(await gossip(opened, block)).toBe('accept');
    await settle('the head', isHead(opened, block));
    expect(asked(opened)).toMatchObject([{ peer: 'peer' }]);
  });

  it('is passed on and becomes the head', async () => {
    const opened = await openNode();
    const block = new Branch().grow();
    expect(await gossip(opened, block)).toBe('accept');
    await settle('the head', isHead(opened, block));
    expect(opened.network.penalties).toEqual([]);
  });

  it('of a producer that has many at one height is kept and not passed on, costs nothing, and may still win', async () => {
    const opened = await openNode();
    const root = new Branch();
    const { time } = root.make().header;
    const siblings = Array.from({ length: siblingsRelayed + 1 }, (_, salt) =>
      root.make([], { changes: { time: time + salt } }),
    );
    const [first] = siblings;
    const verdicts: string[] = [];
    for (const [index, block] of siblings.entries()) verdicts.push(await gossip(opened, block, `forwarder ${index}`));
    expect(verdicts).toEqual([...Array(siblingsRelayed).fill('accept'), 'ignore']);
    for (const block of siblings) expect(await opened.node.chain.bodyBytes(block.hash)).toEqual(encodeBody([]));
    if (first) await settle('the head', isHead(opened, first));
    const other = new Branch().grow([], { producer: rival });
    expect(await gossip(opened, other)).toBe('accept');
    const winner = new Branch();
    winner.grow([], { changes: { time: time + siblingsRelayed } });
    const child = winner.grow();
    expect(await gossip(opened, child)).toBe('accept');
    await settle('the head', isHead(opened, child));
    expect(opened.network.penalties).toEqual([]);
  });

  it('on which another peer built a header that breaks a rule costs that peer, and not the one that brings it', async () => {
    const opened = await openNode();
    const branch = new Branch();
    const block = branch.grow();
    const { time } = block.header;
    const child = branch.make([], { changes: { time } });
    expect(await gossip(opened, child, 'liar')).toBe('ignore');
    expect(opened.network.penalties).toEqual([]);
    expect(await gossip(opened, block, 'honest')).toBe('accept');
    expect(opened.network.penalties).toEqual([{ peer: 'liar', code: 'BAD_TIME' }]);
  });

  it('that does not decode costs its forwarder', async () => {
    const { network } = await openNode();
    expect(await network.handlers.onGossip('blocks', 'peer', Uint8Array.of(0x84))).toBe('reject');
    expect(network.penalties).toHaveLength(1);
  });

  it('C6: without work is refused before its signature is looked at', async () => {
    const opened = await openNode();
    const { header } = new Branch().make();
    const nonce = findNonce(contentHash(header), header.bits, 'misses');
    const bare = seal(header, nonce, new Uint8Array(64));
    const block = { ...seal(header, nonce, sign(producerDigest(chainId, bare.hash), miner.secret)), transactions: [] };
    expect(await gossip(opened, block)).toBe('reject');
    expect(opened.network.penalties).toHaveLength(1);
    expect(opened.verifier.checks).toBe(0);
  });

  it('C10: with a bad signature of its producer costs its forwarder, and the good copy is still taken', async () => {
    const opened = await openNode();
    const block = new Branch().grow();
    const signature = sign(producerDigest(chainId, block.hash), rival.secret);
    expect(await gossip(opened, { ...block, signature }, 'liar')).toBe('reject');
    expect(opened.network.penalties).toEqual([{ peer: 'liar', code: 'BAD_PRODUCER_SIGNATURE' }]);
    expect(await gossip(opened, block, 'honest')).toBe('accept');
    await settle('the head', isHead(opened, block));
  });

  it('whose producer is no key costs its forwarder', async () => {
    const opened = await openNode();
    const block = new Branch().make([], { changes: { producer: new Uint8Array(33) } });
    expect(await gossip(opened, block)).toBe('reject');
    expect(opened.network.penalties).toEqual([{ peer: 'peer', code: 'BAD_PUBLIC_KEY' }]);
    expect(opened.verifier.checks).toBe(0);
  });

  it.each([
    ['a height that is not behind its parent', { height: 2 }],
    ['a time that is not after its parent', { time: new Branch().tip.header.time }],
    ['other bits than the engine demands', { bits: 0x207ffffe }],
  ])('C20: with %s costs its forwarder', async (_, changes) => {
    const opened = await openNode();
    expect(await gossip(opened, new Branch().make([], { changes }))).toBe('reject');
    expect(opened.network.penalties).toHaveLength(1);
    expect(opened.node.ledger.head.header.height).toBe(0);
  });

  it('C7: with ids that do not give its root costs its sender, and the hash is not marked', async () => {
    const opened = await openNode();
    const block = new Branch().grow();
    expect(await gossip(opened, block, 'liar', [write.witnessId])).toBe('reject');
    expect(opened.network.penalties).toEqual([{ peer: 'liar', code: 'BAD_TRANSACTIONS_ROOT' }]);
    expect(await gossip(opened, block, 'honest')).toBe('accept');
    await settle('the head', isHead(opened, block));
  });

  it('asks its sender for the transactions that are missing here, and for those alone', async () => {
    const opened = await openNode();
    const held = signed(alice, [put('held', 'v')]);
    const missing = signed(alice, [put('missing', 'v')], { nonce: 1 });
    await opened.node.pipeline.submitted([held], 'rpc:test');
    const block = new Branch().grow([held, missing]);
    opened.network.answer('peer', holds(missing));
    expect(await gossip(opened, block)).toBe('accept');
    expect(opened.network.requests).toEqual([
      {
        peer: 'peer',
        request: { type: 'getTransactions', block: block.hash, witnessIds: [missing.witnessId] },
      },
    ]);
    await settle('the head', isHead(opened, block));
  });

  it.each([
    ['nothing', encodeTransactions([null]), []],
    ['too little', encodeTransactions([]), ['BAD_MESSAGE']],
    ['too much', encodeTransactions([write, null]), ['BAD_MESSAGE']],
    ['garbage', Uint8Array.of(0xff), ['BAD_MESSAGE']],
    ['another transaction', encodeTransactions([signed(alice, [put('other', 'v')])]), ['BAD_TRANSACTIONS_ROOT']],
  ])(
    'P10: whose sender answers with %s, and pays for a lie, comes from another peer at once',
    async (_, answer, codes) => {
      const opened = await openNode();
      const block = new Branch().grow([write]);
      connect(opened, 'poor', () => answer);
      connect(opened, 'rich', () => encodeBodies([encodeBody(block.transactions)]));
      expect(await gossip(opened, block, 'poor')).toBe('accept');
      expect(opened.network.penalties).toEqual(codes.map(code => ({ peer: 'poor', code })));
      expect(asked(opened).map(({ peer }) => peer)).toEqual(['poor', 'rich']);
      await settle('the head', isHead(opened, block));
    },
  );

  it('C10: with a bad signature inside is invalid for ever and costs its forwarder nothing', async () => {
    const opened = await openNode();
    const bad = badlySigned(write, bytes => {
      const decoded = decodeTransaction(bytes);
      if (!decoded.ok) throw new Error('only the signature is wrong');
      return decoded.value;
    });
    const branch = new Branch();
    const block = branch.make([], { unexecuted: [bad] });
    opened.network.answer('peer', holds(bad));
    expect(await gossip(opened, block)).toBe('ignore');
    expect(opened.network.penalties).toEqual([]);
    await quiet();
    expect(opened.node.ledger.head.header.height).toBe(0);
    expect(opened.node.engine.view().tips).toContainEqual(
      expect.objectContaining({ hash: block.hash, status: 'invalid' }),
    );
    const rightful = branch.grow([write]);
    opened.network.answer('peer', holds(write));
    expect(await gossip(opened, rightful)).toBe('accept');
    await settle('the other block as head', isHead(opened, rightful));
  });

  it('C14: that execution refuses was passed on, costs nothing, and leaves the head where it was', async () => {
    const opened = await openNode();
    const block = new Branch().make([], { changes: { stateRoot: new Uint8Array(32).fill(1) } });
    expect(await gossip(opened, block)).toBe('accept');
    await settle('the verdict', () => opened.node.engine.view().tips.some(({ status }) => status === 'invalid'));
    expect(opened.network.penalties).toEqual([]);
    expect(opened.node.ledger.head.header.height).toBe(0);
  });

  it('that is held already is ignored before any signature is looked at, whoever signed this copy', async () => {
    const opened = await openNode();
    const block = new Branch().grow();
    await gossip(opened, block);
    const { checks } = opened.verifier;
    const signature = sign(producerDigest(chainId, block.hash), rival.secret);
    expect(await gossip(opened, block, 'other')).toBe('ignore');
    expect(await gossip(opened, { ...block, signature }, 'third')).toBe('ignore');
    expect(opened.verifier.checks).toBe(checks);
    expect(opened.network.penalties).toEqual([]);
  });

  it('that comes from many peers at once is worked on once', async () => {
    const opened = await openNode();
    const block = new Branch().grow();
    const verdicts = await Promise.all(['a', 'b', 'c'].map(peer => gossip(opened, block, peer)));
    expect([...verdicts].sort()).toEqual(['accept', 'ignore', 'ignore']);
    expect(opened.verifier.checks).toBe(1);
  });

  it('C18: of an unknown parent is kept aside, and its sender is asked for what lies between', async () => {
    const opened = await openNode();
    const branch = new Branch();
    branch.extend(3);
    connect(opened, 'peer', () => encodeTransactions([]));
    expect(await gossip(opened, branch.tip)).toBe('ignore');
    await settle('the question', () => opened.network.requests.some(({ request }) => request.type === 'getHeaders'));
  });

  it('P10: whose sender does not answer costs it, and the body comes from another peer', async () => {
    const opened = await openNode();
    const block = new Branch().grow([write]);
    connect(opened, 'honest', () => encodeBodies([encodeBody(block.transactions)]));
    opened.network.answer('withholder', () => {
      throw new KvchainError('PEER_TIMEOUT', 'no answer');
    });
    expect(await gossip(opened, block, 'withholder')).toBe('accept');
    expect(opened.network.penalties).toEqual([{ peer: 'withholder', code: 'PEER_TIMEOUT' }]);
    await settle('the head', isHead(opened, block));
  });

  it('P10: whose sender takes its time is asked of others after a second, and is passed on when one of them has it', async () => {
    const opened = await openNode();
    const block = new Branch().grow([write]);
    let give = (_: Uint8Array) => {};
    const given = new Promise<Uint8Array>(resolve => {
      give = resolve;
    });
    connect(opened, 'slow', () => given);
    connect(opened, 'honest', () => encodeBodies([encodeBody(block.transactions)]));
    const verdict = gossip(opened, block, 'slow');
    await settle('the question', () => asked(opened).length === 1);
    opened.clock.advance(999);
    await quiet();
    expect(asked(opened).map(({ peer }) => peer)).toEqual(['slow']);
    opened.clock.advance(1);
    expect(await verdict).toBe('accept');
    expect(asked(opened).map(({ peer }) => peer)).toEqual(['slow', 'honest']);
    await settle('the head', isHead(opened, block));
    give(encodeTransactions([write]));
    await quiet();
    expect(opened.network.penalties).toEqual([]);
    expect(opened.faults).toEqual([]);
  });

  it('P10: that nobody gives is not worked on for longer than 3 seconds', async () => {
    const opened = await openNode();
    const block = new Branch().grow([write]);
    opened.network.answer('withholder', () => new Promise(() => {}));
    const verdict = gossip(opened, block, 'withholder');
    await settle('the question', () => asked(opened).length === 1);
    opened.clock.advance(3_000);
    expect(await verdict).toBe('ignore');
    connect(opened, 'honest', () => encodeBodies([encodeBody(block.transactions)]));
    await settle('the head', isHead(opened, block));
  });

  it('that is put together while the node stops leaves no timer behind', async () => {
    const opened = await openNode();
    opened.network.answer('withholder', () => new Promise(() => {}));
    const verdict = gossip(opened, new Branch().grow([write]), 'withholder');
    await settle('the question', () => asked(opened).length === 1);
    await opened.node.stop();
    expect(await verdict).toBe('ignore');
    expect(opened.clock.timers).toEqual([]);
    expect(await gossip(opened, new Branch().grow([signed(alice, [put('late', 'v')])]), 'withholder')).toBe('ignore');
    expect(opened.clock.timers).toEqual([]);
  });

  it('P10: that many peers withhold are 16 at a time, and a free place is taken again', async () => {
    const opened = await openNode();
    const branch = new Branch();
    const withheld = Array.from({ length: 17 }, (_, index) =>
      branch.make([], { unexecuted: [write], changes: { time: branch.tip.header.time + 1 + index } }),
    );
    const ask = (block: Block, index: number) => {
      opened.network.answer(`withholder ${index}`, () => new Promise(() => {}));
      return gossip(opened, block, `withholder ${index}`);
    };
    const stuck = withheld.slice(0, 16).map(ask);
    await settle('the questions', () => asked(opened).length === 16);
    const checked = opened.verifier.checks;
    const [last] = withheld.slice(16);
    if (last) expect(await ask(last, 16)).toBe('ignore');
    expect(opened.verifier.checks).toBe(checked);
    opened.clock.advance(3_000);
    expect(await Promise.all(stuck)).toEqual(Array(16).fill('ignore'));
    const block = branch.grow();
    expect(await gossip(opened, block, 'honest')).toBe('accept');
  });

  it('P10: of which one peer withholds many leaves room for those of others', async () => {
    const opened = await openNode();
    const branch = new Branch();
    const withheld = Array.from({ length: 20 }, (_, index) =>
      branch.make([], { unexecuted: [write], changes: { time: branch.tip.header.time + 1 + index } }),
    );
    opened.network.answer('withholder', () => new Promise(() => {}));
    const stuck = withheld.map(block => gossip(opened, block, 'withholder'));
    await settle('the questions', () => asked(opened).length === 2);
    expect(await Promise.all(stuck.slice(2))).toEqual(Array(18).fill('ignore'));
    const block = branch.grow([write]);
    opened.network.answer('honest', holds(write));
    expect(await gossip(opened, block, 'honest')).toBe('accept');
    await settle('the head', isHead(opened, block));
  });
});
