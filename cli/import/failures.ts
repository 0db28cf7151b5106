/** What becomes of a transaction of an import that failed or was refused: which row it was, and what of the others is tried again. */
import { type ErrorCode, KvchainError } from '../../chain/errors.ts';
import type { FailedRow, Row } from './rows.ts';

/** What a try of some rows gave. */
export type Verdict =
  | { readonly kind: 'written' }
  /** `index` is the operation that failed, null when it was not one of them. */
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly index: number | null };

/** Rows that are known not to be written, and groups that are each tried again as one transaction. */
export interface Division {
  readonly failed: readonly FailedRow[];
  readonly again: readonly (readonly Row[])[];
}

/**
 * Operations run in order, so those before the one that failed are good and go together again. The rest may hold more bad ones: in two
 * halves, so that the bad ones among a thousand are found in ten rounds, not in a thousand.
 */
export function divide(rows: readonly Row[], { code, index }: Extract<Verdict, { kind: 'failed' }>): Division {
  if (index === null) return { failed: rows.map(row => failedRow(row, code)), again: [] };
  const bad = rows[index];
  const rest = rows.slice(index + 1);
  const middle = Math.ceil(rest.length / 2);
  const groups = [rows.slice(0, index), rest.slice(0, middle), rest.slice(middle)];
  return {
    failed: bad === undefined ? [] : [failedRow(bad, code)],
    again: groups.filter(group => group.length > 0),
  };
}

/** Halves of rows that the node called too large together; alone a row has failed. */
export function divideTooLarge(rows: readonly Row[]): Division {
  if (rows.length <= 1) return { failed: rows.map(row => failedRow(row, 'TOO_LARGE')), again: [] };
  const middle = Math.ceil(rows.length / 2);
  return { failed: [], again: [rows.slice(0, middle), rows.slice(middle)] };
}

/** The rows that no later row of the file has written meanwhile: of two rows with one key the later one stands. */
export function withoutSuperseded(rows: readonly Row[], later: ReadonlySet<string>): readonly Row[] {
  return rows.filter(row => !later.has(row.key));
}

/** Errors that pass by themselves: the daemon starts again, blocks make room. */
const passing: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'UNREACHABLE',
  'TIMED_OUT',
  'TRANSACTION_DROPPED',
  'NOT_FOUND',
  'POOL_FULL',
  'SENDER_LIMIT',
  'GAP_LIMIT',
  'RATE_EXCEEDED',
  'BAD_NONCE',
  'EXPIRED',
  'STOPPING',
]);

/** True when it is worth trying again after a while. */
export function isPassing(error: unknown): boolean {
  return error instanceof KvchainError && passing.has(error.code);
}

function failedRow(row: Row, code: ErrorCode): FailedRow {
  return { line: row.line, key: row.key, code, detail: `the transaction failed: ${code}` };
}
