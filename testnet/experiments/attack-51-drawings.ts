/** The picture of the 51 % attack: success against the attacker's share, a panel a setting, the formula as a line. */
import { type Drawing, numberIn, type Row } from './experiment.ts';
import { watchedDoubleSpend } from './formulas.ts';

/** Of the line: shares of the hash power in hundredths. */
const [percentMin, percentMax] = [5, 75];

export function attack51Drawings(rows: readonly Row[]): readonly Drawing[] {
  const points = rows.map(row => ({ ...row, panel: panelOf(row) }));
  const panels = [...new Map(points.map(point => [point.panel, point])).values()];
  const lines = panels.flatMap(({ panel, ...row }) =>
    Array.from({ length: percentMax - percentMin + 1 }, (_, index) => {
      const share = (percentMin + index) / 100;
      const [confirmations, giveUpBehind] = [numberIn(row, 'z'), numberIn(row, 'giveUp')];
      return { panel, q: share, line: watchedDoubleSpend({ share, confirmations, giveUpBehind }) };
    }),
  );
  const kinds: string[] = ['real', 'simulated'];
  const rates: number[] = [0, 1];
  const color = {
    field: 'kind',
    type: 'nominal',
    title: 'attacks',
    scale: { domain: kinds },
  } as const;
  const x = { field: 'q', type: 'quantitative', title: "attacker's share q", axis: { format: '.0%' } } as const;
  const y = { type: 'quantitative', title: 'attacks that succeed', scale: { domain: rates } } as const;
  return [
    {
      name: 'attack-51',
      caption:
        'Success of the 51 % attack against the share of the hash power: points with 95 % intervals, the strict formula with its rule of giving up as a line.',
      spec: {
        data: { values: [...points, ...lines] },
        facet: { field: 'panel', type: 'nominal', title: null, sort: panels.map(({ panel }) => panel) },
        columns: 3,
        spec: {
          width: 210,
          height: 180,
          layer: [
            {
              // The points have no place on it, and would tear it.
              transform: [{ filter: 'isValid(datum.line)' }],
              mark: { type: 'line', strokeWidth: 1.5, color: '#888888' },
              encoding: { x, y: { ...y, field: 'line' } },
            },
            {
              mark: { type: 'rule', strokeWidth: 2 },
              encoding: { x, y: { ...y, field: 'low' }, y2: { field: 'high' }, color },
            },
            {
              mark: { type: 'point', filled: true, size: 50, opacity: 1 },
              encoding: { x, y: { ...y, field: 'rate' }, color },
            },
          ],
        },
      },
    },
  ];
}

function panelOf(row: Row): string {
  const [z, bits] = [numberIn(row, 'z'), numberIn(row, 'bits')];
  return row.kind === 'real' ? `daemons, z = ${z}, ${bits} bits` : `simulated, z = ${z}`;
}
