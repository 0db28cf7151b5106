import { describe, expect, it } from 'vitest';
import { type ErrorCode, errorCodeOf, errorCodes, errorRow, isErrorCode, KvchainError, rpcNumber } from './errors.ts';
import { readVectors } from './vectors.suite.ts';

/** Every number that was ever given out. Receipts hold numbers for ever: lines are added at the end, and nothing else ever changes. */
const numbers: readonly (readonly [ErrorCode, number])[] = [
  ['BAD_ENCODING', 1],
  ['BAD_VERSION', 2],
  ['TOO_LARGE', 3],
  ['WRONG_CHAIN', 4],
  ['BAD_PUBLIC_KEY', 5],
  ['BAD_SIGNATURE', 6],
  ['BAD_KEY', 7],
  ['BAD_VALUE', 8],
  ['BAD_AMOUNT', 9],
  ['BAD_ADDRESS', 10],
  ['BAD_OPERATION', 11],
  ['BAD_NONCE', 12],
  ['EXPIRED', 13],
  ['FEE_TOO_LOW', 14],
  ['FEE_UNPAYABLE', 15],
  ['NOT_OWNER', 16],
  ['VERSION_CONFLICT', 17],
  ['NO_KEY', 18],
  ['INSUFFICIENT_BALANCE', 19],
  ['NOT_MINTER', 20],
  ['SUPPLY_EXCEEDED', 21],
  ['DUPLICATE', 22],
  ['POOL_FULL', 23],
  ['REPLACEMENT_UNDERPRICED', 24],
  ['SENDER_LIMIT', 25],
  ['UNKNOWN_PARENT', 26],
  ['BAD_HEIGHT', 27],
  ['BAD_BITS', 28],
  ['BAD_WORK', 29],
  ['BAD_TIME', 30],
  ['FUTURE_BLOCK', 31],
  ['BAD_TRANSACTIONS_ROOT', 32],
  ['BAD_RECEIPTS_ROOT', 33],
  ['BAD_STATE_ROOT', 34],
  ['BAD_PRODUCER_SIGNATURE', 35],
  ['BAD_HEADER', 36],
  ['INVALID_ANCESTOR', 37],
  ['BAD_TRANSACTION', 38],
];

interface ErrorVector {
  readonly code: string;
  readonly number: number;
  readonly rpc: number;
  readonly http: number;
  readonly exit: number;
  readonly penalty: number;
}

describe('the table of errors', () => {
  it('keeps the number of every code that a receipt or a peer can hold', () => {
    for (const [code, number] of numbers) expect([code, errorRow(code).number]).toEqual([code, number]);
  });

  it('holds what its vectors hold, in their order', () => {
    const vectors = readVectors<readonly ErrorVector[]>('errors');
    const table = errorCodes().map(code => {
      const { number, http, exit, penalty } = errorRow(code);
      return { code, number, rpc: rpcNumber(code), http, exit, penalty };
    });
    expect(table).toEqual(vectors);
  });

  it('gives each code a number of its own, without gaps, and finds it again', () => {
    const codes = errorCodes();
    expect(codes.map(code => errorRow(code).number)).toEqual(codes.map((_, index) => index + 1));
    for (const code of codes) expect(errorCodeOf(errorRow(code).number)).toBe(code);
    expect(new Set(codes.map(rpcNumber)).size).toBe(codes.length);
  });

  it.each([0, -1, 65_535, 0.5])('has no code for the number %d', number => {
    expect(errorCodeOf(number)).toBeNull();
  });

  it.each(errorCodes())('says of %s what it means and what to do', code => {
    const { http, exit, penalty, meaning, action } = errorRow(code);
    expect(meaning.length > 10 && action.length > 10).toBe(true);
    expect(http >= 400 && http < 600).toBe(true);
    expect([1, 2, 3, 4, 5]).toContain(exit);
    expect(penalty >= 0 && penalty <= 100).toBe(true);
  });

  it('does not take names of Object for codes', () => {
    for (const name of ['__proto__', 'constructor', 'toString', '']) expect(isErrorCode(name)).toBe(false);
  });

  it('keeps code and cause in a thrown error', () => {
    const cause = new Error('disk full');
    const error = new KvchainError('DISK_FAILED', 'write failed', { cause });
    expect([error.code, error.message, error.cause]).toEqual(['DISK_FAILED', 'write failed', cause]);
  });

  it('says what to do in a thrown error: the advice of who threw it, else that of the table', () => {
    expect(new KvchainError('NO_KEY', 'none').action).toBe(errorRow('NO_KEY').action);
    expect(new KvchainError('NO_KEY', 'none', { action: 'Look elsewhere.' }).action).toBe('Look elsewhere.');
  });
});
