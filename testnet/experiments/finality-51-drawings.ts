/** The pictures of the attack on a final prefix: success against the attacker's share, and the time to final against the spacing of checkpoints. */
import { type Drawing, numberIn, type Row } from './experiment.ts';

const rates: number[] = [0, 1];
const besideStep = 0.003;

export function finality51Drawings(rows: readonly Row[]): readonly Drawing[] {
  return [successes(rows.filter(({ kind }) => kind !== 'calm')), times(rows.filter(({ kind }) => kind === 'calm'))];
}

function successes(rows: readonly Row[]): Drawing {
  const panels = { real: 'daemons', simulated: 'simulated' } as const;
  const ways: string[] = [...new Set(rows.toSorted(byExpected).map(wayOf))];
  const points = rows.map(row => ({
    ...row,
    panel: row.kind === 'real' ? panels.real : panels.simulated,
    way: wayOf(row),
    // Beside each other, or those that never succeed would cover one another.
    beside: numberIn(row, 'q') + besideStep * ways.indexOf(wayOf(row)),
  }));
  const x = {
    field: 'beside',
    type: 'quantitative',
    title: "attacker's share q",
    axis: { format: '.0%' },
    scale: { zero: false, padding: 12 },
  } as const;
  const y = { type: 'quantitative', title: 'attacks that succeed', scale: { domain: rates } } as const;
  const color = {
    field: 'way',
    type: 'nominal',
    title: 'finality, and what the victim waits for',
    sort: ways,
  } as const;
  return {
    name: 'finality-51-success',
    caption: 'Success of the 51 % attack with finality off and on: points with 95 % intervals, lines what is expected.',
    spec: {
      data: { values: points },
      facet: { field: 'panel', type: 'nominal', title: null, sort: [panels.simulated, panels.real] },
      columns: 2,
      spec: {
        width: 280,
        height: 240,
        layer: [
          { mark: { type: 'line', strokeWidth: 1.5 }, encoding: { x, y: { ...y, field: 'expected' }, color } },
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
  };
}

function wayOf(row: Row): string {
  if (row.finality === 'off') return 'no finality, 6 blocks';
  return `spacing ${numberIn(row, 'spacing')}, ${row.waits}`;
}

function byExpected(a: Row, b: Row): number {
  return numberIn(b, 'expected') - numberIn(a, 'expected');
}

function times(rows: readonly Row[]): Drawing {
  const x = { field: 'spacing', type: 'quantitative', title: 'blocks from one checkpoint to the next' } as const;
  const y = { type: 'quantitative', title: 'seconds from the payment to final' } as const;
  return {
    name: 'finality-51-time',
    caption:
      'Time from a payment until it is final, against the spacing of checkpoints, with a block every 10 s: points measured, the line (spacing + 1) / 2 + depth blocks.',
    spec: {
      width: 420,
      height: 260,
      data: { values: [...rows] },
      layer: [
        {
          mark: { type: 'line', strokeWidth: 1.5, color: '#888888' },
          encoding: { x, y: { ...y, field: 'expectedSeconds' } },
        },
        {
          mark: { type: 'point', filled: true, size: 60, opacity: 1 },
          encoding: { x, y: { ...y, field: 'secondsToFinal' } },
        },
      ],
    },
  };
}
