/**
 * One real daemon with an honest peer that mines, and beside them peers that lie, flood and fall silent over real sockets: each pays what
 * the table says, and the daemon goes on answering, following and within its memory.
 */
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toHex, toUtf8 } from '../chain/bytes.ts';
import { chainIdOf } from '../chain/genesis.ts';
import { type Attacker, lies, shakeHands, startAttacker, stopAttackers } from '../daemon/network/attacker.suite.ts';
import { networkLimits } from '../daemon/network/limits.ts';
import { protocolNames } from '../daemon/network/wire.ts';
import { encodeCompactBlock, encodeStatus } from '../daemon/wire.ts';
import { metricOf } from './bench/started-daemon.ts';
import { Cluster } from './cluster.ts';
import type { DaemonProcess } from './daemon-process.ts';
import { Companion } from './failpoints/companion.ts';
import { genesisOf } from './real-network.suite.ts';
import { until } from './until.ts';

const limitMs = 60_000;
/** Its own work beside the attacks, and what the attacks may hold within their limits. */
const grownBytesMax = 150_000_000;
const answerMsMax = 2_000;
const residentBytes = 'kvchain_process_resident_memory_bytes';
const genesis = genesisOf({ name: 'hostile', zeroBits: 10 });
const chainId = chainIdOf(genesis);
const names = protocolNames(toHex(chainId));

let cluster: Cluster;
let companion: Companion;
let daemon: DaemonProcess;
let address: string;
let before: number;
const faults: unknown[] = [];

beforeAll(async () => {
  cluster = await Cluster.create(genesis);
  companion = await Companion.start(genesis, fault => faults.push(fault));
  daemon = await cluster.start('victim', ['--bootstrap', companion.address]);
  address = await daemon.address();
  await until('the honest peer', limitMs, () => isPeer(companion.id));
  before = await metricOf(daemon, residentBytes);
}, limitMs);

afterAll(async () => {
  await stopAttackers();
  await companion.stop();
  await cluster.close();
}, limitMs);

describe('a daemon beside a hostile peer', () => {
  it('P11: bans who shakes hands for another chain', async () => {
    const attacker = await startAttacker();
    await shakeHands(attacker, address, status(Uint8Array.from(chainId).reverse())).catch(() => {});
    await isBanned(attacker);
  });

  it('P6: bans who sends garbage instead of a handshake', async () => {
    const attacker = await startAttacker();
    await shakeHands(attacker, address, toUtf8('garbage')).catch(() => {});
    await isBanned(attacker);
  });

  it.each([1, 3_000])(
    'D9, P6: goes on beside who shakes hands with a certificate of %i bytes of junk',
    async length => {
      const attacker = await startAttacker();
      const junk = new Uint8Array(length).fill(0x81);
      await shakeHands(attacker, address, status(chainId, junk)).catch(() => {});
      await isGone(attacker);
      expect((await daemon.client.call('chain_head', {})).height).toBeGreaterThanOrEqual(0);
    },
  );

  it.each(lies)('P6: bans who sends a request with %s', async (_what, bytes) => {
    const attacker = await startAttacker();
    const stream = await (await enter(attacker)).newStream([names.sync]);
    stream.send(Uint8Array.from(bytes));
    await isBanned(attacker);
  });

  it('P5: bans who gossips a block without work', async () => {
    const attacker = await startAttacker();
    attacker.services.gossip.subscribe(names.topics.blocks);
    await enter(attacker);
    await until('gossip', limitMs, async () => attacker.services.gossip.getSubscribers(names.topics.blocks).length > 0);
    const block = await companion.block(Buffer.from(companion.head.hash, 'hex'));
    if (block === null) throw new Error('the companion has its head');
    const worthless = { ...block, nonce: new Uint8Array(32) };
    await attacker.services.gossip.publish(names.topics.blocks, encodeCompactBlock(worthless, []));
    await isBanned(attacker);
  });

  it('P3, P9: gives no more than their places to streams and sockets that are opened and left', async () => {
    const connection = await enter(await startAttacker());
    const halfOpen = async () => {
      const stream = await connection.newStream([names.sync], { maxOutboundStreams: 1_000 });
      stream.send(Uint8Array.of(0x80));
      return stream;
    };
    const opened = await Promise.allSettled(Array.from({ length: 200 }, halfOpen));
    const streams = opened.flatMap(result => (result.status === 'fulfilled' ? [result.value] : []));
    const { streamsPerPeerMax, pendingConnectionsMax } = networkLimits;
    const areFew = async () => streams.filter(stream => stream.status === 'open').length <= streamsPerPeerMax;
    await until('few streams are open', limitMs, areFew);
    const port = Number(/\/tcp\/(\d+)/.exec(address)?.[1]);
    const sockets = Array.from({ length: 300 }, () => connect(port, '127.0.0.1').on('error', () => {}));
    const areClosed = async () => sockets.filter(socket => !socket.closed).length <= pendingConnectionsMax;
    await until('most sockets are closed', limitMs, areClosed);
    expect(await answerMs()).toBeLessThan(answerMsMax);
    for (const socket of sockets) socket.destroy();
  });

  it('P3, D9: has answered, followed the honest peer and kept within its memory meanwhile', async () => {
    expect(await answerMs()).toBeLessThan(answerMsMax);
    await until('a block', limitMs, async () => companion.height > 0);
    companion.stopMining();
    await until('one head', limitMs, async () => {
      const { hash, stateRoot } = await daemon.client.call('chain_head', {});
      return hash === companion.head.hash && stateRoot === companion.head.stateRoot;
    });
    expect(await isPeer(companion.id)).toBe(true);
    expect((await metricOf(daemon, residentBytes)) - before).toBeLessThan(grownBytesMax);
    expect(daemon.log).not.toContain('a fault of its own');
    expect(faults).toEqual([]);
  });
});

function status(ofChain: Uint8Array, certificate: Uint8Array | null = null): Uint8Array {
  return encodeStatus({
    chainId: ofChain,
    engine: 'pow',
    headHash: ofChain,
    headHeight: 0,
    work: new Uint8Array(),
    finalHeight: 0,
    blocksFrom: 0,
    addresses: [],
    memberProof: null,
    certificate,
  });
}

/** Shakes hands as a good node would, and waits until the daemon has it as a peer. */
async function enter(attacker: Attacker) {
  const connection = await shakeHands(attacker, address, status(chainId));
  await until('the attacker is a peer', limitMs, () => isPeer(attacker.peerId.toString()));
  return connection;
}

async function isPeer(id: string): Promise<boolean> {
  const { peers } = await daemon.client.call('net_peers', {});
  return peers.some(peer => peer.id === id);
}

async function isGone(attacker: Attacker): Promise<void> {
  await until('it is disconnected', limitMs, async () => attacker.getConnections().length === 0);
}

/** Cut off, and not let in again with a good handshake. */
async function isBanned(attacker: Attacker): Promise<void> {
  await isGone(attacker);
  await expect(shakeHands(attacker, address, status(chainId))).rejects.toThrow();
  expect(await isPeer(attacker.peerId.toString())).toBe(false);
}

async function answerMs(): Promise<number> {
  const startedMs = performance.now();
  await daemon.client.call('chain_status', {});
  return performance.now() - startedMs;
}
