/**
 * How the delay between the honest moves the share from which an attacker wins. With a delay the honest waste what they mine on a block
 * that has been found already and not been heard of; the attacker, at one place, wastes nothing.
 */
import type { SealedHeader } from '../../chain/block.ts';
import { bitsForLeadingZeros } from '../../chain/target.ts';
import type { EngineContext } from '../../consensus/engine.ts';
import type { Chance } from '../sim/chance.ts';
import { delayThresholdDrawings } from './delay-threshold-drawings.ts';
import { EngineNode, powContext } from './engine-node.ts';
import { type Experiment, numberIn, type Row, type Size } from './experiment.ts';
import { delayThreshold, honestGrowth } from './formulas.ts';
import { waitForBlock } from './mining-race.ts';
import { mean, wilson, zeroOfLine } from './statistics.ts';

/** Of all miners together. */
const blockMs = 10_000;
const bits = 2;
const offsets = [-0.09, -0.06, -0.03, 0, 0.03, 0.06, 0.09];

export const delayThresholdExperiment: Experiment = {
  name: 'delay-threshold',
  title: 'What delay does to the 50 % threshold',
  expected: [
    'An attacker mines a secret branch while the honest mine theirs; after `blocks` blocks of both it is released. Each honest block reaches the',
    'other honest after `delay` block intervals, and they are many small miners: whatever they find before is on the same height and wasted. So',
    'each height takes them `delay` more, and with the share `1 - q` they grow by `(1 - q) / (1 + (1 - q) delay)` a block interval instead of',
    '`1 - q` (Dembo and others, 2020). The attacker, at one place, grows by `q`. Both are equal at `q` = 1/2 without delay, and at 38.2 % where a',
    'block needs a whole interval.',
  ].join('\n'),
  columns: {
    delay: 'time until the others hear of a block, in block intervals',
    q: "the attacker's share of the hash power",
    blocks: 'blocks that both sides together find before the release',
    runs: 'races',
    successes: 'races after which the honest engine went over to the released branch',
    rate: 'successes / runs',
    low: 'lower end of the 95 % interval (Wilson)',
    high: 'upper end of it',
    lead: "blocks by which the attacker's branch was longer, a block found; below 0: shorter",
    expectedLead: 'that by the formula',
    threshold: 'the share at which both grow equally fast by the formula',
  },
  engines: ['pow'],
  cells,
  run,
  draw: delayThresholdDrawings,
  findings,
  conclusion: [
    '- "Half of the hash power" holds only where blocks spread in a small part of the block interval. A chain that makes its blocks faster than its',
    '  network carries them gives the difference to whoever attacks it.',
    '- A delay of a tenth of the interval lowers the threshold by little more than one percentage point: so much slower than the network blocks should be.',
    '- More confirmations do not help an honest side that has less than the threshold: the attacker gains on it for ever.',
  ].join('\n'),
};

function cells(size: Size): readonly Row[] {
  const delays = size === 'full' ? [0, 0.1, 0.3, 1] : [0, 1];
  const runs = size === 'full' ? 100 : 20;
  return delays.flatMap(delay =>
    offsets.map(offset => ({ delay, q: Number((delayThreshold(delay) + offset).toFixed(3)), blocks: 200, runs })),
  );
}

function run(cell: Row, chance: Chance): Row {
  const runs = numberIn(cell, 'runs');
  const blocks = numberIn(cell, 'blocks');
  const race = { delay: numberIn(cell, 'delay'), share: numberIn(cell, 'q'), blocks };
  const context = powContext({ bits: bitsForLeadingZeros(bits), retarget: 'fixed' });
  const outcomes = Array.from({ length: runs }, () => raceOnce(context, race, chance));
  const successes = outcomes.filter(({ isReplaced }) => isReplaced).length;
  return {
    successes,
    rate: successes / runs,
    ...wilson(successes, runs),
    lead: mean(outcomes.map(({ lead }) => lead)) / blocks,
    expectedLead: race.share - honestGrowth(1 - race.share, race.delay),
    threshold: delayThreshold(race.delay),
  };
}

interface Race {
  readonly delay: number;
  readonly share: number;
  readonly blocks: number;
}

/** The honest are one node that hears every block late, also their own: no small miner finds two in a row. */
function raceOnce(context: EngineContext, { delay, share, blocks }: Race, chance: Chance) {
  const honest = new EngineNode(context, 1);
  const attacker = new EngineNode(context, 2);
  const secret: SealedHeader[] = [];
  const onTheWay: { readonly dueMs: number; readonly block: SealedHeader }[] = [];
  let nowMs = context.genesis.time;
  const hear = (untilMs: number) => {
    for (let next = onTheWay[0]; next !== undefined && next.dueMs <= untilMs; next = onTheWay[0]) {
      onTheWay.shift();
      honest.deliver([next.block], next.dueMs);
    }
  };
  for (let found = 0; found < blocks; found++) {
    nowMs += waitForBlock(chance, blockMs);
    hear(nowMs);
    if (chance.happens(share)) {
      const block = attacker.mine(nowMs);
      attacker.deliver([block], nowMs);
      secret.push(block);
    } else {
      // Two miners that find a block on the same parent differ in their nonces, as in all that is chance.
      onTheWay.push({ dueMs: nowMs + delay * blockMs, block: honest.mine(nowMs, chance.bytes(32)) });
    }
  }
  const endMs = nowMs + delay * blockMs;
  hear(endMs);
  const lead = attacker.height - honest.height;
  honest.deliver(secret, endMs);
  return { lead, isReplaced: honest.headKey === attacker.headKey };
}

function findings(rows: readonly Row[]): string {
  const delays = [...new Set(rows.map(row => numberIn(row, 'delay')))];
  return [
    '| delay, in block intervals | threshold measured | by the formula |',
    '|---|---|---|',
    ...delays.map(delay => {
      const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
      return `| ${delay} | ${percent(measuredThreshold(rows, delay))} | ${percent(delayThreshold(delay))} |`;
    }),
    '',
    'Measured is where the line of least squares through the leads of a delay crosses zero.',
  ].join('\n');
}

/** The share at which both branches were equally long. */
function measuredThreshold(rows: readonly Row[], delay: number): number {
  const points = rows
    .filter(row => row.delay === delay)
    .map(row => [numberIn(row, 'q'), numberIn(row, 'lead')] as const);
  return zeroOfLine(points);
}
