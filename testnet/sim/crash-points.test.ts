import { expect, it } from 'vitest';
import { type CrashPoint, crashEverywhere } from './crash-points.ts';

/** Some twenty small worlds; many times longer on a machine that is busy with other things. */
const timeoutMs = 240_000;

it('a machine that dies at any write of a story, and keeps any beginning of it, comes back', {
  timeout: timeoutMs,
}, async () => {
  const points: CrashPoint[] = [];
  await crashEverywhere(
    1n,
    point => points.push(point),
    number => number % 4 === 0,
  );
  expect(new Set(points.map(({ write }) => write)).size).toBeGreaterThan(4);
  expect(points.some(({ survivors }) => survivors > 0)).toBe(true);
});
