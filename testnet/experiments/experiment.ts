/**
 * What an experiment is: a grid of cells, how one cell is run, and what is said and drawn of the rows that came out. The framework
 * (run-grid.ts, page.ts, folder.ts) does the rest for all of them alike.
 */
import type { TopLevelSpec } from 'vega-lite';
import type { Chance } from '../sim/chance.ts';

/** `quick` runs less of the same, to see that it works; its figures are not to be quoted. */
export type Size = 'full' | 'quick';

/** A finished cell: its parameters and its results, by column. Texts must not look like numbers (data-file.ts). */
export type Row = Readonly<Record<string, number | string>>;

export interface Drawing {
  /** Of the file: NAME.svg. */
  readonly name: string;
  /** One sentence under the picture. */
  readonly caption: string;
  readonly spec: TopLevelSpec;
}

export interface Experiment {
  readonly name: string;
  readonly title: string;
  /** What is expected and why, before anything was run. Markdown. */
  readonly expected: string;
  /** What is expected otherwise on an engine, by its name. */
  readonly expectedOn?: Readonly<Record<string, string>>;
  /** What each column holds, in the order of the table; the parameters of a cell come first. */
  readonly columns: Readonly<Record<string, string>>;
  /** Further columns, each a series in one text: kept with the rows and drawn, but too long for the table of the page. */
  readonly series?: Readonly<Record<string, string>>;
  /** Those that it can be run on. */
  readonly engines: readonly string[];
  /** Why it cannot be run on the others; half a sentence. */
  readonly onlyThese?: string;
  /** The parameters of each cell, in the order in which they are run. */
  cells(size: Size, engine: string): readonly Row[];
  /**
   * Runs one cell; gives its results. All chance comes from `chance`, so a cell in virtual time gives the same results again; one of real
   * daemons gives others. Error thrown: STOPPING when a person stopped the daemons.
   */
  run(cell: Row, chance: Chance): Row | Promise<Row>;
  draw(rows: readonly Row[]): readonly Drawing[];
  /** What came out: Markdown, with every figure taken from the rows. */
  findings(rows: readonly Row[]): string;
  /** What it means for who uses the thing. Markdown. */
  readonly conclusion: string;
}

/** A number of a row. Throws when the column holds none: the data file was changed by hand, or is of another program. */
export function numberIn(row: Row, column: string): number {
  const value = row[column];
  if (typeof value === 'number') return value;
  throw new Error(`column ${column} holds ${JSON.stringify(value ?? null)}, expected a number`);
}

/** The cell as a person reads it, which also names its stream of chance: `q=0.1 z=3`. */
export function cellName(cell: Row): string {
  return Object.entries(cell)
    .map(([column, value]) => `${column}=${value}`)
    .join(' ');
}
