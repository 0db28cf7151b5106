/** What net_ and node_ methods and rpc.discover do. */
import { toHex } from '../../chain/bytes.ts';
import { accept, reject } from '../../chain/errors.ts';
import { addressOf, formatAddress } from '../../chain/keys.ts';
import type { LinkState } from '../node-api.ts';
import type { nodeMethods } from './api-node.ts';
import type { Handlers } from './context.ts';
import { openRpcDocument } from './open-rpc.ts';

export const nodeHandlers: Handlers<keyof typeof nodeMethods> = {
  net_info: (_params, { host: { node } }) =>
    accept({
      peerId: node.peerId(),
      addresses: [...node.addresses()],
      peers: node.peers().length,
      strangers: node.strangers(),
    }),

  net_peers: (_params, { host: { node, links } }) =>
    accept({
      peers: node.peers().map(({ id, address, direction, score, roundTripMs, connectedSinceMs }) => ({
        id,
        address,
        direction,
        score,
        roundTripMs,
        connectedSince: connectedSinceMs,
      })),
      links: links.faulty().map(linkJson),
    }),

  net_addPeer: async ({ address }, { host: { node } }) => accept({ id: await node.addPeer(address) }),

  net_removePeer: async ({ peer }, { host: { node } }) => {
    const isConnected = node.peers().some(({ id }) => id === peer);
    await node.removePeer(peer);
    return isConnected ? accept({ removed: true }) : reject('NOT_FOUND', `no peer ${peer} is connected`);
  },

  net_failLink: ({ peer }, { host: { links } }) => accept(linkJson(links.set(peer, { isFailed: true }))),

  net_fixLink: ({ peer }, { host: { links } }) =>
    accept(linkJson(links.set(peer, { isFailed: false, delayMs: 0, lossRate: 0 }))),

  net_delay: ({ peer, delayMs }, { host: { links } }) => accept(linkJson(links.set(peer, { delayMs }))),

  net_loss: ({ peer, lossRate }, { host: { links } }) => accept(linkJson(links.set(peer, { lossRate }))),

  net_send: ({ peer, text }, { host: { node } }) => {
    node.say(peer, text);
    return accept({ sent: true as const });
  },

  node_trace: ({ after }, { host: { node } }) => accept({ entries: node.trace(after).map(entry => ({ ...entry })) }),

  node_info: (_params, { host }) => {
    const { node, account, version, startedAtMs } = host;
    const { addressPrefix, testNetwork } = node.params();
    return accept({
      name: 'kvchain' as const,
      version,
      network: node.genesis.name,
      testNetwork: testNetwork === 1,
      chainId: toHex(node.chainId),
      engine: node.genesis.engine,
      canFinalize: node.canFinalize,
      peerId: node.peerId(),
      addressPrefix,
      account: account && formatAddress(addressOf(account.publicKey), addressPrefix),
      startedAt: startedAtMs,
      uptimeMs: Math.max(0, host.now() - startedAtMs),
    });
  },

  node_stop: (_params, { host }) => {
    // After the answer has left: the servers close first when the daemon stops.
    setImmediate(() => host.requestStop());
    return accept({ stopping: true as const });
  },

  node_crash: (_params, { host }) => {
    host.crash();
    return accept({ crashing: true as const });
  },

  'rpc.discover': (_params, { host }) => accept(openRpcDocument(host.version)),
};

function linkJson({ peer, isFailed, delayMs, lossRate }: LinkState) {
  return { peer, failed: isFailed, delayMs, lossRate };
}
