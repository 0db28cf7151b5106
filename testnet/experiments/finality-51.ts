/**
 * The 51 % attack against proof of work alone and against the same with a final prefix: on real daemons, and in virtual time beside what stepping
 * through all states says. What is final is never undone, and how long that takes is a matter of the spacing of checkpoints.
 */
import { encodeFinality } from '../../chain/finality-params.ts';
import { publicKeyLength } from '../../chain/keys.ts';
import { bitsForLeadingZeros } from '../../chain/target.ts';
import { type Attack51Report, attack51 } from '../scenarios/attack-51.ts';
import type { Chance } from '../sim/chance.ts';
import { powContext } from './engine-node.ts';
import { type Experiment, numberIn, type Row, type Size } from './experiment.ts';
import { finality51Drawings } from './finality-51-drawings.ts';
import { attackFinality, blockMs, timeToFinal } from './finality-51-race.ts';
import { finalDoubleSpend, watchedDoubleSpend } from './formulas.ts';
import { mean, standardErrors, wilson } from './statistics.ts';

const shares = [0.3, 0.51, 0.6, 0.7];
const confirmations = 6;
const giveUp = 12;
/** What a genesis has that says nothing: a checkpoint every 10 blocks, 3 deep. */
const usual = { spacing: 10, depth: 3 };
const spacings = [2, 5, 10, 20, 50];
const members = [1, 2, 3].map(key => ({ name: `member-${key}`, publicKey: new Uint8Array(publicKeyLength).fill(key) }));

export const finality51: Experiment = {
  name: 'finality-51',
  title: '51 % attack on a final prefix',
  expected: [
    `The race of [attack-51](../attack-51/README.md), with \`pow\` (finality \`off\`) and \`pow-paxos\` (\`on\`). The victim delivers after ${confirmations} blocks, or, where it waits for \`final\`, when the`,
    `committee made the payment's block final: a checkpoint every \`spacing\` blocks, ${usual.depth} deep. The attacker does not care what is final, and shows its branch when it is heavier. It gives up ${giveUp} blocks behind.`,
    '',
    '*real*: three daemons, which are the committee, one of which mines with the rest of the hash power; blocks come every 500 ms. *simulated*: without network and delay; what is followed',
    'the real engine says, and the committee decides at once. *calm*: the same without an attacker, for the time to final alone.',
    '',
    'Expected is, without finality, the strict formula with this rule of giving up. With it, the same walk, cut where the payment becomes final: a payment comes at any distance from the',
    'last checkpoint, and is final when the honest have found `spacing + depth` blocks since then. For who waits for `final` it is 0, and no undone block was final at any share. The time to',
    'final is `(spacing + 1) / 2 + depth` blocks in the mean, at the rate of the honest.',
  ].join('\n'),
  columns: {
    kind: '`real`, `simulated` or `calm`',
    finality: '`off` (`pow`) or `on` (`pow-paxos`)',
    spacing: 'blocks from one checkpoint to the next; 0 without finality',
    waits: 'what the victim waits for',
    q: "the attacker's share of the hash power",
    runs: 'attacks, or payments',
    successes: 'attacks after which the payment of a victim that had delivered was undone',
    rate: 'successes / runs',
    low: 'lower end of the 95 % interval (Wilson)',
    high: 'upper end of it',
    expected: 'what the formula says',
    standardErrors: 'standard errors from expected to rate',
    refused: 'attacks whose heavier branch nobody followed',
    reorgDepthMax: 'the most blocks that the victim undid at once',
    reorgsBelowFinal: 'undone blocks that had been final',
    secondsToFinal: 'from the payment until it was final, in the mean (calm, and real where the victim waits for it)',
    expectedSeconds: 'what that is expected to be',
  },
  engines: ['pow-paxos'],
  onlyThese: 'no other engine has proof of work and a final prefix; finality off is `pow`',
  cells,
  run: (cell, chance) => {
    if (cell.kind === 'real') return runReal(cell);
    return cell.kind === 'calm' ? runCalm(cell, chance) : runSimulated(cell, chance);
  },
  draw: finality51Drawings,
  findings,
  conclusion: [
    '- A final prefix turns "probably" into "never" at the cost of a committee: with most of the hash power an attacker still undoes what is not final, and keeps transactions out of',
    '  blocks, but what is final stays, whatever its work. Who waits for `final` is safe at any share, as long as a majority of the committee only crashes.',
    '- A number of confirmations protects no better than without finality while the payment is not final: against most of the hash power wait for the word, not for the number.',
    '- Close checkpoints make the wait short and the window of an attacker small. They cost the committee a round of messages each, and leave less time for branches to be told apart: `depth`',
    '  is what keeps the committee from deciding between blocks of the same second.',
  ].join('\n'),
};

function cells(size: Size): readonly Row[] {
  const isFull = size === 'full';
  const qs = isFull ? shares : [0.7];
  const counted = `${confirmations} blocks`;
  const off = { finality: 'off', spacing: 0, waits: counted };
  const on = (spacing: number, waits: string) => ({ finality: 'on', spacing, waits });
  const attacked = [off, on(usual.spacing, counted), on(usual.spacing, 'final')];
  const spaced = isFull
    ? spacings.filter(spacing => spacing !== usual.spacing).map(spacing => on(spacing, counted))
    : [];
  const cross = (kind: string, ways: readonly Row[], runs: number) =>
    ways.flatMap(way => qs.map(q => ({ kind, ...way, q, runs })));
  return [
    ...cross('simulated', [...attacked, ...spaced], isFull ? 1_000 : 40),
    ...(isFull ? spacings : [usual.spacing]).map(spacing => ({
      kind: 'calm',
      ...on(spacing, 'final'),
      q: 0,
      runs: isFull ? 1_000 : 40,
    })),
    ...cross('real', isFull ? attacked : [on(usual.spacing, 'final')], isFull ? 4 : 1),
  ];
}

async function runReal(cell: Row): Promise<Row> {
  const isFinal = cell.waits === 'final';
  const plan = {
    engine: cell.finality === 'on' ? 'pow-paxos' : 'pow',
    share: numberIn(cell, 'q'),
    confirmations: isFinal ? ('final' as const) : confirmations,
    difficulty: 12,
    giveUpBehind: giveUp,
    tell: () => {},
  };
  const reports = await attack51(plan, numberIn(cell, 'runs'));
  const count = (holds: (report: Attack51Report) => boolean) => reports.filter(holds).length;
  const times = reports.flatMap(({ finalAfterMs }) => finalAfterMs ?? []);
  return {
    ...besideFormula(
      cell,
      count(({ success }) => success),
    ),
    refused: count(({ refused }) => refused),
    reorgDepthMax: Math.max(...reports.map(({ reorgDepth }) => reorgDepth)),
    reorgsBelowFinal: reports.reduce((sum, { reorgsBelowFinal }) => sum + reorgsBelowFinal, 0),
    ...(isFinal && times.length > 0
      ? { secondsToFinal: mean(times) / 1_000, expectedSeconds: expectedSeconds(cell, 0.5) }
      : {}),
  };
}

function runSimulated(cell: Row, chance: Chance): Row {
  const isFinal = cell.waits === 'final';
  const attack = {
    share: numberIn(cell, 'q'),
    waits: isFinal ? ('final' as const) : confirmations,
    giveUp,
    finality: cell.finality === 'on' ? { ...usual, spacing: numberIn(cell, 'spacing') } : null,
  };
  const context = contextOf(cell);
  const outcomes = Array.from({ length: numberIn(cell, 'runs') }, () => attackFinality(context, attack, chance));
  return {
    ...besideFormula(cell, outcomes.filter(({ hasSucceeded }) => hasSucceeded).length),
    refused: outcomes.filter(({ isRefused }) => isRefused).length,
    reorgDepthMax: Math.max(...outcomes.map(({ reorgDepth }) => reorgDepth)),
    reorgsBelowFinal: outcomes.reduce((sum, { belowFinal }) => sum + belowFinal, 0),
  };
}

function runCalm(cell: Row, chance: Chance): Row {
  const context = contextOf(cell);
  const finality = { ...usual, spacing: numberIn(cell, 'spacing') };
  const times = Array.from({ length: numberIn(cell, 'runs') }, () => timeToFinal(context, finality, chance));
  return { secondsToFinal: mean(times) / 1_000, expectedSeconds: expectedSeconds(cell, blockMs / 1_000) };
}

function contextOf(cell: Row) {
  const hardness = { bits: bitsForLeadingZeros(1), retarget: 'fixed' } as const;
  if (cell.finality === 'off') return powContext(hardness);
  const engineParams = encodeFinality({ ...usual, spacing: numberIn(cell, 'spacing') });
  return powContext({ ...hardness, engineParams }, members);
}

/** `seconds` between blocks of all hash power. */
function expectedSeconds(cell: Row, seconds: number): number {
  return ((numberIn(cell, 'spacing') + 1) / 2 + usual.depth) * (seconds / (1 - numberIn(cell, 'q')));
}

function besideFormula(cell: Row, successes: number): Row {
  const runs = numberIn(cell, 'runs');
  const expected = expectedOf(cell);
  const rate = successes / runs;
  // What never happens has no spread.
  const distance = expected === 0 ? {} : { standardErrors: standardErrors(rate, expected, runs) };
  return { successes, rate, ...wilson(successes, runs), expected, ...distance };
}

/** With finality the mean over all distances from the last checkpoint. */
function expectedOf(cell: Row): number {
  if (cell.waits === 'final') return 0;
  const attack = { share: numberIn(cell, 'q'), confirmations, giveUpBehind: giveUp };
  if (cell.finality === 'off') return watchedDoubleSpend(attack);
  const spacing = numberIn(cell, 'spacing');
  const chances = Array.from({ length: spacing }, (_, since) =>
    finalDoubleSpend({ ...attack, finalAfter: spacing + usual.depth - since }),
  );
  return mean(chances);
}

/** What is expected lies within the interval, but for what rounding leaves of a zero. */
function isInside(row: Row): boolean {
  const expected = numberIn(row, 'expected');
  return numberIn(row, 'low') <= expected + 1e-12 && expected <= numberIn(row, 'high');
}

function findings(rows: readonly Row[]): string {
  const attacks = rows.filter(({ kind }) => kind !== 'calm');
  const sum = (chosen: readonly Row[], column: string) =>
    chosen.reduce((total, row) => total + numberIn(row, column), 0);
  const on = attacks.filter(({ finality }) => finality === 'on');
  const strongest = Math.max(0, ...on.map(row => numberIn(row, 'q')));
  const waiting = on.filter(({ waits }) => waits === 'final');
  return [
    ...['simulated', 'real'].flatMap(kind => {
      const all = attacks.filter(row => row.kind === kind);
      const inside = all.filter(isInside);
      return all.length === 0
        ? []
        : [
            `- ${kind}: ${sum(all, 'runs')} attacks in ${all.length} cells; in ${inside.length} of them the formula lies within the 95 % interval.`,
          ];
    }),
    `- With finality ${sum(on, 'runs')} attacks undid ${sum(on, 'reorgsBelowFinal')} blocks that had been final, at shares up to ${strongest}; ${sum(on, 'refused')} times a heavier branch was refused.`,
    `- Of the ${sum(waiting, 'runs')} attacks on victims that waited for final ${sum(waiting, 'successes')} succeeded.`,
    ...rows
      .filter(({ kind }) => kind === 'calm')
      .map(
        row =>
          `- A checkpoint every ${numberIn(row, 'spacing')} blocks: final after ${numberIn(row, 'secondsToFinal').toFixed(1)} s in the mean, expected ${numberIn(row, 'expectedSeconds').toFixed(1)} s, with a block every ${blockMs / 1_000} s.`,
      ),
  ].join('\n');
}
