import { describe, expect, it } from 'vitest';
import { expectNoMutationHides, expectRoundTrip, operations } from './arbitraries.suite.ts';
import { isWellFormed, toHex } from './bytes.ts';
import { decodeBytes, encode } from './codec.ts';
import { type Operation, operationCodec } from './operation.ts';
import { accepted, bytesOf, expectCode, type RefusedVector, readVectors } from './vectors.suite.ts';

/** An operation with its bytes in hexadecimal and its amounts in decimal. */
type ShownOperation = Readonly<Record<string, string | number | null>>;

interface OperationVectors {
  readonly good: readonly { readonly operation: ShownOperation; readonly hex: string }[];
  readonly refused: readonly RefusedVector[];
}

const vectors = readVectors<OperationVectors>('operation');
const bytesMax = 100_000;

function show(operation: Operation): ShownOperation {
  return Object.fromEntries(
    Object.entries(operation).map(([name, value]: [string, unknown]) => {
      if (value instanceof Uint8Array) return [name, toHex(value)];
      return [name, typeof value === 'bigint' ? value.toString() : (value as string | number | null)];
    }),
  );
}

describe('operations', () => {
  it.each(vectors.good)('decode from $hex', ({ operation, hex }) => {
    const decoded = accepted(decodeBytes(operationCodec, bytesOf(hex), bytesMax));
    expect(show(decoded)).toEqual(operation);
    expect(toHex(encode(operationCodec, decoded))).toBe(hex);
  });

  it.each(vectors.refused)('C16: are refused: $name', ({ hex, code }) => {
    expectCode(decodeBytes(operationCodec, bytesOf(hex), bytesMax), code);
  });

  it('come back as they were encoded', () => {
    expectRoundTrip(operationCodec, operations);
  });

  it('do not survive a changed byte unnoticed', () => {
    expectNoMutationHides(operationCodec, operations);
  });

  it.each(['\u0000', '__proto__', 'constructor', '../../etc/passwd', '\u202e', '\ufeffkey', 'e\u0301', 'a\r\nb'])(
    'T7: keep the hostile key %j as it is',
    key => {
      const encoded = encode(operationCodec, { type: 'get', key });
      const decoded = accepted(decodeBytes(operationCodec, encoded, bytesMax));
      expect(decoded).toEqual({ type: 'get', key });
      expect(Object.getPrototypeOf(decoded)).toBe(Object.prototype);
    },
  );

  it('T7: refuse a lone surrogate as a key, which has no UTF-8', () => {
    expect(isWellFormed('\ud800')).toBe(false);
    // What an encoder that does not look would write: three bytes that are not UTF-8.
    expectCode(decodeBytes(operationCodec, bytesOf('820263eda080'), bytesMax), 'BAD_ENCODING');
  });
});
