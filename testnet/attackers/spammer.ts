/**
 * The attack: transactions that cost nothing, as many as it can sign, to fill the mempools and the blocks. The defence: the mempool is
 * bounded in all and for each sender, those who pay more go first and push out who pays less, and blocks are bounded. THREATS.md T5, T6.
 */
import type { Node } from '../../daemon/node.ts';
import { encodeBatch } from '../../daemon/wire.ts';
import { ownTransaction } from './forgeries.ts';
import { type AttackerParts, keepAttacking, type Policy, type Publish } from './policy.ts';

const pauseMs = 2_000;
const transactionsAtOnce = 16;

export function spammer(parts: AttackerParts): Policy {
  let nonce = 0;
  return { begin: (node, { publish }) => keepAttacking(parts, pauseMs, () => attack(node, publish)) };

  async function attack(node: Node, publish: Publish): Promise<void> {
    const transactions = Array.from({ length: transactionsAtOnce }, () =>
      ownTransaction(node.chainId, parts, { nonce: nonce++ }),
    );
    for (const { idHex } of transactions) parts.deeds.own(idHex);
    parts.onAttack(`${transactionsAtOnce} transactions`);
    await publish('transactions', encodeBatch(transactions));
  }
}
