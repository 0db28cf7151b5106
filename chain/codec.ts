/**
 * Canonical CBOR (RFC 8949, 4.2.1 core deterministic encoding; arrays, unsigned integers, byte and text strings and null alone), with
 * typed shapes over it. A decoder accepts exactly one encoding of a value: with these types alone, that is the one whose heads are all
 * as short as can be (tests and fuzzers encode again what was decoded, and compare).
 */
import { decode as decodeCbor, decodeFirst, encode as encodeCbor, type Token, Tokenizer, Type } from 'cborg';
import { equalBytes, fromUtf8, isWellFormed, utf8Length } from './bytes.ts';
import { accept, type ErrorCode, KvchainError, type Result, reject } from './errors.ts';

/** What CBOR carries here. */
export type Item = number | bigint | string | Uint8Array | null | readonly Item[];

/** Both directions of one shape. `fromItem` throws a KvchainError on anything else; `decodeBytes` turns that into a result. */
export interface Codec<T> {
  toItem(value: T): Item;
  fromItem(item: unknown): T;
  /** As `fromItem` for a value that keeps its canonical bytes, here those of the item: instead of encoding it anew. */
  fromEncoded?(item: unknown, bytes: Uint8Array): T;
  /** The canonical bytes, where the value keeps them: instead of encoding its item anew. */
  encode?(value: T): Uint8Array;
}

/** Arrays nest at most this deep; checked while tokens are read, before anything is built. */
const depthMax = 16;

/** Amounts go up to 2^64-1, so integers above 2^53-1 come as bigint; they are refused without the option. */
const decodeOptions = {
  strict: true,
  allowBigInt: true,
  allowIndefinite: false,
  allowUndefined: false,
  retainStringBytes: true,
};

/** The canonical bytes of `value`. */
export function encode<T>(codec: Codec<T>, value: T): Uint8Array {
  return codec.encode?.(value) ?? encodeItem(codec.toItem(value));
}

/** The canonical bytes of an item. */
export function encodeItem(item: Item): Uint8Array {
  return plainBytes(encodeCbor(item));
}

/** The head of an array of `count` items, so that items that are encoded already can be joined behind it. */
export function encodeArrayHead(count: number): Uint8Array {
  if (count < 24) return Uint8Array.of(0x80 | count);
  if (count < 0x100) return Uint8Array.of(0x98, count);
  if (count < 0x10000) return Uint8Array.of(0x99, count >> 8, count & 0xff);
  return Uint8Array.of(0x9a, count >>> 24, (count >> 16) & 0xff, (count >> 8) & 0xff, count & 0xff);
}

/**
 * As `decodeBytes` for a list of at most `max` values, with a pause after each of them, in which a caller can let others work: a list
 * of some megabytes takes a tenth of a second.
 */
export function* decodeListInSteps<T>(
  codec: Codec<T>,
  bytes: Uint8Array,
  { max, bytesMax }: { readonly max: number; readonly bytesMax: number },
): Generator<undefined, Result<readonly T[]>, undefined> {
  if (bytes.length > bytesMax)
    return reject('TOO_LARGE', `encoding too large: ${bytes.length} bytes, at most ${bytesMax}`);
  const values: T[] = [];
  try {
    const { count, length } = readArrayHead(bytes);
    if (count > max) return reject('TOO_LARGE', `list of ${count} items, at most ${max}`);
    const input = plainBytes(bytes).subarray(length);
    const tokenizer = new BoundedTokenizer(input);
    for (let start = 0; values.length < count; start = tokenizer.pos()) {
      const [item]: unknown[] = decodeFirst(input, { ...decodeOptions, tokenizer });
      values.push(fromDecoded(codec, item, input.subarray(start, tokenizer.pos())));
      yield;
    }
    return tokenizer.done() ? accept(values) : reject('BAD_ENCODING', 'bytes behind the end of the list');
  } catch (error) {
    return rejectionOf(error);
  }
}

/** The inverse of `encodeArrayHead`; anything that it does not give is BAD_ENCODING. */
function readArrayHead(bytes: Uint8Array): { readonly count: number; readonly length: number } {
  const [first = 0] = bytes;
  const length = first < 0x98 ? 1 : 1 + 2 ** (first - 0x98);
  let count = first < 0x98 ? first - 0x80 : 0;
  for (let index = 1; index < length && index < bytes.length; index++) count = 256 * count + (bytes[index] ?? 0);
  const isCanonical = first >= 0x80 && first <= 0x9a && equalBytes(encodeArrayHead(count), bytes.subarray(0, length));
  return isCanonical ? { count, length } : fail('BAD_ENCODING', 'expected the head of an array');
}

/** Decodes exactly the canonical encoding, of at most `bytesMax` bytes. Errors: TOO_LARGE, BAD_ENCODING, or the code of a field. */
export function decodeBytes<T>(codec: Codec<T>, bytes: Uint8Array, bytesMax: number): Result<T> {
  if (bytes.length > bytesMax)
    return reject('TOO_LARGE', `encoding too large: ${bytes.length} bytes, at most ${bytesMax}`);
  try {
    const input = plainBytes(bytes);
    const item: unknown = decodeCbor(input, { ...decodeOptions, tokenizer: new BoundedTokenizer(input) });
    return accept(fromDecoded(codec, item, input));
  } catch (error) {
    return rejectionOf(error);
  }
}

function fromDecoded<T>(codec: Codec<T>, item: unknown, bytes: Uint8Array): T {
  return codec.fromEncoded === undefined ? codec.fromItem(item) : codec.fromEncoded(item, bytes);
}

function rejectionOf(error: unknown): Result<never> {
  if (error instanceof KvchainError) return reject(error.code, error.message);
  return reject('BAD_ENCODING', `not canonical CBOR: ${error instanceof Error ? error.message : 'unreadable'}`);
}

/** An unsigned integer up to `max`, at most 2^53-1, as a number: heights, nonces, times in milliseconds, counts. */
export function uint(max: number = Number.MAX_SAFE_INTEGER): Codec<number> {
  return {
    toItem: value => value,
    fromItem: item => {
      if (typeof item !== 'number' || !Number.isSafeInteger(item) || item < 0) {
        return fail('BAD_ENCODING', 'expected an unsigned integer below 2^53');
      }
      return item <= max ? item : fail('TOO_LARGE', `number too large: ${item}, at most ${max}`);
    },
  };
}

/** An unsigned 64-bit integer as a bigint: amounts. */
export const amount: Codec<bigint> = {
  toItem: value => value,
  fromItem: item => {
    const value = typeof item === 'number' && Number.isSafeInteger(item) ? BigInt(item) : item;
    if (typeof value !== 'bigint' || value < 0n || value > amountMax)
      return fail('BAD_AMOUNT', 'expected an amount from 0 to 2^64-1');
    return value;
  },
};

export const amountMax: bigint = 2n ** 64n - 1n;

/** A byte string of `min` to `max` bytes; `code` is what is said when its length is wrong. */
export function byteString(min: number, max: number, code: ErrorCode = 'TOO_LARGE'): Codec<Uint8Array> {
  return {
    toItem: value => value,
    fromItem: item => {
      if (!(item instanceof Uint8Array)) return fail('BAD_ENCODING', 'expected a byte string');
      if (item.length < min || item.length > max)
        return fail(code, `byte string of ${item.length} bytes, expected ${min} to ${max}`);
      return item;
    },
  };
}

/** A byte string of exactly `length` bytes. */
export function fixedBytes(length: number, code: ErrorCode = 'BAD_ENCODING'): Codec<Uint8Array> {
  return byteString(length, length, code);
}

/** A 32-byte hash. */
export const hash32: Codec<Uint8Array> = fixedBytes(32);

/** Well-formed text of `min` to `max` bytes of UTF-8. */
export function text(min: number, max: number, code: ErrorCode = 'TOO_LARGE'): Codec<string> {
  return {
    toItem: value => value,
    fromItem: item => {
      if (typeof item !== 'string' || !isWellFormed(item)) return fail('BAD_ENCODING', 'expected a text string');
      const length = utf8Length(item);
      if (length < min || length > max) return fail(code, `text of ${length} bytes, expected ${min} to ${max}`);
      return item;
    },
  };
}

/** A value or null. */
export function nullable<T>(codec: Codec<T>): Codec<T | null> {
  return {
    toItem: value => (value === null ? null : codec.toItem(value)),
    fromItem: item => (item === null ? null : codec.fromItem(item)),
  };
}

/** An array of at most `max` values of one shape. */
export function list<T>(codec: Codec<T>, max: number): Codec<readonly T[]> {
  return {
    toItem: values => values.map(value => codec.toItem(value)),
    fromItem: item => {
      const items = expectArray(item);
      if (items.length > max) return fail('TOO_LARGE', `list of ${items.length} items, at most ${max}`);
      return items.map(value => codec.fromItem(value));
    },
  };
}

/** A codec whose items are arrays. */
export interface StructCodec<T> extends Codec<T> {
  toItem(value: T): readonly Item[];
}

/** An array with one place a field, in the order in which `fields` are written. */
export function struct<T extends object>(fields: { readonly [K in keyof T]-?: Codec<T[K]> }): StructCodec<T> {
  const names = Object.keys(fields) as (keyof T)[];
  return {
    toItem: value => names.map(name => fields[name].toItem(value[name])),
    fromItem: item => {
      const items = expectArray(item, names.length);
      const value: Partial<T> = {};
      for (const [place, name] of names.entries()) value[name] = fields[name].fromItem(items[place]);
      return value as T;
    },
  };
}

/** A struct whose first place is its version: another version is BAD_VERSION whatever follows, since its shape is not known here. */
export function versioned<T>(version: number, codec: Codec<T>): Codec<T> {
  return {
    toItem: value => codec.toItem(value),
    fromItem: item => {
      const [found] = expectArray(item);
      if (typeof found === 'number' && Number.isSafeInteger(found) && found >= 0 && found !== version) {
        return fail('BAD_VERSION', `version ${found}, this program knows ${version}: upgrade kvchain`);
      }
      return codec.fromItem(item);
    },
  };
}

/** The items of an array, of exactly `length` places when given. */
export function expectArray(item: unknown, length?: number): readonly unknown[] {
  if (!Array.isArray(item)) return fail('BAD_ENCODING', 'expected an array');
  if (length !== undefined && item.length !== length)
    return fail('BAD_ENCODING', `array of ${item.length} places, expected ${length}`);
  return item;
}

/**
 * The same bytes as a Uint8Array proper. Node.js' Buffer is one by inheritance, but its `slice` shares memory: what is decoded from one
 * would change with the socket's buffer under it.
 */
function plainBytes(bytes: Uint8Array): Uint8Array {
  return bytes.constructor === Uint8Array ? bytes : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** Leaves a decoder with a rejection. */
export function fail(code: ErrorCode, detail: string): never {
  throw new KvchainError(code, detail);
}

/** Takes canonical encodings of `Item` alone, and refuses deep nesting before the recursion that would build it. */
class BoundedTokenizer {
  readonly #inner: Tokenizer;
  readonly #open: number[] = [];

  constructor(bytes: Uint8Array) {
    this.#inner = new Tokenizer(bytes, decodeOptions);
  }

  done(): boolean {
    return this.#inner.done();
  }

  pos(): number {
    return this.#inner.pos();
  }

  next(): Token {
    const start = this.#inner.pos();
    const token = this.#inner.next();
    if (this.#inner.pos() - start !== canonicalLength(token)) {
      return fail('BAD_ENCODING', `the encoding of a ${token.type.name} is not the canonical one`);
    }
    // The library's own decoding swallows a byte order mark and puts U+FFFD for what is not UTF-8.
    if (token.byteValue !== undefined) {
      token.value = fromUtf8(token.byteValue) ?? fail('BAD_ENCODING', 'a text is not valid UTF-8');
    }
    this.#count(token);
    return token;
  }

  /** Keeps how many items each open array still waits for; an item ends every array that it fills. */
  #count(token: Token): void {
    const last = this.#open.length - 1;
    if (last >= 0) this.#open[last] = (this.#open[last] ?? 0) - 1;
    if (token.type === Type.array && token.value > 0) {
      if (this.#open.length >= depthMax) fail('BAD_ENCODING', `arrays nest deeper than ${depthMax}`);
      this.#open.push(Number(token.value));
    }
    while (this.#open.length > 0 && this.#open[this.#open.length - 1] === 0) this.#open.pop();
  }
}

/** How many bytes the canonical encoding of a token has. Error: BAD_ENCODING for a type that the protocol does not use. */
function canonicalLength({ type, value, byteValue }: Token): number {
  if (type === Type.uint || type === Type.array) return headLength(value);
  if (type === Type.bytes) return headLength(value.length) + value.length;
  // The library keeps no bytes of the empty text.
  if (type === Type.string) return headLength(byteValue?.length ?? 0) + (byteValue?.length ?? 0);
  if (type === Type.null) return 1;
  // No shape takes one, and the refusal of its field says more.
  if (type === Type.negint) return headLength(-1n - BigInt(value));
  return fail('BAD_ENCODING', `${type.name} is not used by the protocol`);
}

/** Bytes of the shortest head of a number, or of something with so many bytes or places. */
function headLength(count: number | bigint): number {
  if (count < 24) return 1;
  if (count < 0x100) return 2;
  if (count < 0x10000) return 3;
  return count < 0x100000000 ? 5 : 9;
}
