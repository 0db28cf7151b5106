/** What a command that wrote prints, and how it ends: a transaction that was included as failed is a failure. */
import { errorRow, isErrorCode } from '../chain/errors.ts';
import type { TransactionState } from '../daemon/rpc/client.ts';
import type { Session } from './session.ts';

/** The shape that other programs may count on. */
function writeDocument({ id, status, code, height, blockHash, confirmations }: TransactionState): object {
  return { id, status, ...(code === undefined ? {} : { code }), height, blockHash, confirmations };
}

/** Prints where the transaction is. Exit code 1 when it failed. */
export function showWrite(session: Session, state: TransactionState): void {
  session.output.answer(writeDocument(state), sentence(state));
  if (state.status !== 'failed') return;
  session.exitCode = 1;
  const code = state.code ?? 'INTERNAL';
  if (isErrorCode(code)) session.output.note(`what to do: ${errorRow(code).meaning} ${errorRow(code).action}`);
}

function sentence({ id, status, code, height, confirmations }: TransactionState): string {
  const place = height === null ? '' : ` in block ${height}`;
  const depth = confirmations > 1 ? `, ${confirmations} confirmations` : '';
  return `${status}${code === undefined ? '' : ` (${code})`}${place}${depth}\ntransaction ${id}`;
}
