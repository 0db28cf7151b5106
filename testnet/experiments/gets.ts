/** How fast keys are read: at once by many (`get-rate`), and one at a time (`get-latency`), as usual and at worst. */
import { engineNames } from '../../consensus/registry.ts';
import type { Experiment, Row } from './experiment.ts';
import { getCases } from './get-cases.ts';
import { runGets } from './get-run.ts';
import { comparedWithUsual, type Grid, gridCells, latencyDrawing, rateDrawing } from './rate-cells.ts';

const columns = {
  engine: 'how the daemons agree',
  case: Object.entries(getCases)
    .map(([name, { meaning }]) => `*${name}*: ${meaning}`)
    .join('; '),
  nodes: 'daemons, all asked at once',
  clients: 'connections, shared among the daemons, each with one get at a time',
  valueBytes: 'of each value',
  keys: 'in the store',
  answers: 'gets in five seconds (*cold cache*: one a key)',
  perSecond: 'of all daemons together',
  p50: 'median latency at the client, ms (of several daemons the slowest)',
  p99: '99th percentile, ms',
};

const variations = {
  case: ['no such key', 'old version', 'cold cache', 'beside puts', 'reorg'],
  valueBytes: [10_000, 10, 1_000, 60_000],
  keys: [10_000, 10, 100_000],
  nodes: [2, 4],
};
const needs: Grid['needs'] = { 'case reorg': { nodes: 2 }, 'case cold cache': { keys: 10_000 } };

function gridOf(engine: string, clients: number): Grid {
  const usual = { engine, case: 'usual', nodes: 1, clients, valueBytes: 100, keys: 1_000 };
  const others = [1, 8, 64, 128].filter(count => count !== clients);
  // One connection to each daemon at the least.
  const several = Object.fromEntries(
    variations.nodes.map(nodes => [`nodes ${nodes}`, { clients: Math.max(clients, nodes) }]),
  );
  return { usual, variations: { ...variations, clients: others }, needs: { ...needs, ...several } };
}

const theory = [
  'A get is answered by the daemon that is asked, from its own disk: two reads of LevelDB, a JSON document, HTTP. No other daemon is asked, so daemons on machines of their own',
  'add up; here all of them, and the clients, share the cores of one machine. A daemon answers on one thread: the rate is one over the time of a get on it, and with `c`',
  'clients each waits for `c` of these. The number of keys counts by its logarithm at most, and the bytes of a value by what it takes to write them.',
].join('\n');

const worst = [
  'The worst cases are made on purpose: keys that do not exist, versions of the past (which are found by height), a daemon whose caches are cold, blocks that are executed on',
  'the same thread meanwhile, and a reorganisation in the middle.',
].join('\n');

const conclusion = [
  '- A reader who needs more gets runs more daemons: reading needs no agreement. What it reads is as new as the daemon that it asks, and at no confirmations it may be undone.',
  '- The tail is made by blocks: what is executed on the thread that answers is waited for, in slices of ten milliseconds.',
].join('\n');

export const getRate: Experiment = {
  name: 'get-rate',
  title: 'Gets a second',
  expected: `${theory}\n\n${worst}`,
  columns,
  engines: engineNames,
  cells: (size, engine): readonly Row[] => gridCells(gridOf(engine, 64), size),
  run: runGets,
  draw: rows => [rateDrawing('get-rate', rows, 'gets')],
  findings: rows => comparedWithUsual(rows, 'perSecond', 'gets/s'),
  conclusion,
};

export const getLatency: Experiment = {
  name: 'get-latency',
  title: 'Time of a get',
  expected: `${theory}\n\n${worst}`,
  columns,
  engines: engineNames,
  cells: (size, engine): readonly Row[] => gridCells(gridOf(engine, 1), size),
  run: runGets,
  draw: rows => [latencyDrawing(rows, { name: 'get-latency', what: 'time of a get', tail: 'p99' })],
  findings: rows =>
    [
      comparedWithUsual(rows, 'p50', 'ms at the median'),
      '',
      comparedWithUsual(rows, 'p99', 'ms at the 99th percentile'),
    ].join('\n'),
  conclusion,
};
