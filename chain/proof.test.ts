import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytes } from './arbitraries.suite.ts';
import { toHex } from './bytes.ts';
import { formatValue, type ProofFile, parseValue, proofTextMax, verifyProof, verifyProofText } from './proof.ts';
import { accepted, expectCode, readVectors } from './vectors.suite.ts';

interface ProofVectors {
  readonly hash: string;
  readonly good: readonly { readonly name: string; readonly file: ProofFile }[];
  readonly refused: readonly { readonly name: string; readonly file: unknown; readonly code: string }[];
}

const vectors = readVectors<ProofVectors>('proof');

describe('proof files', () => {
  it.each(vectors.good)('prove against their header: $name', ({ file }) => {
    const proven = accepted(verifyProof(file));
    expect(proven.verdict).toBe('proves against this header');
    expect([proven.key, toHex(proven.hash), toHex(proven.chainId)]).toEqual([
      file.claim.key,
      vectors.hash,
      file.chainId,
    ]);
    expect(proven.value === null).toBe('absent' in file.claim);
    expect(accepted(verifyProofText(JSON.stringify(file)))).toEqual(proven);
  });

  it.each(vectors.refused)('are refused: $name', ({ file, code }) => {
    expectCode(verifyProof(file), code);
    expectCode(verifyProofText(JSON.stringify(file)), code);
  });

  it('tell a deleted key, by its tombstone, from one that was never written', () => {
    const records = vectors.good.map(({ name, file }) => [name, accepted(verifyProof(file)).record?.valueHash]);
    expect(Object.fromEntries(records)).toMatchObject({ deleted: null, absent: undefined });
  });

  it('carry a certificate through unread', () => {
    const [first] = vectors.good;
    const file = { ...first?.file, certificate: 'c0ffee' };
    expect(toHex(accepted(verifyProof(file)).certificate ?? new Uint8Array(0))).toBe('c0ffee');
    expectCode(verifyProof({ ...file, certificate: 'c0f' }), 'NOT_VERIFIED');
  });

  it('do not survive a changed digit of header or proof', () => {
    const file = vectors.good[0]?.file;
    if (file === undefined) throw new Error('no vectors');
    const places = fc.tuple(
      fc.constantFrom('header' as const, 'proof' as const),
      fc.nat(),
      fc.constantFrom(...'0123456789abcdef'),
    );
    fc.assert(
      fc.property(places, ([name, place, digit]) => {
        const text = file[name];
        const at = place % text.length;
        if (text[at] === digit) return;
        const changed = verifyProof({ ...file, [name]: text.slice(0, at) + digit + text.slice(at + 1) });
        // Another header with the same state root proves the same claim, under another hash.
        if (changed.ok) expect([name, toHex(changed.value.hash)]).not.toEqual(['header', vectors.hash]);
        if (name === 'proof') expectCode(changed, 'NOT_VERIFIED');
      }),
      { numRuns: 300 },
    );
  });

  it('never make the verifier throw', () => {
    fc.assert(fc.property(fc.anything(), json => !verifyProof(json).ok));
    fc.assert(fc.property(fc.json(), text => !verifyProofText(text).ok));
    expectCode(verifyProofText('{'), 'NOT_VERIFIED');
    expectCode(verifyProofText(`${'['.repeat(100_000)}${']'.repeat(100_000)}`), 'NOT_VERIFIED');
    expectCode(verifyProofText(' '.repeat(proofTextMax + 1)), 'TOO_LARGE');
  });
});

describe('values as text', () => {
  it('come back byte for byte', () => {
    fc.assert(
      fc.property(bytes(0, 100), value => {
        expect(parseValue(formatValue(value))).toEqual(value);
      }),
    );
  });

  it('are base64 only where they are not UTF-8', () => {
    expect(formatValue(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61))).toEqual({ value: '\ufeffa', encoding: 'utf8' });
    expect(formatValue(Uint8Array.of(0xff))).toEqual({ value: '/w==', encoding: 'base64' });
  });

  it.each(['a', '/w', '/w==\n', '_w==', '/x=='])('refuse %j as base64', value => {
    expect(parseValue({ value, encoding: 'base64' })).toBeNull();
  });
});
