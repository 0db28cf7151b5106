import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeBits, encodeBits, workOf } from '../../chain/target.ts';
import { easyParams } from '../engine-context.suite.ts';
import { Random } from '../random.ts';
import { asertExponent, asertFactor, asertTarget, cappedStep, nextBits, type Schedule } from './asert.ts';

interface ScheduleVector {
  readonly targetMs: number;
  readonly tauMs: number;
  readonly anchorTarget: string;
  readonly maxTarget: string;
}

interface UncappedCase {
  readonly elapsedMs: number;
  readonly blocks: number;
  readonly exponent: number;
  readonly shifts: number;
  readonly fraction: number;
  readonly factor: number;
  readonly target: string;
  readonly bits: number;
}

interface CappedCase {
  readonly name: string;
  readonly offsetsMs: readonly number[];
  readonly stepsMs: number;
  readonly exponent: number;
  readonly target: string;
  readonly bits: number;
}

interface Vectors {
  readonly uncapped: ScheduleVector & { readonly cases: readonly UncappedCase[] };
  readonly capped: ScheduleVector & {
    readonly maxDriftMs: number;
    readonly anchorBits: number;
    readonly maxTargetBits: number;
    readonly cases: readonly CappedCase[];
  };
}

const vectors: Vectors = JSON.parse(readFileSync('docs/protocol/vectors/asert.json', 'utf8'));

function scheduleOf({ targetMs, tauMs, anchorTarget, maxTarget }: ScheduleVector): Schedule {
  return { targetMs, tauMs, anchorTarget: BigInt(`0x${anchorTarget}`), maxTarget: BigInt(`0x${maxTarget}`) };
}

describe('the published vectors', () => {
  const schedule = scheduleOf(vectors.uncapped);

  it.each(vectors.uncapped.cases)('after $blocks blocks in $elapsedMs', vector => {
    const exponent = asertExponent(vector.elapsedMs, vector.blocks, schedule);
    const fraction = exponent - ((exponent >> 16n) << 16n);
    expect([exponent, exponent >> 16n, fraction].map(Number)).toEqual([
      vector.exponent,
      vector.shifts,
      vector.fraction,
    ]);
    expect(Number(asertFactor(fraction))).toBe(vector.factor);
    const target = asertTarget(vector.elapsedMs, vector.blocks, schedule);
    expect(target.toString(16).padStart(64, '0')).toBe(vector.target);
    expect(encodeBits(target)).toBe(vector.bits);
  });
});

describe('the capped vectors', () => {
  const { capped } = vectors;
  const params = { ...easyParams, retarget: 'asert' as const, ...capped, bits: capped.anchorBits };

  it.each(capped.cases)('$name', vector => {
    let steps = 0;
    let previous = 0;
    for (const [index, offset] of vector.offsetsMs.entries()) {
      steps += cappedStep(index + 1, offset, previous, capped.maxDriftMs);
      previous = offset;
    }
    const blocks = vector.offsetsMs.length - 1;
    expect(steps).toBe(vector.stepsMs);
    expect(Number(asertExponent(steps, blocks, scheduleOf(capped)))).toBe(vector.exponent);
    expect(asertTarget(steps, blocks, scheduleOf(capped)).toString(16).padStart(64, '0')).toBe(vector.target);
    expect(nextBits({ height: blocks + 1, steps }, params)).toBe(vector.bits);
  });
});

describe('the target', () => {
  const schedule = scheduleOf(vectors.uncapped);

  it('is that of the genesis for blocks 1 and 2', () => {
    const params = { ...easyParams, retarget: 'asert' as const };
    expect(nextBits({ height: 0, steps: 0 }, params)).toBe(params.bits);
    expect(nextBits({ height: 1, steps: 0 }, params)).toBe(encodeBits(decodeBits(params.bits) ?? 0n));
  });

  it('stays where it is when the retarget is fixed', () => {
    expect(nextBits({ height: 1_000, steps: 1 }, easyParams)).toBe(easyParams.bits);
  });

  it('is from 1 to the limit, however early or late', () => {
    const elapsed = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
    fc.assert(
      fc.property(elapsed, fc.integer({ min: 0, max: 1e9 }), (elapsedMs, blocks) => {
        const target = asertTarget(elapsedMs, blocks, schedule);
        return target >= 1n && target <= schedule.maxTarget;
      }),
    );
  });

  it('never gets harder when the same blocks took longer', () => {
    fc.assert(
      fc.property(fc.nat(100_000), fc.nat(100_000), fc.nat(5_000), (elapsed, more, blocks) => {
        return asertTarget(elapsed + more, blocks, schedule) >= asertTarget(elapsed, blocks, schedule);
      }),
    );
  });
});

/**
 * C4: miners whose clocks lie. Blocks come at exponentially distributed real times, as hash power and target say; a pattern chooses
 * each timestamp between the parent's + 1 ms and now + maxDriftMs, which is all that the rules leave to it.
 */
describe('the mean interval', () => {
  const targetMs = 10_000;
  const maxDriftMs = 12 * targetMs;
  const anchorTarget = 2n ** 240n;
  const schedule: Schedule = { targetMs, tauMs: 288 * targetMs, anchorTarget, maxTarget: 2n ** 250n };

  interface Moment {
    readonly index: number;
    readonly now: number;
    readonly parentTime: number;
    readonly chance: number;
  }
  type Pattern = (moment: Moment) => number;

  const honest: Pattern = ({ now }) => now;
  const earliest: Pattern = ({ parentTime }) => parentTime + 1;
  const latest: Pattern = ({ now }) => now + maxDriftMs;

  function meanOverTarget(pattern: Pattern, blocks = 20_000): number {
    const random = new Random(4n);
    const chance = () => (random.below(2 ** 32) + 1) / (2 ** 32 + 1);
    let now = 0;
    let parentTime = 0;
    let steps = 0;
    for (let index = 1; index <= blocks; index++) {
      const target = index < 3 ? anchorTarget : asertTarget(steps, index - 2, schedule);
      const difficulty = Number((anchorTarget * 1_000_000n) / target) / 1_000_000;
      now += -Math.log(chance()) * targetMs * difficulty;
      const wished = Math.floor(pattern({ index, now, parentTime, chance: chance() }));
      const time = Math.max(parentTime + 1, Math.min(wished, Math.floor(now + maxDriftMs)));
      steps += cappedStep(index, time, parentTime, maxDriftMs);
      parentTime = time;
    }
    return now / (blocks * targetMs);
  }

  it.each<[string, Pattern]>([
    ['honest clocks', honest],
    ['nine early, the tenth far ahead', m => (m.index % 10 === 0 ? latest(m) : earliest(m))],
    ['early and late in turn', m => (m.index % 2 === 0 ? latest(m) : earliest(m))],
    ['three early, one late', m => (m.index % 4 === 0 ? latest(m) : earliest(m))],
    ['always late', latest],
    ['two miners in five early', m => (m.chance < 0.4 ? earliest(m) : honest(m))],
    ['two miners in five late', m => (m.chance < 0.4 ? latest(m) : honest(m))],
    ['half of the miners early, half late', m => (m.chance < 0.5 ? earliest(m) : latest(m))],
    ['two in three early, the rest late', m => (m.chance < 0.66 ? earliest(m) : latest(m))],
  ])('C4: is within three parts in a hundred of the target: %s', (_name, pattern) => {
    const ratio = meanOverTarget(pattern);
    expect(ratio).toBeGreaterThan(0.97);
    expect(ratio).toBeLessThan(1.03);
  });

  it('can only grow when every miner holds time back for more blocks than the cap pays back at once', () => {
    expect(meanOverTarget(m => (m.index % 40 === 0 ? latest(m) : earliest(m)), 2_000)).toBeGreaterThan(1.03);
  });

  it('C4: does not become trivial when a network slept for a year: one pause eases the target by at most one capped step', () => {
    const year = 365 * 86_400_000;
    const asleep = 1_000 * targetMs + cappedStep(1_002, year, 0, maxDriftMs);
    const before = workOf(asertTarget(1_000 * targetMs, 1_000, schedule));
    const afterwards = workOf(asertTarget(asleep, 1_001, schedule));
    expect(Number(afterwards) / Number(before)).toBeGreaterThan(0.94);
  });

  it('would become trivial without the cap: the pause alone reaches the easiest target', () => {
    const year = 365 * 86_400_000;
    expect(asertTarget(1_000 * targetMs + year, 1_001, schedule)).toBe(schedule.maxTarget);
  });
});
