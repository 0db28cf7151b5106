/** Attackers of one node: they speak its protocols through plain libp2p, and are stopped after each test. */
import type { GossipSub } from '@chainsafe/libp2p-gossipsub';
import type { Identify } from '@libp2p/identify';
import type { Connection, Libp2p, Stream } from '@libp2p/interface';
import { systemRandom } from '../system.ts';
import { chainA, MovableClock, type TestNode, until } from './fixtures.suite.ts';
import { FramedStream } from './framed-stream.ts';
import {
  createLibp2p,
  gossipProtocol,
  gossipsub,
  identify,
  multiaddr,
  noise,
  StrictNoSign,
  tcp,
  yamux,
} from './libp2p.ts';
import { networkLimits } from './limits.ts';
import { Links } from './links.ts';
import { encodeAnswer, protocolNames } from './wire.ts';

const names = protocolNames(chainA);
const running: { stop(): Promise<void> | void }[] = [];

/** Stops it with the attackers. */
export function endLater(attacker: { stop(): Promise<void> | void }): void {
  running.push(attacker);
}

/** To be called after each test. */
export async function stopAttackers(): Promise<void> {
  await Promise.all(running.splice(0).map(attacker => attacker.stop()));
}

export type Attacker = Libp2p<{ gossip: GossipSub; identify: Identify }>;

export async function startAttacker(): Promise<Attacker> {
  const attacker = await createLibp2p({
    addresses: { listen: [] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: {
      identify: identify(),
      gossip: gossipsub({ globalSignaturePolicy: StrictNoSign, allowPublishToZeroTopicPeers: true }),
    },
  });
  endLater(attacker);
  return attacker;
}

export function frame(stream: Stream): FramedStream {
  const bytesMax = networkLimits.answerBytesMax;
  const clock = new MovableClock();
  return new FramedStream(stream, {
    name: 'handshake',
    clock,
    outlet: new Links({ clock, random: systemRandom }).outlet('anyone'),
    frameBytesMax: bytesMax,
    sendBytesMax: bytesMax,
    frameTimeoutMs: 10_000,
  });
}

/** Connects to `address`, anew if need be, and shakes hands as a good node would, with `status`. */
export async function shakeHands(attacker: Libp2p, address: string, status: Uint8Array): Promise<Connection> {
  const connection = await attacker.dial(multiaddr(address), { force: true });
  const greeting = frame(await connection.newStream([names.status]));
  await greeting.write(status);
  await greeting.read(5_000);
  await greeting.write(encodeAnswer({ type: 'data', data: new Uint8Array() }));
  return connection;
}

/** Shakes hands with a node of the same test, and waits until it is its peer. */
export async function enter(attacker: Libp2p, node: TestNode): Promise<Connection> {
  const connection = await shakeHands(attacker, node.address, node.status);
  await until('the attacker is a peer', () => node.present.has(attacker.peerId.toString()));
  return connection;
}

/** An attacker without gossipsub, which writes gossip frames by hand and counts the bytes that it gets back. */
export async function startBareAttacker(): Promise<{ readonly attacker: Libp2p; readonly gossipBytes: () => number }> {
  const attacker = await createLibp2p({
    addresses: { listen: [] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
  });
  endLater(attacker);
  let bytes = 0;
  await attacker.handle(gossipProtocol, stream => {
    stream.addEventListener('message', ({ data }) => {
      bytes += data.byteLength;
    });
  });
  return { attacker, gossipBytes: () => bytes };
}

/** What a frame may begin with to lie about its length. */
export const lies: readonly (readonly [what: string, bytes: readonly number[]])[] = [
  ['a length of 2^63', [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01]],
  ['a length of -1', [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]],
  ['4 GiB, then silence', [0x80, 0x80, 0x80, 0x80, 0x10]],
  ['256 MiB less one, then silence', [0xff, 0xff, 0xff, 0x7f]],
  ['a length in 10 bytes that needs one', [0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00]],
  ['a length in two bytes that needs one', [0x81, 0x00, 0x00]],
];
