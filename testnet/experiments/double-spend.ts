/**
 * The double spend in the simulator: an attacker with a share q of the hash power is served after z confirmations and releases a branch
 * without the payment. No delay, so the honest are one node; what a branch is worth, and which of two equal ones stays, the real engine
 * says. Held against the exact formula.
 */
import { bitsForLeadingZeros } from '../../chain/target.ts';
import type { Chance } from '../sim/chance.ts';
import { attackOnce } from './double-spend-attack.ts';
import { doubleSpendDrawings } from './double-spend-drawings.ts';
import { powContext } from './engine-node.ts';
import { type Experiment, numberIn, type Row, type Size } from './experiment.ts';
import { strictDoubleSpend } from './formulas.ts';
import { isNearlyNormal, mean, standardErrors, wilson } from './statistics.ts';

export const doubleSpend: Experiment = {
  name: 'double-spend',
  title: 'Double spend',
  expected: [
    'An attacker with the share `q` of the hash power pays a merchant and at the same time begins a secret branch from the block before the',
    'payment. The merchant delivers after `z` confirmations. From then on the attacker publishes as soon as its branch is at least as long,',
    'and gives up when it has fallen `giveUp` blocks further behind. Blocks come as a Poisson process, one every 10 s, without delay.',
    '',
    'Expected is the *strict* formula: no block is mined ahead, and of two equal branches a node keeps the one that it saw first (rule A-F1),',
    'so the attacker must become strictly longer. While the honest find `z` blocks the attacker finds a negative binomial number `m`; what',
    'is left is a random walk that must gain `z + 1 - m` before it loses `giveUp`. With `r = (1 - q) / q` that succeeds with',
    "`(1 - r^giveUp) / (1 - r^(giveUp + z + 1 - m))`. Nakamoto's and Rosenfeld's figures are higher, because there a tie is enough.",
  ].join('\n'),
  columns: {
    q: "the attacker's share of the hash power",
    z: 'confirmations that the merchant waits for',
    giveUp: 'further blocks behind at which the attacker stops',
    bits: 'leading zero bits of the target: real work of 2^bits trials a block',
    runs: 'attacks',
    successes: "attacks after which the victim's engine had undone the payment's block",
    rate: 'successes / runs',
    low: 'lower end of the 95 % interval (Wilson)',
    high: 'upper end of it',
    expected: 'the strict formula',
    standardErrors: 'standard errors from expected to rate',
    blocks: 'mean number of blocks found in an attack',
  },
  engines: ['pow'],
  cells,
  run,
  draw: doubleSpendDrawings,
  findings,
  conclusion: [
    '- What one more confirmation is worth depends on `q` alone: at `q` = 0.1 the attack succeeds some three times more rarely, at 0.4 by a tenth, and near one',
    '  half waiting helps hardly at all. "6 confirmations" is no safety by itself, only against an attacker of a known share.',
    '- The formula counts on a network without delay. [With delay the honest waste work](../delay-threshold/README.md), and an attacker needs less.',
    '- The rule that the first of two equal branches stays is worth a whole block to the victim; an attacker that has mined one block ahead takes it back.',
  ].join('\n'),
};

function cells(size: Size): readonly Row[] {
  const shares = size === 'full' ? [0.1, 0.2, 0.3, 0.4, 0.45] : [0.1, 0.25, 0.4];
  const confirmations = size === 'full' ? [1, 2, 3, 4, 5, 6] : [1, 2, 3];
  const runs = size === 'full' ? 1_000 : 40;
  return shares.flatMap(q => confirmations.map(z => ({ q, z, giveUp: 60, bits: 4, runs })));
}

function run(cell: Row, chance: Chance): Row {
  const runs = numberIn(cell, 'runs');
  const giveUp = numberIn(cell, 'giveUp');
  const race = { share: numberIn(cell, 'q'), confirmations: numberIn(cell, 'z') };
  const attack = { ...race, patience: { counts: 'further', blocks: giveUp } } as const;
  const context = powContext({ bits: bitsForLeadingZeros(numberIn(cell, 'bits')), retarget: 'fixed' });
  const outcomes = Array.from({ length: runs }, () => attackOnce(context, attack, chance));
  const successes = outcomes.filter(({ hasSucceeded }) => hasSucceeded).length;
  const expected = strictDoubleSpend({ ...race, giveUp });
  return {
    successes,
    rate: successes / runs,
    ...wilson(successes, runs),
    expected,
    standardErrors: standardErrors(successes / runs, expected, runs),
    blocks: mean(outcomes.map(({ blocks }) => blocks)),
  };
}

function findings(rows: readonly Row[]): string {
  const normal = rows.filter(row => isNearlyNormal(numberIn(row, 'expected'), numberIn(row, 'runs')));
  const distances = normal.map(row => Math.abs(numberIn(row, 'standardErrors')));
  const runs = rows.reduce((sum, row) => sum + numberIn(row, 'runs'), 0);
  const inside = rows.filter(row => isBetween(numberIn(row, 'expected'), row)).length;
  return [
    `${runs} attacks in ${rows.length} cells. Of the ${normal.length} in which at least five successes and failures are expected, the one that is furthest from the formula is`,
    `${Math.max(0, ...distances).toFixed(2)} standard errors away from it; in ${inside} of the ${rows.length} cells the formula lies within the 95 % interval.`,
  ].join('\n');
}

function isBetween(value: number, row: Row): boolean {
  return numberIn(row, 'low') <= value && value <= numberIn(row, 'high');
}
