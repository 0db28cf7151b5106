import { describe, expect, it } from 'vitest';
import { figure, median } from './figure.ts';
import { benchPage, mergeRuns, type Run } from './page.ts';

const measured = { name: 'hashing', value: 9, unit: 'hashes/s', reference: { name: 'bare', value: 12 } } as const;
const machine = {
  command: 'npm run bench',
  date: '2026-01-02T03:04:05.000Z',
  processor: 'a processor',
  cores: 2,
  memoryGb: 8,
  system: 'Linux',
  versions: { node: '20' },
};

describe('a figure', () => {
  it.each([
    ['value at least', 9, true],
    ['value at least', 9.1, false],
    ['value at most', 9, true],
    ['value at most', 8.9, false],
    ['ratio at least', 0.75, true],
    ['ratio at least', 0.76, false],
    ['ratio at most', 0.75, true],
    ['ratio at most', 0.74, false],
  ] as const)('is held to "%s %d": %s', (rule, goal, met) => {
    expect(figure({ ...measured, rule, goal })).toMatchObject({ ratio: 0.75, goal, met });
  });

  it('is rounded to four digits, and judged before', () => {
    const found = figure({ ...measured, value: 1.000_049, rule: 'value at most', goal: 1 });
    expect(found).toMatchObject({ value: 1, met: false });
  });

  it('of several runs is the one in the middle', () => {
    expect(median([5, 1, 9])).toBe(5);
    expect(median([])).toBeNaN();
  });
});

describe('the page of runs', () => {
  const figures = [figure({ ...measured, rule: 'value at least', goal: 10 })];
  const hashing: Run = { bench: 'hashing', machine, figures, error: null };

  it('names command and machine, each figure with its reference, and what failed', () => {
    const page = benchPage([hashing, { bench: 'sync', machine, figures: [], error: 'no peer' }]);
    expect(page).toContain('`npm run bench` on 2026-01-02: a processor, 2 cores, 8 GB, Linux.');
    expect(page).toContain('| hashing | 9 hashes/s | 12 hashes/s: bare | 0.75 | value at least 10 | **missed** |');
    expect(page).toContain('`sync`:\n\n```\nno peer\n```');
    expect(page.match(/a processor/g)).toHaveLength(1);
  });

  it('keeps what was measured before, and says on which machine', () => {
    const sync: Run = { ...hashing, bench: 'sync', machine: { ...machine, processor: 'another' } };
    const merged = mergeRuns(
      ['sync', 'hashing'],
      [hashing, { ...sync, figures: [] }, { ...sync, bench: 'gone' }],
      [sync],
    );
    expect(merged).toEqual([sync, hashing]);
    expect(benchPage(merged)).toMatch(/another, 2 cores(.|\n)*a processor, 2 cores/);
  });
});
