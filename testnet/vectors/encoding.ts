/** Vectors of what everything else is made of: CBOR items, compact targets, Merkle trees. */
import { toHex, toUtf8 } from '../../chain/bytes.ts';
import { encodeItem, type Item } from '../../chain/codec.ts';
import { sha256 } from '../../chain/hash.ts';
import { merkleProof, merkleRoot } from '../../chain/merkle.ts';
import { bitsForLeadingZeros, decodeBits, encodeBits, targetToBytes, workOf } from '../../chain/target.ts';
import type { Json } from './show.ts';

/** Items that are encoded, and bytes that no decoder may take. */
export function cborVectors(): Json {
  return {
    good: goodItems.map(item => ({ item: showItem(item), hex: toHex(encodeItem(item)) })),
    refused: refusedItems.map(([name, hex]) => ({ name, hex, code: 'BAD_ENCODING' })),
  };
}

const integers = [0, 1, 23, 24, 255, 256, 65_535, 65_536, 4_294_967_295, 4_294_967_296, Number.MAX_SAFE_INTEGER];
const goodItems: readonly Item[] = [
  ...integers,
  2n ** 53n,
  2n ** 64n - 1n,
  null,
  '',
  'a',
  'ü',
  '水',
  '😀',
  '\u0000',
  'x'.repeat(24),
  new Uint8Array(0),
  Uint8Array.of(1, 2, 3, 4),
  new Uint8Array(24),
  new Uint8Array(256),
  [],
  [1, [2, 3], null],
  Array.from({ length: 24 }, (_, index) => index),
  nested(16),
];

const refusedItems: readonly (readonly [name: string, hex: string])[] = [
  ['nothing at all', ''],
  ['23 in two bytes', '1817'],
  ['255 in three bytes', '1900ff'],
  ['65535 in five bytes', '1a0000ffff'],
  ['2^32 - 1 in nine bytes', '1b00000000ffffffff'],
  ['an integer that is cut off', '19ff'],
  ['a reserved length', '1c'],
  ['a negative integer', '20'],
  ['the length of a byte string in two bytes', '580401020304'],
  ['a byte string that is cut off', '44010203'],
  ['a byte string of 2^63 bytes', '5b8000000000000000'],
  ['a byte string of indefinite length', '5f41014102ff'],
  ['a text of indefinite length', '7f6161ff'],
  ['a text that is not UTF-8', '61ff'],
  ['a text with an overlong form', '62c080'],
  ['a text with a surrogate', '63eda080'],
  ['the length of a text in two bytes', '780161'],
  ['an array of indefinite length', '9f01ff'],
  ['an array with too few items', '8201'],
  ['an array of 2^32 items', '9b0000000100000000'],
  ['the length of an array in two bytes', '980101'],
  ['a map', 'a10102'],
  ['an empty map', 'a0'],
  ['a tag', 'c101'],
  ['a big integer by tag', 'c249010000000000000000'],
  ['false', 'f4'],
  ['true', 'f5'],
  ['undefined', 'f7'],
  ['a simple value', 'f0'],
  ['a half float', 'f93c00'],
  ['a single float', 'fa3f800000'],
  ['a double float', 'fb3ff0000000000000'],
  ['a float that is not a number', 'f97e00'],
  ['a break', 'ff'],
  ['a byte after the item', '0000'],
  ['a second item', '0102'],
  ['arrays nested 17 deep', `${'81'.repeat(17)}00`],
  ['arrays nested 1,000 deep', `${'81'.repeat(1_000)}00`],
];

/** Compact targets: decoded, refused, rounded, and for a difficulty in leading zero bits. */
export function targetVectors(): Json {
  const decoded = [
    0x01010000, 0x017f0000, 0x02008000, 0x03123456, 0x04123456, 0x05009234, 0x1d00ffff, 0x1b0404cb, 0x207fffff,
    0x2000ffff, 0x2100ffff,
  ];
  const refused: readonly (readonly [string, number])[] = [
    ['zero', 0],
    ['zero with a length', 0x04000000],
    ['a mantissa that its length cuts to zero', 0x00123456],
    ['a mantissa that its length cuts', 0x01123456],
    ['negative', 0x04923456],
    ['negative zero', 0x01800000],
    ['a mantissa that could be shorter', 0x05001234],
    ['a mantissa of one byte that could be shorter', 0x1d0000ff],
    ['2^256', 0x21010000],
    ['far above 2^256', 0xff123456],
  ];
  const rounded = [
    1n,
    0x7fn,
    0x80n,
    0xffffn,
    0x123456n,
    0x800000n,
    0x12345678n,
    2n ** 224n - 1n,
    2n ** 240n,
    2n ** 256n - 1n,
  ];
  return {
    decoded: decoded.map(bits => {
      const target = decodeBits(bits) ?? 0n;
      return { bits: showBits(bits), target: toHex(targetToBytes(target)), work: workOf(target).toString() };
    }),
    refused: refused.map(([name, bits]) => ({ name, bits: showBits(bits) })),
    encoded: rounded.map(target => ({ target: toHex(targetToBytes(target)), bits: showBits(encodeBits(target)) })),
    leadingZeroBits: [0, 1, 2, 7, 8, 16, 20, 32, 255].map(n => ({ n, bits: showBits(bitsForLeadingZeros(n)) })),
  };
}

function showBits(bits: number): string {
  return bits.toString(16).padStart(8, '0');
}

/** Roots of lists of 0 to 9 item hashes, SHA-256("0"), SHA-256("1") ..., with proofs. */
export function merkleVectors(): Json {
  const items = Array.from({ length: 9 }, (_, index) => sha256(toUtf8(String(index))));
  const roots = Array.from({ length: 10 }, (_, count) => toHex(merkleRoot(items.slice(0, count))));
  const places = [
    [1, 0],
    [2, 1],
    [3, 2],
    [5, 4],
    [7, 3],
    [9, 8],
  ] as const;
  const proofs = places.map(([count, index]) => {
    const list = items.slice(0, count);
    return {
      count,
      index,
      leaf: toHex(items[index] ?? new Uint8Array(0)),
      siblings: merkleProof(list, index).map(toHex),
      root: toHex(merkleRoot(list)),
    };
  });
  return { items: items.map(toHex), roots, proofs };
}

/** Bytes are {"bytes": hex}, integers above 2^53 - 1 are {"integer": decimal}. */
function showItem(item: Item): Json {
  if (item instanceof Uint8Array) return { bytes: toHex(item) };
  if (typeof item === 'bigint') return { integer: item.toString() };
  if (typeof item === 'number' || typeof item === 'string' || item === null) return item;
  return item.map(showItem);
}

function nested(depth: number): Item {
  return depth === 0 ? 0 : [nested(depth - 1)];
}
