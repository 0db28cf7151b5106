/**
 * The attack: transactions that nobody signed, gossiped: money that is not the sender's. The defence: everybody checks a transaction before
 * it waits and before it is passed on; who passes on what breaks a rule without state pays. THREATS.md C10.
 */
import type { Node } from '../../daemon/node.ts';
import { encodeBatch } from '../../daemon/wire.ts';
import type { Forge } from './forge.ts';
import { stolen } from './forgeries.ts';
import { type AttackerParts, keepAttacking, type Policy, type Publish } from './policy.ts';

const pauseMs = 5_000;

export function invalidTransactions(parts: AttackerParts): Policy {
  return { begin: (node, { publish }) => keepAttacking(parts, pauseMs, () => attack(node, publish)) };

  async function attack(node: Node, publish: Publish): Promise<void> {
    const bench: Forge = { ...parts, chainId: node.chainId };
    const transaction = await stolen({ node, bench });
    parts.deeds.transaction(transaction.idHex, 'transaction signature');
    parts.onAttack(`${transaction.idHex.slice(0, 8)} is signed by another`);
    await publish('transactions', encodeBatch([transaction]));
  }
}
