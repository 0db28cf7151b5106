import { describe, expect, it } from 'vitest';
import { Branch } from '../../daemon/chain-fixture.suite.ts';
import { encodeCompactBlock, encodeRequest } from '../../daemon/wire.ts';
import { Burdens, type Question } from './burdens.ts';

const question: Question = {
  asker: 'n0',
  peer: 'n1',
  data: encodeRequest({ type: 'getBodies', hashes: [new Uint8Array(32)] }),
  nowMs: 0,
  isConnected: true,
};

function answers(count: number, change: (index: number) => Partial<Question>): readonly (string | null)[] {
  const burdens = new Burdens(1_000);
  return Array.from({ length: count }, (_, index) => burdens.ask({ ...question, ...change(index) }));
}

describe('what a node burdens its peers with', () => {
  it('may be the same question for bodies a few times, and not more often', () => {
    expect(answers(6, () => ({}))).toEqual([
      null,
      null,
      null,
      null,
      null,
      'A-I4: asks n1 the same getBodies 6 times within 10000 ms',
    ]);
  });

  it('may be the same again later, to others, and other questions', () => {
    expect(answers(20, index => ({ nowMs: index * 5_000 })).every(fault => fault === null)).toBe(true);
    expect(answers(20, index => ({ peer: `n${index}` })).every(fault => fault === null)).toBe(true);
    const hashes = (index: number) => [new Uint8Array(32).fill(index)];
    const others = answers(20, index => ({ data: encodeRequest({ type: 'getBodies', hashes: hashes(index) }) }));
    expect(others.every(fault => fault === null)).toBe(true);
  });

  it('is nothing that a peer which is gone is asked again and again', () => {
    expect(answers(4, () => ({ isConnected: false })).at(-1)).toBe(
      'A-I4: 4 questions to n1, which is gone, within 10000 ms',
    );
  });

  it('is few blocks of one producer at one height', () => {
    const block = new Branch().grow([]);
    const burdens = new Burdens(1_000);
    const message = encodeCompactBlock(block, []);
    const faults = Array.from({ length: 5 }, () => burdens.passOn('n0', message));
    expect(faults).toEqual([null, null, null, null, 'A-I4: passes 5 blocks of one producer at height 1 on']);
    expect(burdens.passOn('n1', message)).toBeNull();
    burdens.begin('n0');
    expect(burdens.passOn('n0', message)).toBeNull();
  });
});
