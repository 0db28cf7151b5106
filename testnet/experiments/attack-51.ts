/**
 * The 51 % attack on real daemons, beside the same race in the simulator and the exact formula: what a victim that waits risks, what its `get`
 * says before and after, and what becomes of the writes of others meanwhile.
 */
import { bitsForLeadingZeros } from '../../chain/target.ts';
import { type Attack51Report, attack51 } from '../scenarios/attack-51.ts';
import type { Chance } from '../sim/chance.ts';
import { attack51Drawings } from './attack-51-drawings.ts';
import { attackOnce } from './double-spend-attack.ts';
import { powContext } from './engine-node.ts';
import { type Experiment, numberIn, type Row, type Size } from './experiment.ts';
import { watchedDoubleSpend } from './formulas.ts';
import { isNearlyNormal, mean, standardErrors, wilson } from './statistics.ts';

const shares = [0.1, 0.3, 0.45, 0.51, 0.6, 0.7];
const giveUp = 12;

export const attack51Experiment: Experiment = {
  name: 'attack-51',
  title: '51 % attack',
  expected: [
    '*real*: three daemons and an attacker, each a process or a node of its own with real sockets; one daemon mines with the rest `1 - q` of the hash',
    'power, so that blocks come every 500 ms; four hands put keys through the second; the third is the victim. All miners rest until the payment is in',
    'every mempool. Then both sides mine: the daemons the payment, the attacker a branch with its contradiction, in secret. The victim delivers at `z`',
    `confirmations. The attacker publishes when its branch is heavier and the victim has delivered; it stops when it is ${giveUp} blocks behind.`,
    '',
    '*simulated*: the same race without network, ledger and delay; what a branch is worth the real engine says.',
    '',
    "Expected is the *strict* formula with this rule of giving up, looked at from the first block on: the chances of the attacker's blocks while the",
    'honest find `z`, without the ways on which it has stopped already, and then the walk that must gain `z + 1 - m` before it loses the rest of the',
    `${giveUp}. The rule takes little where \`q\` is small, and from an attacker with just more than half a good part: it would win if it went on.`,
  ].join('\n'),
  columns: {
    kind: '`real` or `simulated`',
    q: "the attacker's share of the hash power",
    z: 'confirmations that the victim waits for',
    bits: 'leading zero bits of the target; the hash rates follow',
    giveUp: 'blocks behind at which the attacker stops',
    runs: 'attacks',
    successes: 'attacks after which the payment of a victim that had delivered was undone',
    rate: 'successes / runs',
    low: 'lower end of the 95 % interval (Wilson)',
    high: 'upper end of it',
    expected: 'the strict formula',
    standardErrors: 'standard errors from expected to rate',
    qMeasured:
      "the attacker's part of all blocks found in the races (real); a race ends as soon as it has won or given up, so this is above `q` where it mostly wins",
    expectedMeasured: 'the strict formula at qMeasured (real)',
    reorgDepthMax: 'the most blocks that the victim undid at once',
    honestPutsReverted: 'puts of others in undone blocks, an attack in the mean (real)',
    putRateDuring: 'acknowledged puts of others a second while the branches raced, in the mean (real)',
    getBeforePaid: 'attacks in which the victim, when it delivered, read the payment (real)',
    getAfterGone: 'attacks after which it read something else (real)',
  },
  engines: ['pow'],
  cells,
  run: (cell, chance) => (cell.kind === 'real' ? runReal(cell) : runSimulated(cell, chance)),
  draw: attack51Drawings,
  findings,
  conclusion: [
    '- Proof of work alone is no defence against more than half of the hash power: such an attack is a matter of time, and what fails of it has been given',
    '  up. Below one half every further confirmation that the victim waits for makes it rarer.',
    '- A `get` that was right when the goods were handed over is wrong afterwards, without any daemon having done wrong. Who needs more than "probably" must',
    '  wait for as many confirmations as the assumed share of an attacker demands, or use an engine with finality.',
    '- Writes of others that were in undone blocks go back to the mempool and are mined again; what was acknowledged at one confirmation was untrue meanwhile.',
    "- The attacker's node is in the process of the program that measures, its miner on a thread of its own. Whoever is kept waiting by the machine mines less than its share, so",
    '  the part of the blocks that the attacker really found stands beside the one that it was given.',
  ].join('\n'),
};

function cells(size: Size): readonly Row[] {
  const isFull = size === 'full';
  const simulated = (isFull ? shares : [0.3, 0.6]).flatMap(q =>
    (isFull ? [1, 2, 3, 6] : [2]).map(z => ({ kind: 'simulated', q, z, bits: 4, giveUp, runs: isFull ? 400 : 40 })),
  );
  const real = (isFull ? [10, 14] : [10]).flatMap(bits =>
    (isFull ? shares : [0.6]).map(q => ({ kind: 'real', q, z: 2, bits, giveUp, runs: isFull ? 30 : 2 })),
  );
  return [...simulated, ...real];
}

async function runReal(cell: Row): Promise<Row> {
  const plan = {
    engine: 'pow',
    share: numberIn(cell, 'q'),
    confirmations: numberIn(cell, 'z'),
    difficulty: numberIn(cell, 'bits'),
    giveUpBehind: numberIn(cell, 'giveUp'),
    tell: () => {},
  };
  const reports = await attack51(plan, numberIn(cell, 'runs'));
  const count = (holds: (report: Attack51Report) => boolean) => reports.filter(holds).length;
  const ours = reports.reduce((sum, { privateBlocks }) => sum + privateBlocks, 0);
  const qMeasured = ours / (ours + reports.reduce((sum, { publicBlocks }) => sum + publicBlocks, 0));
  return {
    ...besideFormula(
      cell,
      count(({ success }) => success),
    ),
    qMeasured,
    expectedMeasured: formulaOf({ ...cell, q: qMeasured }),
    reorgDepthMax: Math.max(...reports.map(({ reorgDepth }) => reorgDepth)),
    honestPutsReverted: mean(reports.map(({ honestPutsReverted }) => honestPutsReverted)),
    putRateDuring: mean(reports.map(({ putRateDuring }) => putRateDuring)),
    getBeforePaid: count(({ getBefore }) => getBefore === 'paid'),
    getAfterGone: count(({ getAfter }) => getAfter !== 'paid'),
  };
}

function runSimulated(cell: Row, chance: Chance): Row {
  const context = powContext({ bits: bitsForLeadingZeros(numberIn(cell, 'bits')), retarget: 'fixed' });
  const patience = { counts: 'absolute', blocks: numberIn(cell, 'giveUp') } as const;
  const attack = { share: numberIn(cell, 'q'), confirmations: numberIn(cell, 'z'), patience };
  const outcomes = Array.from({ length: numberIn(cell, 'runs') }, () => attackOnce(context, attack, chance));
  return {
    ...besideFormula(cell, outcomes.filter(({ hasSucceeded }) => hasSucceeded).length),
    reorgDepthMax: Math.max(...outcomes.map(({ reorgDepth }) => reorgDepth)),
  };
}

function besideFormula(cell: Row, successes: number): Row {
  const runs = numberIn(cell, 'runs');
  const expected = formulaOf(cell);
  const rate = successes / runs;
  return {
    successes,
    rate,
    ...wilson(successes, runs),
    expected,
    standardErrors: standardErrors(rate, expected, runs),
  };
}

function formulaOf(cell: Row): number {
  return watchedDoubleSpend({
    share: numberIn(cell, 'q'),
    confirmations: numberIn(cell, 'z'),
    giveUpBehind: numberIn(cell, 'giveUp'),
  });
}

function findings(rows: readonly Row[]): string {
  const real = rows.filter(({ kind }) => kind === 'real');
  const sum = (column: string) => real.reduce((total, row) => total + numberIn(row, column), 0);
  const deepest = Math.max(0, ...rows.map(row => numberIn(row, 'reorgDepthMax')));
  return [
    ...['real', 'simulated'].flatMap(kind => agreement(kind, rows)),
    `- The deepest reorg undid ${deepest} blocks.`,
    ...(real.length === 0
      ? []
      : [
          `- On the real daemons ${sum('successes')} attacks of ${sum('runs')} succeeded. The formula expects ${expectedSuccesses(real, 'expected')}, and ${expectedSuccesses(real, 'expectedMeasured')} with the parts of the blocks that the attackers really found.`,
        ]),
    `- On the real daemons ${sum('runs')} victims were paid; ${sum('getBeforePaid')} of them read the payment when they delivered, and ${sum('getAfterGone')} read something else in the end.`,
  ].join('\n');
}

/** Over all cells, with one standard error. */
function expectedSuccesses(rows: readonly Row[], column: string): string {
  const chances = rows.map(row => ({ runs: numberIn(row, 'runs'), chance: numberIn(row, column) }));
  const expected = chances.reduce((sum, { runs, chance }) => sum + runs * chance, 0);
  const variance = chances.reduce((sum, { runs, chance }) => sum + runs * chance * (1 - chance), 0);
  return `${expected.toFixed(1)} ± ${Math.sqrt(variance).toFixed(1)}`;
}

/** How far the cells of this kind lie from the formula. */
function agreement(kind: string, rows: readonly Row[]): readonly string[] {
  const all = rows.filter(row => row.kind === kind);
  if (all.length === 0) return [];
  const runs = all.reduce((sum, row) => sum + numberIn(row, 'runs'), 0);
  const normal = all.filter(row => isNearlyNormal(numberIn(row, 'expected'), numberIn(row, 'runs')));
  const furthest = Math.max(0, ...normal.map(row => Math.abs(numberIn(row, 'standardErrors'))));
  const inside = all.filter(
    row => numberIn(row, 'low') <= numberIn(row, 'expected') && numberIn(row, 'expected') <= numberIn(row, 'high'),
  ).length;
  return [
    `- ${kind}: ${runs} attacks in ${all.length} cells; in ${inside} of them the formula lies within the 95 % interval, and of the ${normal.length} where at least five successes and failures are expected the furthest is ${furthest.toFixed(2)} standard errors away.`,
  ];
}
