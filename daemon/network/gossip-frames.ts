/**
 * Looks at the frames of a gossip stream beside gossipsub, which drops what it cannot decode and tells nobody: here it has a name, so
 * that its sender pays. Both see the same bytes at the same time; what is no gossip reaches neither the node nor other peers.
 */
import type { Stream } from '@libp2p/interface';
import { KvchainError } from '../../chain/errors.ts';
import { textOf } from './conduct.ts';
import { shortestLength } from './frames.ts';
import { decode, RPC } from './libp2p.ts';

/** What one frame of gossip may hold; gossipsub has the same numbers. */
export const rpcLimits = {
  /** Topics that a frame subscribes to or leaves; there are two. */
  maxSubscriptions: 16,
  /** Messages: an honest answer is one frame of all that a peer wants, and 5,000 are as many as gossipsub wants at a time. */
  maxMessages: 5_000,
  /** Ids that a frame announces, wants, and does not want. */
  maxIhaveMessageIDs: 5_000,
  maxIwantMessageIDs: 5_000,
  maxIdontwantMessageIDs: 512,
  /** Control messages of each kind. */
  maxControlMessages: 64,
  /** Peers told with a prune: the network has an exchange of its own. */
  maxPeerInfos: 0,
} as const;

const { maxControlMessages: control } = rpcLimits;
const limits = {
  subscriptions: rpcLimits.maxSubscriptions,
  messages: rpcLimits.maxMessages,
  control: {
    ihave: control,
    ihave$: { messageIDs: rpcLimits.maxIhaveMessageIDs },
    iwant: control,
    iwant$: { messageIDs: rpcLimits.maxIwantMessageIDs },
    graft: control,
    prune: control,
    prune$: { peers: rpcLimits.maxPeerInfos },
    idontwant: control,
    idontwant$: { messageIDs: rpcLimits.maxIdontwantMessageIDs },
  },
};

/**
 * Resolves when the peer ended its side. Throws KvchainError BAD_MESSAGE for a frame that is no gossip or holds too much, TOO_LARGE and
 * BAD_MESSAGE for a length that no honest peer writes, and libp2p's errors for a frame of more than `frameBytesMax` bytes, which an
 * honest peer's answer may grow to, and when the stream breaks.
 */
export async function checkFrames(stream: Stream, frameBytesMax: number): Promise<void> {
  const frames = decode(stream, { maxDataLength: frameBytesMax, lengthDecoder: shortestLength() });
  for await (const frame of frames) {
    try {
      RPC.decode(frame, { limits });
    } catch (error) {
      throw new KvchainError('BAD_MESSAGE', `no frame of gossip: ${frame.byteLength} bytes, ${textOf(error)}`);
    }
  }
}
