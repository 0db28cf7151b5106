/**
 * secp256k1 in JavaScript alone, where Node.js does not run (browsers): the twin of `secp256k1-node.ts`, chosen by the conditional import
 * `#secp256k1`; its fallback there, and its tests' oracle.
 */
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { getPublicKey, hashes, Point, sign, utils, verify } from '@noble/secp256k1';

hashes.sha256 = sha256;
hashes.hmacSha256 = (key, message) => hmac(sha256, key, message);

/** What the curve is asked for; `keys.ts` says what each gives, and has checked the lengths. */
export interface Curve {
  isSecretKey(secret: Uint8Array): boolean;
  /** Throws where `secret` is none. */
  publicKeyOf(secret: Uint8Array): Uint8Array;
  isPublicKey(bytes: Uint8Array): boolean;
  sign(digest: Uint8Array, secret: Uint8Array): Uint8Array;
  /** Throws, or gives false, for what is no signature or no key. */
  verify(digest: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean;
}

export interface LoadedCurve {
  readonly curve: Curve;
  /** Null when the native library works, else why the portable one is used, which is 6 to 40 times slower. */
  readonly fallbackReason: string | null;
}

export const portableCurve: Curve = {
  isSecretKey: secret => utils.isValidSecretKey(secret),
  publicKeyOf: secret => getPublicKey(secret, true),
  isPublicKey: bytes => {
    Point.fromBytes(bytes).assertValidity();
    return true;
  },
  sign: (digest, secret) => sign(digest, secret, { prehash: false, lowS: true }),
  verify: (digest, signature, publicKey) => verify(signature, digest, publicKey, { prehash: false, lowS: true }),
};

export function loadCurve(): LoadedCurve {
  return { curve: portableCurve, fallbackReason: 'only Node.js loads a native library' };
}
