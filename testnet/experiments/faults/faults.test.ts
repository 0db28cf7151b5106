/** The experiments on faults: their cells, and the smallest of them on real daemons. */
import { expect, it } from 'vitest';
import { engineNames } from '../../../consensus/registry.ts';
import { drawSvg } from '../drawing.ts';
import { newManifest } from '../manifest.ts';
import { experimentPage } from '../page.ts';
import { crashStop, crashStopOf } from './crash-stop.ts';
import { failing, minorityOf } from './fault-experiment.ts';
import { runFault } from './fault-run.ts';

const limitMs = 120_000;

it.each([
  [1, 0],
  [2, 0],
  [3, 1],
  [4, 1],
  [5, 2],
])('of %d fewer than half are at most %d', (count, expected) => {
  expect(minorityOf(count)).toBe(expected);
});

it('fails those with the highest numbers', () => {
  expect(failing({ engine: 'pow', fault: 'x', nodes: 5, magnitude: 2 })).toEqual([3, 4]);
});

it('kills one, f, f + 1 and all but one', () => {
  expect(crashStop.engines).toEqual(engineNames);
  const cells = crashStop.cells('full', 'pow');
  expect(cells.map(({ magnitude }) => magnitude)).toEqual([1, 2, 3, 4]);
  expect(new Set(cells.map(({ nodes }) => nodes))).toEqual(new Set([5]));
});

it(
  'loses nothing when one of three daemons dies, and tells so on its page',
  async () => {
    const cell = { engine: 'pow', fault: 'crash-stop', magnitude: 1, nodes: 3 };
    const recovery = { part: 0.5, windowMs: 1_000 };
    const measured = await runFault(crashStopOf(cell), {
      beforeMs: 2_000,
      duringMs: 2_000,
      afterMsMax: 5_000,
      recovery,
    });
    const rows = [{ ...cell, ...measured }];
    expect(measured).toMatchObject({ lost: 0, healedMs: 'none' });
    expect(measured.acknowledged).toBeGreaterThan(0);
    expect(Object.keys({ ...cell, ...measured }).toSorted()).toEqual(
      Object.keys({ ...crashStop.columns, ...crashStop.series }).toSorted(),
    );
    const run = { experiment: crashStop, size: 'quick', seed: 1n, engine: 'pow' } as const;
    const page = experimentPage(crashStop, { rows, manifest: newManifest(run) });
    expect(page).toContain('puts 0 were lost');
    expect(page).not.toMatch(/NaN|undefined|Infinity/);
    for (const { spec } of crashStop.draw(rows)) expect(await drawSvg(spec)).toMatch(/^<svg .*<path/s);
  },
  limitMs,
);
