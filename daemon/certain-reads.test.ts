import { expect, it } from 'vitest';
import { CertainReads } from './certain-reads.ts';
import { ManualClock } from './manual-clock.suite.ts';

function bench() {
  const clock = new ManualClock(1_000);
  const asked: number[] = [];
  const reads = new CertainReads({ clock, ask: id => asked.push(id) });
  return { clock, asked, reads };
}

it('each read gets the answer to its own question, in whichever order they come', async () => {
  const { asked, reads } = bench();
  const begun = [reads.begin(), reads.begin()];
  const [first = 0, second = 0] = asked;
  reads.answer(second, false);
  reads.answer(first, true);
  expect(await Promise.all(begun)).toEqual([true, false]);
});

it('an answer that comes while the question is put is taken', async () => {
  const clock = new ManualClock(1_000);
  const reads: CertainReads = new CertainReads({ clock, ask: id => reads.answer(id, true) });
  expect(await reads.begin()).toBe(true);
});

it('an answer that nobody waits for, and one that is given twice, change nothing', async () => {
  const { asked, reads } = bench();
  reads.answer(7, true);
  const begun = reads.begin();
  reads.answer(asked[0] ?? 0, false);
  reads.answer(asked[0] ?? 0, true);
  expect(await begun).toBe(false);
});

it('of an engine that does not answer nothing is certain', async () => {
  const { clock, reads } = bench();
  const begun = reads.begin();
  clock.advance(60_000);
  expect(await begun).toBe(false);
});

it('when the node stops nothing that waits is certain', async () => {
  const { reads } = bench();
  const begun = [reads.begin(), reads.begin()];
  reads.stop();
  expect(await Promise.all(begun)).toEqual([false, false]);
});
