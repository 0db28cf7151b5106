/** The picture of selfish mining: the pool's share of the chain against its share of the hash power, a colour a gamma. */
import { type Drawing, numberIn, type Row } from './experiment.ts';
import { selfishRevenue } from './formulas.ts';

export function selfishMiningDrawings(rows: readonly Row[]): readonly Drawing[] {
  const points = rows.map(row => ({ ...row, kind: `gamma ${numberIn(row, 'gamma')}` }));
  const gammas = [...new Set(rows.map(row => numberIn(row, 'gamma')))];
  const alphas = Array.from({ length: 47 }, (_, index) => index / 100);
  const curves = gammas.flatMap(gamma =>
    alphas.map(alpha => ({ kind: `gamma ${gamma}`, alpha, expected: selfishRevenue(alpha, gamma) })),
  );
  const honest = [0, 0.46].map(alpha => ({ alpha, revenue: alpha, label: alpha === 0 ? '' : 'honest' }));
  const y = { type: 'quantitative', title: "the pool's share of the chain" } as const;
  return [
    {
      name: 'selfish-mining',
      caption: `What a selfish pool gets of the chain against its share of the hash power: points with 95 % intervals from ${Math.min(...rows.map(row => numberIn(row, 'blocks')))} blocks each, lines by Eyal and Sirer's formula, dashed what an honest miner gets.`,
      spec: {
        width: 560,
        height: 380,
        encoding: {
          x: { field: 'alpha', type: 'quantitative', title: "alpha, the pool's share of the hash power" },
        },
        layer: [
          {
            data: { values: honest },
            mark: { type: 'line', strokeDash: [6, 4], color: '#666666' },
            encoding: { y: { ...y, field: 'revenue' } },
          },
          {
            data: { values: curves },
            mark: { type: 'line', strokeWidth: 1.5 },
            encoding: { y: { ...y, field: 'expected' }, color: { field: 'kind', type: 'nominal', title: null } },
          },
          {
            data: { values: points },
            mark: { type: 'rule', strokeWidth: 2 },
            encoding: { y: { ...y, field: 'low' }, y2: { field: 'high' }, color: { field: 'kind', type: 'nominal' } },
          },
          {
            data: { values: points },
            mark: { type: 'point', filled: true, size: 50, opacity: 1 },
            encoding: { y: { ...y, field: 'revenue' }, color: { field: 'kind', type: 'nominal' } },
          },
        ],
      },
    },
  ];
}
