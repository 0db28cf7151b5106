import { expect, it } from 'vitest';
import type { Outcome } from './campaign.ts';
import { SeedProgress } from './seed-progress.ts';

function outcome(seed: bigint, verdict: Outcome['verdict']): Outcome {
  return { seed, verdict, check: verdict === 'Pass' ? null : 'A-I1: fell', traceFile: null, report: null };
}

it('tells each failure at once, the time left now and then, and with which seed to go on when the time is up', () => {
  let nowMs = 0;
  let told = '';
  const screen = { write: (text: string) => (told += text) };
  const progress = new SeedProgress({ screen, first: 11n, last: 20n, now: () => nowMs, limitMs: 25_000 });
  nowMs = 4_000;
  progress.add(outcome(11n, 'Pass'));
  expect(told).toBe('');
  progress.add(outcome(12n, 'Diverged'));
  expect(told).toBe('seed 12: Diverged: A-I1: fell\n');
  nowMs = 12_000;
  progress.add(outcome(13n, 'Pass'));
  expect(told.split('\n').at(-2)).toBe('3 of 10 seeds, 1 failed, 13 s left');
  expect(progress).toMatchObject({ goesOn: true, next: 14n });
  nowMs = 25_000;
  expect(progress.goesOn).toBe(false);
});

it('counts on the seeds that are left when these end before the time', () => {
  let nowMs = 0;
  let told = '';
  const screen = { write: (text: string) => (told += text) };
  const progress = new SeedProgress({
    screen,
    first: 1n,
    last: 4n,
    now: () => nowMs,
    limitMs: Number.POSITIVE_INFINITY,
  });
  nowMs = 10_000;
  progress.add(outcome(1n, 'Pass'));
  expect(told).toBe('1 of 4 seeds, 0 failed, 30 s left\n');
});
