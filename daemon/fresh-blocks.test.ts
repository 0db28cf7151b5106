import { describe, expect, it } from 'vitest';
import type { Block } from '../chain/block.ts';
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

function write(fresh: FreshBlocks, block: Block): void {
  fresh.add(block);
  fresh.written(block.hashHex);
}

describe('fresh blocks', () => {
  it('that are not in the store yet are held whatever comes after them', () => {
    const fresh = new FreshBlocks();
    fresh.add(large(30));
    write(fresh, large(31));
    expect(fresh.get('large 30')).not.toBeNull();
    expect(fresh.get('large 31')).toBeNull();
    fresh.written('large 30');
    write(fresh, large(20));
    expect(fresh.get('large 30')).toBeNull();
  });

  it('are given away once', () => {
    const fresh = new FreshBlocks();
    fresh.add(small);
    expect(fresh.take(small.hashHex)).toBe(small);
    expect(fresh.take(small.hashHex)).toBeNull();
    expect(fresh.take('unknown')).toBeNull();
  });

  it('are forgotten when they are written, the oldest first, beyond their limit', () => {
    const fresh = new FreshBlocks();
    for (const block of [small, large(20), large(19)]) write(fresh, block);
    expect(fresh.take(small.hashHex)).toBe(small);
    for (const block of [small, large(21)]) write(fresh, block);
    expect(fresh.take('large 20')).toBeNull();
    expect(fresh.take('large 19')).toBeNull();
    expect(fresh.take('large 21')).not.toBeNull();
  });

  it('do not count twice, nor when they are larger than the limit', () => {
    const fresh = new FreshBlocks();
    for (let time = 0; time < 5; time++) write(fresh, large(15));
    write(fresh, small);
    expect(fresh.take('large 15')).not.toBeNull();
    write(fresh, large(41));
    expect(fresh.take('large 41')).toBeNull();
    write(fresh, small);
    expect(fresh.take(small.hashHex)).toBe(small);
  });
});
