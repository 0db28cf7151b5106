/** The methods of the node itself and of its network: net_, node_, rpc.discover. */
import { z } from 'zod';
import { exampleAddress, exampleHash } from './examples.ts';
import { method } from './method.ts';
import * as s from './schemas.ts';

const none = z.strictObject({});
const examplePeer = '12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA';
const exampleListen = `/ip4/127.0.0.1/tcp/9645/p2p/${examplePeer}`;

export const nodeMethods = {
  net_info: method({
    scope: 'read',
    doc: 'Tells who this node is on the network and where it listens.',
    params: none,
    result: z.object({ peerId: z.string(), addresses: z.array(z.string()), peers: s.count }),
    errors: [],
    routes: [{ verb: 'GET', path: '/v1/network' }],
    example: { params: {}, result: { peerId: examplePeer, addresses: [exampleListen], peers: 3 } },
  }),

  net_peers: method({
    scope: 'read',
    doc: 'Lists the connected peers.',
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
