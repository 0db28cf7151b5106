/** The picture of the double spend: success against confirmations, a colour a share, the formula as lines. */
import { type Drawing, numberIn, type Row } from './experiment.ts';

/** Of the two axes. */
const rates = [1, 0.1, 0.01, 0.001, 1e-4];
const confirmations = [1, 2, 3, 4, 5, 6];
/** The logarithmic axis ends here: 1,000 runs say nothing about what is rarer. */
const rateMin = 1e-4;

interface LogScale {
  readonly type: 'log';
  domain: number[];
  readonly clamp: true;
}

export function doubleSpendDrawings(rows: readonly Row[]): readonly Drawing[] {
  const points = rows.map(row => ({
    ...row,
    share: String(numberIn(row, 'q')),
    // Beside each other, or the intervals would cover one another.
    beside: numberIn(row, 'z') + 0.25 * (numberIn(row, 'q') - 0.25),
    lowest: Math.max(numberIn(row, 'low'), rateMin),
    shown: numberIn(row, 'rate') > 0 ? numberIn(row, 'rate') : null,
  }));
  const scale: LogScale = { type: 'log', domain: [rateMin, 1], clamp: true };
  const axis: { values: number[] } = { values: rates };
  const y = { type: 'quantitative', scale, axis } as const;
  const runs = Math.min(...rows.map(row => numberIn(row, 'runs')));
  return [
    {
      name: 'double-spend',
      caption: `Success of a double spend against the confirmations waited for: points are ${runs} attacks each with their 95 % intervals, lines the strict formula. A cell without a success has its interval alone.`,
      spec: {
        width: 560,
        height: 360,
        data: { values: points },
        encoding: {
          x: {
            field: 'z',
            type: 'quantitative',
            title: 'confirmations',
            axis: { tickMinStep: 1, values: confirmations },
            scale: { zero: false, padding: 12 },
          },
          color: { field: 'share', type: 'nominal', title: "attacker's share q" },
        },
        layer: [
          {
            mark: { type: 'line', strokeWidth: 1.5 },
            encoding: { y: { ...y, field: 'expected', title: 'attacks that succeed' } },
          },
          { mark: { type: 'rule', strokeWidth: 2 }, encoding: { y: { ...y, field: 'lowest' }, y2: { field: 'high' } } },
          { mark: { type: 'point', filled: true, size: 60, opacity: 1 }, encoding: { y: { ...y, field: 'shown' } } },
        ],
      },
    },
  ];
}
