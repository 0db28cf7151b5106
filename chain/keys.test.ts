import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytes } from './arbitraries.suite.ts';
import { toHex } from './bytes.ts';
import { addressOf, formatAddress, isPublicKey, isSecretKey, parseAddress, publicKeyOf, sign, verify } from './keys.ts';
import { bytesOf, expectCode, readVectors } from './vectors.suite.ts';

interface KeyVectors {
  readonly accounts: readonly {
    readonly name: string;
    readonly secretKey: string;
    readonly publicKey: string;
    readonly address: string;
    readonly addressText: string;
    readonly testAddressText: string;
  }[];
  readonly badSecretKeys: readonly string[];
  readonly badPublicKeys: readonly string[];
  readonly badAddresses: readonly {
    readonly name: string;
    readonly address: string;
    readonly prefix: string;
    readonly code: string;
  }[];
  readonly signatures: readonly (SignatureVector & { readonly secretKey: string })[];
  readonly refusedSignatures: readonly (SignatureVector & { readonly name: string })[];
}

interface SignatureVector {
  readonly digest: string;
  readonly signature: string;
  readonly publicKey: string;
}

const vectors = readVectors<KeyVectors>('keys');
const secretKeys = bytes(32, 32).filter(isSecretKey);

describe('keys and addresses', () => {
  it.each(vectors.accounts)('of $name are those of the vectors', account => {
    const publicKey = publicKeyOf(bytesOf(account.secretKey));
    const address = addressOf(publicKey);
    expect([toHex(publicKey), toHex(address)]).toEqual([account.publicKey, account.address]);
    expect(formatAddress(address, 'kv')).toBe(account.addressText);
    expect(formatAddress(address, 'kvt')).toBe(account.testAddressText);
    expect(parseAddress(account.addressText, 'kv')).toEqual({ ok: true, value: address });
  });

  it.each(vectors.badSecretKeys)('refuse the secret key %s', secretKey => {
    expect(isSecretKey(bytesOf(secretKey))).toBe(false);
  });

  it.each(vectors.badPublicKeys)('C11: refuse the public key %s', publicKey => {
    expect(isPublicKey(bytesOf(publicKey))).toBe(false);
  });

  it.each(vectors.badAddresses)('refuse an address: $name', ({ address, prefix, code }) => {
    expectCode(parseAddress(address, prefix), code);
  });

  it('refuse an address with one letter changed', () => {
    const text = vectors.accounts[0]?.addressText ?? '';
    const letters = [...'qpzry9x8gf2tvdw0s3jn54khce6mua7l'];
    fc.assert(
      fc.property(fc.integer({ min: 3, max: text.length - 1 }), fc.constantFrom(...letters), (place, letter) => {
        if (text[place] === letter) return;
        expectCode(parseAddress(text.slice(0, place) + letter + text.slice(place + 1), 'kv'), 'BAD_ADDRESS');
      }),
    );
  });
});

describe('signatures', () => {
  it.each(vectors.signatures)('of $publicKey are those of RFC 6979', ({ secretKey, publicKey, digest, signature }) => {
    expect(toHex(sign(bytesOf(digest), bytesOf(secretKey)))).toBe(signature);
    expect(verify(bytesOf(digest), bytesOf(signature), bytesOf(publicKey))).toBe(true);
  });

  it.each(vectors.refusedSignatures)('C11: are refused: $name', ({ publicKey, digest, signature }) => {
    expect(verify(bytesOf(digest), bytesOf(signature), bytesOf(publicKey))).toBe(false);
  });

  it('C11: verify under their own key and digest, in their low form alone', () => {
    fc.assert(
      fc.property(secretKeys, bytes(32, 32), (secretKey, digest) => {
        const signature = sign(digest, secretKey);
        expect(verify(digest, signature, publicKeyOf(secretKey))).toBe(true);
        expect((signature[32] ?? 0) <= 0x7f).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  it('T3: never use one k for two digests', () => {
    const secretKey = bytesOf(vectors.accounts[0]?.secretKey ?? '');
    const firstHalves = new Set<string>();
    for (let index = 0; index < 500; index++) {
      const digest = new Uint8Array(32);
      new DataView(digest.buffer).setUint32(0, index);
      firstHalves.add(toHex(sign(digest, secretKey).slice(0, 32)));
    }
    expect(firstHalves.size).toBe(500);
  });

  it('are false for whatever is no signature, no digest or no key', () => {
    const anything = bytes(0, 70);
    fc.assert(fc.property(anything, anything, anything, (digest, signature, key) => !verify(digest, signature, key)));
  });
});
