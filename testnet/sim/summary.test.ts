import { expect, it } from 'vitest';
import { summarize } from './summary.ts';

it('counts verdicts and lists failures in the order of their seeds', () => {
  const failed = { traceFile: 'trace.txt', report: null };
  const outcomes = [
    { seed: 3n, verdict: 'Diverged', check: 'A-I1: fell', ...failed },
    { seed: 2n, verdict: 'Pass', check: null, traceFile: null, report: null },
    { seed: 1n, verdict: 'NoProgress', check: 'did not happen', ...failed },
  ] as const;
  expect(summarize({ engine: 'pow', nodes: 7, outcomes, wallMs: 1_234 })).toEqual({
    engine: 'pow',
    nodes: 7,
    seeds: 3,
    pass: 1,
    noProgress: 1,
    diverged: 1,
    failures: [
      { seed: 1, verdict: 'NoProgress', check: 'did not happen', traceFile: 'trace.txt' },
      { seed: 3, verdict: 'Diverged', check: 'A-I1: fell', traceFile: 'trace.txt' },
    ],
    virtualSeconds: 0,
    wallSeconds: 1.2,
  });
});
