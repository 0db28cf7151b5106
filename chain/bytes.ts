/** Bytes, hex and text: the few conversions that every part uses, strict in both directions. */
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Up to so many bytes a text is made at once; every hash, address and key is about as short. */
const shortLength = 256;
const hexDigits = '0123456789abcdef';

/**
 * Lower-case hexadecimal of `bytes`. The library joins a text from pieces, which the first map that it is a key of has to copy together:
 * a short one is made in one piece here, for half of the cost.
 */
export function toHex(bytes: Uint8Array): string {
  if (bytes.length > shortLength) return bytesToHex(bytes);
  const codes = new Array<number>(2 * bytes.length);
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index] ?? 0;
    codes[2 * index] = hexDigits.charCodeAt(byte >> 4);
    codes[2 * index + 1] = hexDigits.charCodeAt(byte & 15);
  }
  return String.fromCharCode(...codes);
}

/** `parts` joined into one array. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const joined = new Uint8Array(length);
  let end = 0;
  for (const part of parts) {
    joined.set(part, end);
    end += part.length;
  }
  return joined;
}

/** The bytes of a hexadecimal text of exactly `length` bytes (any even length when not given), or null when it is not one. */
export function fromHex(text: string, length?: number): Uint8Array | null {
  if (!/^(?:[0-9a-fA-F]{2})*$/.test(text)) return null;
  if (length !== undefined && text.length !== 2 * length) return null;
  return hexToBytes(text);
}

/** UTF-8 of `text`. A lone surrogate becomes U+FFFD: check `isWellFormed` where text comes from outside. */
export function toUtf8(text: string): Uint8Array {
  return (text.length <= shortLength ? asciiBytes(text) : null) ?? encoder.encode(text);
}

/** The bytes of a text of ASCII alone, or null: for a short one a fifth of what the way into the encoder and back takes. */
function asciiBytes(text: string): Uint8Array | null {
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code >= 0x80) return null;
    bytes[index] = code;
  }
  return bytes;
}

/** How many bytes `toUtf8` gives, without making them. */
export function utf8Length(text: string): number {
  let length = text.length;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code >= 0x80) length += code >= 0x800 ? 2 : 1;
    // A pair of surrogates is two characters and four bytes; a lone one is three bytes, those of U+FFFD.
    if (isBetween(code, 0xd800, 0xdbff) && isBetween(text.charCodeAt(index + 1), 0xdc00, 0xdfff)) index++;
  }
  return length;
}

function isBetween(code: number, first: number, last: number): boolean {
  return code >= first && code <= last;
}

/** The text of `bytes`, or null when they are not valid UTF-8. */
export function fromUtf8(bytes: Uint8Array): string | null {
  try {
    return decoder.decode(bytes);
  } catch {
    return null;
  }
}

/** True when `text` has no lone surrogate, so that its UTF-8 decodes to it again. */
export function isWellFormed(text: string): boolean {
  return !/[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/.test(text);
}

/** -1, 0 or 1: the order of two arrays as strings of unsigned bytes; a prefix comes first. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let index = 0; index < shared; index++) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0);
    if (difference !== 0) return Math.sign(difference);
  }
  return Math.sign(a.length - b.length);
}

/** True when both arrays hold the same bytes. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && compareBytes(a, b) === 0;
}
