import { expect, it } from 'vitest';
import { CertainReads } from './certain-reads.ts';
import { ManualClock } from './manual-clock.suite.ts';
import type { Random } from './ports.ts';

function bench(random: Random = { bytes: length => new Uint8Array(length) }) {
  const clock = new ManualClock(1_000);
  const asked: number[] = [];
  const reads = new CertainReads({ clock, random, ask: id => asked.push(id) });
  return { clock, asked, reads };
}

it('a life numbers its reads elsewhere than the one before, so no answer to that one is taken for its own', () => {
  const lives = [1, 2].map(byte => bench({ bytes: length => new Uint8Array(length).fill(byte) }));
  for (const { reads } of lives) for (let read = 0; read < 10; read++) reads.begin().catch(() => {});
  const [before = [], after = []] = lives.map(({ asked }) => asked);
  expect(new Set([...before, ...after]).size).toBe(20);
  expect(after.every(Number.isSafeInteger)).toBe(true);
});

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
  const random: Random = { bytes: length => new Uint8Array(length) };
  const reads: CertainReads = new CertainReads({ clock, random, ask: id => reads.answer(id, true) });
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
  expect(await reads.begin()).toBe(false);
});
