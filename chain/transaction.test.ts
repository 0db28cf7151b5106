import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expectNoMutationHides, expectRoundTrip, transactions } from './arbitraries.suite.ts';
import { concat, equalBytes, toHex } from './bytes.ts';
import { verify } from './keys.ts';
import { bodyBytes, decodeTransaction, signingDigest, transactionBytesCap, transactionCodec } from './transaction.ts';
import { accepted, bytesOf, expectCode, type RefusedVector, readVectors } from './vectors.suite.ts';

interface TransactionVectors {
  readonly good: readonly {
    readonly name: string;
    readonly bodyHex: string;
    readonly id: string;
    readonly digest: string;
    readonly signature: string;
    readonly hex: string;
    readonly witnessId: string;
  }[];
  readonly refused: readonly RefusedVector[];
}

const vectors = readVectors<TransactionVectors>('transaction');

describe('transactions', () => {
  it.each(vectors.good)('have the ids, digest and signature of the vectors: $name', vector => {
    const transaction = accepted(decodeTransaction(bytesOf(vector.hex)));
    const { idHex, witnessIdHex, signature, bytes } = transaction;
    expect([idHex, witnessIdHex, toHex(signature)]).toEqual([vector.id, vector.witnessId, vector.signature]);
    expect([toHex(bytes), toHex(bodyBytes(transaction))]).toEqual([vector.hex, vector.bodyHex]);
    const digest = signingDigest(bodyBytes(transaction));
    expect(toHex(digest)).toBe(vector.digest);
    expect(verify(digest, signature, transaction.body.sender)).toBe(true);
  });

  it.each(vectors.refused)('C17: are refused: $name', ({ hex, code }) => {
    expectCode(decodeTransaction(bytesOf(hex)), code);
  });

  it('come back as they were signed', () => {
    expectRoundTrip(transactionCodec, transactions);
  });

  it('do not survive a changed byte unnoticed', () => {
    expectNoMutationHides(transactionCodec, transactions);
  });

  it('T4: keep their id, but not their witnessId, under another signature', () => {
    fc.assert(
      fc.property(transactions, fc.uint8Array({ minLength: 64, maxLength: 64 }), (transaction, signature) => {
        const copy = accepted(decodeTransaction(concat(transaction.bytes.slice(0, -64), signature)));
        expect(copy.idHex).toBe(transaction.idHex);
        expect(copy.witnessIdHex === transaction.witnessIdHex).toBe(equalBytes(signature, transaction.signature));
      }),
    );
  });

  it('C16: are refused above 256 KiB before they are read', () => {
    expectCode(decodeTransaction(new Uint8Array(transactionBytesCap + 1)), 'TOO_LARGE');
  });
});
