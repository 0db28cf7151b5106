/** The pictures of difficulty: interval against bits, orphans against the interval, and ASERT after a change of the hash rate. */
import { type Drawing, numberIn, type Row } from './experiment.ts';

export function difficultyDrawings(rows: readonly Row[]): readonly Drawing[] {
  const fixed = rows
    .filter(row => row.retarget === 'fixed')
    .map(row => ({ ...row, rate: `${numberIn(row, 'hashRate')} trials/s` }));
  const asert = rows
    .filter(row => row.retarget === 'asert')
    .flatMap(row => {
      const factor = `hash rate x ${numberIn(row, 'factor')}`;
      return [
        { factor, when: 'first 36 blocks', intervalMs: numberIn(row, 'firstIntervalMs') },
        { factor, when: 'last 1,000 blocks', intervalMs: numberIn(row, 'meanIntervalMs') },
      ];
    });
  return [intervalDrawing(fixed), orphanDrawing(fixed), asertDrawing(asert)];
}

type Points = Record<string, number | string>[];

function intervalDrawing(values: Points): Drawing {
  const x = {
    field: 'bits',
    type: 'quantitative',
    title: 'leading zero bits of the target',
    axis: { tickMinStep: 1 },
    scale: { zero: false },
  } as const;
  const y = { type: 'quantitative', scale: { type: 'log' }, title: 'block interval, ms' } as const;
  const color = { field: 'rate', type: 'nominal', title: null } as const;
  return {
    name: 'difficulty-interval',
    caption:
      'Mean interval of the chain against the bits of a fixed target: points are measured, lines are 2^bits / hash rate, to which the delay of a block is added at the short end.',
    spec: {
      width: 520,
      height: 320,
      data: { values },
      encoding: { x, color },
      layer: [
        { mark: { type: 'line', strokeWidth: 1.5 }, encoding: { y: { ...y, field: 'targetMs' } } },
        {
          mark: { type: 'point', filled: true, size: 60, opacity: 1 },
          encoding: { y: { ...y, field: 'meanIntervalMs' } },
        },
      ],
    },
  };
}

function orphanDrawing(values: Points): Drawing {
  const x = {
    field: 'targetMs',
    type: 'quantitative',
    scale: { type: 'log' },
    title: 'interval between blocks found, ms',
  } as const;
  const y = { type: 'quantitative', title: 'blocks that are orphaned', axis: { format: '.0%' } } as const;
  return {
    name: 'difficulty-orphans',
    caption: 'Orphaned blocks against the interval: points are measured, the line is D/(T + D).',
    spec: {
      width: 520,
      height: 280,
      data: { values },
      encoding: { x },
      layer: [
        { mark: { type: 'line', strokeWidth: 1.5 }, encoding: { y: { ...y, field: 'expectedOrphanRate' } } },
        {
          mark: { type: 'point', filled: true, size: 60, opacity: 1 },
          encoding: { y: { ...y, field: 'orphanRate' }, color: { field: 'rate', type: 'nominal', title: null } },
        },
      ],
    },
  };
}

function asertDrawing(values: Points): Drawing {
  const color = { field: 'when', type: 'nominal', title: 'after the change' } as const;
  return {
    name: 'difficulty-asert',
    caption: 'Mean interval after the hash rate changed, under ASERT with a target of 1,000 ms (dashed).',
    spec: {
      width: 520,
      height: 280,
      layer: [
        {
          data: { values },
          mark: { type: 'bar' },
          encoding: {
            x: { field: 'factor', type: 'nominal', title: null, axis: { labelAngle: 0 } },
            xOffset: { field: 'when', type: 'nominal' },
            y: { field: 'intervalMs', type: 'quantitative', title: 'block interval, ms' },
            color,
          },
        },
        {
          data: { values: [{ targetMs: 1_000 }] },
          mark: { type: 'rule', strokeDash: [6, 4] },
          encoding: { y: { field: 'targetMs', type: 'quantitative' } },
        },
      ],
    },
  };
}
