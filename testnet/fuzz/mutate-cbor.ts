/** Changes one head of CBOR (RFC 8949, section 3): what it says of its type, its length or its number, or where it stands. */
import type { Chance } from '../sim/chance.ts';

/** A head as it stands in the bytes, with the content of a string but without the items of an array. */
interface Head {
  readonly start: number;
  /** Behind the head itself. */
  readonly body: number;
  /** Behind the content of a string. */
  readonly end: number;
  readonly major: number;
  readonly argument: bigint;
}

const numbers = [0n, 1n, 23n, 24n, 255n, 256n, 65_535n, 65_536n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 32n].concat([
  2n ** 53n - 1n,
  2n ** 53n,
  2n ** 63n,
  2n ** 64n - 1n,
]);
/** Items that the protocol does not use: floats, simple values, negative numbers, a map, indefinite lengths, reserved heads, a break. */
const foreign = [
  'f90000',
  'fa7fc00000',
  'fb7ff0000000000000',
  'f4',
  'f5',
  'f6',
  'f7',
  'f818',
  '20',
  '3bffffffffffffffff',
].concat(['a0', 'bfff', '9fff', '5fff', '7fff', '1c', 'ff', 'c2420100', '00', '40', '60', '80', '61ff']);

type Change = (head: Head, bytes: Uint8Array, chance: Chance) => Uint8Array;

/** One change at one head of `bytes`, some of them taking an item of `other`. */
export function mutateCbor(bytes: Uint8Array, other: Uint8Array, chance: Chance): Uint8Array {
  const heads = readHeads(bytes);
  if (heads.length === 0) return bytes;
  const head = chance.pick(heads);
  if (chance.happens(0.15)) {
    const others = readHeads(other);
    if (others.length === 0) return bytes;
    const from = chance.pick(others);
    return replace(bytes, head, other.subarray(from.start, from.end));
  }
  return chance.pick(changes)(head, bytes, chance);
}

const changes: readonly Change[] = [
  // A lie about a length, or another number: the content stays.
  (head, bytes, chance) => withHead(bytes, head, encodeHead(head.major, chance.pick(numbers))),
  (head, bytes, chance) => withHead(bytes, head, encodeHead(head.major, near(head.argument, chance))),
  // The same in more bytes than it needs.
  (head, bytes, chance) => withHead(bytes, head, encodeHead(head.major, head.argument, chance.between(1, 4))),
  (head, bytes, chance) => withHead(bytes, head, encodeHead(chance.between(0, 7), head.argument)),
  (head, bytes) => withHead(bytes, head, Uint8Array.of((head.major << 5) | 31)),
  (head, bytes, chance) => replace(bytes, head, Buffer.from(chance.pick(foreign), 'hex')),
  // A tag before it, or arrays around it.
  (head, bytes, chance) => insert(bytes, head.start, encodeHead(6, BigInt(chance.between(0, 60)))),
  (head, bytes, chance) => insert(bytes, head.start, new Uint8Array(chance.pick([1, 2, 15, 16, 17, 5_000])).fill(0x81)),
  (head, bytes) => replace(bytes, head, new Uint8Array()),
  (head, bytes) => insert(bytes, head.end, bytes.subarray(head.start, head.end)),
  (head, bytes, chance) => resized(bytes, head, chance),
];

/** The heads in their order, read as a machine would, without recursion; what follows unreadable bytes is left out. */
function readHeads(bytes: Uint8Array): readonly Head[] {
  const heads: Head[] = [];
  let at = 0;
  while (at < bytes.length) {
    const head = readHead(bytes, at);
    if (head === null) break;
    heads.push(head);
    at = head.end;
  }
  return heads;
}

function readHead(bytes: Uint8Array, start: number): Head | null {
  const first = bytes[start] ?? 0;
  const [major, low] = [first >> 5, first & 31];
  const width = low < 24 ? 0 : 2 ** (low - 24);
  const body = start + 1 + width;
  if (low > 27 || body > bytes.length) return null;
  let argument = BigInt(low);
  if (width > 0) argument = bytes.subarray(start + 1, body).reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
  const isString = major === 2 || major === 3;
  const end = isString ? Math.min(bytes.length, body + Number(argument)) : body;
  return { start, body, end, major, argument };
}

/** In as few bytes as it takes, or with a wider argument: 1 to 4 for one, two, four and eight bytes. */
function encodeHead(major: number, argument: bigint, widthAtLeast = 0): Uint8Array {
  const needed = argument < 24n ? 0 : argument < 0x100n ? 1 : argument < 0x10000n ? 2 : argument < 0x100000000n ? 3 : 4;
  const width = Math.max(needed, widthAtLeast);
  if (width === 0) return Uint8Array.of((major << 5) | Number(argument));
  const head = new Uint8Array(1 + 2 ** (width - 1));
  head[0] = (major << 5) | (23 + width);
  let left = argument;
  for (let at = head.length - 1; at > 0; at--, left >>= 8n) head[at] = Number(left & 0xffn);
  return head;
}

function near(argument: bigint, chance: Chance): bigint {
  const moved = argument + chance.pick([-2n, -1n, 1n, 2n]);
  return moved < 0n ? 0n : BigInt.asUintN(64, moved);
}

/** A string of another length, told truly: the limits of fields. */
function resized(bytes: Uint8Array, head: Head, chance: Chance): Uint8Array {
  if (head.major !== 2 && head.major !== 3) return bytes;
  const length = chance.pick([0, 1, 16, 20, 31, 32, 33, 64, 65, 257, 4_097]);
  const content = bytes.subarray(head.body, head.end);
  const filled = Uint8Array.from({ length }, (_, index) => content[index % Math.max(1, content.length)] ?? 0x61);
  return replace(bytes, head, Buffer.concat([encodeHead(head.major, BigInt(length)), filled]));
}

function withHead(bytes: Uint8Array, head: Head, written: Uint8Array): Uint8Array {
  return Buffer.concat([bytes.subarray(0, head.start), written, bytes.subarray(head.body)]);
}

function replace(bytes: Uint8Array, head: Head, part: Uint8Array): Uint8Array {
  return Buffer.concat([bytes.subarray(0, head.start), part, bytes.subarray(head.end)]);
}

function insert(bytes: Uint8Array, at: number, part: Uint8Array): Uint8Array {
  return Buffer.concat([bytes.subarray(0, at), part, bytes.subarray(at)]);
}
