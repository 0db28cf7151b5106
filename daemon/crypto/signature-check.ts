/**
 * One signature, checked by libsecp256k1 where its prebuilt binding loads, else by @noble/secp256k1, which is about 40 times slower.
 * The package `secp256k1` falls back to `elliptic` in silence, slow and with known holes; so its bindings file alone is loaded, never
 * its main file, and what was loaded must prove itself before it is trusted. Both paths give the same answers.
 */
import { createRequire } from 'node:module';
import { verify as verifyPortably } from '../../chain/keys.ts';

/** True when `signature` is the 64-byte low-S signature of the 32-byte `digest` by the compressed `publicKey`; never throws. */
export type SignatureVerify = (digest: Uint8Array, signature: Uint8Array, publicKey: Uint8Array) => boolean;

export interface LoadedVerify {
  readonly verify: SignatureVerify;
  /** Null when the native library works, else why the portable one is used. */
  readonly fallbackReason: string | null;
}

const digestLength = 32;

/** The native check, or the portable one with the reason. Loads the library on the first call of each thread. */
export function loadSignatureVerify(): LoadedVerify {
  try {
    return { verify: loadNativeVerify(), fallbackReason: null };
  } catch (error) {
    return { verify: verifyDigest, fallbackReason: error instanceof Error ? error.message : String(error) };
  }
}

interface NativeBinding {
  ecdsaVerify(signature: Uint8Array, digest: Uint8Array, publicKey: Uint8Array): boolean;
  ecdsaSign(digest: Uint8Array, secretKey: Uint8Array): { readonly signature: Uint8Array };
}

/** The native check. Throws when there is no prebuilt binding for this machine or it does not behave like libsecp256k1. */
export function loadNativeVerify(): SignatureVerify {
  const binding = loadBinding();
  const verify: SignatureVerify = (digest, signature, publicKey) => {
    if (!hasLengths(digest, signature, publicKey)) return false;
    try {
      return binding.ecdsaVerify(signature, digest, publicKey);
    } catch {
      // It throws on a point off the curve and on r or s beyond the order; for us these are signatures that do not verify.
      return false;
    }
  };
  assertBehaviour(verify);
  return verify;
}

/** Signs as chain/keys.ts does, byte for byte, six times faster: for loads that are signed beforehand. Throws where nothing native loads. */
export function loadNativeSign(): (digest: Uint8Array, secretKey: Uint8Array) => Uint8Array {
  const binding = loadBinding();
  return (digest, secretKey) => binding.ecdsaSign(digest, secretKey).signature;
}

function loadBinding(): NativeBinding {
  const require = createRequire(import.meta.url);
  const binding: NativeBinding = require('secp256k1/bindings.js');
  assertNativeAddon(require);
  return binding;
}

/** The portable check: the oracle of the tests. */
export function verifyDigest(digest: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean {
  return hasLengths(digest, signature, publicKey) && verifyPortably(digest, signature, publicKey);
}

function hasLengths(digest: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean {
  return digest.length === digestLength && signature.length === 64 && publicKey.length === 33;
}

/** What was loaded must be machine code of that package: no module named elliptic, and a .node file among the loaded ones. */
function assertNativeAddon(require: NodeJS.Require): void {
  const loaded = Object.keys(require.cache);
  if (!loaded.some(path => /[\\/]secp256k1[\\/].*\.node$/.test(path)))
    throw new Error('secp256k1 loaded no native addon');
  if (loaded.some(path => /[\\/]secp256k1[\\/](?:lib[\\/])?elliptic\.js$/.test(path))) {
    throw new Error('secp256k1 loaded its elliptic fallback');
  }
}

/** RFC 6979 over SHA-256("kvchain") with the secret key 1: accepted; with a bit of it changed, or with the high s: refused. */
function assertBehaviour(verify: SignatureVerify): void {
  const { digest, signature, highS, publicKey } = knownAnswer;
  const changed = Uint8Array.from(digest);
  changed[0] = (changed[0] ?? 0) ^ 1;
  const isRight =
    verify(digest, signature, publicKey) && !verify(changed, signature, publicKey) && !verify(digest, highS, publicKey);
  if (!isRight) throw new Error('the native secp256k1 library gives wrong answers');
}

function bytes(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex, 'hex'));
}

const knownAnswer = {
  digest: bytes('08b7d42665dc7b40ba34fc8c6cc2cc36af95bc129ae90f4f2927168f8d702f56'),
  signature: bytes(
    'e611ca429746b0bb995ec417ff556cb5668921479acdc4b770f03aae91144396' +
      '42dd945235004d4db5645aa948419684234b47a623bbcadd4992d34b5647f979',
  ),
  highS: bytes(
    'e611ca429746b0bb995ec417ff556cb5668921479acdc4b770f03aae91144396' +
      'bd226badcaffb2b24a9ba556b7be697a976395408b8cd55e763f8b4179ee47c8',
  ),
  publicKey: bytes('0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798'),
};
