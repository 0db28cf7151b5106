/** Random values of the protocol's structures for property tests, each within the bounds that its decoder has. */
import fc from 'fast-check';
import { expect } from 'vitest';
import type { Header } from './block.ts';
import { toUtf8 } from './bytes.ts';
import { type Codec, decodeBytes, encode } from './codec.ts';
import { errorCodes } from './errors.ts';
import { publicKeyOf } from './keys.ts';
import type { Operation } from './operation.ts';
import type { Receipt } from './receipt.ts';
import { signTransaction, type Transaction } from './transaction.ts';

export const secretKey: Uint8Array = new Uint8Array(32).fill(7);

const natural = fc.maxSafeNat();
const amount = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const hash = bytes(32, 32);
const address = bytes(20, 20);
const key = text(1, 256);

export function bytes(minLength: number, maxLength: number): fc.Arbitrary<Uint8Array> {
  return fc.uint8Array({ minLength, maxLength });
}

/** Text of `min` to `max` bytes of UTF-8, of any characters but lone surrogates. */
function text(min: number, max: number): fc.Arbitrary<string> {
  return fc.string({ unit: 'binary', minLength: min, maxLength: max }).filter(value => {
    const { length } = toUtf8(value);
    return length >= min && length <= max;
  });
}

export const operations: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({
    type: fc.constant('put' as const),
    key,
    value: bytes(0, 300),
    contentType: text(0, 64),
    expectedVersion: fc.option(natural),
  }),
  fc.record({ type: fc.constant('delete' as const), key }),
  fc.record({ type: fc.constant('get' as const), key }),
  fc.record({ type: fc.constant('transferKey' as const), key, to: address }),
  fc.record({ type: fc.constantFrom('createMoney' as const, 'transfer' as const), to: address, amount }),
);

export const transactions: fc.Arbitrary<Transaction> = fc
  .record({
    chainId: hash,
    nonce: natural,
    fee: amount,
    expiresAt: fc.option(natural),
    memo: bytes(0, 64),
    operations: fc.array(operations, { maxLength: 4 }),
  })
  .map(fields => signTransaction(fields, secretKey));

const readResult = fc.record({ version: natural, valueHash: hash });

export const receipts: fc.Arbitrary<Receipt> = fc.oneof(
  fc.record({
    id: hash,
    status: fc.constant('applied' as const),
    code: fc.constant(null),
    index: fc.constant(null),
    results: fc.array(fc.option(readResult), { maxLength: 5 }),
  }),
  fc.record({
    id: hash,
    status: fc.constant('failed' as const),
    code: fc.constantFrom(...errorCodes()),
    index: natural,
    results: fc.constant([]),
  }),
);

export const headers: fc.Arbitrary<Header> = fc.record({
  version: fc.constant(1),
  height: natural,
  parent: hash,
  transactionsRoot: hash,
  receiptsRoot: hash,
  stateRoot: hash,
  time: natural,
  bits: fc.nat(0xffffffff),
  producer: fc.constant(publicKeyOf(secretKey)),
  extension: bytes(0, 256),
});

/** The property of every codec: what it encodes it decodes to an equal value, in one way only. */
export function expectRoundTrip<T>(codec: Codec<T>, values: fc.Arbitrary<T>): void {
  fc.assert(
    fc.property(values, value => {
      const encoded = encode(codec, value);
      expect(decodeBytes(codec, encoded, encoded.length)).toEqual({ ok: true, value });
    }),
  );
}

/** The property of every decoder: one changed byte is refused, or gives another value whose encoding is exactly those bytes. */
export function expectNoMutationHides<T>(codec: Codec<T>, values: fc.Arbitrary<T>): void {
  const mutations = fc.tuple(values, fc.nat(), fc.integer({ min: 1, max: 255 }));
  fc.assert(
    fc.property(mutations, ([value, place, difference]) => {
      const mutated = encode(codec, value);
      const index = place % mutated.length;
      mutated[index] = (mutated[index] ?? 0) ^ difference;
      const decoded = decodeBytes(codec, mutated, mutated.length);
      if (!decoded.ok) return;
      expect(decoded.value).not.toEqual(value);
      expect(encode(codec, decoded.value)).toEqual(mutated);
    }),
    { numRuns: 500 },
  );
}
