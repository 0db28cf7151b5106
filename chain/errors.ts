/** How errors are made and told: rejections of bad input as results, broken worlds as KvchainError, our own bugs as assertions. */
import { type ErrorRow, errorTable } from './error-table.ts';

/** A refusal of input: a code of the table and a sentence that names the thing, the value and the limit. */
export interface Rejection {
  readonly code: ErrorCode;
  readonly detail: string;
}

/** What a check of outside input gives: the value, or the rejection. Never thrown. */
export type Result<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: Rejection };

export type ErrorCode = keyof typeof errorTable;

export function accept<T>(value: T): Result<T> {
  return { ok: true, value };
}

export function reject(code: ErrorCode, detail: string): { readonly ok: false; readonly error: Rejection } {
  return { ok: false, error: { code, detail } };
}

/** The row of `code`. */
export function errorRow(code: ErrorCode): ErrorRow {
  return errorTable[code];
}

/** The code with this number, or null: receipts hold numbers. */
export function errorCodeOf(number: number): ErrorCode | null {
  return codesByNumber.get(number) ?? null;
}

/** All codes, in the table's order. */
export function errorCodes(): readonly ErrorCode[] {
  return Object.keys(errorTable).filter(isErrorCode);
}

/** True when `text` is a code of the table. */
export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(errorTable, text);
}

/** The JSON-RPC number of `code`: the standard ones where JSON-RPC 2.0 has one, else -33000 minus the table's number. */
export function rpcNumber(code: ErrorCode): number {
  return standardRpcNumbers.get(code) ?? -33000 - errorTable[code].number;
}

/** A broken world (disk, port, time-out) or a refusal that travels through code that throws: caught in one place and told. */
export class KvchainError extends Error {
  readonly code: ErrorCode;
  /** What to do next: the table's advice for the code, or a better one of who throws it. */
  readonly action: string;

  constructor(code: ErrorCode, detail: string, options: { readonly cause?: unknown; readonly action?: string } = {}) {
    super(detail, 'cause' in options ? { cause: options.cause } : {});
    this.name = 'KvchainError';
    this.code = code;
    this.action = options.action ?? errorTable[code].action;
  }
}

/** Ends a switch over a tagged union: reaching it is our bug. */
export function unreachable(value: never): never {
  throw new Error(`assertion failed: unexpected ${JSON.stringify(value)}`);
}

/** Stops the program when our own reasoning is wrong; never for what a peer, a user or a file can make false. */
export function assert(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${what}`);
}

const standardRpcNumbers: ReadonlyMap<ErrorCode, number> = new Map<ErrorCode, number>([
  ['PARSE_ERROR', -32700],
  ['INVALID_REQUEST', -32600],
  ['METHOD_NOT_FOUND', -32601],
  ['INVALID_PARAMS', -32602],
  ['INTERNAL', -32603],
]);

const codesByNumber: ReadonlyMap<number, ErrorCode> = new Map(
  errorCodes().map(code => [errorTable[code].number, code] as const),
);
