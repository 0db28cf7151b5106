/**
 * The attack: what was true elsewhere or before: transactions of another chain with the same keys, and messages that everybody had already.
 * The defence: the chain's id is in what is signed, an account's nonce is used once, and gossip that was seen goes nowhere. THREATS.md T1, T2, P5.
 */
import type { Topic } from '../../daemon/ports.ts';
import { encodeBatch } from '../../daemon/wire.ts';
import { ownTransaction } from './forgeries.ts';
import { type AttackerParts, keepAttacking, type Policy, type Voice } from './policy.ts';

const pauseMs = 3_000;
const keptMax = 64;

export function replayer(parts: AttackerParts): Policy {
  const { chance, deeds, onAttack } = parts;
  const heard: (readonly [Topic, Uint8Array])[] = [];
  return {
    gossip: (topic, data, honestly) => {
      heard.push([topic, data]);
      if (heard.length > keptMax) heard.splice(chance.between(0, keptMax), 1);
      return honestly();
    },
    begin: (_node, voice) => keepAttacking(parts, pauseMs, () => attack(voice)),
  };

  async function attack({ publish, whisper, peers }: Voice): Promise<void> {
    const known = peers();
    if (heard.length > 0 && known.length > 0 && chance.happens(0.6)) {
      const [topic, data] = chance.pick(heard);
      const { id } = chance.pick(known);
      onAttack(`old ${topic} to ${id}`);
      whisper(id, topic, data);
      return;
    }
    const foreign = ownTransaction(chance.bytes(32), parts, {});
    deeds.transaction(foreign.idHex, 'chain id');
    onAttack(`${foreign.idHex.slice(0, 8)} is of another chain`);
    await publish('transactions', encodeBatch([foreign]));
  }
}
