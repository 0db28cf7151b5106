/**
 * Targets of proof of work and their compact form `bits`: 4 bytes, as Bitcoin writes them. The highest byte is a length in bytes, the
 * other three are the first three bytes of the target as a signed number: target = mantissa * 256^(length - 3). A block hash, as a
 * big-endian integer, meets a target when it is not above it. docs/protocol/target.md is the byte-exact page.
 */
import { compareBytes, fromHex } from './bytes.ts';
import { assert } from './errors.ts';

const signBit = 0x800000;
const targetLimit = 2n ** 256n;

/**
 * The target of a compact form, from 1 to 2^256-1, or null when `bits` are not the one form that `encodeBits` gives for it: negative,
 * zero, 2^256 or above, a mantissa that could be shorter, or not an unsigned 32-bit integer.
 */
export function decodeBits(bits: number): bigint | null {
  if (!Number.isInteger(bits) || bits < 0 || bits > 0xffffffff) return null;
  const length = bits >>> 24;
  const mantissa = bits & 0xffffff;
  if (mantissa === 0 || (mantissa & signBit) !== 0) return null;
  const target = length >= 3 ? BigInt(mantissa) << BigInt(8 * (length - 3)) : BigInt(mantissa >>> (8 * (3 - length)));
  if (target === 0n || target >= targetLimit) return null;
  return encodeBits(target) === bits ? target : null;
}

/**
 * The compact form of a target from 1 to 2^256-1. What does not fit into the mantissa of 16 to 23 bits is cut off, so the target that it
 * decodes to is never easier, and harder by less than one part in 2^15.
 */
export function encodeBits(target: bigint): number {
  assert(target > 0n && target < targetLimit, 'a target is from 1 to 2^256-1');
  const digits = target.toString(16);
  let length = Math.ceil(digits.length / 2);
  let mantissa = Number(length >= 3 ? target >> BigInt(8 * (length - 3)) : target << BigInt(8 * (3 - length)));
  if ((mantissa & signBit) !== 0) {
    mantissa >>>= 8;
    length += 1;
  }
  return length * 0x1000000 + mantissa;
}

/** The expected number of trials that a block of this target stands for: floor(2^256 / (target + 1)). */
export function workOf(target: bigint): bigint {
  return targetLimit / (target + 1n);
}

/** A target from 0 to 2^256-1 as 32 bytes, big-endian. */
export function targetToBytes(target: bigint): Uint8Array {
  const bytes = fromHex(target.toString(16).padStart(64, '0'), 32);
  assert(bytes !== null, 'a target is from 0 to 2^256-1');
  return bytes;
}

/**
 * The compact form of the target 2^(256 - n) - 1 for `n` leading zero bits, 0..255. Cutting to the mantissa makes it harder, so each hash
 * that meets it does begin with n zero bits, and 2^n to 2^n * (1 + 2^-15) trials are expected.
 */
export function bitsForLeadingZeros(n: number): number {
  assert(Number.isInteger(n) && n >= 0 && n <= 255, 'leading zero bits are from 0 to 255');
  return encodeBits(2n ** BigInt(256 - n) - 1n);
}

/** True when a 32-byte hash, read as a big-endian integer, is at most `target`. */
export function hashMeetsTarget(hash: Uint8Array, target: bigint): boolean {
  return compareBytes(hash, targetToBytes(target)) <= 0;
}
