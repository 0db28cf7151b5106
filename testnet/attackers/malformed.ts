/**
 * The attack: bytes that are no message, in every place where bytes are read: chance alone, messages with a changed byte, cut or longer, as
 * gossip, as questions and as answers. The defence: every decoder takes exactly one encoding within its bounds, never throws, and who sent
 * the bytes pays (BAD_MESSAGE). THREATS.md P5, P6, C17.
 */
import type { Topic } from '../../daemon/ports.ts';
import { type AttackerParts, keepAttacking, type Policy, type Voice } from './policy.ts';

const pauseMs = 3_000;
const askMs = 2_000;
const bytesMost = 600;
const topics = ['transactions', 'blocks'] as const satisfies readonly Topic[];

export function malformed(parts: AttackerParts): Policy {
  const { self, chance, deeds, onAttack } = parts;
  let last: Uint8Array = new Uint8Array(0);
  const spoil = (bytes: Uint8Array) => {
    const changed = bytes.slice();
    const at = chance.between(0, Math.max(0, bytes.length - 1));
    changed[at] = (changed[at] ?? 0) ^ chance.between(1, 255);
    return chance.pick([
      changed,
      bytes.slice(0, at),
      Uint8Array.of(...bytes.slice(0, bytesMost), 0),
      chance.bytes(chance.between(0, bytesMost)),
    ]);
  };
  return {
    gossip: (_topic, data, honestly) => {
      last = data;
      return honestly();
    },
    request: async (_data, honestly) => (chance.happens(0.3) ? spoil(await honestly()) : honestly()),
    begin: (_node, voice) => keepAttacking(parts, pauseMs, () => attack(voice)),
  };

  /** One peer a time, for whoever hears it bans the attacker. */
  async function attack({ peers, whisper, ask }: Voice): Promise<void> {
    const known = peers();
    if (known.length === 0) return;
    const { id } = chance.pick(known);
    const bytes = spoil(last);
    if (chance.happens(0.3)) {
      onAttack(`a question of ${bytes.length} bytes to ${id}`);
      await ask(id, bytes, askMs);
      return;
    }
    if (chance.happens(0.5)) {
      // Noise is never a block, which everybody sees.
      deeds.offence(self);
      onAttack(`noise to ${id}`);
      whisper(id, 'blocks', chance.bytes(bytesMost));
      return;
    }
    const topic = chance.pick(topics);
    onAttack(`${bytes.length} bytes of ${topic} to ${id}`);
    whisper(id, topic, bytes);
  }
}
