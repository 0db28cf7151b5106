/** The grids and pictures that the experiments with rates share: one thing is changed at a time. */
import { type Drawing, numberIn, type Row, type Size } from './experiment.ts';
import type { NetworkOrder } from './loaded-network.ts';

/** Blocks come so often in these experiments. */
export const intervalMs = 500;

/** The network that a cell runs on. */
export function networkOf(cell: Row): NetworkOrder {
  const nodes = numberIn(cell, 'nodes');
  return {
    engine: String(cell.engine),
    nodes,
    intervalMs,
    keys: numberIn(cell, 'keys'),
    valueBytes: numberIn(cell, 'valueBytes'),
  };
}

/** The usual cell, and what is tried in its place, by column. */
export interface Grid {
  readonly usual: Row;
  readonly variations: Readonly<Record<string, readonly (number | string)[]>>;
  /** What a cell needs beside its variation, by its name as in `variationOf`: more nodes, fewer keys. */
  readonly needs: Readonly<Record<string, Row>>;
}

/** The usual cell first, then each variation of one column. A quick run has the usual cell and the first variation of each column. */
export function gridCells({ usual, variations, needs }: Grid, size: Size): readonly Row[] {
  const varied = Object.entries(variations).flatMap(([column, values]) =>
    (size === 'full' ? values : values.slice(0, 1)).map(value => {
      const name = `${column} ${value}`;
      return { ...usual, ...needs[name], [column]: value };
    }),
  );
  return [usual, ...varied];
}

/** By what a cell differs from the usual one, the first of the rows: `case reorg`, `clients 64`; `usual` for that itself. */
export function variationOf(row: Row, rows: readonly Row[], columns: readonly string[]): string {
  const usual = rows[0] ?? row;
  const column = columns.find(name => row[name] !== usual[name]);
  return column === undefined ? 'usual' : `${column} ${row[column]}`;
}

const columns = ['case', 'clients', 'valueBytes', 'keys', 'nodes'];

/** A bar a cell. */
export function rateDrawing(name: string, rows: readonly Row[], what: string): Drawing {
  const values = rows.map(row => ({ ...row, variation: variationOf(row, rows, columns) }));
  return {
    name,
    caption: `${what} a second, one thing changed at a time.`,
    spec: {
      width: 520,
      data: { values },
      mark: { type: 'bar' },
      encoding: {
        y: { field: 'variation', type: 'nominal', sort: null, title: null },
        x: { field: 'perSecond', type: 'quantitative', title: `${what} a second` },
      },
    },
  };
}

/** From the median to a percentile of the tail, a line a cell. */
export function latencyDrawing(
  rows: readonly Row[],
  { name, what, tail }: { readonly name: string; readonly what: string; readonly tail: 'p90' | 'p99' },
): Drawing {
  const values = rows.map(row => ({ ...row, variation: variationOf(row, rows, columns) }));
  const y = { field: 'variation', type: 'nominal', sort: null, title: null } as const;
  const x = { type: 'quantitative', scale: { type: 'log' }, title: `${what}: p50 to ${tail}, ms` } as const;
  return {
    name,
    caption: `${what}: from the median (filled) to the ${tail === 'p90' ? '90th' : '99th'} percentile, one thing changed at a time.`,
    spec: {
      width: 520,
      data: { values },
      encoding: { y },
      layer: [
        { mark: { type: 'rule', strokeWidth: 2 }, encoding: { x: { ...x, field: 'p50' }, x2: { field: tail } } },
        { mark: { type: 'point', filled: true, size: 60, opacity: 1 }, encoding: { x: { ...x, field: 'p50' } } },
        { mark: { type: 'point', size: 40 }, encoding: { x: { ...x, field: tail } } },
      ],
    },
  };
}

/**
 * How a figure of each other cell stands to that of the cell without its change, a line each: that is the usual one, or the one that has
 * what the change needs as well.
 */
export function comparedWithUsual(rows: readonly Row[], column: string, unit: string): string {
  const [usual] = rows;
  if (usual === undefined) return 'Nothing was run.';
  const lines = rows.slice(1).map(row => {
    const value = numberIn(row, column);
    const without = withoutChange(row, rows);
    const ratio = (value / numberIn(without, column)).toFixed(2);
    const beside = without === usual ? 'the usual' : `that of ${variationOf(without, rows, columns)}`;
    return `- ${variationOf(row, rows, columns)}: ${rounded(value)} ${unit}, ${ratio} times ${beside}.`;
  });
  return [`Usual: ${rounded(numberIn(usual, column))} ${unit}.`, '', ...lines].join('\n');
}

/** The row that differs from this one by its variation alone; the usual one when there is none. */
function withoutChange(row: Row, rows: readonly Row[]): Row {
  const usual = rows[0] ?? row;
  const changed = columns.find(name => row[name] !== usual[name]);
  const isAlike = (other: Row) => columns.every(name => other[name] === (name === changed ? usual[name] : row[name]));
  return rows.find(isAlike) ?? usual;
}

function rounded(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(3)));
}
