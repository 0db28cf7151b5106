/** How figures grow with the size of a network: a line a column, both axes logarithmic. */
import { type Drawing, numberIn, type Row } from './experiment.ts';

interface Growth {
  /** What is counted along the axis. */
  readonly of: string;
  readonly name: string;
  readonly caption: string;
  readonly title: string;
  /** Columns, and what they are called in the picture. */
  readonly columns: Readonly<Record<string, string>>;
}

/** As a text says a figure: three significant digits. */
export function threeDigits(value: number): string {
  return String(Number(value.toPrecision(3)));
}

/** Of the column `nodes`. */
export function growth(rows: readonly Row[], { of, name, caption, title, columns }: Growth): Drawing {
  const values = rows.flatMap(row =>
    Object.entries(columns)
      .map(([column, what]) => ({ nodes: numberIn(row, 'nodes'), what, value: numberIn(row, column) }))
      // A single node sends nothing, which no logarithm shows.
      .filter(({ value }) => value > 0),
  );
  const scale = { type: 'log' } as const;
  return {
    name,
    caption,
    spec: {
      width: 480,
      height: 260,
      data: { values },
      mark: { type: 'line', point: true },
      encoding: {
        x: { field: 'nodes', type: 'quantitative', scale: { ...scale, base: 2 }, title: of },
        y: { field: 'value', type: 'quantitative', scale, title },
        color: { field: 'what', type: 'nominal', title: null },
      },
    },
  };
}
