import { describe, expect, it } from 'vitest';
import { expectNoMutationHides, expectRoundTrip, receipts } from './arbitraries.suite.ts';
import { toHex } from './bytes.ts';
import { decodeBytes, encode } from './codec.ts';
import { receiptCodec, receiptHash } from './receipt.ts';
import { accepted, bytesOf, expectCode, type RefusedVector, readVectors } from './vectors.suite.ts';

interface ReceiptVectors {
  readonly good: readonly {
    readonly receipt: { readonly id: string; readonly status: string; readonly code: string | null };
    readonly hex: string;
    readonly hash: string;
  }[];
  readonly refused: readonly RefusedVector[];
}

const vectors = readVectors<ReceiptVectors>('receipt');

describe('receipts', () => {
  it.each(vectors.good)('have the hash of the vectors: $hash', ({ receipt, hex, hash }) => {
    const decoded = accepted(decodeBytes(receiptCodec, bytesOf(hex), 10_000));
    expect([toHex(decoded.id), decoded.status, decoded.code]).toEqual([receipt.id, receipt.status, receipt.code]);
    expect(toHex(encode(receiptCodec, decoded))).toBe(hex);
    expect(toHex(receiptHash(decoded))).toBe(hash);
  });

  it.each(vectors.refused)('are refused: $name', ({ hex, code }) => {
    expectCode(decodeBytes(receiptCodec, bytesOf(hex), 10_000), code);
  });

  it('come back as they were encoded', () => {
    expectRoundTrip(receiptCodec, receipts);
  });

  it('do not survive a changed byte unnoticed', () => {
    expectNoMutationHides(receiptCodec, receipts);
  });
});
