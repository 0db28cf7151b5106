/**
 * Attack: blocks whose work is done and that break one rule each, served to whoever asks, and built upon.
 * Defence: every rule of a header, a body and an execution is checked by everybody; who sends what could be checked before it was passed
 * on pays for it (A-H1), and an invalid block takes its descendants with it (A-F3).
 */
import type { Block } from '../../../chain/block.ts';
import { publicKeyOf } from '../../../chain/keys.ts';
import type { Template } from '../../../consensus/engine.ts';
import type { Node } from '../../../daemon/node.ts';
import { type Forge, ForgedBlocks, forge } from './forge.ts';
import { forgeries } from './forgeries.ts';
import { keepAttacking, type Publish, type Villain, type VillainParts } from './villain.ts';

const pauseMs = 4_000;

export function invalidBlocks(parts: VillainParts): Villain {
  const forged = new ForgedBlocks();
  const left = parts.chance.shuffle(forgeries);
  return {
    request: async (data, honestly) => forged.answer(data) ?? honestly(),
    begin: (node, publish) => keepAttacking(parts, pauseMs, () => attack(node, publish)),
  };

  async function attack(node: Node, publish: Publish): Promise<void> {
    const { template } = node.producer;
    const [forgery] = left.splice(0, 1);
    if (forgery === undefined || template === null) return;
    left.push(forgery);
    const bench: Forge = { chance: parts.chance, secretKey: parts.secretKey, chainId: node.chainId };
    const producer = publicKeyOf(parts.secretKey);
    const now = parts.clock.now();
    const prepare = (transactions: Block['transactions']) =>
      node.ledger.prepare(template, { producer, time: Math.max(template.timeMin, now), transactions });
    const draft = await forgery.draft({ node, template, now, bench, prepare });
    if (draft === null) return;
    const block = forge(bench, draft);
    if (forgery.isForEver) parts.poison.block(block.hashHex, forgery.rule);
    if (forgery.isPlain && node.ports.network.peers().length > 0) parts.poison.offence(parts.self);
    forged.add(block);
    parts.onAttack(`${block.hashHex.slice(0, 8)} breaks ${forgery.rule}`);
    await publish('blocks', forged.messageOf(block));
    if (forgery.isForEver) await buildUpon(block, template, { bench, publish });
  }

  /** A block without a fault of its own, but for its parent. */
  async function buildUpon(
    block: Block,
    template: Template,
    { bench, publish }: { readonly bench: Forge; readonly publish: Publish },
  ): Promise<void> {
    const { height, time } = block.header;
    const header = { ...block.header, height: height + 1, parent: block.hash, time: time + 1_000, bits: template.bits };
    const child = forge(bench, { header, transactions: block.transactions, work: 'done', signature: 'right' });
    parts.poison.block(child.hashHex, 'A-F3');
    forged.add(child);
    await publish('blocks', forged.messageOf(child));
  }
}
