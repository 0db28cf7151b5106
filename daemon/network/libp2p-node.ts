/**
 * libp2p as this network uses it: TCP, noise, yamux, gossipsub, identify, ping and, on a LAN, mDNS; all of it bounded, quiet, and
 * asked before it connects to anybody.
 */
import { createPrivateKey, createPublicKey } from 'node:crypto';
import type { GossipSub, gossipsub } from '@chainsafe/libp2p-gossipsub';
import type {
  ConnectionEncrypter,
  ConnectionGater,
  Libp2p,
  MessageStream,
  PeerDiscovery,
  PrivateKey,
} from '@libp2p/interface';
import { concat } from '../../chain/bytes.ts';
import { assert, KvchainError } from '../../chain/errors.ts';
import type { Clock } from '../ports.ts';
import { guarded, streamWindowMax } from './guarded-muxer.ts';
import {
  createLibp2p,
  identify,
  mdns,
  noise,
  ping,
  privateKeyFromProtobuf,
  privateKeyFromRaw,
  tcp,
  yamux,
} from './libp2p.ts';
import type { NetworkLimits } from './limits.ts';
import { silentLogger } from './log.ts';

/** What stands before the seed in a private key of Ed25519 as PKCS #8 (RFC 8410, section 7). */
const pkcs8Head = Buffer.from('302e020100300506032b657004220420', 'hex');

export interface NodeOptions {
  readonly privateKey: PrivateKey;
  readonly listen: readonly string[];
  readonly limits: NetworkLimits;
  readonly clock: Clock;
  readonly gater: ConnectionGater;
  /** One host may open many connections: it runs many nodes. */
  readonly isPrivateNetwork: boolean;
  /** The service name under which nodes of this chain find each other on the LAN; null is off. */
  readonly mdnsName: string | null;
  createGossip(components: Parameters<ReturnType<typeof gossipsub>>[0]): GossipSub;
  onDiscovered(addresses: readonly string[]): void;
}

/** A seed of 32 bytes for Ed25519, or a private key in libp2p's protobuf form. Throws KvchainError BAD_KEY_FILE. */
export function readIdentity(identity: Uint8Array): PrivateKey {
  try {
    return identity.length === 32
      ? privateKeyFromRaw(concat(identity, ed25519PublicKeyOf(identity)))
      : privateKeyFromProtobuf(identity);
  } catch {
    // The cause is left out: it could quote the key.
    throw new KvchainError('BAD_KEY_FILE', `the network identity of ${identity.length} bytes is not a private key`);
  }
}

/** By the machine's own library: the one of libp2p first makes tables for many keys, for a twentieth of the start of a daemon. */
function ed25519PublicKeyOf(seed: Uint8Array): Uint8Array {
  const privateKey = createPrivateKey({ key: Buffer.concat([pkcs8Head, seed]), format: 'der', type: 'pkcs8' });
  const { x } = createPublicKey(privateKey).export({ format: 'jwk' });
  assert(x !== undefined, 'a public key of Ed25519 has its point');
  return Buffer.from(x, 'base64url');
}

/** A node that is not started yet. */
export async function createNode(options: NodeOptions): Promise<Libp2p> {
  const { limits } = options;
  return await createLibp2p({
    start: false,
    privateKey: options.privateKey,
    logger: silentLogger,
    nodeInfo: { name: 'kvchain', version: '1', userAgent: 'kvchain/1' },
    addresses: { listen: [...options.listen] },
    transports: [tcp()],
    connectionEncrypters: [inOneWrite(noise())],
    streamMuxers: [
      guarded(
        yamux({
          maxInboundStreams: limits.streamsPerPeerMax,
          maxOutboundStreams: limits.streamsPerPeerMax,
          streamOptions: { maxStreamWindowSize: streamWindowMax },
        }),
        options.clock,
      ),
    ],
    connectionGater: options.gater,
    connectionManager: {
      // Our own bounds are lower; libp2p would choose whom to disconnect by itself.
      maxConnections: 4 * (limits.inboundPeersMax + limits.outboundPeersTarget),
      maxIncomingPendingConnections: limits.pendingConnectionsMax,
      inboundConnectionThreshold: options.isPrivateNetwork
        ? limits.connectionsPerSecondPerPrivateHost
        : limits.connectionsPerSecondPerHost,
      inboundUpgradeTimeout: limits.handshakeTimeoutMs,
      inboundStreamProtocolNegotiationTimeout: limits.handshakeTimeoutMs,
      outboundStreamProtocolNegotiationTimeout: limits.handshakeTimeoutMs,
      dialTimeout: limits.dialTimeoutMs,
      addressDialTimeout: limits.dialTimeoutMs,
      reconnectRetries: 0,
    },
    connectionMonitor: {
      pingInterval: limits.pingIntervalMs,
      pingTimeout: { minTimeout: limits.pingTimeoutMs / 2, maxTimeout: limits.pingTimeoutMs },
    },
    services: {
      // Gossipsub insists on identify being there; we neither need nor believe what a peer says of itself.
      identify: identify({ runOnConnectionOpen: false }),
      ping: ping(),
      gossip: components => options.createGossip(components),
      ...(options.mdnsName === null ? {} : { lan: discoverOnLan(options.mdnsName, options) }),
    },
  });
}

/** noise hands a socket the length and the content of what it encrypted apart; each would be a call of the system, and often a packet, of its own. */
function inOneWrite<C>(noiseOf: (components: C) => ConnectionEncrypter): (components: C) => ConnectionEncrypter {
  return components => {
    const encrypter = noiseOf(components);
    const join = <S extends MessageStream>(connection: S): S => {
      const send = connection.send.bind(connection);
      connection.send = data => send(data.subarray());
      return connection;
    };
    const { secureOutbound, secureInbound } = encrypter;
    encrypter.secureOutbound = (connection, options) => secureOutbound.call(encrypter, join(connection), options);
    encrypter.secureInbound = (connection, options) => secureInbound.call(encrypter, join(connection), options);
    return encrypter;
  };
}

/** Starts the node. Throws KvchainError PORT_IN_USE, or BAD_CONFIG when an address cannot be listened on for another reason. */
export async function startNode(node: Libp2p, listen: readonly string[]): Promise<void> {
  try {
    await node.start();
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    const taken = /EADDRINUSE[^\n]*?:(\d+)\s*$/m.exec(text);
    if (text.includes('EADDRINUSE')) {
      throw new KvchainError('PORT_IN_USE', `port in use: ${taken?.[1] ?? ''} of ${listen.join(', ')}`, {
        cause: error,
      });
    }
    throw new KvchainError('BAD_CONFIG', `cannot listen on ${listen.join(', ')}`, { cause: error });
  }
}

function discoverOnLan(
  name: string,
  { onDiscovered }: NodeOptions,
): (components: Parameters<ReturnType<typeof mdns>>[0]) => PeerDiscovery {
  return components => {
    const lan = mdns({ serviceTag: name })(components);
    lan.addEventListener('peer', ({ detail }) => {
      onDiscovered(detail.multiaddrs.map(address => `${address.toString()}/p2p/${detail.id.toString()}`));
    });
    return lan;
  };
}
