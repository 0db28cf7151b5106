/**
 * Strict reading of the JSON files that people and programs hand over: every value through a form, every unknown key an error, every
 * refusal with the path of the key, the value and what was expected. Inside a file's reader (genesis-file.ts, proof.ts) a refusal is
 * thrown as a KvchainError; `readJsonFile` and `readJson` catch it and give a result.
 */
import { fromHex, isWellFormed, toHex, toUtf8 } from './bytes.ts';
import { amountMax } from './codec.ts';
import { accept, type ErrorCode, KvchainError, type Result, reject } from './errors.ts';

/** One kind of file. */
export interface JsonFileKind {
  /** As refusals call it, such as `genesis file`. */
  readonly name: string;
  /** What a refusal of its content says. */
  readonly code: ErrorCode;
  /** Longer texts are refused before they are parsed. */
  readonly textMax: number;
}

/** One place in a file. `code` is what a refusal of it says. */
export interface JsonNode {
  readonly code: ErrorCode;
  /** Such as `schedule[0].params.bits`; empty at the top. */
  readonly path: string;
  /** Undefined where the file has nothing. */
  readonly json: unknown;
}

/** One kind of value: how it is read (undefined when it is not one) and written. */
export interface Form<T> {
  readonly expected: string;
  read(json: unknown): T | undefined;
  write(value: T): unknown;
}

/** A JSON number from 0 to 2^53-1: what is larger was rounded by the parser, so it is refused. */
export const natural: Form<number> = {
  expected: 'a whole number from 0 to 2^53-1',
  read: json => (typeof json === 'number' && Number.isSafeInteger(json) && json >= 0 ? json : undefined),
  write: value => value,
};

/** An amount as a decimal string: JSON numbers lose digits above 2^53. */
export const amountText: Form<bigint> = {
  expected: 'a decimal string from "0" to "18446744073709551615"',
  read: json => {
    if (typeof json !== 'string' || !/^(?:0|[1-9][0-9]{0,19})$/.test(json)) return undefined;
    const value = BigInt(json);
    return value <= amountMax ? value : undefined;
  },
  write: value => value.toString(),
};

/** One of a closed set of texts. */
export function choice<T extends string>(values: readonly T[]): Form<T> {
  return {
    expected: values.map(value => JSON.stringify(value)).join(' or '),
    read: json => values.find(value => value === json),
    write: value => value,
  };
}

/** `min` to `max` bytes in hexadecimal. */
export function hexBytes(min: number, max: number = min): Form<Uint8Array> {
  return {
    expected: `${min === max ? min : `${min} to ${max}`} bytes in hexadecimal`,
    read: json => {
      if (typeof json !== 'string' || json.length < 2 * min || json.length > 2 * max) return undefined;
      return fromHex(json) ?? undefined;
    },
    write: toHex,
  };
}

/** Well-formed text of `min` to `max` bytes of UTF-8. */
export function textOf(min: number, max: number): Form<string> {
  return {
    expected: `text of ${min} to ${max} bytes of UTF-8`,
    read: json => {
      if (typeof json !== 'string' || !isWellFormed(json)) return undefined;
      const { length } = toUtf8(json);
      return length >= min && length <= max ? json : undefined;
    },
    write: value => value,
  };
}

/** Reads the text of a file. Errors: TOO_LARGE, the kind's own code, and what `read` refuses with. */
export function readJsonFile<T>(text: string, kind: JsonFileKind, read: (file: JsonNode) => T): Result<T> {
  const { name, code, textMax } = kind;
  if (text.length > textMax) return reject('TOO_LARGE', `${name} of ${text.length} characters, at most ${textMax}`);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return reject(code, `the file is not JSON: ${error instanceof Error ? error.message : 'unreadable'}`);
  }
  return readJson(json, code, read);
}

/** As `readJsonFile`, of what is parsed already. */
export function readJson<T>(json: unknown, code: ErrorCode, read: (file: JsonNode) => T): Result<T> {
  try {
    return accept(read({ code, path: '', json }));
  } catch (error) {
    if (error instanceof KvchainError) return reject(error.code, error.message);
    throw error;
  }
}

/** Reads `node` as `form` says. */
export function readValue<T>(node: JsonNode, form: Form<T>): T {
  return form.read(node.json) ?? refuse(node, form.expected);
}

/** Reads the value at the key `name` of an object. */
export function readField<T>(node: JsonNode, name: string, form: Form<T>): T {
  return readValue(field(node, name), form);
}

/** The place at the key `name` of an object; own keys only. */
export function field(node: JsonNode, name: string): JsonNode {
  const object = objectOf(node);
  return {
    code: node.code,
    path: node.path === '' ? name : `${node.path}.${name}`,
    json: Object.hasOwn(object, name) ? object[name] : undefined,
  };
}

/** Reads each item of an array; none where the file has nothing. */
export function readList<T>(node: JsonNode, readItem: (item: JsonNode) => T): readonly T[] {
  if (node.json === undefined) return [];
  if (!Array.isArray(node.json)) return refuse(node, 'an array');
  return node.json.map((json: unknown, index) => readItem({ code: node.code, path: `${node.path}[${index}]`, json }));
}

/** Checks that an object has all `required` keys, and no others than those and the `optional` ones. */
export function checkKeys(node: JsonNode, required: readonly string[], optional: readonly string[] = []): void {
  const known = [...required, ...optional];
  for (const name of Object.keys(objectOf(node))) {
    if (!known.includes(name)) refuse(field(node, name), `one of the keys ${known.join(', ')}`);
  }
  for (const name of required) {
    const value = field(node, name);
    if (value.json === undefined) refuse(value, 'a value');
  }
}

/**
 * Checks a file's `format` and `version` before anything else, so that a newer file (BAD_VERSION) is told from a damaged one.
 */
export function checkFormat(node: JsonNode, format: string, version: number): void {
  readField(node, 'format', choice([format]));
  const found = readField(node, 'version', natural);
  if (found === version) return;
  throw new KvchainError('BAD_VERSION', `${format} version ${found}, this program knows ${version}`);
}

/** Refuses the value at `node`. */
export function refuse(node: JsonNode, expected: string): never {
  const shown = node.json === undefined ? 'missing' : shortened(node.json);
  throw new KvchainError(node.code, `${node.path === '' ? 'the file' : node.path}: ${shown}, expected ${expected}`);
}

function objectOf(node: JsonNode): Readonly<Record<string, unknown>> {
  const { json } = node;
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return refuse(node, 'an object');
  return json as Readonly<Record<string, unknown>>;
}

/** What a value looks like in a message; only its outermost level, since a hostile one may nest deeper than the stack. */
function shortened(json: unknown): string {
  if (Array.isArray(json)) return `an array of ${json.length}`;
  if (typeof json === 'object' && json !== null) return 'an object';
  return typeof json === 'string' ? JSON.stringify(json.slice(0, 100)) : String(json);
}
