import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytes, expectNoMutationHides, expectRoundTrip, headers, transactions } from './arbitraries.suite.ts';
import {
  blockBytesCap,
  bodyCodec,
  contentHash,
  decodeBlock,
  decodeBodyInSteps,
  encodeBlock,
  encodeBody,
  headerCodec,
  producerDigest,
  seal,
  sealedHeaderBytesMax,
  sealedHeaderCodec,
} from './block.ts';
import { concat, toHex } from './bytes.ts';
import { decodeBytes, encode, encodeItem } from './codec.ts';
import type { Result } from './errors.ts';
import { sha256 } from './hash.ts';
import { verify } from './keys.ts';
import { merkleRoot } from './merkle.ts';
import type { Transaction } from './transaction.ts';
import { accepted, bytesOf, expectCode, type RefusedVector, readVectors } from './vectors.suite.ts';

interface SealedVector {
  readonly name: string;
  readonly chainId: string;
  readonly headerHex: string;
  readonly contentHash: string;
  readonly nonce: string;
  readonly hash: string;
  readonly producerDigest: string;
  readonly signature: string;
  readonly hex: string;
}

interface BlockVector extends SealedVector {
  readonly transactions: readonly string[];
  readonly receipts: readonly string[];
}

interface Vectors<T> {
  readonly good: readonly T[];
  readonly refused: readonly RefusedVector[];
}

const headerVectors = readVectors<Vectors<SealedVector>>('header');
const blockVectors = readVectors<Vectors<BlockVector>>('block');
const sealed = fc
  .tuple(headers, bytes(32, 32), bytes(64, 64))
  .map(([header, nonce, witness]) => seal(header, nonce, witness));

describe('headers', () => {
  it.each(headerVectors.good)('have the hashes of the vectors: $name', vector => {
    const decoded = accepted(decodeBytes(sealedHeaderCodec, bytesOf(vector.hex), sealedHeaderBytesMax));
    expect(toHex(encode(headerCodec, decoded.header))).toBe(vector.headerHex);
    expect(toHex(contentHash(decoded.header))).toBe(vector.contentHash);
    expect(decoded.hashHex).toBe(vector.hash);
    const digest = producerDigest(bytesOf(vector.chainId), decoded.hash);
    expect(toHex(digest)).toBe(vector.producerDigest);
    // Nobody signs block 0.
    expect(verify(digest, decoded.signature, decoded.header.producer)).toBe(decoded.header.height > 0);
  });

  it.each(headerVectors.refused)('are refused: $name', ({ hex, code }) => {
    expectCode(decodeBytes(sealedHeaderCodec, bytesOf(hex), sealedHeaderBytesMax), code);
  });

  it('are hashed in one trial of 64 bytes: SHA-256(contentHash || nonce)', () => {
    fc.assert(
      fc.property(sealed, ({ header, nonce, hash }) => {
        const trial = concat(contentHash(header), nonce);
        expect(trial.length).toBe(64);
        expect(hash).toEqual(sha256(trial));
      }),
    );
  });

  it('come back as they were encoded, within the length that is kept for them', () => {
    expectRoundTrip(sealedHeaderCodec, sealed);
    const largest = seal(
      {
        version: 1,
        height: Number.MAX_SAFE_INTEGER,
        parent: new Uint8Array(32),
        transactionsRoot: new Uint8Array(32),
        receiptsRoot: new Uint8Array(32),
        stateRoot: new Uint8Array(32),
        time: Number.MAX_SAFE_INTEGER,
        bits: 0xffffffff,
        producer: new Uint8Array(33),
        extension: new Uint8Array(256),
      },
      new Uint8Array(32),
      new Uint8Array(64),
    );
    expect(encode(sealedHeaderCodec, largest).length).toBeLessThanOrEqual(sealedHeaderBytesMax);
  });

  it('do not survive a changed byte unnoticed', () => {
    expectNoMutationHides(sealedHeaderCodec, sealed);
  });

  it('change their hash with every field but the signature', () => {
    fc.assert(
      fc.property(sealed, bytes(64, 64), ({ header, nonce, hashHex }, signature) => {
        expect(seal(header, nonce, signature).hashHex).toBe(hashHex);
        expect(seal({ ...header, height: header.height + 1 }, nonce, signature).hashHex).not.toBe(hashHex);
        expect(seal({ ...header, extension: new Uint8Array(257) }, nonce, signature).hashHex).not.toBe(hashHex);
        expect(seal(header, nonce.with(0, (nonce[0] ?? 0) ^ 1), signature).hashHex).not.toBe(hashHex);
      }),
    );
  });
});

describe('blocks', () => {
  it.each(blockVectors.good)('have the transactions and roots of the vectors: $hash', vector => {
    const block = accepted(decodeBlock(bytesOf(vector.hex)));
    expect(block.hashHex).toBe(vector.hash);
    expect(block.transactions.map(transaction => transaction.witnessIdHex)).toEqual(vector.transactions);
    expect(merkleRoot(vector.transactions.map(bytesOf))).toEqual(block.header.transactionsRoot);
    expect(merkleRoot(vector.receipts.map(bytesOf))).toEqual(block.header.receiptsRoot);
    expect(toHex(encodeBlock(block))).toBe(vector.hex);
  });

  it.each(blockVectors.refused)('are refused: $name', ({ hex, code }) => {
    expectCode(decodeBlock(bytesOf(hex)), code);
  });

  it('C16: are refused above the given size before they are read', () => {
    expectCode(decodeBlock(new Uint8Array(101), 100), 'TOO_LARGE');
  });

  it('join their bytes from those of their transactions', () => {
    const bodies = fc.array(transactions, { maxLength: 30 });
    fc.assert(
      fc.property(sealed, bodies, (header, body) => {
        const block = { ...header, transactions: body };
        expect(encodeBody(body)).toEqual(encode(bodyCodec, body));
        expect(accepted(decodeBlock(encodeBlock(block)))).toEqual(block);
      }),
      { numRuns: 30 },
    );
  });

  it('C16: refuse a list that claims more transactions than it holds, without making room for them', () => {
    const [header = new Uint8Array(0)] = fc.sample(
      sealed.map(value => encode(sealedHeaderCodec, value)),
      1,
    );
    const claimed = concat(Uint8Array.of(0x84), header.subarray(1), bytesOf('9affffffff'));
    expectCode(decodeBlock(claimed), 'BAD_ENCODING');
    const tooMany = concat(Uint8Array.of(0x84), header.subarray(1), encodeItem(new Array<number>(65_537).fill(0)));
    expectCode(decodeBlock(tooMany), 'TOO_LARGE');
  });
});

describe('a body that is decoded in steps', () => {
  function inSteps(bodyBytes: Uint8Array): {
    readonly result: Result<readonly Transaction[]>;
    readonly pauses: number;
  } {
    const steps = decodeBodyInSteps(bodyBytes);
    for (let pauses = 0; ; pauses++) {
      const step = steps.next();
      if (step.done) return { result: step.value, pauses };
    }
  }

  it('is what it is in one piece, with a pause after each transaction', () => {
    fc.assert(
      fc.property(fc.array(transactions, { maxLength: 30 }), body => {
        const encoded = encodeBody(body);
        expect(inSteps(encoded)).toEqual({
          result: decodeBytes(bodyCodec, encoded, blockBytesCap),
          pauses: body.length,
        });
      }),
      { numRuns: 20 },
    );
  });

  it('is refused when it is in one piece, whatever is changed, cut or added', () => {
    const place = fc.nat(2_000);
    fc.assert(
      fc.property(
        fc.array(transactions, { maxLength: 3 }),
        place,
        fc.integer({ min: 1, max: 255 }),
        (body, at, mask) => {
          const encoded = encodeBody(body);
          const flipped = encoded.slice();
          flipped[at % encoded.length] = (flipped[at % encoded.length] ?? 0) ^ mask;
          for (const bad of [flipped, encoded.subarray(0, at % encoded.length), concat(encoded, Uint8Array.of(mask))]) {
            const whole = decodeBytes(bodyCodec, bad, blockBytesCap);
            const { result } = inSteps(bad);
            expect(result.ok).toBe(whole.ok);
            if (whole.ok) expect(result).toEqual(whole);
          }
        },
      ),
      { numRuns: 100 },
    );
  });

  it.each([
    ['an array of no canonical head', '9800', 'BAD_ENCODING'],
    ['an endless array', '9fff', 'BAD_ENCODING'],
    ['a list of more than fit', '997001', 'TOO_LARGE'],
    ['a head that says 2^64 items', '9bffffffffffffffff', 'BAD_ENCODING'],
    ['no list', '40', 'BAD_ENCODING'],
    ['nothing', '', 'BAD_ENCODING'],
  ])('is refused as %s', (_, hex, code) => {
    expect(inSteps(bytesOf(hex)).result).toMatchObject({ ok: false, error: { code } });
  });

  it('is refused beyond the limit of bytes', () => {
    expect(inSteps(new Uint8Array(blockBytesCap + 1)).result).toMatchObject({
      ok: false,
      error: { code: 'TOO_LARGE' },
    });
  });
});
