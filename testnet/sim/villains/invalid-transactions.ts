/**
 * Attack: transactions that break one rule each, gossiped: money that is not the sender's, and what was meant for another chain.
 * Defence: everybody checks a transaction before it waits and before it is passed on; who passes on what breaks a rule without state pays.
 */
import type { Node } from '../../../daemon/node.ts';
import { encodeBatch } from '../../../daemon/wire.ts';
import type { Forge } from './forge.ts';
import { ownTransaction, stolen } from './forgeries.ts';
import { keepAttacking, type Publish, type Villain, type VillainParts } from './villain.ts';

const pauseMs = 5_000;

export function invalidTransactions(parts: VillainParts): Villain {
  return { begin: (node, { publish }) => keepAttacking(parts, pauseMs, () => attack(node, publish)) };

  async function attack(node: Node, publish: Publish): Promise<void> {
    const bench: Forge = { ...parts, chainId: node.chainId };
    const isTheft = parts.chance.happens(0.5);
    const rule = isTheft ? 'transaction signature' : 'chain id';
    const transaction = isTheft ? await stolen({ node, bench }) : ownTransaction(parts.chance.bytes(32), bench, {});
    parts.poison.transaction(transaction.idHex, rule);
    parts.onAttack(`${transaction.idHex.slice(0, 8)} breaks ${rule}`);
    await publish('transactions', encodeBatch([transaction]));
  }
}
