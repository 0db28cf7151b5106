import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytes } from './arbitraries.suite.ts';
import { concat, toHex } from './bytes.ts';
import {
  amount,
  byteString,
  type Codec,
  decodeBytes,
  encode,
  encodeArrayHead,
  encodeItem,
  fail,
  type Item,
  list,
  nullable,
  struct,
  text,
  uint,
  versioned,
} from './codec.ts';
import { accepted, bytesOf, expectCode, type RefusedVector, readVectors } from './vectors.suite.ts';

type ShownItem =
  | number
  | string
  | null
  | { readonly bytes: string }
  | { readonly integer: string }
  | readonly ShownItem[];

interface CborVectors {
  readonly good: readonly { readonly item: ShownItem; readonly hex: string }[];
  readonly refused: readonly RefusedVector[];
}

const vectors = readVectors<CborVectors>('cbor');

/** Any item of the protocol, of any shape. */
const anyItem: Codec<Item> = { toItem: item => item, fromItem: checkItem };

function checkItem(item: unknown): Item {
  if (item === null || typeof item === 'string' || item instanceof Uint8Array) return item;
  if (Array.isArray(item)) return item.map(checkItem);
  const isUnsigned = (typeof item === 'number' || typeof item === 'bigint') && item >= 0;
  return isUnsigned ? item : fail('BAD_ENCODING', `not an item of the protocol: ${typeof item}`);
}

function readItem(shown: ShownItem): Item {
  if (shown === null || typeof shown !== 'object') return shown;
  if ('bytes' in shown) return bytesOf(shown.bytes);
  if ('integer' in shown) return BigInt(shown.integer);
  return shown.map(readItem);
}

function decodeItem(encoded: Uint8Array) {
  return decodeBytes(anyItem, encoded, 1_000_000);
}

describe('canonical CBOR', () => {
  it.each(vectors.good)('encodes and decodes $hex', ({ item, hex }) => {
    expect(toHex(encodeItem(readItem(item)))).toBe(hex);
    expect(accepted(decodeItem(bytesOf(hex)))).toEqual(readItem(item));
  });

  it.each(vectors.refused)('refuses $name', ({ hex, code }) => {
    expectCode(decodeItem(bytesOf(hex)), code);
  });

  it('gives every item back that it encodes', () => {
    const { items } = fc.letrec<{ items: Item }>(tie => ({
      items: fc.oneof(
        { depthSize: 'small', maxDepth: 8 },
        fc.maxSafeNat(),
        fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n }),
        fc.string({ unit: 'binary' }),
        bytes(0, 70),
        fc.constant(null),
        fc.array(tie('items'), { maxLength: 30 }),
      ),
    }));
    fc.assert(
      fc.property(items, item => {
        expect(accepted(decodeItem(encodeItem(item)))).toEqual(item);
      }),
    );
  });

  it('C17: takes no bytes but those that it would write itself', () => {
    fc.assert(
      fc.property(bytes(0, 40), encoded => {
        const decoded = decodeItem(encoded);
        if (decoded.ok) expect(encodeItem(decoded.value)).toEqual(encoded);
      }),
      { numRuns: 20_000 },
    );
  });

  it('P8: refuses arrays nested a hundred thousand deep without recursion', () => {
    expectCode(decodeItem(new Uint8Array(100_000).fill(0x81)), 'BAD_ENCODING');
    expectCode(decodeItem(concat(new Uint8Array(17).fill(0x81), Uint8Array.of(0))), 'BAD_ENCODING');
    expect(decodeItem(concat(new Uint8Array(16).fill(0x81), Uint8Array.of(0))).ok).toBe(true);
  });

  it("gives plain bytes of its own, also from Node.js' buffers, which share memory", () => {
    const buffer = Buffer.from(encodeItem([new Uint8Array(40).fill(1)]));
    const decoded = accepted(decodeItem(buffer));
    buffer.fill(0);
    expect(decoded).toEqual([new Uint8Array(40).fill(1)]);
    for (const length of [0, 10, 100, 10_000, 100_000]) {
      expect(encodeItem(['x'.repeat(length), new Uint8Array(length)]).constructor).toBe(Uint8Array);
    }
  });

  it('refuses what is longer than its limit before it reads it', () => {
    expectCode(decodeBytes(uint(), new Uint8Array(11), 10), 'TOO_LARGE');
  });

  it.each([0, 1, 23, 24, 255, 256, 65_535, 65_536])('writes the head of an array of %i items as CBOR does', count => {
    const whole = encodeItem(new Array<number>(count).fill(0));
    expect(concat(encodeArrayHead(count), new Uint8Array(count))).toEqual(whole);
  });
});

describe('shapes', () => {
  const decode = <T>(codec: Codec<T>, item: Item) => decodeBytes(codec, encodeItem(item), 1_000_000);

  const refused: readonly (readonly [name: string, codec: Codec<unknown>, item: Item, code: string])[] = [
    ['a number over its maximum', uint(9) as Codec<unknown>, 10, 'TOO_LARGE'],
    ['a number of 2^53, which JavaScript would round', uint() as Codec<unknown>, 2n ** 53n, 'BAD_ENCODING'],
    ['a text for a number', uint() as Codec<unknown>, '1', 'BAD_ENCODING'],
    ['a negative amount', amount as Codec<unknown>, -1, 'BAD_AMOUNT'],
    ['no amount', amount as Codec<unknown>, null, 'BAD_AMOUNT'],
    ['a byte string that is too short', byteString(2, 3) as Codec<unknown>, new Uint8Array(1), 'TOO_LARGE'],
    ['a byte string that is too long', byteString(2, 3) as Codec<unknown>, new Uint8Array(4), 'TOO_LARGE'],
    ['a text counted in bytes, not characters', text(0, 3) as Codec<unknown>, 'üü', 'TOO_LARGE'],
    ['an empty text where one is needed', text(1, 3) as Codec<unknown>, '', 'TOO_LARGE'],
    ['a list over its maximum', list(uint(), 2) as Codec<unknown>, [1, 2, 3], 'TOO_LARGE'],
    ['a list of something else', list(uint(), 2) as Codec<unknown>, [1, null], 'BAD_ENCODING'],
    ['a struct with a place too few', struct({ a: uint(), b: uint() }) as Codec<unknown>, [1], 'BAD_ENCODING'],
    ['a struct with a place too many', struct({ a: uint() }) as Codec<unknown>, [1, 2], 'BAD_ENCODING'],
    ['null where a value is needed', struct({ a: uint() }) as Codec<unknown>, [null], 'BAD_ENCODING'],
    [
      'an unknown version of any shape',
      versioned(1, struct({ a: uint() })) as Codec<unknown>,
      [2, 2, 2],
      'BAD_VERSION',
    ],
    ['a version that is none', versioned(1, struct({ a: uint() })) as Codec<unknown>, [-1], 'BAD_ENCODING'],
  ];
  it.each(refused)('refuse %s', (_name, ...[codec, item, code]) => {
    expectCode(decode(codec, item), code);
  });

  it('C15: keep amounts exact up to 2^64-1', () => {
    for (const value of [0n, 1n, 2n ** 53n - 1n, 2n ** 53n + 1n, 2n ** 63n, 2n ** 64n - 1n]) {
      expect(decodeBytes(amount, encode(amount, value), 9)).toEqual({ ok: true, value });
    }
  });

  it('tell null from a value', () => {
    expect(decode(nullable(uint()), null)).toEqual({ ok: true, value: null });
    expect(decode(nullable(uint()), 0)).toEqual({ ok: true, value: 0 });
  });
});
