/** The picture of a fault experiment: throughput and latency over time, a small picture a cell, with the fault marked. */
import type { TopLevelSpec } from 'vega-lite';
import { type Drawing, numberIn, type Row } from '../experiment.ts';
import { type Moment, numberOrNone, readTimeline } from './measures.ts';

const columns = 3;
const rateColor = '#0072b2';
const latencyColor = '#d55e00';
const x = { type: 'quantitative', title: 'seconds from the fault on', scale: { nice: false } } as const;

interface Cell {
  readonly title: string;
  readonly moments: readonly Moment[];
  /** In seconds; the end of the run where the fault stays. */
  readonly fault: { readonly begin: number; readonly end: number };
}

/** `titleOf` gives what stands above a small picture. */
export function faultDrawings(name: string, rows: readonly Row[], titleOf: (row: Row) => string): readonly Drawing[] {
  const cells = rows.map(row => {
    const moments = readTimeline(row);
    const healedMs = numberOrNone(row, 'healedMs');
    const end = healedMs === null ? (moments.at(-1)?.second ?? 0) : healedMs / 1_000;
    return { title: titleOf(row), moments, fault: { begin: 0, end } };
  });
  const all = cells.flatMap(({ moments }) => moments);
  const tops: Tops = {
    puts: Math.max(...all.map(({ puts }) => puts)),
    latencyMs: Math.max(...all.map(({ latencyMs }) => latencyMs ?? 0)),
  };
  const engines = [...new Set(rows.map(row => String(row.engine)))].join(', ');
  const nodes = [...new Set(rows.map(row => numberIn(row, 'nodes')))].join(', ');
  return [
    {
      name,
      caption: `Acknowledged puts a second (blue area, left) and their median time to inclusion (red line, right; a gap is a second without puts) over time: ${nodes} daemons, engine ${engines}. In the grey time the fault lasted.`,
      spec: { columns, concat: cells.map(cell => cellDrawing(cell, tops)) },
    },
  ];
}

/** The highest values of all cells, so that all small pictures have the same scales. */
interface Tops {
  readonly puts: number;
  readonly latencyMs: number;
}

type SmallPicture = Extract<TopLevelSpec, { concat: unknown }>['concat'][number];

function cellDrawing({ title, moments, fault }: Cell, tops: Tops): SmallPicture {
  return {
    title: { text: title, fontSize: 13, fontWeight: 'normal' },
    width: 230,
    height: 120,
    layer: [
      {
        data: { values: [fault] },
        mark: { type: 'rect', color: '#dddddd' },
        encoding: { x: { ...x, field: 'begin' }, x2: { field: 'end' } },
      },
      {
        data: { values: [...moments] },
        mark: { type: 'area', interpolate: 'step-after', color: rateColor, opacity: 0.45 },
        encoding: {
          x: { ...x, field: 'second' },
          y: {
            field: 'puts',
            type: 'quantitative',
            title: 'puts/s',
            scale: { domain: [0, tops.puts] },
            axis: { titleColor: rateColor, tickCount: 4 },
          },
        },
      },
      {
        data: { values: [...moments] },
        mark: { type: 'line', color: latencyColor, strokeWidth: 1.5, point: { size: 10, color: latencyColor } },
        encoding: {
          x: { ...x, field: 'second' },
          y: {
            field: 'latencyMs',
            type: 'quantitative',
            title: 'latency, ms',
            scale: { domain: [0, tops.latencyMs] },
            axis: { titleColor: latencyColor, grid: false, tickCount: 4 },
          },
        },
      },
    ],
    resolve: { scale: { y: 'independent' } },
  };
}
