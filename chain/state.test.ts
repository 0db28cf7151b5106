import fc from 'fast-check';
import { describe, it } from 'vitest';
import { bytes, expectNoMutationHides, expectRoundTrip } from './arbitraries.suite.ts';
import type { Codec } from './codec.ts';
import { accountCodec, keyRecordCodec, stateKeyBytesMax, supplyCodec } from './state.ts';
import { undoCodec } from './undo.ts';

const natural = fc.maxSafeNat();
const amount = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const name = fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 64 });

/** Each codec with random values of it. */
const records: readonly (readonly [string, (check: Check) => void])[] = [
  [
    'keys',
    check =>
      check(
        keyRecordCodec,
        fc.record({
          version: natural,
          owner: bytes(20, 20),
          valueHash: fc.option(bytes(32, 32)),
          valueVersion: natural,
          contentType: name,
          height: natural,
        }),
      ),
  ],
  ['accounts', check => check(accountCodec, fc.record({ nonce: natural, balance: amount }))],
  ['the supply', check => check(supplyCodec, fc.record({ total: amount }))],
  [
    'what undoes a block',
    check =>
      check(
        undoCodec,
        fc.record({
          blockHash: bytes(32, 32),
          changes: fc.array(fc.record({ stateKey: bytes(1, stateKeyBytesMax), after: fc.option(bytes(0, 256)) })),
          history: fc.array(fc.record({ key: name, version: natural })),
        }),
      ),
  ],
];

type Check = <T>(codec: Codec<T>, values: fc.Arbitrary<T>) => void;

describe.each(records)('records of %s', (_, withRecords) => {
  it('come back as they were encoded', () => withRecords(expectRoundTrip));
  it('do not survive a changed byte unnoticed', () => withRecords(expectNoMutationHides));
});
