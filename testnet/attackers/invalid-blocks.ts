/**
 * The attack: blocks whose work is done and that break one rule each, served to whoever asks, and built upon. The defence: every rule of a
 * header, a body and an execution is checked by everybody; who sends what could be checked before it was passed on pays for it (A-H1),
 * and an invalid block takes its descendants with it (A-F3). THREATS.md C6, C7, C10, C19.
 */
import type { Block } from '../../chain/block.ts';
import type { Node } from '../../daemon/node.ts';
import type { Chance } from '../sim/chance.ts';
import { type Forge, ForgedBlocks, forge } from './forge.ts';
import { type Forgery, forgeries } from './forgeries.ts';
import { type AttackerParts, keepAttacking, type Policy, type Voice } from './policy.ts';

const pauseMs = 1_500;

export function invalidBlocks(parts: AttackerParts): Policy {
  const forged = new ForgedBlocks();
  const plan = planOf(parts.chance);
  let attacks = 0;
  return {
    request: async (data, honestly) => forged.answer(data) ?? honestly(),
    begin: (node, voice) => keepAttacking(parts, pauseMs, () => attack(node, voice)),
  };

  /** One peer a time hears of the next forgery: whoever sees through it bans it, and the others are left. */
  async function attack(node: Node, { whisper }: Voice): Promise<void> {
    const { template } = node.producer;
    const peers = node.ports.network.peers();
    const forgery = plan[attacks % plan.length];
    if (forgery === undefined || template === null || peers.length === 0) return;
    attacks += 1;
    const bench: Forge = { chance: parts.chance, signer: parts.signer, chainId: node.chainId };
    const producer = parts.signer.publicKey;
    const now = parts.clock.now();
    const prepare = (transactions: Block['transactions']) =>
      node.ledger.prepare(template, { producer, time: Math.max(template.timeMin, now), transactions });
    const draft = await forgery.draft({ node, template, now, bench, prepare });
    if (draft === null) return;
    const block = forge(bench, draft);
    const { id: victim } = parts.chance.pick(peers);
    if (forgery.isForEver) parts.deeds.block(block.hashHex, forgery.rule);
    if (forgery.isPlain) parts.deeds.offence(parts.self);
    forged.add(block);
    parts.onAttack(`${block.hashHex.slice(0, 8)} breaks ${forgery.rule}, told to ${victim}`);
    whisper(victim, 'blocks', forged.messageOf(block));
    if (!forgery.isForEver || forgery.isPlain) return;
    const child = childOf(block, template.bits, bench);
    parts.deeds.block(child.hashHex, 'A-F3');
    forged.add(child);
    whisper(victim, 'blocks', forged.messageOf(child));
  }
}

/** Every second attacker begins with what nobody can blame it for, so that it has its say before it is banned. */
function planOf(chance: Chance): readonly Forgery[] {
  const shuffled = chance.shuffle(forgeries);
  const plain = shuffled.filter(({ isPlain }) => isPlain);
  const others = shuffled.filter(({ isPlain }) => !isPlain);
  return chance.happens(0.5) ? [...others, ...plain] : [...plain, ...others];
}

/** A block without a fault of its own, but for its parent. */
function childOf({ header, hash, transactions }: Block, bits: number, bench: Forge): Block {
  const child = { ...header, height: header.height + 1, parent: hash, time: header.time + 1_000, bits };
  return forge(bench, { header: child, transactions, work: 'done', signature: 'right' });
}
