import { expect, it, vi } from 'vitest';
import { systemClock, systemRandom } from './system.ts';

it('calls a timer back once, not before its time, and not after it was cancelled', async () => {
  const start = systemClock.monotonic();
  const cancelled = vi.fn();
  const cancel = systemClock.setTimer(1, cancelled);
  cancel();
  const elapsed = await new Promise<number>(resolve => {
    systemClock.setTimer(20, () => resolve(systemClock.monotonic() - start));
  });
  expect(elapsed).toBeGreaterThanOrEqual(19.5);
  expect(cancelled).not.toHaveBeenCalled();
  cancel();
});

it('waits on a timer that is longer than the platform allows', async () => {
  const early = vi.fn();
  const cancel = systemClock.setTimer(2 ** 40, early);
  await new Promise<void>(resolve => {
    systemClock.setTimer(20, resolve);
  });
  expect(early).not.toHaveBeenCalled();
  cancel();
});

it('tells Unix milliseconds and a monotonic time that never goes back', () => {
  expect(Math.abs(systemClock.now() - Date.now())).toBeLessThan(1_000);
  const times = Array.from({ length: 1_000 }, () => systemClock.monotonic());
  expect(times.every((time, index) => index === 0 || time >= (times[index - 1] ?? 0))).toBe(true);
});

it('gives as many random bytes as asked for, others each time, in memory of their own', () => {
  expect(systemRandom.bytes(0)).toEqual(new Uint8Array());
  const [a, b] = [systemRandom.bytes(32), systemRandom.bytes(32)];
  expect(a).toHaveLength(32);
  expect(a).not.toEqual(b);
  expect(a.buffer.byteLength).toBe(32);
});
