/**
 * Silent. The attack: shake hands as a node with the heaviest chain of all, so that everybody asks it for blocks, and then answer nothing
 * and pass on nothing, so that what it mines it also withholds. The defence: every question has a deadline, who lets it pass pays, and the
 * blocks are asked from another peer. THREATS.md P9.
 */
import { chainIdOf } from '../../chain/genesis.ts';
import { decodeStatus, encodeStatus, workToBytes } from '../../daemon/wire.ts';
import type { AttackerParts, Policy } from './policy.ts';

/** Far more than any network of a laboratory has. */
const claimedHeight = 1_000_000;
const claimedWork = 2n ** 80n;

export function silent({ genesis, chance, onAttack }: AttackerParts): Policy {
  const headHash = chance.bytes(32);
  return {
    status: honestly => {
      const status = decodeStatus(honestly());
      if (!status.ok) return honestly();
      return encodeStatus({
        chainId: chainIdOf(genesis),
        engine: genesis.engine,
        headHash,
        headHeight: claimedHeight,
        work: workToBytes(claimedWork),
        finalHeight: 0,
        blocksFrom: 0,
        addresses: status.value.addresses,
        memberProof: status.value.memberProof,
        certificate: status.value.certificate,
      });
    },
    gossip: async (_topic, _data, honestly) => {
      await honestly();
      return 'ignore';
    },
    request: () => {
      onAttack('a question without an answer');
      return new Promise(() => {});
    },
  };
}
