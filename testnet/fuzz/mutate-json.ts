/** Changes one value or one key of JSON. What is not JSON is left as it is: the mutations of text have it. */
import type { Chance } from '../sim/chance.ts';

/** Values at which readers of JSON err: kinds, edges of numbers, names that objects inherit, half a character, depth, length. */
const values: readonly string[] = [
  'null',
  'true',
  '0',
  '-0',
  '-1',
  '1.5',
  '1e400',
  '9007199254740991',
  '9007199254740993',
].concat(
  [
    '18446744073709551616',
    '""',
    '" "',
    '"0"',
    '"-1"',
    '"18446744073709551615"',
    '"\\u0000"',
    '"\\ud800"',
    '"__proto__"',
  ],
  ['{}', '[]', '[[]]', '{"__proto__":{}}', '"utf8"', '"base64"', '"00"', '"final"', '"confirmed:0"'],
  ['['.repeat(70) + ']'.repeat(70), `"${'a'.repeat(300)}"`, `"${'00'.repeat(40)}"`, `[${'0,'.repeat(200)}0]`],
);
const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', '', 'key', 'value', 'version', '\ud800'];

/** Where a value stands: in an object by its name, or in an array. */
type Place =
  | { readonly holder: Record<string, unknown>; readonly name: string }
  | { readonly holder: unknown[]; readonly index: number };

/** One change in the JSON that `bytes` hold, if they do; some take a value out of `other`. */
export function mutateJson(bytes: Uint8Array, other: Uint8Array, chance: Chance): Uint8Array {
  // Newlines part JSON from what stands before it: the first line of a REST request, lines of JSONL.
  const lines = Buffer.from(bytes).toString('utf8').split('\n');
  const whole = parse(lines.join('\n'));
  if (whole !== undefined) return Buffer.from(changed(whole, other, chance));
  const index = chance.between(0, lines.length - 1);
  const rest = parse(lines.slice(index).join('\n'));
  if (rest !== undefined) return Buffer.from([...lines.slice(0, index), changed(rest, other, chance)].join('\n'));
  const line = parse(lines[index] ?? '');
  if (line === undefined) return bytes;
  lines[index] = changed(line, other, chance);
  return Buffer.from(lines.join('\n'));
}

function changed(json: unknown, other: Uint8Array, chance: Chance): string {
  const holder = { root: json };
  const places = [...placesIn(holder)];
  const place = chance.pick(places);
  // A value that JSON.stringify cannot write, such as 1e400 or a second key of one name, is put in by its text.
  const mark = `@${chance.next()}@`;
  const text = change(place, { mark, other, chance });
  const written = JSON.stringify(holder.root) ?? 'null';
  return text === null ? written : written.replaceAll(`"${mark}"`, () => text);
}

/** Makes the change. Text to stand where `mark` was put, or null. */
function change(
  place: Place,
  { mark, other, chance }: { readonly mark: string; readonly other: Uint8Array; readonly chance: Chance },
): string | null {
  const value = read(place);
  switch (chance.between(0, 5)) {
    case 0:
      if ('name' in place && place.name !== 'root') delete place.holder[place.name];
      else if ('index' in place) place.holder.splice(place.index, 1);
      return null;
    case 1: {
      if (!('name' in place) || place.name === 'root') return null;
      delete place.holder[place.name];
      // Not an assignment, which would set the prototype.
      Object.defineProperty(place.holder, chance.pick(names), { value, enumerable: true, configurable: true });
      return null;
    }
    case 2: {
      const taken = parse(Buffer.from(other).toString('utf8'));
      if (taken !== undefined) write(place, read(chance.pick([...placesIn({ root: taken })])));
      return null;
    }
    case 3:
      if (typeof value === 'string') write(place, changedText(value, chance));
      else if (typeof value === 'number') write(place, value + chance.pick([-1, 1, 0.5, 2 ** 31, -(2 ** 53)]));
      return null;
    case 4:
      if ('index' in place) place.holder.splice(place.index, 0, value);
      else write(place, [value]);
      return null;
    default:
      write(place, mark);
      return chance.pick(values);
  }
}

function changedText(text: string, chance: Chance): string {
  const at = chance.between(0, text.length);
  const piece = chance.pick(['', '0', 'f', 'F', ' ', '\u0000', '\ud800', '%', 'é', '\u{1f600}', text]);
  return text.slice(0, at) + piece + text.slice(at + chance.between(0, 2));
}

function* placesIn(holder: unknown): Generator<Place, void> {
  if (Array.isArray(holder)) {
    for (const [index, value] of holder.entries()) {
      yield { holder, index };
      yield* placesIn(value);
    }
  } else if (isObject(holder)) {
    for (const [name, value] of Object.entries(holder)) {
      yield { holder, name };
      yield* placesIn(value);
    }
  }
}

function read(place: Place): unknown {
  return 'name' in place ? place.holder[place.name] : place.holder[place.index];
}

function write(place: Place, value: unknown): void {
  if ('index' in place) place.holder[place.index] = value;
  else Object.defineProperty(place.holder, place.name, { value, enumerable: true, configurable: true, writable: true });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** Deeper texts would end the recursion over them. */
const depthMax = 200;

function parse(text: string): unknown {
  try {
    if ((text.match(/[[{]/g)?.length ?? 0) > depthMax * 20) return undefined;
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
