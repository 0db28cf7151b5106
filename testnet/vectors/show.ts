/** The vectors' JSON form of the protocol's structures: bytes in hexadecimal, amounts as decimal strings, names as in the code. */
import type { Header } from '../../chain/block.ts';
import { toHex } from '../../chain/bytes.ts';
import type { Operation } from '../../chain/operation.ts';
import type { Receipt } from '../../chain/receipt.ts';
import type { TransactionBody } from '../../chain/transaction.ts';

export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

export function showOperation(operation: Operation): Json {
  return showFields(operation);
}

export function showBody(body: TransactionBody): Json {
  return { ...showFields(body), operations: body.operations.map(showOperation) };
}

export function showReceipt(receipt: Receipt): Json {
  return { ...showFields(receipt), results: receipt.results.map(result => result && showFields(result)) };
}

export function showHeader(header: Header): Json {
  return showFields(header);
}

/** Each field of a flat structure; fields that are arrays are left out. */
export function showFields(value: object): { readonly [name: string]: Json } {
  const shown: Record<string, Json> = {};
  for (const [name, field] of Object.entries(value) as [string, unknown][]) {
    const json = showScalar(field);
    if (json !== undefined) shown[name] = json;
  }
  return shown;
}

function showScalar(value: unknown): Json | undefined {
  if (value instanceof Uint8Array) return toHex(value);
  if (typeof value === 'bigint') return value.toString();
  return typeof value === 'string' || typeof value === 'number' || value === null ? value : undefined;
}
