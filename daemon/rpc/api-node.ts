/** The methods of the node itself and of its network: net_, node_, rpc.discover. */
import { z } from '../zod.ts';
import { exampleAddress, exampleHash } from './examples.ts';
import { method } from './method.ts';
import * as s from './schemas.ts';

/** How long frames of a test network may be held back on purpose: a request, which waits for both ways, still ends in time. */
export const delayMsMax = 10_000;
const none = z.strictObject({});
const examplePeer = '12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA';
const link = z.object({
  peer: z.string(),
  failed: z.boolean().meta({ description: 'carries nothing either way' }),
  delayMs: z.number().meta({ description: 'what this side sends leaves so much later' }),
  lossRate: z.number().meta({ description: 'so much of what this side sends is lost, from 0 to 1' }),
});
const peerId = z.string().min(1).max(128);
const exampleLink = { peer: examplePeer, failed: false, delayMs: 0, lossRate: 0 };
const exampleListen = `/ip4/127.0.0.1/tcp/9645/p2p/${examplePeer}`;

export const nodeMethods = {
  net_info: method({
    scope: 'read',
    doc: 'Tells who this node is on the network and where it listens.',
    params: none,
    result: z.object({
      peerId: z.string(),
      addresses: z.array(z.string()),
      peers: s.count,
      strangers: s.count.meta({ description: 'peers that this node dialled and that are of another network' }),
    }),
    errors: [],
    routes: [{ verb: 'GET', path: '/v1/network' }],
    example: { params: {}, result: { peerId: examplePeer, addresses: [exampleListen], peers: 3, strangers: 0 } },
  }),

  net_peers: method({
    scope: 'read',
    doc: 'Lists the connected peers, and the links that have a fault on purpose, connected or not.',
    params: none,
    result: z.object({
      peers: z.array(
        z.object({
          id: z.string(),
          address: z.string(),
          direction: z.enum(['inbound', 'outbound']),
          score: z.number(),
          roundTripMs: z.number().nullable(),
          connectedSince: s.time,
        }),
      ),
      links: z.array(link),
    }),
    errors: [],
    routes: [{ verb: 'GET', path: '/v1/peers' }],
    example: {
      params: {},
      result: {
        peers: [
          {
            id: examplePeer,
            address: exampleListen,
            direction: 'outbound',
            score: 100,
            roundTripMs: 2.1,
            connectedSince: 1_767_225_600_000,
          },
        ],
        links: [],
      },
    },
  }),

  net_addPeer: method({
    scope: 'admin',
    doc: 'Connects to a peer and keeps the connection.',
    params: z.strictObject({
      address: z.string().min(1).max(512).meta({ description: 'multiaddr with /p2p/ and the id' }),
    }),
    result: z.object({ id: z.string() }),
    errors: ['BAD_ADDRESS', 'PEER_TIMEOUT', 'WRONG_NETWORK'],
    routes: [{ verb: 'POST', path: '/v1/peers' }],
    example: { params: { address: exampleListen }, result: { id: examplePeer } },
  }),

  net_removePeer: method({
    scope: 'admin',
    doc: 'Disconnects a peer and does not dial it again.',
    params: z.strictObject({ peer: z.string().min(1).max(128) }),
    result: z.object({ removed: z.boolean() }),
    errors: ['NOT_FOUND'],
    routes: [
      { verb: 'DELETE', path: '/v1/peers/{peer}' },
      { verb: 'DELETE', path: '/v1/peers' },
    ],
    example: { params: { peer: examplePeer }, result: { removed: true } },
  }),

  net_failLink: method({
    scope: 'admin',
    isTestNetworkOnly: true,
    doc: 'Fails the link to a peer: this node hangs up, dials it no more and refuses its dials, so nothing is carried either way.',
    params: z.strictObject({ peer: peerId }),
    result: link,
    errors: ['NOT_TEST_NETWORK', 'TOO_LARGE'],
    routes: [{ verb: 'POST', path: '/v1/links/{peer}' }],
    example: { params: { peer: examplePeer }, result: { ...exampleLink, failed: true } },
  }),

  net_fixLink: method({
    scope: 'admin',
    isTestNetworkOnly: true,
    doc: 'Makes the link to a peer a good one again: not failed, without delay and loss.',
    params: z.strictObject({ peer: peerId }),
    result: link,
    errors: ['NOT_TEST_NETWORK'],
    routes: [{ verb: 'DELETE', path: '/v1/links/{peer}' }],
    example: { params: { peer: examplePeer }, result: exampleLink },
  }),

  net_delay: method({
    scope: 'admin',
    isTestNetworkOnly: true,
    doc: 'Holds back everything that this node sends to a peer from now on; its order stays.',
    params: z.strictObject({
      peer: peerId,
      delayMs: z.int().min(0).max(delayMsMax).meta({ description: 'one way; 0 ends it' }),
    }),
    result: link,
    errors: ['NOT_TEST_NETWORK', 'TOO_LARGE'],
    routes: [{ verb: 'PUT', path: '/v1/links/{peer}/delay' }],
    example: { params: { peer: examplePeer, delayMs: 150 }, result: { ...exampleLink, delayMs: 150 } },
  }),

  net_loss: method({
    scope: 'admin',
    isTestNetworkOnly: true,
    doc: 'Loses a part of the messages that this node sends to a peer, each by chance.',
    params: z.strictObject({
      peer: peerId,
      lossRate: z.number().min(0).max(1).meta({ description: 'from 0, which ends it, to 1' }),
    }),
    result: link,
    errors: ['NOT_TEST_NETWORK', 'TOO_LARGE'],
    routes: [{ verb: 'PUT', path: '/v1/links/{peer}/loss' }],
    example: { params: { peer: examplePeer, lossRate: 0.2 }, result: { ...exampleLink, lossRate: 0.2 } },
  }),

  net_send: method({
    scope: 'admin',
    isTestNetworkOnly: true,
    doc: 'Says something to the person at a connected member, who reads it by node_trace.',
    params: z.strictObject({ peer: peerId, text: z.string().min(1).max(256) }),
    result: z.object({ sent: z.literal(true) }),
    errors: ['NOT_TEST_NETWORK', 'NOT_FOUND'],
    routes: [{ verb: 'POST', path: '/v1/links/{peer}/words' }],
    example: { params: { peer: examplePeer, text: 'hello' }, result: { sent: true } },
  }),

  node_trace: method({
    scope: 'admin',
    isTestNetworkOnly: true,
    doc: 'Gives what this node did and heard since the entry `after`, oldest first: messages between members, nonces, commits, words. It begins with the first question; the newest 2,000 entries are kept.',
    params: z.strictObject({ after: s.count.default(0) }),
    result: z.object({
      entries: z.array(
        z.object({
          number: s.count,
          time: s.time,
          what: z.enum(['sent', 'received', 'nonce', 'committed', 'said']),
          member: z
            .string()
            .nullable()
            .meta({ description: 'who sent it, or is sent it; null for an act of this node' }),
          data: z.record(z.string(), z.union([z.string(), z.number()])),
        }),
      ),
    }),
    errors: ['NOT_TEST_NETWORK'],
    routes: [{ verb: 'GET', path: '/v1/trace' }],
    example: {
      params: { after: 0 },
      result: {
        entries: [
          {
            number: 1,
            time: 1_767_225_600_000,
            what: 'received',
            member: 'P2',
            data: { type: 'accepted', number: 1, member: 0, depth: 7 },
          },
        ],
      },
    },
  }),

  node_info: method({
    scope: 'read',
    doc: 'Tells which program runs, on which network, since when.',
    params: none,
    result: z.object({
      name: z.literal('kvchain'),
      version: z.string(),
      network: z.string(),
      testNetwork: z.boolean(),
      chainId: s.hash,
      engine: z.string(),
      canFinalize: z
        .boolean()
        .meta({ description: 'true when the engine makes blocks final, so that `final` can be waited for' }),
      peerId: z.string(),
      addressPrefix: z.string(),
      account: s.address.nullable().meta({ description: 'the account that signs plain forms' }),
      startedAt: s.time,
      uptimeMs: s.count,
    }),
    errors: [],
    routes: [{ verb: 'GET', path: '/v1/node' }],
    example: {
      params: {},
      result: {
        name: 'kvchain',
        version: '0.1.0',
        network: 'example',
        testNetwork: false,
        chainId: exampleHash,
        engine: 'pow',
        canFinalize: false,
        peerId: examplePeer,
        addressPrefix: 'kv',
        account: exampleAddress,
        startedAt: 1_767_225_600_000,
        uptimeMs: 86_400_000,
      },
    },
  }),

  node_stop: method({
    scope: 'admin',
    doc: 'Stops the daemon cleanly; the answer comes first.',
    params: none,
    result: z.object({ stopping: z.literal(true) }),
    errors: [],
    routes: [{ verb: 'POST', path: '/v1/stop' }],
    example: { params: {}, result: { stopping: true } },
  }),

  node_crash: method({
    scope: 'admin',
    isTestNetworkOnly: true,
    doc: 'Ends the daemon at once, as a loss of power would; there may be no answer.',
    params: none,
    result: z.object({ crashing: z.literal(true) }),
    errors: ['NOT_TEST_NETWORK'],
    routes: [{ verb: 'POST', path: '/v1/crash' }],
    example: { params: {}, result: { crashing: true } },
  }),

  'rpc.discover': method({
    scope: 'read',
    doc: 'Gives this API as an OpenRPC document.',
    params: none,
    result: z.looseObject({ openrpc: z.string() }),
    errors: [],
    routes: [{ verb: 'GET', path: '/openrpc.json' }],
    example: { params: {}, result: { openrpc: '1.3.2' } },
  }),
};
