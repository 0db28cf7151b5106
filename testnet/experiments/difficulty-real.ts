/** The same chain mined twice, by real daemons and in virtual time: what bits and hash rate do to interval, orphans and reorganisations. */
import { bitsForLeadingZeros } from '../../chain/target.ts';
import { engineNames } from '../../consensus/registry.ts';
import type { Chance } from '../sim/chance.ts';
import { mineReally } from './difficulty-real-run.ts';
import { type MinedChain, minedChain } from './difficulty-run.ts';
import { powContext } from './engine-node.ts';
import { type Drawing, type Experiment, numberIn, type Row, type Size } from './experiment.ts';

const nodes = 3;
/** What the simulated network needs for a block. */
const delayMs = 10;
/** With ASERT: blocks before the hash rate changes, and those over which it comes to rest; the rest is measured. */
const blocksBefore = 150;
const settlingBlocks = 1_000;

export const difficultyReal: Experiment = {
  name: 'difficulty-real',
  title: 'Difficulty on real daemons',
  expected: [
    `${nodes} daemons mine with equal, throttled hash rates; the same network mines the same number of blocks in virtual time, where a block reaches the others after ${delayMs} ms`,
    'and nothing else costs time ([difficulty](../difficulty/README.md) has more of it).',
    '',
    '*Fixed target*: a block takes `2^bits / hashRate` seconds in the mean, so 4 bits more make the interval 16 times longer. Two means of `n` blocks differ by chance: by',
    '`1/sqrt(n)` each. Real daemons lose a little more to orphans than the simulated ones, as a block has to be checked, executed and stored before it is passed on.',
    '',
    `*ASERT*: after ${blocksBefore} blocks the hash rate is doubled. A bit too easy at first, the target closes ln 2 / 288 of the distance a block: after ${settlingBlocks} more blocks less`,
    'than a tenth of a bit is left, and the interval must be the target again within 10 %.',
  ].join('\n'),
  columns: {
    engine: 'how the daemons agree',
    retarget: '`fixed` or `asert`',
    bits: 'leading zero bits of the first target',
    targetMs: '`2^bits / hashRate` at first, and with ASERT the target',
    hashRate: 'trials a second of all daemons together, at first',
    factor: 'by which the hash rate is multiplied',
    blocks: 'over which the interval is measured, at the end of the chain',
    meanIntervalMs: 'by the times of the real headers',
    simulatedIntervalMs: 'the same of the simulated ones',
    ratio: 'meanIntervalMs / targetMs',
    orphanRate: 'real blocks found that are not on the chain',
    simulatedOrphanRate: 'the same in virtual time',
    reorgDepthMax: 'the most blocks that a daemon undid at once (from 4 on: at most this)',
    simulatedReorgDepthMax: 'the same in virtual time',
    finalBits: 'log2 of the trials that the next block needs at the end',
  },
  engines: engineNames.filter(name => name.startsWith('pow')),
  cells,
  run,
  draw: rows => [intervals(rows), orphans(rows)],
  findings,
  conclusion: [
    '- What the simulator says of intervals holds for daemons; what it says of orphans is a lower bound, for a real block takes time to check.',
    '- Where blocks come about as fast as they spread, a part of the work is lost to orphans, and 4 bits more make the interval less than 16 times longer.',
    '- Difficulty is set by the genesis alone: nobody has to agree on it afterwards, and each daemon computes the same one.',
  ].join('\n'),
};

function cells(size: Size, engine: string): readonly Row[] {
  const rates = size === 'full' ? { 4096: [10, 12, 14], 16384: [10, 12, 14, 16] } : { 16384: [10, 14] };
  const blocks = size === 'full' ? 100 : 30;
  const fixed = Object.entries(rates).flatMap(([rate, bitsOfRate]) =>
    bitsOfRate.map(bits => {
      const hashRate = Number(rate);
      return { engine, retarget: 'fixed', bits, targetMs: (1_000 * 2 ** bits) / hashRate, hashRate, factor: 1, blocks };
    }),
  );
  const asert = { engine, retarget: 'asert', bits: 10, targetMs: 250, hashRate: 4_096, factor: 2, blocks: 1_000 };
  return size === 'full' ? [...fixed, asert] : fixed;
}

async function run(cell: Row, chance: Chance): Promise<Row> {
  const isFixed = cell.retarget === 'fixed';
  const { bits, targetMs, hashRate, factor, blocks } = {
    bits: numberIn(cell, 'bits'),
    targetMs: numberIn(cell, 'targetMs'),
    hashRate: numberIn(cell, 'hashRate'),
    factor: numberIn(cell, 'factor'),
    blocks: numberIn(cell, 'blocks'),
  };
  const changeAt = isFixed ? 1 : blocksBefore;
  const height = changeAt + blocks + (isFixed ? 0 : settlingBlocks);
  const chain = { nodes, hashRate, factor, changeAt, height };
  const real = await mineReally({ ...chain, engine: String(cell.engine), targetMs, bits: isFixed ? bits : null });
  const retarget = isFixed ? ('fixed' as const) : ('asert' as const);
  const context = powContext({ bits: bitsForLeadingZeros(bits), targetMs: Math.max(250, targetMs), retarget });
  const simulated: MinedChain = minedChain({ ...chain, context, delayMs }, chance);
  // Without the blocks that came while the miners stopped one after the other.
  const meanIntervalMs = intervalOf(real.times.slice(0, height), blocks);
  return {
    meanIntervalMs,
    simulatedIntervalMs: intervalOf(simulated.times, blocks),
    ratio: meanIntervalMs / targetMs,
    orphanRate: real.orphans / (real.orphans + real.times.length),
    simulatedOrphanRate: simulated.orphans / (simulated.orphans + simulated.times.length - 1),
    reorgDepthMax: real.reorgDepthMax,
    simulatedReorgDepthMax: simulated.reorgDepthMax,
    finalBits: real.finalBits,
  };
}

/** Over the last `blocks` blocks. */
function intervalOf(times: readonly number[], blocks: number): number {
  return ((times.at(-1) ?? 0) - (times.at(-1 - blocks) ?? 0)) / blocks;
}

function findings(rows: readonly Row[]): string {
  const fixed = rows.filter(row => row.retarget === 'fixed');
  const steps = fixed.flatMap(row => {
    const easier = fixed.find(
      other => other.hashRate === row.hashRate && numberIn(other, 'bits') === numberIn(row, 'bits') - 4,
    );
    if (easier === undefined) return [];
    const ratio = numberIn(row, 'meanIntervalMs') / numberIn(easier, 'meanIntervalMs');
    return [
      `- ${easier.bits} to ${row.bits} bits at ${row.hashRate} trials/s: the interval is ${ratio.toFixed(1)} times longer.`,
    ];
  });
  const asert = rows
    .filter(row => row.retarget === 'asert')
    .map(row => {
      const off = 100 * (numberIn(row, 'ratio') - 1);
      return `- ASERT, hash rate times ${row.factor}: ${Math.round(numberIn(row, 'meanIntervalMs'))} ms in the end, ${off.toFixed(1)} % off the target.`;
    });
  return [...steps, ...asert].join('\n');
}

function points(rows: readonly Row[], real: string, simulated: string) {
  return rows
    .filter(row => row.retarget === 'fixed')
    .flatMap(row => {
      const place = { targetMs: numberIn(row, 'targetMs') };
      return [
        { ...place, where: 'real daemons', value: numberIn(row, real) },
        { ...place, where: 'simulated', value: numberIn(row, simulated) },
      ];
    });
}

const x = { field: 'targetMs', type: 'quantitative', scale: { type: 'log' }, title: '2^bits / hash rate, ms' } as const;
const color = { field: 'where', type: 'nominal', title: null } as const;

function intervals(rows: readonly Row[]): Drawing {
  const values = points(rows, 'meanIntervalMs', 'simulatedIntervalMs');
  const y = { type: 'quantitative', scale: { type: 'log' }, title: 'interval of the chain, ms' } as const;
  return {
    name: 'difficulty-real-interval',
    caption: 'Mean interval against what bits and hash rate give (the line), of real daemons and in virtual time.',
    spec: {
      width: 480,
      height: 300,
      data: { values },
      encoding: { x },
      layer: [
        { mark: { type: 'line', strokeWidth: 1 }, encoding: { y: { ...y, field: 'targetMs' } } },
        { mark: { type: 'point', size: 60 }, encoding: { y: { ...y, field: 'value' }, color, shape: color } },
      ],
    },
  };
}

function orphans(rows: readonly Row[]): Drawing {
  return {
    name: 'difficulty-real-orphans',
    caption: 'Blocks found that are not on the chain, of real daemons and in virtual time.',
    spec: {
      width: 480,
      height: 240,
      data: { values: points(rows, 'orphanRate', 'simulatedOrphanRate') },
      mark: { type: 'point', size: 60 },
      encoding: { x, y: { field: 'value', type: 'quantitative', title: 'orphan rate' }, color, shape: color },
    },
  };
}
