/**
 * What attackers that follow the chain are built of: a whole node over real sockets, in this process, with its chain in memory. Their
 * policy is in the network port that they put between the node and the wire, so no honest daemon has an option for it.
 */
import { toHex } from '../../chain/bytes.ts';
import { chainIdOf, type Genesis } from '../../chain/genesis.ts';
import { InlineVerifier } from '../../daemon/crypto/inline-verifier.ts';
import { WorkerMiner } from '../../daemon/mining/worker-miner.ts';
import { createLibp2pNetwork } from '../../daemon/network/network.ts';
import { Node } from '../../daemon/node.ts';
import type { Network } from '../../daemon/ports.ts';
import { MemoryStore } from '../../daemon/store/memory-store.ts';
import { MemoryLog } from '../../daemon/store/record-log.ts';
import { systemClock, systemRandom } from '../../daemon/system.ts';

export interface AttackerPlace {
  readonly genesis: Genesis;
  /** 32 bytes each: who it is on the network, and who signs its blocks. */
  readonly keys: { readonly identity: Uint8Array; readonly producer: Uint8Array };
  /** Where it listens. */
  readonly address: string;
  /** Multiaddresses of those whom it dials. */
  readonly bootstrap: readonly string[];
  /** Hashes per second. */
  readonly hashRate: number;
  /** Told of whatever goes wrong in it. */
  readonly onFault: (error: unknown) => void;
}

/** An attacker while it takes part. */
export interface Attacker {
  readonly peerId: string;
  /** Where others dial it. */
  readonly address: string;
  close(): Promise<void>;
}

/** A libp2p network port as a daemon has it, not started. */
export function openAttackerNetwork({ genesis, keys, address, bootstrap }: AttackerPlace): Promise<Network> {
  return createLibp2pNetwork({
    identity: keys.identity,
    listen: [`/ip4/${address}/tcp/0`],
    bootstrap,
    chainIdHex: toHex(chainIdOf(genesis)),
    isMdnsOn: false,
    isPrivateAllowed: false,
    addressBook: { load: async () => [], save: async () => {} },
    clock: systemClock,
    random: systemRandom,
    log: { debug: () => {}, info: () => {}, warn: () => {} },
  });
}

export interface AttackerNode {
  readonly node: Node;
  close(): Promise<void>;
}

/** A node that has joined the network through this port, and does not mine yet. */
export async function openAttackerNode(place: AttackerPlace, network: Network): Promise<AttackerNode> {
  const { genesis, keys, hashRate, onFault } = place;
  const miner = new WorkerMiner({ threads: 1, rateMax: Math.max(1, hashRate), onSwitch: () => {}, onFault });
  const world = { store: new MemoryStore(), log: new MemoryLog(), clock: systemClock, random: systemRandom };
  const node = await Node.open(
    { genesis, secretKey: keys.producer, pruning: null, onFatal: onFault, onFault, onTrace: () => {} },
    { ...world, network, miner, verifier: new InlineVerifier() },
  );
  await node.start();
  return {
    node,
    close: async () => {
      await node.stop();
      await miner.close();
    },
  };
}
