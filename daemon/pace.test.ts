import { expect, it } from 'vitest';
import { inSlices, Pace } from './pace.ts';
import type { Clock } from './ports.ts';

/** A clock on which each step of a work takes 6 ms, and whose timers run when they are told to. */
function workClock() {
  const due: (() => void)[] = [];
  let now = 0;
  const clock: Clock = {
    now: () => now,
    monotonic: () => now,
    setTimer(_afterMs, callback) {
      due.push(callback);
      return () => {};
    },
  };
  const work = () => {
    now += 6;
  };
  return { clock, due, work };
}

it('works that pause at a time go on one by one, one in each turn of the loop', async () => {
  const { clock, due, work } = workClock();
  const done: string[] = [];
  function* steps(name: string): Generator<undefined, void, undefined> {
    for (let step = 0; step < 4; step++) {
      work();
      done.push(name);
      yield;
    }
  }
  const works = Promise.all(['a', 'b', 'c'].map(name => inSlices(clock, steps(name))));
  expect(done.join('')).toBe('aabbcc');
  for (const expected of ['aabbccaa', 'aabbccaabb', 'aabbccaabbcc']) {
    const [turn] = due.splice(0);
    turn?.();
    await new Promise(resolve => setImmediate(resolve));
    expect(done.join('')).toBe(expected);
  }
  while (due.length > 0) {
    for (const turn of due.splice(0)) turn();
    await new Promise(resolve => setImmediate(resolve));
  }
  await works;
});

it('works that follow one another at one pace share its slices', async () => {
  const { clock, due, work } = workClock();
  const pace = new Pace(clock);
  function* short(): Generator<undefined, void, undefined> {
    work();
    yield;
  }
  await pace.inSlices(short());
  expect(due).toHaveLength(0);
  const second = pace.inSlices(short());
  expect(due).toHaveLength(1);
  due[0]?.();
  await second;
});
