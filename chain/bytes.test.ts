import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toHex, toUtf8, utf8Length } from './bytes.ts';

/** All characters that UTF-16 has: lone surrogates too. */
const anyText = fc.string({ unit: fc.nat(0xffff).map(code => String.fromCharCode(code)), maxLength: 600 });

describe('bytes', () => {
  test('toHex gives what Node.js gives, short and long', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600, size: 'max' }), bytes => {
        expect(toHex(bytes)).toBe(Buffer.from(bytes).toString('hex'));
      }),
    );
  });

  test('toUtf8 gives what the platform gives, and utf8Length its length', () => {
    const plain = fc.string({ unit: 'binary-ascii', maxLength: 600, size: 'max' });
    fc.assert(
      fc.property(fc.oneof(anyText, plain, fc.string({ unit: 'grapheme' })), text => {
        const bytes = new TextEncoder().encode(text);
        expect(toHex(toUtf8(text))).toBe(Buffer.from(bytes).toString('hex'));
        expect(utf8Length(text)).toBe(bytes.length);
      }),
    );
  });
});
