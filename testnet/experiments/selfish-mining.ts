/** Selfish mining in the simulator: what share of the chain a pool gets that withholds blocks, beside Eyal and Sirer's formula. */
import { bitsForLeadingZeros } from '../../chain/target.ts';
import type { Chance } from '../sim/chance.ts';
import { powContext } from './engine-node.ts';
import { type Experiment, numberIn, type Row, type Size } from './experiment.ts';
import { selfishRevenue, selfishThreshold } from './formulas.ts';
import { selfishMiningDrawings } from './selfish-mining-drawings.ts';
import { mineSelfishly } from './selfish-mining-run.ts';
import { ratioOf } from './statistics.ts';

/** A cell is cut into so many independent runs, from whose spread its interval comes. */
const runs = 40;
const bits = 2;

export const selfishMining: Experiment = {
  name: 'selfish-mining',
  title: 'Selfish mining',
  expected: [
    "A pool with the share `alpha` of the hash power follows Eyal and Sirer's algorithm 1: it withholds the blocks that it finds and publishes them",
    'when the others catch up. What the others then mined is wasted, so the pool gets more of the chain than its share, once `alpha` is above',
    "`(1 - gamma) / (3 - 2 gamma)`: 1/3, 1/4 and 0 for `gamma` = 0, 0.5 and 1. `gamma` is the share of the honest that mines on the pool's block",
    'when there are two of the same height; as a node stays with the one that it saw first (rule A-F1), it is the share that hears the pool first.',
    '',
    'Expected is their equation 8. The pool and the honest run the same engine; the pool differs in what it publishes, and when.',
  ].join('\n'),
  columns: {
    alpha: "the pool's share of the hash power",
    gamma: 'share of the honest that hears the pool first',
    blocks: 'blocks found, at least',
    revenue: "the pool's share of the chain's blocks",
    low: `lower end of the 95 % interval, from the spread of ${runs} independent runs`,
    high: 'upper end of it',
    expected: "Eyal and Sirer's equation 8",
    orphanRate: 'blocks found that are not on the chain',
  },
  engines: ['pow'],
  cells,
  run,
  draw: selfishMiningDrawings,
  findings,
  conclusion: [
    '- That the honest majority gets its fair share holds only while every pool is below a third, at best: a larger one earns more by withholding, its',
    '  members earn more than all others, and so it grows.',
    '- How far below a third depends on `gamma`, that is on the network. The rule "the first seen stays" gives a well connected pool a `gamma` near 1;',
    '  choosing at random between equal branches would hold it at 1/2, at the price of switching more often.',
    '- The share of the chain is what is gained at once; time is not. Until the difficulty follows, the chain grows more slowly by what is orphaned,',
    '  and the pool earns less per hour than an honest one. It pays from the retarget on.',
  ].join('\n'),
};

function cells(size: Size): readonly Row[] {
  const alphas = size === 'full' ? [0.1, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45] : [0.2, 0.4];
  const blocks = size === 'full' ? 20_000 : 2_000;
  return [0, 0.5, 1].flatMap(gamma => alphas.map(alpha => ({ alpha, gamma, blocks })));
}

function run(cell: Row, chance: Chance): Row {
  const pool = { alpha: numberIn(cell, 'alpha'), gamma: numberIn(cell, 'gamma') };
  const blocks = Math.ceil(numberIn(cell, 'blocks') / runs);
  const context = powContext({ bits: bitsForLeadingZeros(bits), retarget: 'fixed' });
  const revenues = Array.from({ length: runs }, () => mineSelfishly(context, pool, blocks, chance));
  const { ratio, low, high } = ratioOf(revenues.map(({ poolBlocks: part, chainBlocks: whole }) => ({ part, whole })));
  const orphans = ratioOf(revenues.map(({ orphans: part, chainBlocks }) => ({ part, whole: part + chainBlocks })));
  const expected = selfishRevenue(pool.alpha, pool.gamma);
  return { revenue: ratio, low, high, expected, orphanRate: orphans.ratio };
}

function findings(rows: readonly Row[]): string {
  const inside = rows.filter(row => {
    const expected = numberIn(row, 'expected');
    return numberIn(row, 'low') <= expected && expected <= numberIn(row, 'high');
  });
  const distances = rows.map(row => Math.abs(numberIn(row, 'revenue') - numberIn(row, 'expected')));
  const paying = [0, 0.5, 1].map(gamma => {
    const found = rows.filter(row => row.gamma === gamma && numberIn(row, 'low') > numberIn(row, 'alpha'));
    const least = found.length === 0 ? 'none' : Math.min(...found.map(row => numberIn(row, 'alpha')));
    const formula = Number(selfishThreshold(gamma).toPrecision(3));
    return `- \`gamma\` = ${gamma}: the least \`alpha\` of the grid that clearly gained is ${least} (the formula says: above ${formula}).`;
  });
  return [
    `In ${inside.length} of ${rows.length} cells the formula lies within the 95 % interval (19 of 20 are to be expected); the largest difference is`,
    `${Math.max(...distances).toFixed(4)} of the chain.`,
    '',
    ...paying,
  ].join('\n');
}
