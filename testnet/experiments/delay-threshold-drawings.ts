/** The picture of the threshold under delay: how often the attacker's branch replaces the honest one, a colour a delay. */
import { type Drawing, numberIn, type Row } from './experiment.ts';

export function delayThresholdDrawings(rows: readonly Row[]): readonly Drawing[] {
  const points = rows.map(row => ({ ...row, kind: String(numberIn(row, 'delay')) }));
  const thresholds = [
    ...new Map(points.map(({ kind, ...row }) => [kind, { kind, threshold: numberIn(row, 'threshold') }])).values(),
  ];
  const color = { field: 'kind', type: 'nominal', title: 'delay, in block intervals' } as const;
  const x = {
    type: 'quantitative',
    title: "attacker's share q",
    scale: { zero: false },
    axis: { format: '.0%' },
  } as const;
  const y = { type: 'quantitative', title: 'races that the attacker wins' } as const;
  return [
    {
      name: 'delay-threshold',
      caption: `How often a secret branch is longer than the honest one after ${Math.min(...rows.map(row => numberIn(row, 'blocks')))} blocks, against the attacker's share: points with 95 % intervals, dashed where the formula has both equal.`,
      spec: {
        width: 560,
        height: 360,
        layer: [
          {
            data: { values: thresholds },
            mark: { type: 'rule', strokeDash: [6, 4] },
            encoding: { x: { ...x, field: 'threshold' }, color },
          },
          {
            data: { values: points },
            mark: { type: 'line', strokeWidth: 1.5 },
            encoding: { x: { ...x, field: 'q' }, y: { ...y, field: 'rate' }, color },
          },
          {
            data: { values: points },
            mark: { type: 'rule', strokeWidth: 2 },
            encoding: { x: { ...x, field: 'q' }, y: { ...y, field: 'low' }, y2: { field: 'high' }, color },
          },
          {
            data: { values: points },
            mark: { type: 'point', filled: true, size: 50, opacity: 1 },
            encoding: { x: { ...x, field: 'q' }, y: { ...y, field: 'rate' }, color },
          },
        ],
      },
    },
  ];
}
