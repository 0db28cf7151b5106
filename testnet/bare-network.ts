/** The libp2p network of a node that is no daemon: free port, no address book, no log, nobody found by multicast. */
import { toHex } from '../chain/bytes.ts';
import { chainIdOf, type Genesis } from '../chain/genesis.ts';
import { createLibp2pNetwork } from '../daemon/network/network.ts';
import type { Network } from '../daemon/ports.ts';
import { systemClock, systemRandom } from '../daemon/system.ts';

export interface BareNetworkOptions {
  readonly genesis: Genesis;
  /** 32 bytes, from which the peer id follows. */
  readonly identity: Uint8Array;
  /** An IPv4 address to listen at. */
  readonly address: string;
  /** Multiaddresses of those whom it dials. */
  readonly bootstrap: readonly string[];
}

/** Not started yet. */
export function openBareNetwork({ genesis, identity, address, bootstrap }: BareNetworkOptions): Promise<Network> {
  return createLibp2pNetwork({
    identity,
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
