import { describe, expect, it } from 'vitest';
import { readWish } from './options.ts';

describe('what the simulator is told', () => {
  it.each([
    [['--seed', '7'], 7n, 7n],
    [['--seeds', '3..5'], 3n, 5n],
    [['--seed', '999999999999999999'], 999_999_999_999_999_999n, 999_999_999_999_999_999n],
    [[], 1n, 1n],
  ])('%j are the seeds from %d to %d', (args, first, last) => {
    expect(readWish(args)).toMatchObject({ first, last });
  });

  it.each([
    [['--seeds', '5..1'], '--seeds 5..1: the first is greater than the last'],
    [['--seed', '99999999999999999999'], 'from 0 to 999999999999999999, not 99999999999999999999'],
    [['--seed', 'x'], '--seed: a seed is an integer'],
    [['--seeds', '1..'], '--seeds: a seed is an integer'],
    [['--faults', 'lightning'], '--faults: no fault "lightning"'],
    [['--nodes', '2'], '--nodes is an integer from 3 to 100, not "2"'],
    [['--engine', 'pos'], '"pos"'],
    [['--nope'], "'--nope'"],
  ])('%j is refused', (args, says) => {
    expect(() => readWish(args)).toThrow(says);
  });
});
