/**
 * Silent. The attack: shake hands as a node with the heaviest chain of all, so that everybody asks it for blocks, and then answer
 * nothing and pass on nothing. The defence: every question has a deadline, who lets it pass pays, and the blocks are asked from another peer.
 * THREATS.md P9.
 */
import { chainIdOf } from '../../chain/genesis.ts';
import { encodeStatus, workToBytes } from '../../daemon/wire.ts';
import { type Attacker, type AttackerPlace, openAttackerNetwork } from './attacker-node.ts';

/** Far more than any network of a laboratory has. */
const claimedHeight = 1_000_000;
const claimedWork = 2n ** 80n;

export async function openSilent(place: AttackerPlace): Promise<Attacker> {
  const network = await openAttackerNetwork(place);
  const { genesis } = place;
  await network.start({
    localStatus: () =>
      encodeStatus({
        chainId: chainIdOf(genesis),
        engine: genesis.engine,
        headHash: new Uint8Array(32).fill(1),
        headHeight: claimedHeight,
        work: workToBytes(claimedWork),
        finalHeight: 0,
        blocksFrom: 0,
        addresses: network.addresses(),
      }),
    onStatus: () => null,
    onPeer: () => {},
    onPeerGone: () => {},
    onGossip: async () => 'ignore',
    onRequest: () => new Promise(() => {}),
    onMessage: () => {},
  });
  return { peerId: network.self, address: network.addresses()[0] ?? '', close: () => network.stop() };
}
