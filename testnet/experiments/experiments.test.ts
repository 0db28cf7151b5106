/** Every experiment of the table: its quick grid with fewer runs, twice, and what is made of the rows. */
import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Chance } from '../sim/chance.ts';
import { readRows } from './data-file.ts';
import { doubleSpend } from './double-spend.ts';
import { drawSvg } from './drawing.ts';
import { type Experiment, numberIn, type Row } from './experiment.ts';
import { experiments, simulatedExperiments } from './experiments.ts';
import { finality51 } from './finality-51.ts';
import { newManifest, readManifest } from './manifest.ts';
import { experimentPage } from './page.ts';
import { paxosWan } from './paxos-wan.ts';
import { runGrid } from './run-grid.ts';
import { selfishMining } from './selfish-mining.ts';

const committed = 'docs/experiments';
const unwatched = { start: () => {}, finish: async () => {} };

function small(experiment: Experiment): Experiment {
  const fewer = (cell: Row): Row => {
    if (experiment.name === 'selfish-mining') return { ...cell, blocks: 200 };
    if (experiment.name === 'paxos-wan') return { ...cell, puts: 2 };
    if (experiment.name === 'scale-simulated') return { ...cell, blocks: 10 };
    if (cell.retarget === 'asert') return { ...cell, bits: 4, hashRate: 16, blocks: 1_000 };
    if (cell.retarget === 'fixed') return { ...cell, blocks: 50 };
    return { ...cell, runs: 1 };
  };
  return { ...experiment, cells: (size, engine) => experiment.cells(size, engine).map(fewer) };
}

describe.each(simulatedExperiments.map(experiment => [experiment.name, small(experiment)] as const))(
  '%s',
  (name, experiment) => {
    const [engine = ''] = experiment.engines;
    const run = { experiment, size: 'quick', seed: 7n, engine, only: '' } as const;

    it('gives the same rows twice, with all its columns, a page and pictures', async () => {
      const rows = await runGrid(run, [], unwatched);
      expect(await runGrid(run, [], unwatched)).toEqual(rows);
      for (const row of rows) expect(Object.keys(row).sort()).toEqual(Object.keys(experiment.columns).sort());
      const page = experimentPage(experiment, { rows, manifest: newManifest(run) });
      for (const drawing of experiment.draw(rows)) {
        expect(await drawSvg(drawing.spec)).toMatch(/^<svg .*<path/s);
        expect(page).toContain(`](${drawing.name}.svg)`);
      }
      expect(page).not.toMatch(/NaN|undefined|Infinity/);
      expect(name).toMatch(/^[a-z0-9-]+$/);
    });
  },
);

it.each(experiments.map(experiment => [experiment.name, experiment] as const))(
  '%s has parameters of its own in each cell, and explains them',
  (_, { columns, engines, cells }) => {
    for (const size of ['quick', 'full'] as const) {
      for (const engine of engines) {
        const all = cells(size, engine);
        expect(new Set(all.map(cell => JSON.stringify(cell))).size).toBe(all.length);
        for (const cell of all) expect(Object.keys(columns)).toEqual(expect.arrayContaining(Object.keys(cell)));
      }
    }
  },
);

it.each(
  readdirSync(committed, { withFileTypes: true })
    .filter(entry => entry.isDirectory())
    .map(({ name }) => name),
)('the committed page of %s is what its rows give', async name => {
  const [data, manifest, page] = await Promise.all(
    ['data.csv', 'manifest.json', 'README.md'].map(file => readFile(join(committed, name, file), 'utf8')),
  );
  const kept = { rows: readRows(data ?? ''), manifest: readManifest(manifest ?? '') };
  const { experiment: of, engine } = kept.manifest;
  const experiment = experiments.find(candidate => candidate.name === of);
  if (experiment === undefined) throw new Error(`docs/experiments/${name} is of no experiment`);
  // Each further engine has a folder of its own beside that of the first.
  expect(name).toBe(engine === experiment.engines[0] ? of : `${of}-${engine}`);
  expect(kept.manifest.size).toBe('full');
  expect(experimentPage(experiment, kept)).toBe(page);
});

describe('what the engine says', () => {
  // With one block under way at a time many clients would be 40 % above it.
  it.each([
    { leader: 'us-west-2', client: 'eu-west-1', clients: 1, puts: 3, expected: 182.5 },
    { leader: 'us-east-1', client: 'us-east-1', clients: 32, puts: 3, expected: 64.5 },
  ])('of a put around the world is what the delays say, as PROTOCOLS 9 has it: $clients clients', async given => {
    const { expected, ...cell } = given;
    const row = await paxosWan.run({ members: 5, ...cell }, new Chance(1n, 'test'));
    expect(row).toMatchObject({ expected });
    expect(Math.abs(numberIn(row, 'offPercent'))).toBeLessThan(5);
  });

  it('of double spends is within four standard errors of the formula', async () => {
    const row = await doubleSpend.run({ q: 0.35, z: 1, giveUp: 10, bits: 1, runs: 200 }, new Chance(1n, 'test'));
    expect(Math.abs(numberIn(row, 'standardErrors'))).toBeLessThan(4);
  });

  it('of an attack on a final prefix is what stepping through all states says, and what is final stays', async () => {
    const cell = { kind: 'simulated', finality: 'on', spacing: 5, waits: '6 blocks', q: 0.7, runs: 100 };
    const row = await finality51.run(cell, new Chance(1n, 'test'));
    expect(Math.abs(numberIn(row, 'standardErrors'))).toBeLessThan(4);
    expect(row).toMatchObject({ reorgsBelowFinal: 0 });
    expect(numberIn(row, 'refused')).toBeGreaterThan(0);
    const patient = await finality51.run({ ...cell, waits: 'final', runs: 20 }, new Chance(1n, 'test'));
    expect(patient).toMatchObject({ successes: 0, reorgDepthMax: 0 });
    const calm = await finality51.run({ ...cell, kind: 'calm', waits: 'final', q: 0 }, new Chance(1n, 'test'));
    expect(numberIn(calm, 'secondsToFinal') / numberIn(calm, 'expectedSeconds')).toBeCloseTo(1, 0);
  });

  it('of selfish mining is near the formula', async () => {
    const row = await selfishMining.run({ alpha: 0.4, gamma: 0.5, blocks: 2_000 }, new Chance(1n, 'test'));
    const distance = Math.abs(numberIn(row, 'revenue') - numberIn(row, 'expected'));
    expect(distance).toBeLessThan(2 * (numberIn(row, 'high') - numberIn(row, 'low')));
  });

  it('counts at least 1,000 attacks in each of at least 9 cells with q below 1/2 in a full run', () => {
    const cells = doubleSpend
      .cells('full', 'pow')
      .filter(cell => numberIn(cell, 'q') < 0.5 && numberIn(cell, 'runs') >= 1_000);
    expect(cells.length).toBeGreaterThanOrEqual(9);
    expect([...new Set(cells.map(cell => numberIn(cell, 'z')))]).toEqual([1, 2, 3, 4, 5, 6]);
    expect(cells.every(cell => cell.giveUp === 60)).toBe(true);
  });
});
