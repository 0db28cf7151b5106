/** Bytes, hex and text: the few conversions that every part uses, strict in both directions. */
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Lower-case hexadecimal of `bytes`. */
export const toHex: (bytes: Uint8Array) => string = bytesToHex;

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
  return encoder.encode(text);
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
