/**
 * secp256k1 keys, 64-byte low-S signatures (RFC 6979, so no randomness) and bech32m addresses. Pure JavaScript: the daemon verifies
 * with a native library on worker threads and uses this as its portable fallback and as its tests' oracle.
 */
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js';
import { getPublicKey, hashes, Point, sign as signDigest, utils, verify as verifyDigest } from '@noble/secp256k1';
import { bech32m } from '@scure/base';
import { accept, type Result, reject } from './errors.ts';
import { sha256 } from './hash.ts';

hashes.sha256 = nobleSha256;
hashes.hmacSha256 = (key, message) => hmac(nobleSha256, key, message);

export const publicKeyLength = 33;
export const signatureLength = 64;
export const addressLength = 20;

/** True when `secret` is 32 bytes that encode a number from 1 to the curve's order minus 1. */
export function isSecretKey(secret: Uint8Array): boolean {
  return secret.length === 32 && utils.isValidSecretKey(secret);
}

/** The compressed public key (33 bytes) of a secret key (32 bytes). */
export function publicKeyOf(secret: Uint8Array): Uint8Array {
  return getPublicKey(secret, true);
}

/** True when `bytes` are a point of the curve in compressed form. About 40 us: the verifier does it natively. */
export function isPublicKey(bytes: Uint8Array): boolean {
  if (bytes.length !== publicKeyLength) return false;
  try {
    Point.fromBytes(bytes).assertValidity();
    return true;
  } catch {
    return false;
  }
}

/** Signs a 32-byte digest: 64 bytes r || s with the low s. The same digest and key give the same signature. */
export function sign(digest: Uint8Array, secret: Uint8Array): Uint8Array {
  return signDigest(digest, secret, { prehash: false, lowS: true });
}

/** True when `signature` is the low-S signature of `digest` by `publicKey`; false on any other input. */
export function verify(digest: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean {
  if (signature.length !== signatureLength || publicKey.length !== publicKeyLength) return false;
  try {
    return verifyDigest(signature, digest, publicKey, { prehash: false, lowS: true });
  } catch {
    return false;
  }
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
