import { createRequire } from 'node:module';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex } from './bytes.ts';
import { curveFallback, isSecretKey, publicKeyOf, type SignatureVerify, sign, verifyBy } from './keys.ts';
import { loadNativeCurve } from './secp256k1-node.ts';
import { portableCurve } from './secp256k1-portable.ts';

const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const field = 0xfffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2fn;
const digest = new Uint8Array(32).fill(7);
const secret = new Uint8Array(32).fill(9);
const publicKey = publicKeyOf(secret);
const signature = sign(digest, secret);

const native = loadNativeCurve();
const verifyNatively: SignatureVerify = (...parts) => verifyBy(native, ...parts);
const verifyPortably: SignatureVerify = (...parts) => verifyBy(portableCurve, ...parts);
const paths: [name: string, verify: SignatureVerify][] = [
  ['native', verifyNatively],
  ['portable', verifyPortably],
];

function number(value: bigint): Uint8Array {
  return fromHex(value.toString(16).padStart(64, '0')) ?? new Uint8Array();
}

function numberOf(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
}

const r = signature.slice(0, 32);
const s = signature.slice(32);
const key = (prefix: number, x: Uint8Array) => Uint8Array.of(prefix, ...x);
const x = publicKey.slice(1);

/** [what is wrong, digest, signature, public key]. */
const refused: [string, Uint8Array, Uint8Array, Uint8Array][] = [
  ['the high s', digest, Uint8Array.of(...r, ...number(order - numberOf(s))), publicKey],
  ['r = 0', digest, Uint8Array.of(...number(0n), ...s), publicKey],
  ['s = 0', digest, Uint8Array.of(...r, ...number(0n)), publicKey],
  ['r = n', digest, Uint8Array.of(...number(order), ...s), publicKey],
  ['s = n', digest, Uint8Array.of(...r, ...number(order)), publicKey],
  ['s + n, were it to fit', digest, Uint8Array.of(...r, ...number(2n ** 256n - 1n)), publicKey],
  ['r = 2^256 - 1', digest, Uint8Array.of(...number(2n ** 256n - 1n), ...s), publicKey],
  ['all zeros', digest, new Uint8Array(64), publicKey],
  ['another digest', new Uint8Array(32), signature, publicKey],
  ['a digest of 31 bytes', digest.slice(1), signature, publicKey],
  ['a digest of 33 bytes', new Uint8Array(33), signature, publicKey],
  ['a signature of 63 bytes', digest, signature.slice(1), publicKey],
  ['a signature of 65 bytes', digest, Uint8Array.of(...signature, 0), publicKey],
  ['an empty signature', digest, new Uint8Array(), publicKey],
  ['the key of the negated point', digest, signature, key(publicKey[0] === 2 ? 3 : 2, x)],
  ['a key with prefix 0', digest, signature, key(0, x)],
  ['a key with prefix 4', digest, signature, key(4, x)],
  ['a key with prefix 6', digest, signature, key(6, x)],
  ['a key off the curve', digest, signature, key(2, number(5n))],
  ['a key with x = p', digest, signature, key(2, number(field))],
  ['a key with x + p, which names the same point to a lax reader', digest, signature, key(2, number(field + 1n))],
  ['a key of zeros', digest, signature, new Uint8Array(33)],
  ['a key of 32 bytes', digest, signature, x],
  ['an uncompressed key', digest, signature, new Uint8Array(65).fill(4)],
  ['an empty key', digest, signature, new Uint8Array()],
];

describe.each(paths)('the %s signature check', (_, verify) => {
  it('accepts the low-S signature of the digest by the key', () => {
    expect(verify(digest, signature, publicKey)).toBe(true);
  });

  it.each(refused)('refuses %s', (_what, badDigest, badSignature, badKey) => {
    expect(verify(badDigest, badSignature, badKey)).toBe(false);
  });
});

describe('the native signature check', () => {
  it('is machine code: its addon is loaded, and no elliptic is in the tree', () => {
    expect(curveFallback()).toBeNull();
    const require = createRequire(import.meta.url);
    const fallback = createRequire(require.resolve('secp256k1/bindings.js'));
    const resolved = (() => {
      try {
        return fallback.resolve('elliptic');
      } catch {
        return null;
      }
    })();
    // The override puts @noble/secp256k1 in its place: whatever is found there is not elliptic.
    expect(resolved === null || !resolved.endsWith('lib/elliptic.js')).toBe(true);
    expect(Object.keys(require.cache).some(path => path.includes('elliptic'))).toBe(false);
  });

  it('agrees with the portable one on signatures, keys and digests with changed bytes', () => {
    const flips = fc.array(fc.tuple(fc.nat(128), fc.integer({ min: 1, max: 255 })), { maxLength: 2 });
    const secrets = fc
      .uint8Array({ minLength: 32, maxLength: 32 })
      .filter(bytes => bytes[0] !== 255 && bytes[31] !== 0);
    const digests = fc.uint8Array({ minLength: 32, maxLength: 32 });
    let accepted = 0;
    fc.assert(
      fc.property(secrets, digests, flips, (secretKey, message, changes) => {
        const all = Uint8Array.of(...message, ...sign(message, secretKey), ...publicKeyOf(secretKey));
        for (const [place, mask] of changes) all[place] = (all[place] ?? 0) ^ mask;
        const parts = [all.slice(0, 32), all.slice(32, 96), all.slice(96)] as const;
        const answer = verifyNatively(...parts);
        if (answer) accepted++;
        expect(answer).toBe(verifyPortably(...parts));
        if (changes.length === 0) expect(answer).toBe(true);
      }),
      { numRuns: 300 },
    );
    expect(accepted).toBeGreaterThan(0);
  });
});

describe('the native curve', () => {
  it('gives the very bytes of the portable one', () => {
    const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 });
    fc.assert(
      fc.property(bytes32, bytes32.filter(isSecretKey), (message, secretKey) => {
        expect(native.sign(message, secretKey)).toEqual(portableCurve.sign(message, secretKey));
        expect(native.publicKeyOf(secretKey)).toEqual(portableCurve.publicKeyOf(secretKey));
      }),
      { numRuns: 50 },
    );
  });

  it.each([number(0n), number(1n), number(order - 1n), number(order), number(2n ** 256n - 1n)])(
    'agrees on the secret key %s',
    key => {
      expect(native.isSecretKey(key)).toBe(portableCurve.isSecretKey(key));
    },
  );
});
