import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { repositoryRoot } from '../ci/programs.ts';
import { readRows, writeRows } from './data-file.ts';
import type { Experiment, Row } from './experiment.ts';
import { OtherRunError, openFolder, savePage, saveRows } from './folder.ts';
import { watchOn } from './progress.ts';
import { reportPage } from './report-page.ts';
import { runGrid } from './run-grid.ts';

const dice: Experiment = {
  name: 'dice',
  title: 'Dice',
  expected: 'Six `sides`.',
  columns: { sides: 'of a die', thrown: 'what came up' },
  series: { throws: 'one after the other' },
  engines: ['pow'],
  cells: () => [4, 6, 8].map(sides => ({ sides })),
  run: (cell, chance) => ({ thrown: chance.between(1, Number(cell.sides)), throws: '1 2' }),
  draw: rows => [
    {
      name: 'dice',
      caption: 'What came up.',
      spec: { data: { values: [...rows] }, mark: 'bar', encoding: { x: { field: 'sides' }, y: { field: 'thrown' } } },
    },
  ],
  findings: rows => `${rows.length} dice.`,
  conclusion: 'See [others](../cards/README.md) and [this](../dice/README.md).',
};
const run = { experiment: dice, size: 'full', seed: 5n, engine: 'pow', only: '' } as const;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kvchain-experiment-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** Runs until so many cells are finished, as if it was interrupted then; gives the sides of the cells that were run. */
async function runUntil(cells: number): Promise<readonly Row[]> {
  const kept = await openFolder(folder, run);
  const ran: Row[] = [];
  const counted: Experiment = {
    ...dice,
    run: (cell, chance) => {
      ran.push(cell);
      return dice.run(cell, chance);
    },
  };
  const finish = async (rows: readonly Row[]) => {
    await saveRows(folder, run, { rows, manifest: kept.manifest });
    if (rows.length === cells) throw new Error('interrupted');
  };
  await runGrid({ ...run, experiment: counted }, kept.rows, { start: () => {}, finish }).catch(() => {});
  return ran;
}

describe('the folder of an experiment', () => {
  it('keeps finished cells: an interrupted run goes on, and gives what one run gives', async () => {
    const whole = await runGrid(run, [], { start: () => {}, finish: async () => {} });
    const some = await runGrid({ ...run, only: 'sides=6' }, [], { start: () => {}, finish: async () => {} });
    expect(some).toEqual(whole.slice(1, 2));
    expect(await runUntil(2)).toEqual([{ sides: 4 }, { sides: 6 }]);
    expect(await runUntil(3)).toEqual([{ sides: 8 }]);
    expect(await runUntil(3)).toEqual([]);
    expect((await openFolder(folder, run)).rows).toEqual(whole);
  });

  it('refuses the rows of another seed, size or experiment', async () => {
    await runUntil(1);
    for (const other of [{ seed: 6n }, { size: 'quick' as const }, { experiment: { ...dice, name: 'cards' } }]) {
      await expect(openFolder(folder, { ...run, ...other })).rejects.toThrow(OtherRunError);
    }
  });

  it('holds data, manifest, picture and page, and goes into the report with its picture inside', async () => {
    const own = join(folder, 'dice');
    const kept = await openFolder(own, run);
    const rows = await runGrid(run, [], { start: () => {}, finish: async () => {} });
    await saveRows(own, run, { ...kept, rows });
    await savePage(own, run, { ...kept, rows });
    expect(await readdir(own)).toEqual(['README.md', 'data.csv', 'dice.svg', 'manifest.json']);
    const page = await readFile(join(own, 'README.md'), 'utf8');
    expect(page).toContain('| sides | thrown |');
    expect(page).toContain('3 dice.');
    expect(page).toContain('- `throws`, in data.csv alone: one after the other');
    expect(page).not.toContain('1 2');
    expect(await readFile(join(own, 'data.csv'), 'utf8')).toMatch(/^sides,thrown,throws\n(\d,\d,1 2\n){3}$/);
    const report = reportPage({ experiments: folder, docs: join(repositoryRoot, 'docs') });
    expect(report).toContain('<section id="dice">');
    expect(report).toContain('<svg ');
    expect(report).toContain('See others and <a href="#dice">this</a>');
    for (const id of ['consensus-pow', 'consensus-paxos', 'discussion'])
      expect(report).toContain(`<section id="${id}">`);
    expect(report).not.toContain('<img');
  });
});

describe('the data file', () => {
  it('gives back what was written', () => {
    const rows = [
      { a: 0.1 + 0.2, b: 'text, with "quotes"\nand lines' },
      { a: -1e-7, b: '' },
    ];
    expect(readRows(writeRows(['a', 'b'], rows))).toEqual(rows);
  });
});

describe('the progress', () => {
  it('is a line a cell in a log, with the time left', async () => {
    const said: string[] = [];
    let nowMs = 0;
    const watcher = await watchOn(
      { write: text => said.push(text) },
      'dice',
      async () => {},
      () => nowMs,
    );
    watcher.start(4, 1);
    nowMs = 90_000;
    await watcher.finish([{}, {}]);
    nowMs = 100_000;
    await watcher.finish([{}, {}, {}]);
    watcher.stop();
    expect(said).toEqual([
      'dice: 1 of 4 cells are there already\n',
      'dice: 2 of 4 cells, 3 min 0 s left\n',
      'dice: 3 of 4 cells, 50 s left\n',
    ]);
  });
});
