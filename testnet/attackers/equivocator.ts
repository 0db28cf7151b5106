/**
 * The attack: where a miner found one block it publishes eight, each of them right, and would have every node send each of them to every
 * other. The defence: of one producer at one height only a few are passed on (`relay siblings`); which of them counts is decided as
 * between the blocks of any two miners: the heaviest branch, and of equals the first (A-F1). THREATS.md C20.
 */
import { equalBytes } from '../../chain/bytes.ts';
import { decodeCompactBlock } from '../../daemon/wire.ts';
import { ForgedBlocks, forge } from './forge.ts';
import type { AttackerParts, Policy } from './policy.ts';

/** Beside the block that it found. */
const twins = 7;

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
      parts.onAttack(`${twins} beside ${found.value.sealed.hashHex.slice(0, 8)}`);
      for (let count = 1; count <= twins; count++) {
        const draft = { header: { ...header, time: header.time + count }, transactions: [] };
        const twin = forge({ ...parts, chainId }, { ...draft, work: 'done', signature: 'right' });
        forged.add(twin);
        await publish('blocks', forged.messageOf(twin));
      }
    },
  };
}
