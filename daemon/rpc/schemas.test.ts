import { describe, expect, it } from 'vitest';
import { amount } from './schemas.ts';

describe('an amount', () => {
  it.each(['0', '1', '9007199254740993', '18446744073709551615'])('is %s, digit for digit', text => {
    expect(amount.parse(text)).toBe(text);
  });

  /** As numbers of JSON: the third is not the one that was written, the last is infinite. */
  const numbers: readonly unknown[] = ['18', '-0', '9007199254740993', '0.1', '1e400'].map(text => JSON.parse(text));

  it.each([
    ...numbers,
    Number.NaN,
    null,
    '',
    ' 1',
    '1 ',
    '+1',
    '-1',
    '-0',
    '01',
    '0x1',
    '1e3',
    '0.1',
    '1n',
    '١',
    '18446744073709551616',
    '9'.repeat(1_000),
  ])('C15: is not %j', value => {
    expect(amount.safeParse(value).success).toBe(false);
  });
});
