import { expect, it } from 'vitest';
import { comparedWithUsual, gridCells, variationOf } from './rate-cells.ts';

const grid = {
  usual: { case: 'usual', clients: 8, nodes: 1 },
  variations: { case: ['reorg', 'cold'], clients: [1, 64] },
  needs: { 'case reorg': { nodes: 2 } },
};
const columns = ['case', 'clients', 'nodes'];

it('changes one thing at a time, with what that needs', () => {
  expect(gridCells(grid, 'full')).toEqual([
    { case: 'usual', clients: 8, nodes: 1 },
    { case: 'reorg', clients: 8, nodes: 2 },
    { case: 'cold', clients: 8, nodes: 1 },
    { case: 'usual', clients: 1, nodes: 1 },
    { case: 'usual', clients: 64, nodes: 1 },
  ]);
  expect(gridCells(grid, 'quick')).toHaveLength(3);
});

it('names a cell by what differs', () => {
  const rows = gridCells(grid, 'full');
  expect(rows.map(row => variationOf(row, rows, columns))).toEqual([
    'usual',
    'case reorg',
    'case cold',
    'clients 1',
    'clients 64',
  ]);
});

it('compares with the usual cell', () => {
  const rows = [
    { case: 'usual', clients: 8, perSecond: 2_000 },
    { case: 'cold', clients: 8, perSecond: 500 },
  ];
  expect(comparedWithUsual(rows, 'perSecond', 'gets/s')).toBe(
    'Usual: 2,000 gets/s.\n\n- case cold: 500 gets/s, 0.25 times the usual.',
  );
});
