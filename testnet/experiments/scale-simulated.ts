/** Broadcast and agreement as nodes go from one to a thousand, in virtual time. */
import { type Experiment, numberIn, type Row, type Size } from './experiment.ts';
import { meshDegree } from './gossip-mesh.ts';
import { growth, threeDigits } from './growth.ts';
import { blockMs, runNetwork, transactionsPerBlock } from './scale-simulated-run.ts';

export const scaleSimulated: Experiment = {
  name: 'scale-simulated',
  title: 'Scale, simulated',
  expected: [
    `Nodes stand in 13 regions of the world, ${meshDegree} neighbours or a few more each; a block with ${transactionsPerBlock} transactions comes every ${blockMs / 1_000} s, however many nodes there are.`,
    '',
    '- A message is sent once over each link and by some links twice, so packets and bytes grow in proportion to the nodes, and what one node sends and receives stays the same.',
    '- The time to most of the nodes grows by the number of hops, the logarithm of the nodes, each hop being the way between two regions.',
    '- Blocks that are found while another is on its way are orphans: about the mean time to spread over the interval, and less than 10 % even with a thousand nodes.',
    '- The time to inclusion is the wait for a block, 7 s at the median, whatever the number.',
  ].join('\n'),
  columns: {
    nodes: 'nodes, all of which mine with the same power',
    blocks: 'blocks found, on the chain or not',
    packets: 'that one message costs, all links together',
    kilobytesPerBlock: 'on all links together, kB, each packet with 64 bytes of frame',
    kilobytesPerTransaction: 'the same for a put of 64 bytes',
    half: 'mean time of a block to half of the nodes, ms',
    most: 'the same to 95 % of them, ms',
    orphanRate: 'of the blocks found, those that are not on the chain',
    inclusionMs: 'median time of a transaction until a block of the chain holds it, ms',
    transactions: 'on the chain',
    heads: 'that the nodes have in the end: more than one when the last blocks are on the same height',
  },
  engines: ['pow'],
  cells: (size: Size): readonly Row[] =>
    size === 'full'
      ? [1, 2, 4, 8, 16, 32, 100, 1_000].map(nodes => ({ nodes, blocks: 1_000 }))
      : [1, 4, 32].map(nodes => ({ nodes, blocks: 50 })),
  run: runNetwork,
  draw: rows => [
    growth(rows, {
      of: 'nodes',
      name: 'scale-simulated-bytes',
      caption: 'Kilobytes on all links together of a block and of a put.',
      title: 'kB',
      columns: { kilobytesPerBlock: 'a block', kilobytesPerTransaction: 'a put' },
    }),
    growth(rows, {
      of: 'nodes',
      name: 'scale-simulated-time',
      caption: 'Time of a block to half of the nodes and to 95 % of them, and of a put to its inclusion.',
      title: 'ms',
      columns: { half: 'block to 50 %', most: 'block to 95 %', inclusionMs: 'put to inclusion' },
    }),
  ],
  findings,
  conclusion: [
    '- A thousand nodes cost each of them what six neighbours cost; the sum grows as the nodes, for each of them keeps everything.',
    '- With blocks of ten seconds the world is small enough: the orphans stay where one expects them from the time to spread.',
    '- Of the nodes the engine, the blocks, the transactions and their signatures are real; executing the transactions is left out, and so are bandwidth and lost packets. Whole nodes,',
    '  with faults and checks, are what the simulator (../simulator.md) runs: some ten of them.',
  ].join('\n'),
};

function findings(rows: readonly Row[]): string {
  const [first, last] = [rows[0], rows.at(-1)];
  if (first === undefined || last === undefined) return 'Nothing was run.';
  const perNode = numberIn(last, 'kilobytesPerBlock') / numberIn(last, 'nodes');
  return [
    `With ${numberIn(last, 'nodes')} nodes:`,
    '',
    `- a block costs ${threeDigits(numberIn(last, 'kilobytesPerBlock'))} kB on all links, ${threeDigits(perNode)} kB a node; a put ${threeDigits(numberIn(last, 'kilobytesPerTransaction'))} kB.`,
    `- a block is with half of the nodes after ${threeDigits(numberIn(last, 'half'))} ms and with 95 % after ${threeDigits(numberIn(last, 'most'))} ms.`,
    `- orphans are ${threeDigits(100 * numberIn(last, 'orphanRate'))} % of the blocks found, where one node alone has ${threeDigits(100 * numberIn(first, 'orphanRate'))} %.`,
    `- a put is on the chain after ${threeDigits(numberIn(last, 'inclusionMs'))} ms at the median, with one node after ${threeDigits(numberIn(first, 'inclusionMs'))} ms.`,
  ].join('\n');
}
