/** How fast keys are put: as many as the daemons take (`put-rate`), and one after the other (`put-latency`), at best, as usual and at worst. */
import { engineNames } from '../../consensus/registry.ts';
import type { Experiment, Row } from './experiment.ts';
import { putCases, waitForBlockMs } from './put-cases.ts';
import { runPutLatency, runPutRate } from './put-run.ts';
import { comparedWithUsual, type Grid, gridCells, intervalMs, latencyDrawing, rateDrawing } from './rate-cells.ts';

const parameters = {
  engine: 'how the daemons agree',
  case: Object.entries(putCases)
    .map(([name, { meaning }]) => `*${name}*: ${meaning}`)
    .join('; '),
  nodes: 'daemons, all with the same part of the puts',
  clients: 'connections, shared among the daemons, each with one call at a time',
  valueBytes: 'of each value',
  keys: 'in the store before',
};

const variations = {
  case: ['many in one', 'same keys', 'full mempool', 'reorg'],
  valueBytes: [10_000, 10, 1_000],
  keys: [100_000, 10],
  nodes: [2, 4],
};
const needs = { 'case reorg': { nodes: 2 } };

function gridOf(engine: string, clients: number): Grid {
  const usual = { engine, case: 'usual', nodes: 1, clients, valueBytes: 100, keys: 1_000 };
  return { usual, variations: { ...variations, clients: [1, 64].filter(count => count !== clients) }, needs };
}

const worst = [
  'The worst cases are made on purpose: a mempool that is full of what others sent before, large values, histories that grow, a reorganisation in the middle, after which what was',
  'undone is executed again.',
].join('\n');

export const putRate: Experiment = {
  name: 'put-rate',
  title: 'Puts a second',
  expected: [
    'Every daemon checks, executes and stores every put, so more daemons do not make it faster: on machines of their own the rate stays, and here, where they share the cores of one machine, it falls as one',
    'over their number. A put costs a signature check (on a worker thread), the call, admission, gossip, execution, the state tree and the disk;',
    'many puts in one transaction share all but the last three. A block holds 8,000 transactions, so at two blocks a second the blocks are not the limit.',
    '',
    worst,
  ].join('\n'),
  columns: {
    ...parameters,
    puts: 'submitted in eight seconds, and included',
    perSecond: 'included, from the first submission until the last is included',
    acceptedPerSecond: 'taken into the mempool while they were submitted',
    p50: 'median of the answer that it is in the mempool, ms',
    p99: '99th percentile, ms',
  },
  engines: engineNames,
  cells: (size, engine): readonly Row[] => gridCells(gridOf(engine, 64), size),
  run: runPutRate,
  draw: rows => [rateDrawing('put-rate', rows, 'puts')],
  findings: rows => comparedWithUsual(rows, 'perSecond', 'puts/s'),
  conclusion: [
    '- Whoever has many keys to write puts them into few transactions: the calls, the signatures and the places in the mempool are what costs.',
    '- More daemons are for faults, not for speed. This is full replication: the work of all grows with their number, the throughput does not.',
  ].join('\n'),
};

export const putLatency: Experiment = {
  name: 'put-latency',
  title: 'Time of a put',
  expected: [
    `A put is answered when a block holds it. Blocks are found without memory, every ${intervalMs} ms in the mean, so the wait is exponential whenever one begins: the median`,
    `${Math.round(waitForBlockMs(0.5))} ms, the 90th percentile ${Math.round(waitForBlockMs(0.9))} ms. To this comes what the daemon needs to take the put, to mine on a template that has it, and to answer.`,
    'The number of clients, keys and daemons should not be seen as long as the processor has time. With an interval that is longer, all of it is longer in proportion.',
    '',
    worst,
  ].join('\n'),
  columns: {
    ...parameters,
    puts: 'answered in thirty seconds; all clients wait for the same blocks, some sixty',
    p50: 'median, ms',
    p90: '90th percentile, ms',
    max: 'the longest, ms',
  },
  engines: engineNames,
  cells: (size, engine): readonly Row[] => gridCells(gridOf(engine, 8), size),
  run: runPutLatency,
  draw: rows => [latencyDrawing(rows, { name: 'put-latency', what: 'time of a put', tail: 'p90' })],
  findings: rows => {
    const theory = [0.5, 0.9].map(share => Math.round(waitForBlockMs(share)));
    return [
      `The wait for a block alone: ${theory[0]} ms at the median, ${theory[1]} ms at the 90th percentile.`,
      '',
      comparedWithUsual(rows, 'p50', 'ms at the median'),
      '',
      comparedWithUsual(rows, 'p90', 'ms at the 90th percentile'),
    ].join('\n');
  },
  conclusion: [
    '- Under proof of work a put takes a block, whatever the machine; who must not see it undone waits for as many more as [the attacks](../double-spend/README.md) ask for.',
    '- The worst case is the queue: behind a full mempool a put waits for all that came before it, unless it pays a higher fee. A block takes thousands, so the queue is gone after a few',
    '  blocks, and what it cost stands in `max` and not in the median.',
    '- The usual put takes longer than the wait for a block alone: a daemon makes a template every 250 ms, and until the next one nobody mines on a block that has it.',
  ].join('\n'),
};
