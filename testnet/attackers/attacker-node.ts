/**
 * An attacker of real daemons: a whole node over real sockets, in this process, with its chain in memory. Its policy is in the network port
 * between the node and the wire, so no honest daemon has an option for it.
 */
import { randomBytes } from 'node:crypto';
import type { Genesis } from '../../chain/genesis.ts';
import { signerOf } from '../../chain/transaction.ts';
import { InlineVerifier } from '../../daemon/crypto/inline-verifier.ts';
import { WorkerMiner } from '../../daemon/mining/worker-miner.ts';
import { Node } from '../../daemon/node.ts';
import type { Clock, Network, NetworkHandlers } from '../../daemon/ports.ts';
import { MemoryStore } from '../../daemon/store/memory-store.ts';
import { MemoryLog } from '../../daemon/store/record-log.ts';
import { systemClock, systemRandom } from '../../daemon/system.ts';
import { openBareNetwork } from '../bare-network.ts';
import { Chance } from '../sim/chance.ts';
import { AttackerNetwork } from './attacker-network.ts';
import { Deeds } from './deeds.ts';
import type { AttackerKind } from './kinds.ts';
import { policies } from './policies.ts';
import type { AttackerParts, Policy } from './policy.ts';

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
export interface AttackerNode {
  readonly node: Node;
  readonly peerId: string;
  /** Where others dial it. */
  readonly address: string;
  close(): Promise<void>;
}

/** Joins the network with this policy before its port. It does not mine yet. */
export async function openAttackerNode(place: AttackerPlace, policy: Policy): Promise<AttackerNode> {
  const { genesis, keys, hashRate, onFault } = place;
  const network = new AttackerNetwork(await openBareNetwork({ ...place, identity: keys.identity }), policy);
  const miner = new WorkerMiner({ threads: 1, rateMax: Math.max(1, hashRate), onSwitch: () => {}, onFault });
  const clock = policy.clock?.(systemClock) ?? systemClock;
  const world = { store: new MemoryStore(), log: new MemoryLog(), clock, random: systemRandom };
  const node = await Node.open(
    { genesis, signer: signerOf(keys.producer), pruning: null, onFatal: onFault, onFault, onTrace: () => {} },
    { ...world, network, miner, verifier: new InlineVerifier() },
  );
  await node.start();
  policy.begin?.(node, network.voice);
  return {
    node,
    peerId: network.self,
    address: network.addresses()[0] ?? '',
    close: async () => {
      await node.stop();
      await miner.close();
    },
  };
}

/** An attacker of this kind that attacks and mines. */
export async function openAttacker(
  kind: AttackerKind,
  place: AttackerPlace,
  onAttack: (what: string) => void,
): Promise<AttackerNode> {
  const { genesis, keys, hashRate } = place;
  const life = new AbortController();
  const chance = new Chance(randomBytes(8).readBigUInt64BE(), kind);
  const clock: Clock = {
    ...systemClock,
    setTimer: (afterMs, callback) => systemClock.setTimer(afterMs, () => life.signal.aborted || callback()),
  };
  const signer = signerOf(keys.producer);
  const identities = new Identities(place);
  const openIdentity: AttackerParts['openIdentity'] = (friends, handlers) => identities.open(friends, handlers);
  const parts = { self: kind, signer, signerOf, genesis, chance, clock, deeds: new Deeds(), openIdentity, onAttack };
  const opened = await openAttackerNode(place, policies[kind](parts));
  if (hashRate > 0) opened.node.producer.start();
  return {
    ...opened,
    close: async () => {
      life.abort();
      await identities.close();
      await opened.close();
    },
  };
}

/** Further peers of one attacker, each with an id and a port of its own. */
class Identities {
  readonly #place: AttackerPlace;
  readonly #opened: Promise<Network>[] = [];

  constructor(place: AttackerPlace) {
    this.#place = place;
  }

  /** Dials the first of those whom the attacker dials, and `friends`. */
  open(friends: readonly string[], handlers: NetworkHandlers): Promise<Network> {
    const opened = this.#start([...this.#place.bootstrap.slice(0, 1), ...friends], handlers);
    this.#opened.push(opened);
    return opened;
  }

  async close(): Promise<void> {
    // One that could not be opened has nothing to be closed.
    await Promise.allSettled(this.#opened.map(async opened => (await opened).stop()));
  }

  async #start(bootstrap: readonly string[], handlers: NetworkHandlers): Promise<Network> {
    const network = await openBareNetwork({ ...this.#place, identity: randomBytes(32), bootstrap });
    await network.start(handlers);
    return network;
  }
}
