/** How the little node tells what it holds: statuses of transactions, events. */
import type { Block } from '../../chain/block.ts';
import type { Receipt } from '../../chain/receipt.ts';
import type { HistoryEntry } from '../../chain/state.ts';
import type { Transaction } from '../../chain/transaction.ts';
import type * as node from '../node-api.ts';
import type { State } from './little-ledger.suite.ts';

export interface Made {
  readonly block: Block;
  readonly receipts: readonly Receipt[];
  readonly state: State;
  readonly changes: readonly HistoryEntry[];
}

export const emptyStatus = {
  code: null,
  height: null,
  blockHash: null,
  index: null,
  confirmations: 0,
  finality: 'pending',
  receipt: null,
  transaction: null,
} as const;

export function pendingStatus(transaction: Transaction): node.TransactionStatus {
  return { ...emptyStatus, id: transaction.id, status: 'pending', transaction };
}

export function finalityOf(confirmations: number): node.Finality {
  if (confirmations === 0) return 'pending';
  return confirmations >= 6 ? 'safe' : 'included';
}

export function placeOf({ header, hash, transactions }: Block) {
  const { height, parent, time } = header;
  return { height, hash, parent, time, transactionIds: transactions.map(({ id }) => id) };
}

export function undoneEvent({ block, changes }: Made): node.UndoneEvent {
  return { type: 'undone', ...placeOf(block), keys: [...new Set(changes.map(({ key }) => key))] };
}
