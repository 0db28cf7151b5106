/**
 * The attack: a miner with more than half of the work builds on nobody's blocks but its own, and leaves one account out: the first that it
 * hears of. The defence: none in proof of work. What happens is what is to be told: of that account nothing is ever included. THREATS.md C1.
 */
import { decodeBatch } from '../../daemon/wire.ts';
import type { AttackerParts, Policy } from './policy.ts';

export function censor({ onAttack }: AttackerParts): Policy {
  let victim: string | null = null;
  return {
    isDeaf: true,
    gossip: async (topic, data, honestly) => {
      if (topic === 'blocks') return 'ignore';
      const batch = decodeBatch(data);
      if (!batch.ok) return 'ignore';
      victim ??= batch.value[0]?.senderHex ?? null;
      const isOfVictim = batch.value.some(({ senderHex }) => senderHex === victim);
      if (!isOfVictim) return honestly();
      onAttack('a transaction is left out');
      return 'ignore';
    },
  };
}
