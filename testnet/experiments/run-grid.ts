/** Runs the cells of an experiment that are not finished yet, and tells each one that is. */
import { Chance } from '../sim/chance.ts';
import { cellName, type Experiment, type Row, type Size } from './experiment.ts';

export interface Run {
  readonly experiment: Experiment;
  readonly size: Size;
  readonly seed: bigint;
  readonly engine: string;
  /** Only cells with this parameter are run, such as `bits=14`; empty: all. */
  readonly only: string;
}

/** What is told while the grid is run. */
export interface Watcher {
  /** Before the first cell: how many there are, and how many of them were finished earlier. */
  start(cells: number, finished: number): void;
  /** A cell is finished; `rows` are all that are now. */
  finish(rows: readonly Row[]): Promise<void>;
}

/**
 * Gives the rows of the grid in its order: those in `finished` as they are, the others freshly run. Each cell has a stream
 * of chance of its own, so it does not matter in which run, or after which other cell, it comes.
 */
export async function runGrid(run: Run, finished: readonly Row[], watcher: Watcher): Promise<readonly Row[]> {
  const { experiment, size, seed, engine, only } = run;
  const cells = experiment.cells(size, engine);
  const rows = new Map<string, Row>();
  for (const cell of cells) {
    const name = cellName(cell);
    const row = finished.find(candidate => isOf(candidate, cell));
    if (row !== undefined) rows.set(name, row);
  }
  const missing = cells.filter(cell => !rows.has(cellName(cell)) && isWanted(cell, only));
  watcher.start(rows.size + missing.length, rows.size);
  for (const cell of missing) {
    const name = cellName(cell);
    rows.set(name, { ...cell, ...(await experiment.run(cell, new Chance(seed, `${experiment.name}/${name}`))) });
    await watcher.finish(inOrder(cells, rows));
  }
  return inOrder(cells, rows);
}

/** Whether the cell has this parameter; any cell, when none is named. */
export function isWanted(cell: Row, only: string): boolean {
  return only === '' || Object.entries(cell).some(([column, value]) => `${column}=${value}` === only);
}

function isOf(row: Row, cell: Row): boolean {
  return Object.entries(cell).every(([column, value]) => row[column] === value);
}

function inOrder(cells: readonly Row[], rows: ReadonlyMap<string, Row>): readonly Row[] {
  return cells.map(cell => rows.get(cellName(cell))).filter(row => row !== undefined);
}
