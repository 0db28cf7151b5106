/**
 * Signatures of a simulation: real ones, made and verified by the native library, or fast ones for worlds in which who may sign is not the
 * question. A fast signature is a hash of the digest and of the signer's public key, so anybody could make it: a world with fast signatures
 * still sees a wrong key, a changed message and a missing check, and it does not see a fault of secp256k1, of its encodings or of the low S.
 */
import { concat, equalBytes, toHex, toUtf8 } from '../../chain/bytes.ts';
import { sha256 } from '../../chain/hash.ts';
import { publicKeyOf, type SignatureVerify, sign, verify } from '../../chain/keys.ts';
import type { Signer } from '../../chain/transaction.ts';

export interface SignatureScheme {
  /** Of a secret key of 32 bytes. */
  signerOf(secretKey: Uint8Array): Signer;
  /** Of a member's key: real ones whatever the scheme, as the node itself verifies who is a member (daemon/member-proof.ts). */
  memberSignerOf(secretKey: Uint8Array): Signer;
  readonly verify: SignatureVerify;
}

export const schemeNames = ['real', 'fast'] as const;
export type SchemeName = (typeof schemeNames)[number];

/** Public keys that are remembered: a simulation has a few dozen, the same in each seed. */
const publicKeysMax = 1_000;
const fastTag = toUtf8('kvchain/simulator/signature');

const publicKeys = new Map<string, Uint8Array>();

export function schemeOf(name: SchemeName): SignatureScheme {
  return name === 'real' ? realScheme : fastScheme;
}

function realSignerOf(secretKey: Uint8Array): Signer {
  return { publicKey: knownPublicKey(secretKey), sign: digest => sign(digest, secretKey) };
}

const realScheme: SignatureScheme = { signerOf: realSignerOf, memberSignerOf: realSignerOf, verify };

const fastScheme: SignatureScheme = {
  signerOf: secretKey => {
    const publicKey = knownPublicKey(secretKey);
    return { publicKey, sign: digest => fastSignature(digest, publicKey) };
  },
  memberSignerOf: realSignerOf,
  verify: (digest, signature, publicKey) =>
    equalBytes(signature, fastSignature(digest, publicKey)) || verify(digest, signature, publicKey),
};

function fastSignature(digest: Uint8Array, publicKey: Uint8Array): Uint8Array {
  const half = sha256(concat(fastTag, digest, publicKey));
  return concat(half, half);
}

function knownPublicKey(secretKey: Uint8Array): Uint8Array {
  const name = toHex(secretKey);
  const known = publicKeys.get(name) ?? publicKeyOf(secretKey);
  if (publicKeys.size >= publicKeysMax) publicKeys.clear();
  publicKeys.set(name, known);
  return known;
}
