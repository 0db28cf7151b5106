/**
 * The attack: transactions whose nonces are behind a gap that is never filled, each to be kept by everybody until then. The defence: a sender
 * has a bounded number of them, all senders together have one, and they expire. THREATS.md T2, T5, C18.
 */
import type { Node } from '../../daemon/node.ts';
import { encodeBatch } from '../../daemon/wire.ts';
import { ownTransaction } from './forgeries.ts';
import { type AttackerParts, keepAttacking, type Policy, type Publish } from './policy.ts';

const pauseMs = 2_000;
const transactionsAtOnce = 48;

export function orphanFlooder(parts: AttackerParts): Policy {
  let nonce = 1;
  return { begin: (node, { publish }) => keepAttacking(parts, pauseMs, () => attack(node, publish)) };

  async function attack(node: Node, publish: Publish): Promise<void> {
    const transactions = Array.from({ length: transactionsAtOnce }, () =>
      ownTransaction(node.chainId, parts, { nonce: nonce++ }),
    );
    for (const { idHex } of transactions) parts.deeds.gapped(idHex);
    parts.onAttack(`${transactionsAtOnce} transactions behind a gap`);
    await publish('transactions', encodeBatch(transactions));
  }
}
