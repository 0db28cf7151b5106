import { describe, expect, it } from 'vitest';
import { mean, ratioOf, standardErrors, wilson, zeroOfLine } from './statistics.ts';

describe("Wilson's interval", () => {
  it.each([
    [0, 10, 0, 0.2775],
    [5, 10, 0.2366, 0.7634],
    [10, 10, 0.7225, 1],
    [200, 400, 0.4512, 0.5488],
  ])('of %d in %d is from %d to %d', (successes, runs, low, high) => {
    const interval = wilson(successes, runs);
    expect(interval.low).toBeCloseTo(low, 4);
    expect(interval.high).toBeCloseTo(high, 4);
  });

  it.each([0.02, 0.1, 0.5, 0.9])('holds the true rate %d in about 95 of 100 cases', rate => {
    const runs = 200;
    let coverage = 0;
    let chance = (1 - rate) ** runs;
    for (let successes = 0; successes <= runs; successes++) {
      const { low, high } = wilson(successes, runs);
      if (low <= rate && rate <= high) coverage += chance;
      chance *= ((runs - successes) / (successes + 1)) * (rate / (1 - rate));
    }
    expect(coverage).toBeGreaterThan(0.93);
    expect(coverage).toBeLessThan(0.98);
  });
});

describe('the ratio of sums', () => {
  it('has no width where all runs agree', () => {
    expect(ratioOf([1, 2, 3].map(part => ({ part, whole: 4 * part })))).toEqual({ ratio: 0.25, low: 0.25, high: 0.25 });
  });

  it('is that of a mean where all wholes are 1', () => {
    const values = [1, 2, 3, 4, 5];
    const { ratio, low, high } = ratioOf(values.map(part => ({ part, whole: 1 })));
    expect(ratio).toBe(mean(values));
    // 1.96 times the square root of the variance 2.5 over 5.
    expect(high - ratio).toBeCloseTo(1.959964 * Math.sqrt(0.5), 5);
    expect(ratio - low).toBeCloseTo(high - ratio, 12);
  });
});

describe('the rest', () => {
  it('counts standard errors with the sign of the difference', () => {
    expect(standardErrors(0.4, 0.5, 100)).toBeCloseTo(-2, 12);
  });

  it('finds where a line crosses zero', () => {
    expect(zeroOfLine([0, 1, 2].map(x => [x, 3 * x - 4]))).toBeCloseTo(4 / 3, 12);
  });
});
