/** A whole node on an empty store with nobody to talk to, and what the API needs of a daemon: so that handlers meet the real thing. */

import type { Genesis } from '../../chain/genesis.ts';
import { defaultParams } from '../../chain/params.ts';
import { bitsForLeadingZeros } from '../../chain/target.ts';
import { signerOf } from '../../chain/transaction.ts';
import { InlineVerifier } from '../../daemon/crypto/inline-verifier.ts';
import { Links } from '../../daemon/network/links.ts';
import { Node } from '../../daemon/node.ts';
import { NodeService } from '../../daemon/node-service.ts';
import type { Miner, Network } from '../../daemon/ports.ts';
import type { ApiHost } from '../../daemon/rpc/context.ts';
import { MemoryStore } from '../../daemon/store/memory-store.ts';
import { MemoryLog } from '../../daemon/store/record-log.ts';
import { systemClock, systemRandom } from '../../daemon/system.ts';

const noMiner: Miner = {
  search() {},
  stop() {},
  configure() {},
  status: () => ({ threads: 0, hashRate: 0, rateMax: null }),
  close: async () => {},
};

const noNetwork: Network = {
  self: 'self',
  start: async () => {},
  publish: async () => {},
  request: () => Promise.reject(new Error('assertion failed: there is no peer to ask')),
  send() {},
  penalize() {},
  peers: () => [],
  addresses: () => [],
  strangers: () => 0,
  addPeer: async () => 'self',
  removePeer: async () => {},
  stop: async () => {},
};

/** The node as the API sees it. `onFault` hears of what it survives and of what it does not. */
export async function openQuietNode(
  onFault: (error: unknown) => void,
): Promise<{ api: ApiHost; close(): Promise<void> }> {
  const node = await Node.open(
    {
      genesis: quietGenesis(),
      signer: signerOf(new Uint8Array(32).fill(1)),
      pruning: null,
      onFatal: onFault,
      onFault,
      onTrace: () => {},
    },
    {
      network: noNetwork,
      store: new MemoryStore(),
      log: new MemoryLog(),
      clock: systemClock,
      random: systemRandom,
      verifier: new InlineVerifier(),
      miner: noMiner,
    },
  );
  await node.start();
  const api: ApiHost = {
    node: new NodeService(node, async () => {}),
    links: new Links({ clock: systemClock, random: systemRandom }),
    account: null,
    version: '0.0.0',
    startedAtMs: 0,
    now: () => 0,
    requestStop() {},
    crash() {},
  };
  return { api, close: () => node.stop() };
}

/** A test network, so that every method may be called. */
function quietGenesis(): Genesis {
  const bits = bitsForLeadingZeros(1);
  const params = { ...defaultParams('pow', { testNetwork: 1 }), retarget: 'fixed', bits, maxTargetBits: bits } as const;
  return {
    version: 1,
    name: 'fuzz',
    engine: 'pow',
    time: 1_700_000_000_000,
    schedule: [{ height: 0, params }],
    members: [],
    minters: [],
    allocations: [],
  };
}
