/**
 * Makes a new input out of known ones: one to four changes, of bytes or of what the bytes mean (heads of CBOR, values of JSON). The
 * same chance gives the same input.
 */
import type { Chance } from '../sim/chance.ts';
import { mutateCbor } from './mutate-cbor.ts';
import { mutateJson } from './mutate-json.ts';
import type { Shape } from './target.ts';

/** Of an input; a tenth of what a peer may send at most, and many times what reaches a new branch. */
export const inputBytesMax = 65_536;

const changesMax = 4;
/** Lengths and numbers at which decoders err. */
const edges = [0, 1, 0x17, 0x18, 0x7f, 0x80, 0xfb, 0xfe, 0xff];
/** Pieces of text that mean something to some reader. */
const words = [
  '"',
  '\\',
  '\n',
  '\r\n',
  ',',
  ':',
  '{',
  '}',
  '[',
  ']',
  '__proto__',
  'null',
  '-1',
  '1e999',
  '%',
  '%00',
].concat([
  '../',
  '&',
  '*',
  '!!',
  '- ',
  '\t',
  '\u0000',
  '\ufeff',
  '\u2028',
  '?',
  '=',
  '#',
  '/p2p/',
  '0x',
  '9007199254740993',
]);

type Change = (bytes: Uint8Array, other: Uint8Array, chance: Chance) => Uint8Array;

/** Changes `bytes` with the help of `other`, another input of the same target. At most `inputBytesMax` bytes. */
export function mutate(
  bytes: Uint8Array,
  other: Uint8Array,
  { shape, chance }: { shape: Shape; chance: Chance },
): Uint8Array {
  let mutated = bytes;
  for (let left = chance.between(1, changesMax); left > 0; left--) {
    mutated = chance.pick(changesOf(shape))(mutated, other, chance).subarray(0, inputBytesMax);
  }
  return mutated.slice();
}

function changesOf(shape: Shape): readonly Change[] {
  switch (shape) {
    case 'cbor':
      return cborChanges;
    case 'json':
      return jsonChanges;
    case 'text':
      return textChanges;
    case 'bytes':
      return byteChanges;
  }
}

const byteChanges: readonly Change[] = [
  (bytes, _, chance) => withByte(bytes, chance, byte => byte ^ (1 << chance.between(0, 7))),
  (bytes, _, chance) => withByte(bytes, chance, () => chance.pick(edges)),
  (bytes, _, chance) => withByte(bytes, chance, byte => byte + chance.pick([-1, 1])),
  (bytes, _, chance) => insert(bytes, chance, chance.bytes(chance.between(1, 9))),
  // A run of one byte: a number of four or eight bytes becomes its largest or smallest.
  (bytes, _, chance) =>
    overwrite(bytes, chance, new Uint8Array(chance.pick([2, 4, 8])).fill(chance.pick([0, 0x7f, 0xff]))),
  (bytes, _, chance) => cut(bytes, chance),
  (bytes, _, chance) => repeat(bytes, chance),
  (bytes, _, chance) => bytes.subarray(0, chance.between(0, bytes.length)),
  (bytes, _, chance) => join(bytes, chance.bytes(chance.between(1, 40))),
  (bytes, other, chance) => splice(bytes, other, chance),
];
const wordChange: Change = (bytes, _, chance) => insert(bytes, chance, Buffer.from(chance.pick(words)));
const textChanges: readonly Change[] = [...byteChanges, wordChange, wordChange, wordChange, wordChange];
const cborChanges: readonly Change[] = [...byteChanges, ...Array<Change>(15).fill(mutateCbor)];
const jsonChanges: readonly Change[] = [...textChanges, ...Array<Change>(20).fill(mutateJson)];

function withByte(bytes: Uint8Array, chance: Chance, change: (byte: number) => number): Uint8Array {
  const changed = bytes.slice();
  const at = chance.between(0, Math.max(0, bytes.length - 1));
  const byte = changed[at];
  if (byte !== undefined) changed[at] = change(byte);
  return changed;
}

function insert(bytes: Uint8Array, chance: Chance, part: Uint8Array): Uint8Array {
  const at = chance.between(0, bytes.length);
  return join(bytes.subarray(0, at), part, bytes.subarray(at));
}

function overwrite(bytes: Uint8Array, chance: Chance, part: Uint8Array): Uint8Array {
  const at = chance.between(0, bytes.length);
  return join(bytes.subarray(0, at), part, bytes.subarray(at + part.length));
}

function cut(bytes: Uint8Array, chance: Chance): Uint8Array {
  const { from, to } = range(bytes, chance);
  return join(bytes.subarray(0, from), bytes.subarray(to));
}

/** Part of the input many times over: long lists, deep nesting. */
function repeat(bytes: Uint8Array, chance: Chance): Uint8Array {
  const { from, to } = range(bytes, chance);
  const times = chance.pick([1, 2, 3, 20, 300]);
  const parts = Array<Uint8Array>(times).fill(bytes.subarray(from, to));
  return join(bytes.subarray(0, to), ...parts, bytes.subarray(to));
}

function splice(bytes: Uint8Array, other: Uint8Array, chance: Chance): Uint8Array {
  const { from, to } = range(other, chance);
  const hole = range(bytes, chance);
  return join(bytes.subarray(0, hole.from), other.subarray(from, to), bytes.subarray(hole.to));
}

function range(bytes: Uint8Array, chance: Chance): { readonly from: number; readonly to: number } {
  const from = chance.between(0, bytes.length);
  const length = chance.happens(0.7) ? chance.between(0, 16) : chance.between(0, bytes.length);
  return { from, to: Math.min(bytes.length, from + length) };
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(
    parts,
    Math.min(
      inputBytesMax,
      parts.reduce((total, part) => total + part.length, 0),
    ),
  );
}
