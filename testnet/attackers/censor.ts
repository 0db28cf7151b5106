/**
 * The attack: a miner with more than half of the work builds on nobody's blocks but its own, and leaves one account out: the first that it
 * hears of. The defence: none in proof of work. What happens is what is to be told: of that account nothing is ever included. THREATS.md C1.
 */
import { equalBytes } from '../../chain/bytes.ts';
import { KvchainError } from '../../chain/errors.ts';
import type { Node } from '../../daemon/node.ts';
import { decodeBatch, decodeCompactBlock } from '../../daemon/wire.ts';
import type { AttackerParts, Policy } from './policy.ts';

export function censor({ onAttack }: AttackerParts): Policy {
  let victim: string | null = null;
  let node: Node | null = null;
  // It follows the others up to their head first: from further below it would have to mine anew all that they have.
  let isDeaf = false;
  return {
    begin: begun => {
      node = begun;
    },
    ask: async honestly => {
      if (isDeaf) throw new KvchainError('NOT_FOUND', 'a censor wants no blocks of others');
      return honestly();
    },
    gossip: async (topic, data, honestly) => {
      if (topic === 'blocks') {
        isDeaf ||= node !== null && continuesHead(node, data);
        return isDeaf ? 'ignore' : honestly();
      }
      const batch = decodeBatch(data);
      if (!batch.ok) return 'ignore';
      victim ??= batch.value[0]?.senderHex ?? null;
      const isOfVictim = batch.value.some(({ senderHex }) => senderHex === victim);
      if (!isOfVictim) return honestly();
      if (isDeaf) onAttack('a transaction is left out');
      return 'ignore';
    },
  };
}

/** Whether this is the block after the node's head, so that the node has all that the others had before it. */
function continuesHead(node: Node, data: Uint8Array): boolean {
  const block = decodeCompactBlock(data);
  return block.ok && equalBytes(block.value.sealed.header.parent, node.ledger.head.hash);
}
