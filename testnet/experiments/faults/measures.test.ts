import { describe, expect, it } from 'vitest';
import { type FaultRecord, measure, numberOrNone, readTimeline, recoveryOf } from './measures.ts';

const recovery = { part: 0.8, windowMs: 2_000 };

/** So many puts each second, one after the other, each begun `latencyMs` before; the first second begins at 0. */
function putsBy(seconds: readonly number[], latencyMs = 100) {
  return seconds.flatMap((count, second) =>
    Array.from({ length: count }, (_, index) => {
      const atMs = (second + index / count) * 1_000;
      return { beganMs: atMs - latencyMs, atMs };
    }),
  );
}

/** Four seconds before, four of a fault, and then until the puts end. */
function recordOf(seconds: readonly number[], changes: Partial<FaultRecord> = {}): FaultRecord {
  const times = {
    startMs: 0,
    orderedMs: 4_000,
    faultMs: 4_000,
    overMs: 8_000,
    mendedMs: 9_000,
    endMs: seconds.length * 1_000,
  };
  return { puts: putsBy(seconds), agreeingMs: [500, 3_000, 9_500], heights: [], ...times, ...changes };
}

const healed = recordOf([10, 10, 10, 10, 2, 0, 0, 2, 0, 10, 10, 10, 10]);

describe('the measures of a fault', () => {
  it('are rates before, during and at the end, and when it was healed', () => {
    expect(measure(healed, recovery)).toMatchObject({
      healedMs: 4_000,
      // The put at the very moment of the fault counts on both sides.
      putRateBefore: 10.25,
      putRateDuring: 1,
      putRateAfter: 10,
      acknowledged: 84,
    });
  });

  it('are times to inclusion of what was under way or begun during the fault, also when it was answered later', () => {
    const puts = [
      { beganMs: 3_000, atMs: 3_999 },
      { beganMs: 3_900, atMs: 8_500 },
      { beganMs: 4_000, atMs: 4_200 },
      { beganMs: 5_000, atMs: 9_000 },
      { beganMs: 8_000, atMs: 8_700 },
    ];
    expect(measure({ ...healed, puts }, recovery)).toMatchObject({ p50: 4_000, p99: 4_600, longest: 4_600 });
    expect(measure({ ...healed, puts: [] }, recovery)).toMatchObject({
      p50: 'none',
      p99: 'none',
      longest: 'none',
      putRateDuring: 0,
    });
  });

  it('are blocks a second, by what was seen last before the times', () => {
    const heights = [
      { atMs: -50, height: 3 },
      { atMs: 3_900, height: 11 },
      { atMs: 4_950, height: 14 },
      { atMs: 5_050, height: 15 },
      { atMs: 7_950, height: 20 },
      { atMs: 8_050, height: 30 },
    ];
    const struck = { ...healed, heights, faultMs: 5_000 };
    expect(measure(struck, recovery)).toMatchObject({ blocksBefore: 2, blocksDuring: 2 });
    expect(measure(healed, recovery)).toMatchObject({ blocksBefore: 0, blocksDuring: 0 });
  });

  it('leave out the time between the order and the moment when it has struck everywhere', () => {
    const slow = { ...healed, orderedMs: 2_000, faultMs: 6_000 };
    // Two seconds at ten, and the put at the very moment; two seconds with two puts in them.
    expect(measure(slow, recovery)).toMatchObject({ putRateBefore: 10.5, putRateDuring: 1, healedMs: 2_000 });
  });

  it('are read back from a row, none as null', () => {
    const row = measure(recordOf([4, 4, 4, 4, 1, 0], { mendedMs: null, overMs: 5_000 }), recovery);
    expect(numberOrNone(row, 'healedMs')).toBeNull();
    expect(numberOrNone(row, 'putRateDuring')).toBe(1);
    expect(() => numberOrNone({}, 'p50')).toThrow('column p50');
  });
});

describe('the timeline', () => {
  it('has each second from before the fault to the end, with what was acknowledged in it', () => {
    const row = measure(recordOf([2, 2, 2, 2, 1, 0, 0, 3]), recovery);
    expect(row.timeline).toBe('-4:2:100 -3:2:100 -2:2:100 -1:2:100 0:1:100 1:0:none 2:0:none 3:3:100');
    expect(readTimeline(row).slice(4, 6)).toEqual([
      { second: 0, puts: 1, latencyMs: 100 },
      { second: 1, puts: 0, latencyMs: null },
    ]);
  });

  it('leaves out the parts of seconds at both ends', () => {
    const row = measure({ ...healed, startMs: 300, endMs: 10_900 }, recovery);
    const seconds = readTimeline(row).map(({ second }) => second);
    expect([seconds[0], seconds.at(-1)]).toEqual([-3, 5]);
  });
});

describe('the recovery', () => {
  it('takes until puts come as before for a whole window, and all have one head', () => {
    expect(recoveryOf(healed, recovery)).toBe(1_500);
    expect(recoveryOf({ ...healed, agreeingMs: [8_500, 9_000] }, recovery)).toBe(1_000);
  });

  it.each([
    ['puts have not come for a whole window', { endMs: 10_900 }],
    ['daemons agreed only before all was mended', { agreeingMs: [3_000, 8_900] }],
    ['they never agreed', { agreeingMs: [] }],
    ['nobody puts', { puts: putsBy([10, 10, 10, 10]) }],
  ])('is not there while %s', (_, changes) => {
    expect(recoveryOf({ ...healed, ...changes }, recovery)).toBeNull();
  });

  it('is not reached by fewer puts than the part that is asked for', () => {
    const slow = recordOf([10, 10, 10, 10, 0, 0, 0, 0, 7, 7, 7, 7, 7]);
    expect(recoveryOf(slow, recovery)).toBeNull();
    expect(recoveryOf(slow, { ...recovery, part: 0.5 })).toBe(1_500);
  });

  it('counts from the fault where nothing is healed', () => {
    const stays = recordOf([10, 10, 10, 10, 0, 0, 9, 9, 9, 9], { mendedMs: null, agreeingMs: [4_050] });
    expect(recoveryOf(stays, recovery)).toBe(2_000);
  });

  it('is not there while puts come only for a window, and no more after it', () => {
    const late = recordOf([10, 10, 10, 10, 10, 10, 10, 1, 0, 1, 0, 1], { mendedMs: null });
    expect(recoveryOf(late, recovery)).toBeNull();
    expect(recoveryOf({ ...late, endMs: 6_500, agreeingMs: [4_050] }, recovery)).toBe(50);
  });

  it('takes no time when nothing was amiss', () => {
    const calm = recordOf([10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10], { agreeingMs: [8_000], mendedMs: 8_000 });
    expect(recoveryOf(calm, recovery)).toBe(0);
  });
});
