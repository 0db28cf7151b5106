import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toHex } from './bytes.ts';
import { bitsForLeadingZeros, decodeBits, encodeBits, hashMeetsTarget, targetToBytes, workOf } from './target.ts';
import { readVectors } from './vectors.suite.ts';

interface TargetVectors {
  readonly decoded: readonly { readonly bits: string; readonly target: string; readonly work: string }[];
  readonly refused: readonly { readonly name: string; readonly bits: string }[];
  readonly encoded: readonly { readonly target: string; readonly bits: string }[];
  readonly leadingZeroBits: readonly { readonly n: number; readonly bits: string }[];
}

const vectors = readVectors<TargetVectors>('target');
const targets = fc.bigInt({ min: 1n, max: 2n ** 256n - 1n });

describe('compact targets', () => {
  it.each(vectors.decoded)('decodes $bits', ({ bits, target, work }) => {
    const decoded = decodeBits(Number.parseInt(bits, 16)) ?? 0n;
    expect(toHex(targetToBytes(decoded))).toBe(target);
    expect(workOf(decoded).toString()).toBe(work);
  });

  it.each(vectors.refused)('refuses $name', ({ bits }) => {
    expect(decodeBits(Number.parseInt(bits, 16))).toBeNull();
  });

  it.each([-1, 2 ** 32, 0.5, Number.NaN])('refuses %d, which is no unsigned 32-bit integer', bits => {
    expect(decodeBits(bits)).toBeNull();
  });

  it.each(vectors.encoded)('encodes $target', ({ target, bits }) => {
    expect(encodeBits(BigInt(`0x${target}`))).toBe(Number.parseInt(bits, 16));
  });

  it('rounds a target down, by less than one part in 2^15', () => {
    fc.assert(
      fc.property(targets, target => {
        const rounded = decodeBits(encodeBits(target)) ?? 0n;
        expect(rounded <= target && (target - rounded) * 32_768n < target).toBe(true);
      }),
    );
  });

  it('has one form a target: what decodes encodes to the same bits', () => {
    fc.assert(
      fc.property(fc.nat(0xffffffff), bits => {
        const target = decodeBits(bits);
        if (target !== null) expect(encodeBits(target)).toBe(bits);
      }),
    );
  });

  it('refuses targets that are no target as our own bug', () => {
    expect(() => encodeBits(0n)).toThrow('assertion failed');
    expect(() => encodeBits(2n ** 256n)).toThrow('assertion failed');
    expect(() => targetToBytes(2n ** 256n)).toThrow('assertion failed');
    expect(() => bitsForLeadingZeros(256)).toThrow('assertion failed');
  });
});

describe('difficulty in leading zero bits', () => {
  it.each(vectors.leadingZeroBits)('of $n bits is $bits', ({ n, bits }) => {
    expect(bitsForLeadingZeros(n)).toBe(Number.parseInt(bits, 16));
  });

  it('lets only hashes pass that begin with so many zero bits, at about 2^n trials', () => {
    for (let n = 0; n <= 255; n++) {
      const target = decodeBits(bitsForLeadingZeros(n)) ?? 0n;
      expect(target.toString(2).length).toBeLessThanOrEqual(256 - n);
      const trials = workOf(target);
      expect(trials >= 2n ** BigInt(n) - 1n && trials <= 2n ** BigInt(n) + 2n ** BigInt(n) / 32_767n + 1n).toBe(true);
    }
  });
});

describe('hashMeetsTarget', () => {
  it('compares a hash as a big-endian integer', () => {
    const target = 2n ** 240n;
    expect(hashMeetsTarget(targetToBytes(target), target)).toBe(true);
    expect(hashMeetsTarget(targetToBytes(target - 1n), target)).toBe(true);
    expect(hashMeetsTarget(targetToBytes(target + 1n), target)).toBe(false);
    // Little-endian this hash would be small.
    expect(hashMeetsTarget(new Uint8Array(32).with(0, 1), target)).toBe(false);
  });
});
