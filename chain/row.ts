/**
 * What a kind of row is made of: a place (the key behind the prefix byte) and a value, both ways. What is read was written by this
 * program, so whatever does not decode is damage: it is thrown as DATABASE_DAMAGED and told to the user, never taken for a peer's fault.
 */
import { concat, fromUtf8, toHex, toUtf8 } from './bytes.ts';
import { type Codec, decodeBytes, encode } from './codec.ts';
import { assert, KvchainError } from './errors.ts';

/** One direction and the other between a value and stored bytes; `decode` gives null for anything that `encode` does not give. */
export interface Stored<T> {
  /** How people read it in the table. */
  readonly form: string;
  encode(value: T): Uint8Array;
  decode(bytes: Uint8Array): T | null;
}

/** What the table says of a kind of row. */
export interface RowFields<Place, Value> {
  /** The first byte of its keys: one ASCII character that no other kind has. */
  readonly prefix: string;
  readonly place: Stored<Place>;
  readonly value: Stored<Value>;
  readonly purpose: string;
  readonly deletedBy: string;
}

/** A kind of row. `placeOf` and `decode` throw DATABASE_DAMAGED. */
export interface Row<Place, Value> extends RowFields<Place, Value> {
  key(place: Place): Uint8Array;
  placeOf(key: Uint8Array): Place;
  encode(value: Value): Uint8Array;
  decode(bytes: Uint8Array): Value;
  put(place: Place, value: Value): StoreWrite;
  remove(place: Place): StoreWrite;
}

/** One change of a batch; null deletes. The store's port takes the same shape. */
export interface StoreWrite {
  readonly key: Uint8Array;
  readonly value: Uint8Array | null;
}

/** Keys from `from` (inclusive) to `to` (exclusive). */
export interface KeyRange {
  readonly from: Uint8Array;
  readonly to: Uint8Array;
}

/** Builds a kind of row from what the table says of it. */
export function row<Place, Value>(fields: RowFields<Place, Value>): Row<Place, Value> {
  const head = toUtf8(fields.prefix);
  assert(head.length === 1, 'a prefix is one ASCII character');
  const key = (place: Place) => concat(head, fields.place.encode(place));
  return {
    ...fields,
    key,
    placeOf: stored => {
      const isOurs = stored[0] === head[0];
      return (isOurs ? fields.place.decode(stored.subarray(1)) : null) ?? damaged(fields.prefix, 'key', stored);
    },
    encode: value => fields.value.encode(value),
    decode: stored => fields.value.decode(stored) ?? damaged(fields.prefix, 'value', stored),
    put: (place, value) => ({ key: key(place), value: fields.value.encode(value) }),
    remove: place => ({ key: key(place), value: null }),
  };
}

/** All keys that begin with `start`, which begins with a prefix and so never consists of 0xFF alone. */
export function rangeOf(start: Uint8Array): KeyRange {
  const end = start.findLastIndex(byte => byte !== 0xff);
  assert(end >= 0, 'a key begins with an ASCII character');
  const to = start.slice(0, end + 1);
  to[end] = (to[end] ?? 0) + 1;
  return { from: start, to };
}

/** The one row of its kind: nothing behind the prefix. Its place is `'only'`. */
export const onlyPlace: Stored<'only'> = {
  form: '(nothing)',
  encode: () => new Uint8Array(0),
  decode: bytes => (bytes.length === 0 ? 'only' : null),
};

/** 32 bytes. */
export function hashStored(form: string): Stored<Uint8Array> {
  return {
    form,
    encode: hash => hash,
    decode: bytes => (bytes.length === 32 ? bytes : null),
  };
}

/** A number as 8 bytes, big-endian, so that keys stand in its order. */
export function numberPlace(form: string): Stored<number> {
  return { form, encode: encodeNumber, decode: decodeNumber };
}

/** Text of 1 to `bytesMax` bytes of UTF-8. */
export function textPlace(form: string, bytesMax: number): Stored<string> {
  return {
    form,
    encode: toUtf8,
    decode: bytes => (bytes.length >= 1 && bytes.length <= bytesMax ? fromUtf8(bytes) : null),
  };
}

/** Bytes as they are, 1 to `bytesMax`. */
export function rawStored(form: string, bytesMax: number): Stored<Uint8Array> {
  return {
    form,
    encode: bytes => bytes,
    decode: bytes => (bytes.length >= 1 && bytes.length <= bytesMax ? bytes : null),
  };
}

/** Canonical CBOR of at most `bytesMax` bytes. */
export function cborStored<T>(form: string, codec: Codec<T>, bytesMax: number): Stored<T> {
  return {
    form,
    encode: value => encode(codec, value),
    decode: bytes => {
      const decoded = decodeBytes(codec, bytes, bytesMax);
      return decoded.ok ? decoded.value : null;
    },
  };
}

/** A value that says nothing: the key is all. One zero byte, because some stores take an empty value for none. */
export const noValue: Stored<'present'> = {
  form: '00',
  encode: () => Uint8Array.of(0),
  decode: bytes => (bytes.length === 1 && bytes[0] === 0 ? 'present' : null),
};

export function encodeNumber(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value));
  return bytes;
}

export function decodeNumber(bytes: Uint8Array): number | null {
  if (bytes.length !== 8) return null;
  const value = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0));
  return Number.isSafeInteger(value) ? value : null;
}

function damaged(prefix: string, part: string, bytes: Uint8Array): never {
  const shown = `${toHex(bytes.subarray(0, 40))}${bytes.length > 40 ? '...' : ''}`;
  throw new KvchainError('DATABASE_DAMAGED', `the ${part} of a stored row '${prefix}' is not readable: ${shown}`);
}
