/**
 * The attack: headers whose parents nobody knows, each with its work done, to fill memory and to make everybody ask. The defence: the pool of
 * orphans is bounded per peer and in all, orphans expire, and a peer is asked at most once in an interval (A-H2). THREATS.md C18.
 */
import type { Node } from '../../daemon/node.ts';
import { type Forge, ForgedBlocks, forge } from './forge.ts';
import { type AttackerParts, keepAttacking, type Policy, type Publish } from './policy.ts';

const pauseMs = 6_000;
const headersAtOnce = 12;

export function headerFlooder(parts: AttackerParts): Policy {
  const forged = new ForgedBlocks();
  return { begin: (node, { publish }) => keepAttacking(parts, pauseMs, () => attack(node, publish)) };

  async function attack(node: Node, publish: Publish): Promise<void> {
    const { template } = node.producer;
    if (template === null) return;
    const bench: Forge = { ...parts, chainId: node.chainId };
    const order = { producer: parts.signer.publicKey, time: template.timeMin, transactions: [] };
    const candidate = await node.ledger.prepare(template, order);
    if (candidate === null) return;
    parts.onAttack(`${headersAtOnce} orphans`);
    for (let count = 0; count < headersAtOnce; count++) {
      const header = { ...candidate.header, parent: parts.chance.bytes(32) };
      const block = forge(bench, { header, transactions: [], work: 'done', signature: 'right' });
      parts.deeds.block(block.hashHex, 'A-V2 parent');
      await publish('blocks', forged.messageOf(block));
    }
  }
}
