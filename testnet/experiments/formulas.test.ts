import { describe, expect, it } from 'vitest';
import {
  catchUp,
  delayThreshold,
  finalDoubleSpend,
  honestGrowth,
  selfishRevenue,
  selfishThreshold,
  strictDoubleSpend,
  watchedDoubleSpend,
} from './formulas.ts';

describe('the strict double spend', () => {
  it.each([
    [0.1, 1, 60],
    [0.3, 3, 60],
    [0.45, 6, 60],
    [0.5, 2, 20],
    [0.6, 4, 12],
  ])('with q=%d, z=%d, giving up at %d, is what stepping through all states gives', (share, confirmations, giveUp) => {
    expect(strictDoubleSpend({ share, confirmations, giveUp })).toBeCloseTo(stepped(share, confirmations, giveUp), 8);
  });

  it('catches up as PROTOCOLS 10.1 says: q=0.51, 6 behind, giving up at 20', () => {
    expect(catchUp(0.51, 6, 20)).toBeCloseTo(0.852, 3);
  });

  it.each([
    [0.1, 6, 0.000591],
    [0.1, 2, 0.056],
    [0.3, 5, 0.196_2],
  ])("with q=%d and z=%d is Rosenfeld's %d where a tie is enough", (share, confirmations, rosenfeld) => {
    // A tie is a block less to gain, but for the branches that are strictly longer already.
    let sum = 0;
    let chance = (1 - share) ** confirmations;
    let ahead = 1;
    for (let found = 0; found < confirmations; found++) {
      sum += chance * catchUp(share, confirmations - found, Number.POSITIVE_INFINITY);
      ahead -= chance;
      chance *= (share * (confirmations + found)) / (found + 1);
    }
    const tie = sum + ahead;
    expect(Math.abs(tie / rosenfeld - 1)).toBeLessThan(0.01);
    const strict = strictDoubleSpend({ share, confirmations, giveUp: Number.POSITIVE_INFINITY });
    expect(strict).toBeLessThan(tie);
  });

  it('is certain from half of the hash power on, when nobody gives up', () => {
    const giveUp = Number.POSITIVE_INFINITY;
    expect(strictDoubleSpend({ share: 0.5, confirmations: 6, giveUp })).toBeCloseTo(1, 12);
    expect(strictDoubleSpend({ share: 0.7, confirmations: 6, giveUp })).toBeCloseTo(1, 12);
  });
});

describe('the double spend that is given up at an absolute distance', () => {
  it.each([
    [0.1, 1, 12],
    [0.3, 2, 12],
    [0.45, 6, 12],
    [0.5, 3, 4],
    [0.6, 6, 3],
    [0.6, 2, 1],
    [0.7, 3, 2],
  ])(
    'with q=%d, z=%d, at %d behind, is what stepping through all states gives',
    (share, confirmations, giveUpBehind) => {
      const given = { share, confirmations, giveUpBehind };
      expect(watchedDoubleSpend(given)).toBeCloseTo(watched(given), 8);
    },
  );

  it.each([
    [0.3, 2, 12, 7],
    [0.51, 6, 12, 13],
    [0.6, 1, 2, 4],
    [0.7, 3, 12, 3],
    [0.7, 3, 12, 4],
  ])(
    'with q=%d, z=%d, at %d behind, on a network that is final after %d, too',
    (share, confirmations, behind, finalAfter) => {
      const given = { share, confirmations, giveUpBehind: behind, finalAfter };
      expect(finalDoubleSpend(given)).toBeCloseTo(watched(given), 8);
    },
  );

  it('is the strict double spend where nobody ever gives up', () => {
    const given = { share: 0.3, confirmations: 4 };
    const strict = strictDoubleSpend({ ...given, giveUp: Number.POSITIVE_INFINITY });
    expect(watchedDoubleSpend({ ...given, giveUpBehind: Number.POSITIVE_INFINITY })).toBeCloseTo(strict, 12);
  });
});

describe('selfish mining', () => {
  it.each([
    [0, 1 / 3],
    [0.25, 0.3],
    [0.5, 0.25],
    [0.75, 1 / 6],
    [1, 0],
  ])('with gamma=%d gains from %d on', (gamma, threshold) => {
    expect(selfishThreshold(gamma)).toBeCloseTo(threshold, 12);
    expect(selfishRevenue(threshold, gamma)).toBeCloseTo(threshold, 12);
    expect(selfishRevenue(threshold + 0.01, gamma)).toBeGreaterThan(threshold + 0.01);
  });

  it.each([
    [0.2, 0],
    [0.35, 0.5],
    [0.45, 1],
  ])('with alpha=%d and gamma=%d is what the chain of states gives', (alpha, gamma) => {
    expect(selfishRevenue(alpha, gamma)).toBeCloseTo(fromStates(alpha, gamma), 6);
  });
});

describe('delay', () => {
  it.each([
    [0, 0.5],
    [0.3, 0.4627],
    [1, 0.382],
  ])('of %d intervals moves the threshold to %d', (delay, threshold) => {
    const share = delayThreshold(delay);
    expect(share).toBeCloseTo(threshold, 4);
    expect(honestGrowth(1 - share, delay)).toBeCloseTo(share, 12);
  });
});

/** The race as a walk over (honest, attacker), a block a step, until next to nothing is undecided. */
function stepped(share: number, confirmations: number, giveUp: number): number {
  let states = new Map([['0 0 0', 1]]);
  let success = 0;
  for (let undecided = 1; undecided > 1e-10; ) {
    const next = new Map<string, number>();
    undecided = 0;
    for (const [key, chance] of states) {
      for (const isAttackers of [true, false]) {
        const state = after(key, isAttackers, { confirmations, giveUp });
        const part = chance * (isAttackers ? share : 1 - share);
        if (state === 'won') success += part;
        if (state === 'won' || state === 'lost') continue;
        next.set(state, (next.get(state) ?? 0) + part);
        undecided += part;
      }
    }
    states = next;
  }
  return success;
}

/** The same race, judged after each block by its definition alone: paid for, strictly longer, or too far behind. */
function watched(given: { share: number; confirmations: number; giveUpBehind: number; finalAfter?: number }): number {
  const { share, confirmations, giveUpBehind, finalAfter = Number.POSITIVE_INFINITY } = given;
  let states = new Map([['0 0', 1]]);
  let success = 0;
  for (let undecided = 1; undecided > 1e-10; ) {
    const next = new Map<string, number>();
    undecided = 0;
    for (const [key, chance] of states) {
      const [honest = 0, attacker = 0] = key.split(' ').map(Number);
      for (const [h, a, part] of [
        [honest + 1, attacker, chance * (1 - share)],
        [honest, attacker + 1, chance * share],
      ] as const) {
        if (h >= finalAfter) continue;
        if (h >= confirmations && a > h) success += part;
        else if (h - a < giveUpBehind) {
          next.set(`${h} ${a}`, (next.get(`${h} ${a}`) ?? 0) + part);
          undecided += part;
        }
      }
    }
    states = next;
  }
  return success;
}

/** A state is "honest attacker limit": both counts up to the confirmations, then how far behind, with 0 for the honest. */
function after(
  key: string,
  isAttackers: boolean,
  { confirmations, giveUp }: { confirmations: number; giveUp: number },
) {
  const [honest = 0, attacker = 0, limit = 0] = key.split(' ').map(Number);
  if (limit > 0) {
    const behind = honest + (isAttackers ? -1 : 1);
    if (behind < 0) return 'won';
    return behind >= limit ? 'lost' : `${behind} 0 ${limit}`;
  }
  if (isAttackers) return `${honest} ${Math.min(attacker + 1, confirmations + 1)} 0`;
  if (honest + 1 < confirmations) return `${honest + 1} ${attacker} 0`;
  const behind = confirmations - attacker;
  return behind < 0 ? 'won' : `${behind} 0 ${behind + giveUp}`;
}

/** Blocks a step of the pool and of all in the state machine of Eyal and Sirer's figure 1, by its stationary distribution. */
function fromStates(alpha: number, gamma: number): number {
  const leads = 100;
  const beta = 1 - alpha;
  // State 0, the tie 0', and a lead of 1 or more at its own index plus one.
  let weights = new Array<number>(leads + 2).fill(0);
  weights[0] = 1;
  for (let round = 0; round < 4_000; round++) {
    const next = new Array<number>(leads + 2).fill(0);
    const add = (state: number, part: number) => {
      next[state] = (next[state] ?? 0) + part;
    };
    for (const [state, weight] of weights.entries()) {
      if (state === 1) {
        add(0, weight);
        continue;
      }
      const lead = Math.max(0, state - 1);
      add(Math.min(lead + 2, leads + 1), weight * alpha);
      if (lead === 0 || lead === 2) add(0, weight * beta);
      else add(lead, weight * beta);
    }
    weights = next.map((weight, state) => (weight + (weights[state] ?? 0)) / 2);
  }
  const [rest = 0, tie = 0] = weights;
  const long = weights.slice(4).reduce((sum, weight) => sum + weight, 0);
  const pool = tie * (alpha * 2 + beta * gamma) + (weights[3] ?? 0) * beta * 2 + long * beta;
  const others = tie * (beta * gamma + beta * (1 - gamma) * 2) + rest * beta;
  return pool / (pool + others);
}
