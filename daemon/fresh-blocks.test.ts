import { describe, expect, it } from 'vitest';
import { alice, put } from '../chain/ledger-fixture.suite.ts';
import { Branch, signed } from './chain-fixture.suite.ts';
import { FreshBlocks } from './fresh-blocks.ts';

const small = new Branch().make();
const operations = Array.from({ length: 1_000 }, (_, index) => put(`key ${index}`, ''));
const transaction = signed(alice, operations);

/** A block of so many thousand operations; of its transactions nothing but their number matters here. */
function large(thousands: number) {
  return { ...small, hashHex: `large ${thousands}`, transactions: new Array(thousands).fill(transaction) };
}

describe('fresh blocks', () => {
  it('are given away once', () => {
    const fresh = new FreshBlocks();
    fresh.add(small);
    expect(fresh.take(small.hashHex)).toBe(small);
    expect(fresh.take(small.hashHex)).toBeNull();
    expect(fresh.take('unknown')).toBeNull();
  });

  it('are forgotten, the oldest first, beyond their limit', () => {
    const fresh = new FreshBlocks();
    for (const block of [small, large(20), large(19)]) fresh.add(block);
    expect(fresh.take(small.hashHex)).toBe(small);
    for (const block of [small, large(21)]) fresh.add(block);
    expect(fresh.take('large 20')).toBeNull();
    expect(fresh.take('large 19')).toBeNull();
    expect(fresh.take('large 21')).not.toBeNull();
  });

  it('do not count twice, nor when they are larger than the limit', () => {
    const fresh = new FreshBlocks();
    for (let time = 0; time < 5; time++) fresh.add(large(15));
    fresh.add(small);
    expect(fresh.take('large 15')).not.toBeNull();
    fresh.add(large(41));
    expect(fresh.take('large 41')).toBeNull();
    fresh.add(small);
    expect(fresh.take(small.hashHex)).toBe(small);
  });
});
