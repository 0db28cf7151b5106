/**
 * secp256k1 keys, 64-byte low-S signatures (RFC 6979, so no randomness) and bech32m addresses. The curve is a conditional import: a native
 * library where Node.js runs, JavaScript alone elsewhere; it is loaded when it is first asked.
 */
import { bech32m } from '@scure/base';
import { loadCurve } from '#secp256k1';
import { accept, type Result, reject } from './errors.ts';
import { sha256 } from './hash.ts';
import type { Curve, LoadedCurve } from './secp256k1-portable.ts';

/** True when `signature` is the 64-byte low-S signature of the 32-byte `digest` by the compressed `publicKey`; never throws. */
export type SignatureVerify = (digest: Uint8Array, signature: Uint8Array, publicKey: Uint8Array) => boolean;

const digestLength = 32;
const secretLength = 32;
export const publicKeyLength = 33;
export const signatureLength = 64;
export const addressLength = 20;

/** True when `secret` is 32 bytes that encode a number from 1 to the curve's order minus 1. */
export function isSecretKey(secret: Uint8Array): boolean {
  return secret.length === secretLength && curve().isSecretKey(secret);
}

/** The compressed public key (33 bytes) of a secret key (32 bytes). */
export function publicKeyOf(secret: Uint8Array): Uint8Array {
  return curve().publicKeyOf(secret);
}

/** True when `bytes` are a point of the curve in compressed form. */
export function isPublicKey(bytes: Uint8Array): boolean {
  if (bytes.length !== publicKeyLength) return false;
  try {
    return curve().isPublicKey(bytes);
  } catch {
    return false;
  }
}

/** Signs a 32-byte digest: 64 bytes r || s with the low s. The same digest and key give the same signature. */
export function sign(digest: Uint8Array, secret: Uint8Array): Uint8Array {
  return curve().sign(digest, secret);
}

export const verify: SignatureVerify = (digest, signature, publicKey) =>
  verifyBy(curve(), digest, signature, publicKey);

/** The same by a curve of one's choice. */
export function verifyBy(
  { verify: isBy }: Curve,
  ...[digest, signature, publicKey]: Parameters<SignatureVerify>
): boolean {
  if (digest.length !== digestLength || signature.length !== signatureLength || publicKey.length !== publicKeyLength)
    return false;
  try {
    return isBy(digest, signature, publicKey);
  } catch {
    // A point off the curve, or r or s beyond the order: a signature that does not verify.
    return false;
  }
}

/** Null where the native library is used, else why the portable one is. */
export function curveFallback(): string | null {
  return load().fallbackReason;
}

/** The address (20 bytes) of a compressed public key: the first 20 bytes of its SHA-256. */
export function addressOf(publicKey: Uint8Array): Uint8Array {
  return sha256(publicKey).slice(0, addressLength);
}

/** The text form of an address: bech32m with the prefix of the network, such as kv1... */
export function formatAddress(address: Uint8Array, prefix: string): string {
  return bech32m.encode(prefix, bech32m.toWords(address));
}

/** Reads an address's text. Error: BAD_ADDRESS when it does not decode, has another prefix or another length. */
export function parseAddress(text: string, prefix: string): Result<Uint8Array> {
  const decoded = bech32m.decodeUnsafe(text);
  const bytes = decoded && bech32m.fromWordsUnsafe(decoded.words);
  if (!decoded || !bytes) return reject('BAD_ADDRESS', `not a bech32m address: ${JSON.stringify(text.slice(0, 100))}`);
  if (decoded.prefix !== prefix) {
    return reject('BAD_ADDRESS', `address of another network: prefix ${decoded.prefix}, this network has ${prefix}`);
  }
  if (bytes.length !== addressLength)
    return reject('BAD_ADDRESS', `address of ${bytes.length} bytes, expected ${addressLength}`);
  return accept(bytes);
}

let loaded: LoadedCurve | null = null;

function load(): LoadedCurve {
  loaded ??= loadCurve();
  return loaded;
}

function curve(): Curve {
  return load().curve;
}
