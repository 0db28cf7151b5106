import { describe, expect, it } from 'vitest';
import { equalBytes, toHex } from '../chain/bytes.ts';
import { KvchainError } from '../chain/errors.ts';
import { chainIdOf, type Genesis } from '../chain/genesis.ts';
import { rows } from '../chain/layout.ts';
import { alice, put } from '../chain/ledger-fixture.suite.ts';
import { signerOf } from '../chain/transaction.ts';
import {
  Branch,
  chainId,
  findNonce,
  genesis,
  miner,
  rival,
  signed,
  storeBlocks,
  switchBetween,
  WatchedStore,
} from './chain-fixture.suite.ts';
import { quiet, settle } from './manual-clock.suite.ts';
import { proveMember } from './member-proof.ts';
import { type OpenedNode, openNode } from './node-fixture.suite.ts';
import { MemoryStore } from './store/memory-store.ts';
import {
  decodeCompactBlock,
  decodeStatus,
  encodeCompactBlock,
  encodeStatus,
  type StatusMessage,
  workFromBytes,
  workToBytes,
} from './wire.ts';

function statusOf(chain: Uint8Array, changes: Partial<StatusMessage> = {}): Uint8Array {
  return encodeStatus({
    chainId: chain,
    engine: 'pow',
    headHash: new Uint8Array(32),
    headHeight: 0,
    work: workToBytes(1_000_000n),
    finalHeight: 0,
    blocksFrom: 0,
    addresses: [],
    memberProof: null,
    certificate: null,
    ...changes,
  });
}

/** Lets the miner find the nonce of the block that it searches. */
async function mineOne({ node, miner }: OpenedNode): Promise<void> {
  const { height } = node.ledger.head.header;
  await settle('a search', () => miner.isSearching);
  const job = miner.jobs.at(-1);
  if (job === undefined) throw new Error('there is a job');
  miner.find(findNonce(job.contentHash, node.ledger.head.header.bits, 'meets'));
  await settle('the block', () => node.ledger.head.header.height === height + 1);
}

describe('a node', () => {
  it('stands at block 0 of its genesis on an empty store, and where it stood on another', async () => {
    const store = new MemoryStore();
    const { node } = await openNode(store);
    expect(node.ledger.head.hashHex).toBe(new Branch().tip.hashHex);
    const branch = new Branch();
    branch.extend(3);
    await storeBlocks(node.chain, branch.blocks);
    await node.ledger.switchTo(switchBetween(new Branch(), branch, 0));
    await node.stop();
    const again = await openNode(store.reopen());
    expect(again.node.ledger.head.hashHex).toBe(branch.tip.hashHex);
    expect(again.node.engine.view().head.height).toBe(3);
  });

  it('mines a block, tells its peers of it after it is stored, and goes on with the next', async () => {
    const opened = await openNode();
    const write = signed(alice, [put('k', 'v')]);
    await opened.node.pipeline.submitted([write], 'rpc:test');
    opened.node.producer.start();
    await mineOne(opened);
    await settle('the news', () => opened.network.published.some(({ topic }) => topic === 'blocks'));
    const news = opened.network.published.find(({ topic }) => topic === 'blocks');
    const compact = decodeCompactBlock(news?.data ?? new Uint8Array(0));
    if (!compact.ok) throw new Error('it decodes');
    expect(compact.value.sealed.hashHex).toBe(opened.node.ledger.head.hashHex);
    expect(compact.value.witnessIds.map(toHex)).toEqual([write.witnessIdHex]);
    expect(opened.node.mempool.stats().count).toBe(0);
    await mineOne(opened);
    expect(opened.node.ledger.head.header.height).toBe(2);
    expect(opened.faults).toEqual([]);
  });

  it('does not send a gossiped block itself, for gossip passes it on', async () => {
    const opened = await openNode();
    const block = new Branch().grow();
    await opened.network.handlers.onGossip('blocks', 'peer', encodeCompactBlock(block, []));
    await settle('the head', () => opened.node.ledger.head.hashHex === block.hashHex);
    await quiet();
    expect(opened.network.published).toEqual([]);
  });

  it('cannot go on when the disk is broken, says so once, and stops mining', async () => {
    const store = new WatchedStore();
    const opened = await openNode(store);
    opened.node.producer.start();
    await settle('a search', () => opened.miner.isSearching);
    const broken = new KvchainError('DISK_FAILED', 'no space is left');
    store.beforeWrite = async batch => {
      if (batch.some(({ key }) => equalBytes(key, rows.tip.key('only')))) throw broken;
    };
    await opened.network.handlers.onGossip('blocks', 'peer', encodeCompactBlock(new Branch().grow(), []));
    await settle('the end', () => opened.fatal.length > 0);
    await quiet();
    expect(opened.fatal).toEqual([broken]);
    expect(opened.miner.isSearching).toBe(false);
    expect(opened.node.ledger.head.header.height).toBe(0);
  });

  it('leaves no timer and no search behind when it stops, however often that is asked', async () => {
    const opened = await openNode();
    opened.node.producer.start();
    await settle('a search', () => opened.miner.isSearching);
    await opened.node.pipeline.submitted([signed(alice, [put('k', 'v')])], 'rpc:test');
    await Promise.all([opened.node.stop(), opened.node.stop()]);
    expect(opened.clock.timers).toEqual([]);
    expect(opened.miner.isSearching).toBe(false);
  });

  it('keeps over a stop what waits in its mempool, and sends it again', async () => {
    const store = new MemoryStore();
    const opened = await openNode(store);
    const write = signed(alice, [put('k', 'v')]);
    await opened.node.pipeline.submitted([write], 'rpc:test');
    await opened.node.stop();
    const again = await openNode(store.reopen());
    expect(again.node.mempool.has(write.idHex)).toBe(true);
    again.clock.advance(1_000);
    expect(again.network.published.map(({ topic }) => topic)).toEqual(['transactions']);
  });
});

describe('a handshake', () => {
  it('of the same chain is welcome', async () => {
    const { network } = await openNode();
    expect(network.handlers.onStatus('peer', statusOf(chainId))).toBeNull();
  });

  it('C20, P11: of another chain is refused in words that name both', async () => {
    const { network } = await openNode();
    const theirs = new Uint8Array(32).fill(9);
    const refusal = network.handlers.onStatus('peer', statusOf(theirs));
    expect(refusal).toMatchObject({ code: 'WRONG_NETWORK' });
    expect(refusal?.detail).toContain(toHex(theirs));
    expect(refusal?.detail).toContain(toHex(chainId));
  });

  it('that does not decode is refused with its code', async () => {
    const { network } = await openNode();
    expect(network.handlers.onStatus('peer', Uint8Array.of(0x80))).toMatchObject({ code: 'BAD_ENCODING' });
  });

  it('that never ends is forgotten in time, so that strangers cannot fill the memory', async () => {
    const { network } = await openNode();
    for (let stranger = 0; stranger < 2_000; stranger++) network.handlers.onStatus(`${stranger}`, statusOf(chainId));
    network.handlers.onPeer('0');
    await quiet();
    expect(network.requests).toEqual([]);
    network.handlers.onPeer('1999');
    await settle('a question to the newest', () => network.requests.some(({ peer }) => peer === '1999'));
  });

  it('tells where this node stands', async () => {
    const { network, node } = await openNode();
    const branch = new Branch();
    branch.grow();
    await network.handlers.onGossip('blocks', 'peer', encodeCompactBlock(branch.tip, []));
    await settle('the head', () => node.ledger.head.hashHex === branch.tip.hashHex);
    const status = decodeStatus(network.handlers.localStatus());
    const { work } = node.engine.view().head;
    expect(status).toMatchObject({ ok: true, value: { headHeight: 1, headHash: branch.tip.hash, chainId } });
    expect(status.ok && workFromBytes(status.value.work)).toBe(work);
  });
});

/** The fixtures' node signs with the miner's key. No engine with members is needed for who is one. */
describe('a node whose genesis has members', () => {
  const withMembers: Genesis = {
    ...genesis,
    members: [
      { name: 'rita', publicKey: rival.publicKey },
      { name: 'mina', publicKey: miner.publicKey },
    ],
  };
  const chain = { genesis: withMembers, chainId: chainIdOf(withMembers) };
  const statusBy = (secret: Uint8Array, peer: string) =>
    statusOf(chain.chainId, { memberProof: proveMember(chain, peer, signerOf(secret)) });

  it('is the member whose key it holds, and proves it', async () => {
    const { node, network } = await openNode(new MemoryStore(), withMembers);
    expect(node.self).toBe(1);
    const status = decodeStatus(network.handlers.localStatus());
    expect(status.ok && status.value.memberProof).toEqual(proveMember(chain, network.self, signerOf(miner.secret)));
  });

  it('speaks to the peer that proves to be a member while it is connected', async () => {
    const { node, network } = await openNode(new MemoryStore(), withMembers);
    expect(network.handlers.onStatus('peer', statusBy(rival.secret, 'peer'))).toBeNull();
    expect(node.members.peerOf(0)).toBeNull();
    network.handlers.onPeer('peer');
    expect(node.members.peerOf(0)).toBe('peer');
    network.handlers.onPeerGone('peer');
    expect(node.members.peerOf(0)).toBeNull();
  });

  it("refuses another's proof, and one in its own name", async () => {
    const { network } = await openNode(new MemoryStore(), withMembers);
    const { onStatus } = network.handlers;
    expect(onStatus('thief', statusBy(rival.secret, 'peer'))).toMatchObject({ code: 'BAD_SIGNATURE' });
    expect(onStatus('twin', statusBy(miner.secret, 'twin'))).toMatchObject({
      code: 'BAD_MESSAGE',
      detail: 'member 1 is this node: one key is in use on two machines',
    });
    expect(onStatus('observer', statusOf(chain.chainId))).toBeNull();
  });

  it.each([
    { what: 'on stable storage before the engine hears of it, where this node votes', of: withMembers, as: 'durable' },
    { what: 'written without waiting for the disk, where nobody votes', of: genesis, as: 'lazy' },
  ])("has others' bodies $what", async ({ of, as }) => {
    const store = new WatchedStore();
    const write = store.write.bind(store);
    const durabilities: string[] = [];
    const opened = await openNode(store, of);
    store.write = (batch, durability) => {
      durabilities.push(durability);
      return write(batch, durability);
    };
    const block = new Branch(of).grow();
    await opened.network.handlers.onGossip('blocks', 'peer', encodeCompactBlock(block, []));
    await settle('the head', () => opened.node.ledger.head.hashHex === block.hashHex);
    expect(durabilities).toEqual([as, 'durable']);
  });
});
