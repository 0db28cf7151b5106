/** The frames of handshake, request and exchange, byte for byte, and what is not one of them. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromHex, toHex } from '../../chain/bytes.ts';
import { encodeItem } from '../../chain/codec.ts';
import { networkLimits } from './limits.ts';
import {
  decodeAnswer,
  decodeExchangeAnswer,
  decodeQuestion,
  encodeAnswer,
  encodeExchangeAnswer,
  encodeQuestion,
} from './wire.ts';

test.each([0, 1, 23, 24, 255, 256, 65_535, 65_536, 4_194_304])(
  'an answer of %i bytes is [0, data] in canonical CBOR',
  length => {
    const data = new Uint8Array(length).fill(7);
    const bytes = encodeAnswer({ type: 'data', data });
    expect(toHex(bytes.subarray(0, 16))).toBe(toHex(encodeItem([0, data]).subarray(0, 16)));
    expect(bytes.length).toBe(encodeItem([0, data]).length);
    const answer = decodeAnswer(bytes);
    expect(answer.ok && answer.value.type === 'data' && answer.value.data.length).toBe(length);
  },
);

test('a refusal is [1, number, detail] and comes back', () => {
  const bytes = encodeAnswer({ type: 'refusal', code: 'WRONG_NETWORK', detail: 'no' });
  expect(toHex(bytes)).toBe('8301182a626e6f');
  expect(decodeAnswer(bytes)).toEqual({ ok: true, value: { type: 'refusal', code: 'WRONG_NETWORK', detail: 'no' } });
});

test('a long detail is cut, and half a character does not pass', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 1_000 }), detail => {
      const answer = decodeAnswer(encodeAnswer({ type: 'refusal', code: 'INTERNAL', detail }));
      expect(answer.ok && answer.value.type === 'refusal' && answer.value.detail.length).toBe(
        Math.min(300, detail.length),
      );
    }),
  );
});

test.each([
  ['nothing', ''],
  ['no array', '00'],
  ['data that is missing', '8200'],
  ['data that is text', '820061aa'],
  ['data that is cut', '820043aabb'],
  ['data with a tail', '820041aabb'],
  ['a length in a longer form', '82005801aa'],
  ['a length of 4 GiB', '82005affffffff'],
  ['a length of 2^63', '82005b8000000000000000'],
  ['bytes without an end', '82005f41aaff'],
  ['kind 2', '830218266161'],
  ['kind 0 with three places', '830018266161'],
  ['a refusal without a detail', '82011826'],
  ['a refusal in a longer form', '830119002a626e6f'],
  ['an unknown error', '830119ffff6161'],
])('%s is no answer', (_what, hex) => {
  expect(decodeAnswer(fromHex(hex) ?? new Uint8Array()).ok).toBe(false);
});

test('arbitrary bytes never throw, and what decodes encodes to itself', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), bytes => {
      const answer = decodeAnswer(bytes);
      if (answer.ok) expect(toHex(encodeAnswer(answer.value))).toBe(toHex(bytes));
      decodeQuestion(bytes);
      decodeExchangeAnswer(bytes);
    }),
  );
});

test('the exchange comes back, and is bounded', () => {
  expect(decodeQuestion(encodeQuestion({ ports: [4001, 65_535] }))).toEqual({
    ok: true,
    value: { ports: [4001, 65_535] },
  });
  const address = 'x'.repeat(networkLimits.addressBytesMax);
  const most = { addresses: Array.from({ length: networkLimits.exchangeAddressesMax }, () => address) };
  expect(decodeExchangeAnswer(encodeExchangeAnswer(most))).toEqual({ ok: true, value: most });
  for (const addresses of [[...most.addresses, 'one more'], [`${address}x`], ['']]) {
    expect(decodeExchangeAnswer(encodeExchangeAnswer({ addresses })).ok).toBe(false);
  }
});

test.each(['81811a00010000', '818501020304', '80', '8180ff'])('%s is no question', hex => {
  expect(decodeQuestion(fromHex(hex) ?? new Uint8Array()).ok).toBe(false);
});
