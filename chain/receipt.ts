/** What became of a transaction in its block; under the header's receiptsRoot, so that a read's result or a failure is provable. */
import { type Codec, encode, fail, hash32, list, nullable, struct, uint } from './codec.ts';
import { type ErrorCode, errorCodeOf, errorRow } from './errors.ts';
import { sha256 } from './hash.ts';
import { transactionOperationsCap } from './transaction.ts';

/** What a get saw: the key's version and the SHA-256 of its value. */
export interface ReadResult {
  readonly version: number;
  readonly valueHash: Uint8Array;
}

export interface Receipt {
  /** The transaction's id. */
  readonly id: Uint8Array;
  readonly status: 'applied' | 'failed';
  /** Why it failed; null when applied. */
  readonly code: ErrorCode | null;
  /** The operation that failed, from 0; null when applied. */
  readonly index: number | null;
  /** One entry an operation: a read's result, or null for an absent key and for every other operation. Empty when failed. */
  readonly results: readonly (ReadResult | null)[];
}

const errorCode: Codec<ErrorCode> = {
  toItem: code => errorRow(code).number,
  fromItem: item =>
    (typeof item === 'number' ? errorCodeOf(item) : null) ?? fail('BAD_ENCODING', 'unknown error number in a receipt'),
};

const status: Codec<Receipt['status']> = {
  toItem: value => (value === 'applied' ? 1 : 0),
  fromItem: item => (item === 1 ? 'applied' : item === 0 ? 'failed' : fail('BAD_ENCODING', 'receipt status is 0 or 1')),
};

const fields: Codec<Receipt> = struct<Receipt>({
  id: hash32,
  status,
  code: nullable(errorCode),
  index: nullable(uint()),
  results: list(nullable(struct<ReadResult>({ version: uint(), valueHash: hash32 })), transactionOperationsCap),
});

export const receiptCodec: Codec<Receipt> = {
  toItem: receipt => fields.toItem(receipt),
  fromItem: item => {
    const receipt = fields.fromItem(item);
    const { status: outcome, code, index, results } = receipt;
    const isApplied = outcome === 'applied';
    const isConsistent = isApplied === (code === null) && isApplied === (index === null);
    if (isConsistent && (isApplied || results.length === 0)) return receipt;
    return fail('BAD_ENCODING', 'a failed receipt has a code, an index and no results; an applied one has neither');
  },
};

/** The leaf of a receipt under receiptsRoot. */
export function receiptHash(receipt: Receipt): Uint8Array {
  return sha256(encode(receiptCodec, receipt));
}
