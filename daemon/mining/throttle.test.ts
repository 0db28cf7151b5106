import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Throttle } from './throttle.ts';

it('lets hashes through evenly: never more than are due, and all of them in the end', () => {
  const rates = fc.double({ min: 0.5, max: 1e6, noNaN: true });
  const steps = fc.array(fc.double({ min: 0.01, max: 500, noNaN: true }), { minLength: 1, maxLength: 50 });
  fc.assert(
    fc.property(rates, steps, (rate, waits) => {
      const throttle = new Throttle(rate, 1_000);
      let now = 1_000;
      let done = 0;
      for (const wait of waits) {
        now += wait;
        const due = throttle.due(now);
        throttle.take(due);
        done += due;
        expect(Math.abs(done - ((now - 1_000) * rate) / 1_000)).toBeLessThanOrEqual(1.001);
      }
    }),
  );
});

it('says how long to wait for the next hash, after which it is due', () => {
  const throttle = new Throttle(50, 0);
  expect(throttle.due(0)).toBe(0);
  expect(throttle.waitMs(0)).toBe(20);
  expect(throttle.due(19.9)).toBe(0);
  expect(throttle.due(20)).toBe(1);
  throttle.take(1);
  expect(throttle.waitMs(25)).toBe(15);
});

it('sleeps 10 ms where hashes are due all the time, which are then taken together', () => {
  const throttle = new Throttle(100_000, 0);
  expect(throttle.waitMs(0)).toBe(10);
  expect(throttle.due(10)).toBe(1_000);
});

it('gives nothing for a pause, and keeps the part of a hash that was due before it', () => {
  const throttle = new Throttle(10, 0);
  throttle.pause(50);
  throttle.pause(70);
  expect(throttle.due(1_050)).toBe(0);
  expect(throttle.waitMs(1_050)).toBe(50);
  expect(throttle.due(1_100)).toBe(1);
});

it('reaches its hash also when two are more than a second apart', () => {
  const throttle = new Throttle(0.5, 0);
  for (const now of [500, 1_000, 1_500, 1_999]) expect(throttle.due(now)).toBe(0);
  expect(throttle.due(2_000)).toBe(1);
});

it('catches up at most a second after a stall', () => {
  const throttle = new Throttle(100, 0);
  expect(throttle.due(60_000)).toBe(1 + 100);
  throttle.take(101);
  expect(throttle.due(60_000)).toBe(0);
});
