/**
 * The attack: where a miner found one block it publishes two, each of them right. The defence: the heaviest branch counts, of equals the
 * first seen (A-F1); of one producer at one height only a few are passed on. THREATS.md C20.
 */
import { equalBytes } from '../../chain/bytes.ts';
import { decodeCompactBlock } from '../../daemon/wire.ts';
import { ForgedBlocks, forge } from './forge.ts';
import type { AttackerParts, Policy } from './policy.ts';

export function equivocator(parts: AttackerParts): Policy {
  const forged = new ForgedBlocks();
  const producer = parts.signer.publicKey;
  let chainId: Uint8Array | null = null;
  return {
    begin: node => {
      chainId = node.chainId;
    },
    request: async (data, honestly) => forged.answer(data) ?? honestly(),
    publish: async (topic, data, publish) => {
      await publish(topic, data);
      const found = topic === 'blocks' ? decodeCompactBlock(data) : null;
      if (chainId === null || !found?.ok || !equalBytes(found.value.sealed.header.producer, producer)) return;
      // Without transactions both would have the same roots; with them only the first has, so only empty blocks get a twin.
      if (found.value.witnessIds.length > 0) return;
      const { header } = found.value.sealed;
      const draft = { header: { ...header, time: header.time + 1 }, transactions: [] };
      const twin = forge({ ...parts, chainId }, { ...draft, work: 'done', signature: 'right' });
      forged.add(twin);
      parts.onAttack(`${twin.hashHex.slice(0, 8)} beside ${found.value.sealed.hashHex.slice(0, 8)}`);
      await publish('blocks', forged.messageOf(twin));
    },
  };
}
