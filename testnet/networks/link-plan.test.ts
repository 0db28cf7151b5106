import { describe, expect, it } from 'vitest';
import { LinkPlan, parseGroups } from './link-plan.ts';
import { allPairs, edgesOf } from './topology.ts';

const good = { isFailed: false, delayMs: 0, lossRate: 0 };

describe('the plan of the links', () => {
  it('has the links of the shape, and fails all others at both ends', () => {
    const plan = new LinkPlan(4, edgesOf({ shape: 'ring', degree: 0 }, 4, 1n));
    expect(plan.link(0, 1)).toEqual(good);
    expect(plan.link(0, 2).isFailed).toBe(true);
    expect(plan.link(2, 0).isFailed).toBe(true);
  });

  it('cuts between groups and not within them, and heals to the shape', () => {
    const plan = new LinkPlan(5, edgesOf({ shape: 'star', degree: 0 }, 5, 1n));
    plan.partition(parseGroups('0,1/2,3,4'));
    expect(plan.link(0, 1)).toEqual(good);
    expect(plan.link(0, 4).isFailed).toBe(true);
    expect(plan.link(4, 0).isFailed).toBe(true);
    plan.heal();
    expect(plan.link(0, 4)).toEqual(good);
    expect(plan.link(3, 4).isFailed).toBe(true);
  });

  it('delays and loses in one direction, until it is healed', () => {
    const plan = new LinkPlan(2, allPairs(2));
    plan.delay(0, 1, 250);
    plan.drop(0, 1, 0.2);
    expect(plan.link(0, 1)).toEqual({ isFailed: false, delayMs: 250, lossRate: 0.2 });
    expect(plan.link(1, 0)).toEqual(good);
    plan.heal();
    expect(plan.link(0, 1)).toEqual(good);
  });

  it.each([-1, 10_001, 99_999_999_999, 0.5, Number.NaN])('a delay of %d ms is refused, and not remembered', delayMs => {
    const plan = new LinkPlan(2, allPairs(2));
    expect(() => plan.delay(0, 1, delayMs)).toThrow(`from 0 to 10000, not ${delayMs}`);
    expect(plan.link(0, 1)).toEqual(good);
  });

  it.each([-0.1, 1.1, Number.NaN])('a loss of %d is refused, and not remembered', lossRate => {
    const plan = new LinkPlan(2, allPairs(2));
    expect(() => plan.drop(0, 1, lossRate)).toThrow(`from 0 to 1, not ${lossRate}`);
    expect(plan.link(0, 1)).toEqual(good);
  });

  it.each(['0,1/2', '0,1/2,3,4', '0,1/1,2,3', '0,1,2,3/4'])('a partition %s of four members is refused', text => {
    const plan = new LinkPlan(4, allPairs(4));
    expect(() => plan.partition(parseGroups(text))).toThrow('names each of 0 to 3 once');
    expect(plan.link(0, 3)).toEqual(good);
  });

  it.each(['', '0,1', '0 1/2', '0,/1', 'a/b', '0//1'])('%j is no partition', text => {
    expect(() => parseGroups(text)).toThrow('expected groups like 0,1/2,3,4');
  });
});
