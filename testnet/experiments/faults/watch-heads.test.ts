import { expect, it } from 'vitest';
import { until } from '../../until.ts';
import { watchHeads } from './watch-heads.ts';

const limitMs = 10_000;

it('keeps what ended the watch, and throws it to who stops it', async () => {
  let looks = 0;
  const watch = watchHeads(() => {
    looks += 1;
    throw new Error('broken');
  }, new AbortController().signal);
  await until('a look', limitMs, async () => looks > 0);
  await expect(watch.stop()).rejects.toThrow('broken');
  await expect(watch.stop()).rejects.toThrow('broken');
});

it('sees no agreement and no height where nobody runs, and ends in peace', async () => {
  let looks = 0;
  const watch = watchHeads(() => {
    looks += 1;
    return [];
  }, new AbortController().signal);
  await until('two looks', limitMs, async () => looks > 1);
  await watch.stop();
  expect(watch).toMatchObject({ agreeingMs: [], heights: [] });
});
