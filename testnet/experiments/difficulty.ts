/**
 * Difficulty in the simulator: the block interval against the bits of the target and the hash rate, by nonces that are really tried, and
 * what ASERT, as the engine computes it, does when the hash rate changes.
 */
import { bitsForLeadingZeros, decodeBits, workOf } from '../../chain/target.ts';
import type { EngineContext } from '../../consensus/engine.ts';
import type { Chance } from '../sim/chance.ts';
import { difficultyDrawings } from './difficulty-drawings.ts';
import { minedChain } from './difficulty-run.ts';
import { powContext } from './engine-node.ts';
import { type Experiment, numberIn, type Row, type Size } from './experiment.ts';

const nodes = 4;
const delayMs = 10;
const asertTargetMs = 1_000;
/** The hash rate of the cells with ASERT, and the bits whose interval at that rate is the target. */
const asertHashRate = 256;
const asertBits = 8;
/** Blocks before the hash rate changes. */
const blocksBefore = 600;
/** Over these after the change is `firstIntervalMs` measured. */
const firstBlocks = 36;

export const difficulty: Experiment = {
  name: 'difficulty',
  title: 'Difficulty',
  expected: [
    `${nodes} nodes with equal parts of the hash rate try real nonces, one after the other; a block reaches the others after ${delayMs} ms.`,
    '',
    '*Fixed target*: a block needs `2^bits` trials in the mean, so 4 bits more make the interval 16 times longer, and four times the hash rate makes',
    'it four times shorter. What is found while a block is on its way is orphaned: with a delay `D` to the part `3/4` of the others, of the interval',
    '`T`, a part `D/(T + D)` with `D` so reduced; and the interval of the chain is longer by `D`.',
    '',
    `*ASERT*: the target follows the schedule of one block each ${asertTargetMs} ms, with a half-life of 288 blocks' time. When the hash rate is multiplied by`,
    `\`factor\` after ${blocksBefore} blocks, the interval is that much shorter at first. Each block then closes ln 2 / 288 of the distance in bits, so after 2,000 blocks`,
    'less than a hundredth of it is left, and the interval is the target again.',
  ].join('\n'),
  columns: {
    retarget: '`fixed` or `asert`',
    bits: 'leading zero bits of the first target',
    targetMs: 'the interval that the genesis aims at (fixed: that which follows from bits and hash rate)',
    hashRate: 'trials a second of all nodes together, at first',
    factor: 'by which the hash rate is multiplied',
    delayMs: 'until the other nodes hear of a block',
    blocks: 'blocks of the chain after the change',
    firstIntervalMs: `mean interval of the first ${firstBlocks} blocks after the change`,
    meanIntervalMs: 'mean interval: of all blocks where the target is fixed, of the last 1,000 with ASERT',
    finalBits: 'log2 of the trials that a block needs at the end',
    orphanRate: 'blocks found that are not on the chain',
    expectedOrphanRate: 'D/(T + D)',
    reorgDepthMax: 'the most blocks that a node undid at once',
  },
  engines: ['pow'],
  cells,
  run,
  draw: difficultyDrawings,
  findings,
  conclusion: [
    '- A fixed target makes the interval a matter of who mines: fit for tests, where all hash power is known.',
    '- The interval should be long against the delay. Where it is not, blocks are lost, reorgs get deeper, and an attacker needs',
    '  [less than half of the hash power](../delay-threshold/README.md).',
    '- ASERT holds the interval without a window: a change of the hash rate is felt at once and forgotten over some half-lives. While it lasts, users wait longer',
    '  or shorter in the same proportion. A network that doubles overnight has its old interval again after some thousand blocks.',
  ].join('\n'),
};

function cells(size: Size): readonly Row[] {
  const bitsOfCells = size === 'full' ? [6, 8, 10, 12, 14] : [6, 10];
  const fixed = (size === 'full' ? [256, 1_024] : [1_024]).flatMap(hashRate =>
    bitsOfCells.map(bits => {
      const targetMs = (2 ** bits / hashRate) * 1_000;
      return { retarget: 'fixed', bits, targetMs, hashRate, factor: 1, delayMs, blocks: size === 'full' ? 1_000 : 300 };
    }),
  );
  const asert = (size === 'full' ? [0.5, 1, 2, 4] : [2]).map(factor => {
    const settings = { bits: asertBits, targetMs: asertTargetMs, hashRate: asertHashRate };
    return { retarget: 'asert', ...settings, factor, delayMs, blocks: 3_000 };
  });
  return [...fixed, ...asert];
}

function run(cell: Row, chance: Chance): Row {
  const isFixed = cell.retarget === 'fixed';
  const blocks = numberIn(cell, 'blocks');
  const firstBlock = isFixed ? 1 : blocksBefore;
  const mined = minedChain(
    {
      context: contextOf(cell),
      nodes,
      delayMs: numberIn(cell, 'delayMs'),
      hashRate: numberIn(cell, 'hashRate'),
      factor: numberIn(cell, 'factor'),
      changeAt: firstBlock,
      height: firstBlock + blocks,
    },
    chance,
  );
  const interval = (from: number, to: number) => ((mined.times[to] ?? 0) - (mined.times[from] ?? 0)) / (to - from);
  const last = firstBlock + blocks;
  const meanIntervalMs = interval(isFixed ? firstBlock : last - 1_000, last);
  const foundMs = isFixed ? numberIn(cell, 'targetMs') : meanIntervalMs;
  const heardMs = numberIn(cell, 'delayMs') * (1 - 1 / nodes);
  return {
    firstIntervalMs: interval(firstBlock, firstBlock + firstBlocks),
    meanIntervalMs,
    finalBits: Math.log2(Number(workOf(decodeBits(mined.bits) ?? 1n))),
    orphanRate: mined.orphans / (mined.orphans + mined.times.length - 1),
    expectedOrphanRate: heardMs / (foundMs + heardMs),
    reorgDepthMax: mined.reorgDepthMax,
  };
}

function contextOf(cell: Row): EngineContext {
  const bits = bitsForLeadingZeros(numberIn(cell, 'bits'));
  const targetMs = numberIn(cell, 'targetMs');
  if (cell.retarget === 'asert') return powContext({ bits, targetMs });
  return powContext({ bits, targetMs: Math.max(250, Math.round(targetMs)), retarget: 'fixed' });
}

function findings(rows: readonly Row[]): string {
  const fixed = rows.filter(row => row.retarget === 'fixed');
  const ratios = fixed.flatMap(row => {
    const easier = fixed.find(
      other => other.hashRate === row.hashRate && numberIn(other, 'bits') === numberIn(row, 'bits') - 4,
    );
    if (easier === undefined) return [];
    const ratio = numberIn(row, 'meanIntervalMs') / numberIn(easier, 'meanIntervalMs');
    const name = `${numberIn(easier, 'bits')} to ${numberIn(row, 'bits')} bits at ${numberIn(row, 'hashRate')} trials/s`;
    return [`- ${name}: the interval is ${ratio.toFixed(1)} times longer.`];
  });
  const asert = rows
    .filter(row => row.retarget === 'asert')
    .map(row => {
      const first = Math.round(numberIn(row, 'firstIntervalMs'));
      const settled = numberIn(row, 'meanIntervalMs');
      const off = (100 * (settled / numberIn(row, 'targetMs') - 1)).toFixed(1);
      return `- hash rate times ${numberIn(row, 'factor')}: ${first} ms at first, ${Math.round(settled)} ms in the end, ${off} % off the target.`;
    });
  return [
    'Fixed target (a short interval is stretched by the delay, so the ratio is below 16 there; two means of `blocks` blocks have a ratio whose standard error is the root of 2 / `blocks`):',
    '',
    ...ratios,
    '',
    'ASERT:',
    '',
    ...asert,
  ].join('\n');
}
