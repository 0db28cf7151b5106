/**
 * secp256k1 where Node.js runs: libsecp256k1 where its prebuilt binding loads, else @noble/secp256k1. Chosen by the conditional import
 * `#secp256k1`; `secp256k1-portable.ts` is its twin for browsers. The package `secp256k1` falls back to `elliptic` in silence, slow and
 * with known holes; so its bindings file alone is loaded, never its main file, and what was loaded must prove itself before it is trusted.
 * Both paths give the same bytes and the same answers.
 */
import { createRequire } from 'node:module';
import { equalBytes, fromHex } from './bytes.ts';
import { assert } from './errors.ts';
import { type Curve, type LoadedCurve, portableCurve } from './secp256k1-portable.ts';

interface Binding {
  privateKeyVerify(secret: Uint8Array): boolean;
  publicKeyCreate(secret: Uint8Array, isCompressed: boolean): Uint8Array;
  publicKeyVerify(publicKey: Uint8Array): boolean;
  ecdsaSign(digest: Uint8Array, secret: Uint8Array): { readonly signature: Uint8Array };
  ecdsaVerify(signature: Uint8Array, digest: Uint8Array, publicKey: Uint8Array): boolean;
}

interface Require {
  <T>(name: string): T;
  readonly cache: Readonly<Record<string, unknown>>;
}

/** The native library, or the portable one with the reason. */
export function loadCurve(): LoadedCurve {
  try {
    return { curve: loadNativeCurve(), fallbackReason: null };
  } catch (error) {
    return { curve: portableCurve, fallbackReason: error instanceof Error ? error.message : String(error) };
  }
}

/** Throws when there is no prebuilt binding for this machine or it does not behave like libsecp256k1. */
export function loadNativeCurve(): Curve {
  const require: Require = createRequire(import.meta.url);
  const binding: Binding = require('secp256k1/bindings.js');
  assertNativeAddon(require);
  const curve: Curve = {
    isSecretKey: secret => binding.privateKeyVerify(secret),
    publicKeyOf: secret => binding.publicKeyCreate(secret, true),
    isPublicKey: bytes => binding.publicKeyVerify(bytes),
    sign: (digest, secret) => binding.ecdsaSign(digest, secret).signature,
    verify: (digest, signature, publicKey) => binding.ecdsaVerify(signature, digest, publicKey),
  };
  assertBehaviour(curve);
  return curve;
}

/** What was loaded must be machine code of that package: no module named elliptic, and a .node file among the loaded ones. */
function assertNativeAddon({ cache }: Require): void {
  const loaded = Object.keys(cache);
  if (!loaded.some(path => /[\\/]secp256k1[\\/].*\.node$/.test(path)))
    throw new Error('secp256k1 loaded no native addon');
  if (loaded.some(path => /[\\/]secp256k1[\\/](?:lib[\\/])?elliptic\.js$/.test(path))) {
    throw new Error('secp256k1 loaded its elliptic fallback');
  }
}

/** RFC 6979 over SHA-256("kvchain") with the secret key 1: accepted; with a bit of it changed, or with the high s: refused. */
function assertBehaviour(curve: Curve): void {
  const { secret, digest, signature, highS, publicKey } = knownAnswer;
  const changed = Uint8Array.from(digest);
  changed[0] = (changed[0] ?? 0) ^ 1;
  const isRight =
    equalBytes(curve.publicKeyOf(secret), publicKey) &&
    equalBytes(curve.sign(digest, secret), signature) &&
    curve.verify(digest, signature, publicKey) &&
    !curve.verify(changed, signature, publicKey) &&
    !curve.verify(digest, highS, publicKey);
  if (!isRight) throw new Error('the native secp256k1 library gives wrong answers');
}

function bytes(hex: string): Uint8Array {
  const read = fromHex(hex);
  assert(read !== null, 'a constant is hexadecimal');
  return read;
}

const knownAnswer = {
  secret: bytes('01'.padStart(64, '0')),
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
