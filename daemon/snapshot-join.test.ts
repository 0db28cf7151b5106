import { beforeAll, describe, expect, it } from 'vitest';
import { fromUtf8, toHex, toUtf8 } from '../chain/bytes.ts';
import { accept, KvchainError } from '../chain/errors.ts';
import { allOf, rows } from '../chain/layout.ts';
import { alice, bob } from '../chain/ledger-fixture.suite.ts';
import type { SnapshotPart } from '../chain/snapshot.ts';
import { findNonce, rival, storeBlocks, WatchedStore } from './chain-fixture.suite.ts';
import { settle } from './manual-clock.suite.ts';
import { type Answering, type OpenedNode, openNode, peerWith } from './node-fixture.suite.ts';
import type { Store } from './ports.ts';
import {
  answersOf,
  beginJoin,
  blocks,
  grownBranch,
  join,
  pivotHeight,
  pump,
  servingNode,
  snapshotGenesis,
  undoBlocksMax,
} from './snapshot-fixture.suite.ts';
import { decodeOffers, decodeParts, encodeOffers, encodeParts } from './snapshot-wire.ts';
import { MemoryStore } from './store/memory-store.ts';
import {
  decodeBodies,
  decodeHeaders,
  decodeStatus,
  decodeTransactions,
  encodeCompactBlock,
  encodeRequest,
  encodeStatus,
  type SyncRequest,
} from './wire.ts';

const branch = grownBranch();
const statusFields = {
  engine: 'pow',
  headHash: new Uint8Array(32),
  headHeight: 0,
  work: new Uint8Array(0),
  finalHeight: 0,
  blocksFrom: 0,
  addresses: [],
  memberProof: null,
  certificate: null,
};
let a: OpenedNode;
let b: OpenedNode;

beforeAll(async () => {
  a = await servingNode(branch);
  b = await servingNode(branch);
}, 120_000);

/** A store that stands at the snapshot of the serving nodes. */
async function joinedStore(): Promise<MemoryStore> {
  const store = new MemoryStore();
  const { outcome, network } = await join(store, { a: answersOf(a), b: answersOf(b) });
  expect(outcome).toEqual({ type: 'joined', height: pivotHeight });
  expect(network.penalties).toEqual([]);
  return store;
}

/** A node that opened at the snapshot and followed its peers to their head. */
async function joinedNode(store?: Store): Promise<OpenedNode> {
  const opened = await openNode(store ?? (await joinedStore()), snapshotGenesis);
  expect(opened.node.ledger.head.header.height).toBe(pivotHeight);
  opened.network.connect('a', 1_000n, answersOf(a));
  await settle('the head', () => opened.node.ledger.head.hashHex === branch.tip.hashHex);
  return opened;
}

async function read({ node }: OpenedNode, key: string, at: number | null = null) {
  return node.reader.readKey(key, { at, read: { kind: 'local' } });
}

async function textOf(opened: OpenedNode, key: string, at: number | null = null): Promise<string | null> {
  const found = await read(opened, key, at);
  if (!found.ok) throw new Error(found.error.detail);
  return found.value.value && fromUtf8(found.value.value);
}

/** All rows of the store that are not of the mempool or of peers. */
async function allRows(store: Store): Promise<readonly string[]> {
  const everything = {
    from: new Uint8Array(0),
    to: Uint8Array.of(0xff),
    limit: 1_000_000,
    order: 'ascending',
  } as const;
  return (await store.range(everything)).map(({ key, value }) => `${toHex(key)}=${toHex(value)}`);
}

describe('a node that joined from a snapshot', () => {
  it('ends at the head and the root of its peers, with every value', async () => {
    const opened = await joinedNode();
    expect(await textOf(opened, 'k')).toBe('value 20');
    expect(await textOf(opened, 'once')).toBe('for all');
    expect(await textOf(opened, 'mine')).toBe('then yours');
    expect(await textOf(opened, 'empty')).toBe('');
    expect(await textOf(opened, 'gone')).toBeNull();
    expect(await textOf(opened, 'many/39')).toBe('value 39');
    expect(await opened.node.reader.account(alice.address)).toEqual(await a.node.reader.account(alice.address));
    expect(await opened.node.reader.supply()).toBe(await a.node.reader.supply());
    expect(opened.faults).toEqual([]);
  });

  it('reads and proves from the snapshot on, and says that it does not hold what was below', async () => {
    const opened = await joinedNode();
    const { reader, pruner } = opened.node;
    expect([pruner.blocksFrom, pruner.versionsFrom]).toEqual([pivotHeight + 1, pivotHeight]);
    expect(await textOf(opened, 'k', pivotHeight)).toBe(`value ${pivotHeight}`);
    expect(await textOf(opened, 'mine', pivotHeight)).toBe('then yours');
    const unavailable = { ok: false, error: { code: 'HEIGHT_UNAVAILABLE' } };
    expect(await read(opened, 'k', pivotHeight - 1)).toMatchObject(unavailable);
    expect(await reader.blockByHeight(pivotHeight)).toMatchObject(unavailable);
    expect(await reader.prove('k', pivotHeight - 1)).toMatchObject(unavailable);
    expect(await reader.blockByHeight(pivotHeight + 1)).toMatchObject({ ok: true });
    expect((await reader.headersFrom(1, 100)).map(({ hashHex }) => hashHex)).toEqual(branch.blocks.map(x => x.hashHex));
    const provable = blocks - undoBlocksMax;
    for (const key of ['k', 'mine', 'once', 'gone', 'nothing']) {
      const proof = await reader.prove(key, provable);
      expect(proof, key).toMatchObject({ ok: true });
      expect(proof).toEqual(await a.node.reader.prove(key, provable));
    }
    expect(opened.fatal).toEqual([]);
  });

  it('knows of each key the version of the snapshot, but not who wrote it', async () => {
    const opened = await joinedNode();
    const history = async (key: string) => {
      const entries = await opened.node.reader.history(key, { before: null, limit: 100 });
      return entries.map(({ version, height, operation, transactionId }) => ({
        version,
        height,
        operation,
        isKnown: transactionId !== null,
      }));
    };
    expect(await history('mine')).toEqual([{ version: 2, height: 4, operation: 'transferKey', isKnown: false }]);
    expect(await history('gone')).toEqual([{ version: 2, height: 3, operation: 'delete', isKnown: false }]);
    expect((await history('k')).map(({ version, isKnown }) => [version, isKnown])).toEqual(
      Array.from({ length: 20 - pivotHeight + 1 }, (_, index) => [20 - index, index < 20 - pivotHeight]),
    );
    const [handedOver] = await opened.node.reader.history('mine', { before: null, limit: 1 });
    expect(handedOver && toHex(handedOver.owner)).toBe(toHex(bob.address));
  });

  it('mines a block that its peers accept, and serves what it holds', async () => {
    const opened = await joinedNode();
    opened.node.producer.start();
    await settle('a search', () => opened.miner.isSearching);
    const job = opened.miner.jobs.at(-1);
    if (job === undefined) throw new Error('there is a job');
    opened.miner.find(findNonce(job.contentHash, opened.node.ledger.head.header.bits, 'meets'));
    await settle('the block', () => opened.node.ledger.head.header.height === 21);
    const mined = opened.node.ledger.head;
    // A node of its own: the others serve the next tests as they are.
    const other = await openNode(new MemoryStore(), snapshotGenesis);
    other.network.connect('a', 1_000n, peerWith(branch.blocks));
    await settle('the head of the branch', () => other.node.ledger.head.hashHex === branch.tip.hashHex);
    other.network.connect('joined', 1_000n, answersOf(opened), pivotHeight + 1);
    await other.network.handlers.onGossip('blocks', 'joined', encodeCompactBlock(mined, []));
    await settle('the mined block', () => other.node.ledger.head.hashHex === mined.hashHex);
    expect(toHex(other.node.ledger.head.header.stateRoot)).toBe(toHex(mined.header.stateRoot));
    expect(other.network.penalties).toEqual([]);
    const status = decodeStatus(opened.network.handlers.localStatus());
    expect(status).toMatchObject({ ok: true, value: { blocksFrom: pivotHeight + 1 } });
  });

  it('stops at a heavier branch that forks below the snapshot, as it cannot undo what it never executed', async () => {
    const opened = await openNode(await joinedStore(), snapshotGenesis);
    opened.network.connect('short', 1_000n, peerWith(branch.blocks.slice(0, pivotHeight + 2)));
    await settle('two blocks', () => opened.node.ledger.head.header.height === pivotHeight + 2);
    const heavier = branch.fork(pivotHeight - 1);
    heavier.extend(8, { producer: rival });
    opened.network.connect('heavier', 1_000n, peerWith(heavier.blocks));
    await settle('the end', () => opened.fatal.length > 0);
    expect(opened.fatal).toMatchObject([{ code: 'REORG_TOO_DEEP' }]);
    expect(String(opened.fatal[0])).toContain('3 blocks to undo, at most 2');
  });
});

type Lie = (parts: readonly SnapshotPart[]) => Uint8Array | Promise<Uint8Array>;

/** Answers as the honest node does, but to requests for a state what the lie makes of it. */
function liar(lie: Lie): Answering {
  const honest = answersOf(a);
  return async request => {
    const answer = await honest(request);
    if (request.type !== 'getState') return answer;
    const parts = decodeParts(answer);
    if (!parts.ok) throw new Error(parts.error.detail);
    return lie(parts.value);
  };
}

type Leaves = Extract<SnapshotPart, { type: 'leaves' }>['leaves'];

const changed =
  (change: (leaves: Leaves) => Leaves): Lie =>
  parts =>
    encodeParts(parts.map(part => (part.type === 'leaves' ? { ...part, leaves: change(part.leaves) } : part)));

const lies: readonly (readonly [string, Lie, string | null])[] = [
  [
    'another value',
    changed(all => all.map(leaf => (leaf.value ? { ...leaf, value: toUtf8('lie') } : leaf))),
    'BAD_MESSAGE',
  ],
  ['no values', changed(all => all.map(leaf => ({ ...leaf, value: null }))), 'BAD_MESSAGE'],
  ['one leaf less', changed(all => all.slice(1)), 'BAD_MESSAGE'],
  ['a leaf twice', changed(all => [...all.slice(0, 1), ...all]), 'BAD_MESSAGE'],
  ['leaves in another order', changed(all => all.toReversed()), 'BAD_MESSAGE'],
  [
    'a leaf that is not there',
    changed(all => [...all, { stateKey: Uint8Array.of(3), record: toUtf8('x'), value: null }]),
    'BAD_MESSAGE',
  ],
  ['more parts than were asked for', parts => encodeParts([...parts, ...parts]), 'BAD_MESSAGE'],
  ['no part', () => encodeParts([]), 'BAD_MESSAGE'],
  [
    'subtrees of nothing',
    () => encodeParts([{ type: 'split', children: Array.from({ length: 16 }, () => null) }]),
    'BAD_MESSAGE',
  ],
  ['what does not decode', () => toUtf8('no parts'), 'BAD_MESSAGE'],
  ['nothing, in time', () => Promise.reject(new KvchainError('PEER_TIMEOUT', 'no answer')), 'PEER_TIMEOUT'],
  ['that it keeps none', () => Promise.reject(new KvchainError('HEIGHT_UNAVAILABLE', 'gone')), null],
];

describe('a peer that answers a request for a state with', () => {
  it.each(lies)('P13: %s pays for it, and another is asked', async (_, lie, code) => {
    const store = new MemoryStore();
    const { outcome, network } = await join(store, { liar: liar(lie), a: answersOf(a) });
    expect(outcome).toEqual({ type: 'joined', height: pivotHeight });
    // Two requests may be under way at the liar when the first is found out.
    const codes = new Set(network.penalties.map(penalty => `${penalty.peer} ${penalty.code}`));
    expect([...codes]).toEqual(code === null ? [] : [`liar ${code}`]);
    expect(network.requests.some(({ peer, request }) => peer === 'liar' && request.type === 'getState')).toBe(true);
    const { node } = await openNode(store, snapshotGenesis);
    expect(node.ledger.head.hashHex).toBe(branch.fork(pivotHeight).tip.hashHex);
  });

  it('P13: lies while nobody else is there gives the node no state at all', async () => {
    const store = new MemoryStore();
    const joining = await beginJoin(store, { liar: liar(changed(all => all.slice(1))) });
    await settle('all over again', () => {
      joining.clock.advance(250);
      return joining.told.some(([stage]) => stage === 'again');
    });
    joining.network.connect('a', 1_000n, answersOf(a));
    expect(await pump(joining)).toEqual({ type: 'joined', height: pivotHeight });
    expect(await textOf(await joinedNode(store), 'once')).toBe('for all');
  });
});

describe('a peer that gives headers of', () => {
  it('C6: too little work pays, and its claim counts for nothing', async () => {
    const [first, ...rest] = branch.blocks;
    if (first === undefined) throw new Error('there are blocks');
    const worthless = { ...first, header: { ...first.header, bits: 0x1f00ffff } };
    const { outcome, network } = await join(new MemoryStore(), {
      liar: peerWith([worthless, ...rest]),
      a: answersOf(a),
    });
    expect(outcome).toEqual({ type: 'joined', height: pivotHeight });
    expect(network.penalties.map(({ peer }) => peer)).toEqual(['liar']);
  });

  it('P13: another chain than it was measured by pays, and the chain is had from others', async () => {
    const other = branch.fork(5);
    other.extend(10, { producer: rival });
    let asked = 0;
    const honest = answersOf(a);
    const lying: Answering = request => {
      if (request.type !== 'getHeaders') return honest(request);
      asked += 1;
      return asked === 1 ? honest(request) : peerWith(other.blocks)(request);
    };
    const store = new MemoryStore();
    const { outcome, network } = await join(store, { liar: lying, a: answersOf(a) });
    expect(outcome).toEqual({ type: 'joined', height: pivotHeight });
    expect(network.penalties).toEqual([{ peer: 'liar', code: 'BAD_MESSAGE' }]);
    const headers = await store.range({ ...allOf(rows.header), limit: 1_000, order: 'ascending' });
    expect(headers).toHaveLength(pivotHeight + 1);
  });

  it('P9: any chain so slowly that it never ends holds nobody up', async () => {
    const honest = answersOf(a);
    const slow: Answering = request => (request.type === 'getHeaders' ? new Promise(() => {}) : honest(request));
    const { outcome } = await join(new MemoryStore(), { slow, a: honest });
    expect(outcome).toEqual({ type: 'joined', height: pivotHeight });
  });

  it('P13: a snapshot of a block that is on no measured chain is not asked for it', async () => {
    const offers = encodeOffers([{ height: pivotHeight + 1, hash: new Uint8Array(32).fill(7) }]);
    const honest = answersOf(a);
    const lying: Answering = request => (request.type === 'getSnapshots' ? offers : honest(request));
    const { outcome, network } = await join(new MemoryStore(), { liar: lying, a: answersOf(a) });
    expect(outcome).toEqual({ type: 'joined', height: pivotHeight });
    expect(network.requests.some(({ peer, request }) => peer === 'liar' && request.type === 'getState')).toBe(false);
  });
});

describe('a join that is cut off', () => {
  /** Joins until so many batches are written, and then the machine is without power: what is left of its store. */
  async function cutOff(after: number): Promise<MemoryStore | null> {
    const watched = new WatchedStore();
    let left = after;
    watched.beforeWrite = async () => {
      if (left === 0) throw new KvchainError('DISK_FAILED', 'the power is gone');
      left -= 1;
    };
    const joining = await beginJoin(watched, { a: answersOf(a), b: answersOf(b) });
    const isCut = await pump(joining).then(
      () => false,
      () => true,
    );
    return isCut ? watched.inner : null;
  }

  it('D2: leaves a folder that starts as an empty one, whatever was written and whatever is lost of it', async () => {
    const empty = new MemoryStore();
    await openNode(empty, snapshotGenesis);
    const expected = await allRows(empty);
    let cuts = 0;
    for (; ; cuts++) {
      const store = await cutOff(cuts);
      if (store === null) break;
      const survivor = cuts % 2 === 0 ? store.reopen() : store.crash();
      await openNode(survivor, snapshotGenesis);
      expect(await allRows(survivor), `after ${cuts} batches`).toEqual(expected);
    }
    // Block 0, the begin, headers, state, the end.
    expect(cuts).toBeGreaterThanOrEqual(5);
  });

  it('begins again and ends well', async () => {
    for (const cuts of [1, 2, 3, 4]) {
      const store = (await cutOff(cuts))?.crash();
      if (store === undefined) throw new Error('it was cut off');
      const { outcome } = await join(store, { b: answersOf(b) });
      expect(outcome).toEqual({ type: 'joined', height: pivotHeight });
      expect(await textOf(await joinedNode(store), 'once')).toBe('for all');
    }
  });
});

describe('a join', () => {
  it('does nothing where a chain is held, and where that of the network is short', async () => {
    const held = new MemoryStore();
    const { node } = await openNode(held, snapshotGenesis);
    await storeBlocks(node.chain, branch.blocks.slice(0, 1));
    const { outcome: idle } = await join(held, {});
    expect(idle).toEqual({ type: 'not needed', because: 'chain held' });
    const { outcome } = await join(new MemoryStore(), { young: peerWith(branch.blocks.slice(0, 8)) });
    expect(outcome).toEqual({ type: 'not needed', because: 'short chain' });
  });

  it('waits for a peer that offers what it can use', async () => {
    const none: Answering = request => (request.type === 'getSnapshots' ? encodeOffers([]) : answersOf(a)(request));
    const joining = await beginJoin(new MemoryStore(), { none });
    await settle('all over again', () => {
      joining.clock.advance(250);
      return joining.told.some(([stage, why]) => stage === 'again' && String(why).includes('no peer offers'));
    });
    joining.network.connect('a', 1_000n, answersOf(a));
    expect(await pump(joining)).toEqual({ type: 'joined', height: pivotHeight });
    expect(joining.network.penalties).toEqual([]);
  });

  it('ends at once when the node is to stop', async () => {
    const joining = await beginJoin(new MemoryStore(), {});
    joining.stopping.abort();
    await expect(joining.ending).rejects.toMatchObject({ code: 'STOPPING' });
    expect(joining.clock.timers).toEqual([]);
  });

  it('is to its peers a node that begins: it holds block 0 alone, and takes nothing from them', async () => {
    const { network, stopping, ending } = await beginJoin(new MemoryStore(), {});
    const { handlers } = network;
    expect(decodeStatus(handlers.localStatus())).toMatchObject({ ok: true, value: { headHeight: 0, blocksFrom: 0 } });
    const ask = (request: SyncRequest) => handlers.onRequest('peer', encodeRequest(request));
    const [hash = new Uint8Array(32)] = branch.hashes;
    expect(decodeHeaders(await ask({ type: 'getHeaders', locator: [], limit: 9 }))).toEqual(accept([]));
    expect(decodeBodies(await ask({ type: 'getBodies', hashes: [hash] }))).toEqual(accept([null]));
    const transactions = await ask({ type: 'getTransactions', block: hash, witnessIds: [hash] });
    expect(decodeTransactions(transactions)).toEqual(accept([null]));
    expect(decodeOffers(await ask({ type: 'getSnapshots' }))).toEqual(accept([]));
    const state = ask({ type: 'getState', block: hash, prefixes: [''] });
    await expect(state).rejects.toMatchObject({ code: 'HEIGHT_UNAVAILABLE' });
    await expect(handlers.onRequest('peer', new Uint8Array(3))).rejects.toMatchObject({ code: 'BAD_MESSAGE' });
    expect(await handlers.onGossip('blocks', 'peer', new Uint8Array(9))).toBe('ignore');
    const foreign = encodeStatus({ ...statusFields, chainId: new Uint8Array(32) });
    expect(handlers.onStatus('peer', foreign)).toMatchObject({ code: 'WRONG_NETWORK' });
    stopping.abort();
    await expect(ending).rejects.toMatchObject({ code: 'STOPPING' });
  });
});
