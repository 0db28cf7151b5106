/** How many puts a second members of paxos agree on, and how long each takes, against the number of clients and the size of a block. */
import { inFolder } from '../bench/folder.ts';
import { PaxosNetwork } from '../bench/paxos-network.ts';
import { loadPuts } from '../bench/put-load.ts';
import { type Drawing, type Experiment, numberIn, type Row, type Size } from './experiment.ts';
import { threeDigits } from './growth.ts';

const members = 5;
const valueBytes = 100;
const times = { full: { warmMs: 1_500, loadMs: 5_000 }, quick: { warmMs: 500, loadMs: 1_000 } };
/** Puts in a block at most: strictly one, some, and what a genesis has by default. */
const blockSizes = [1, 16, 8_000];

export const paxosThroughput: Experiment = {
  name: 'paxos-throughput',
  title: 'Puts of paxos: clients and the size of a block',
  expected: [
    `${members} members, real daemons on one machine whose cores they share with the load. Each client has a connection to the leader and puts one key of ${valueBytes} bytes after the other; a put is signed beforehand, and answered when`,
    'a majority holds its block on disk and the leader has executed it. After some seconds that are not counted, since a young process compiles, one load is measured.',
    '',
    'One client waits for one block after the other: a round to the members and a write to the disk each. More clients share blocks, since all puts that came while a block was under way go into the next one:',
    'the rate grows nearly as the number of clients, and the time of a put hardly, until a core is busy with calls, signatures and execution. From there the rate stays and the time grows as the clients.',
    'A block of one put (`strict`, as in the [classroom](../../classroom.md)) shares nothing: its rate stays near that of a single client, and the time grows as the clients from the start.',
  ].join('\n'),
  columns: {
    members: 'members, all of which vote',
    blockPuts: 'puts in a block at most',
    clients: 'connections to the leader, each with one put at a time',
    loadMs: 'time of the load',
    puts: 'answered as included',
    perSecond: 'puts a second',
    p50: 'median of a put, ms',
    p99: '99th percentile, ms',
  },
  engines: ['paxos'],
  cells: (size: Size): readonly Row[] => {
    const clients = size === 'full' ? [1, 2, 4, 8, 16, 32, 64, 128] : [1, 16];
    const sizes = size === 'full' ? blockSizes : [1, 8_000];
    const { loadMs } = times[size];
    return sizes.flatMap(blockPuts => clients.map(count => ({ members, blockPuts, clients: count, loadMs })));
  },
  run: cell =>
    inFolder(async folder => {
      const store = await PaxosNetwork.start(members, folder, numberIn(cell, 'blockPuts'));
      try {
        return await measure(store, cell);
      } finally {
        await store.stop();
      }
    }),
  draw: rows => [
    lines(rows, { name: 'paxos-throughput', column: 'perSecond', title: 'puts a second' }),
    lines(rows, { name: 'paxos-throughput-time', column: 'p50', title: 'median time of a put, ms' }),
  ],
  findings: rows =>
    [...new Set(rows.map(row => numberIn(row, 'blockPuts')))]
      .map(blockPuts => {
        const own = rows.filter(row => row.blockPuts === blockPuts);
        const said = [own[0], own.at(-1)].map(row => (row === undefined ? '' : sentenceOf(row)));
        return `- blocks of at most ${blockPuts}: ${[...new Set(said)].join('; ')}.`;
      })
      .join('\n'),
  conclusion: [
    '- Batching is what makes a replicated log fast: the round to the majority and the write to the disk are paid once for all puts that wait.',
    '- Blocks of one put are for people who want to see each of them. Whoever wants speed leaves the size alone.',
    '- The time of a put under little load is mostly the work of the members for a block, not their round: here all of them share two cores.',
  ].join('\n'),
};

async function measure(store: PaxosNetwork, cell: Row): Promise<Row> {
  const { warmMs } = numberIn(cell, 'loadMs') === times.full.loadMs ? times.full : times.quick;
  const connections = numberIn(cell, 'clients');
  await loadPuts(store, { connections, durationMs: warmMs, valueBytes });
  const durationMs = numberIn(cell, 'loadMs');
  const { answers, perSecond, p50, p99 } = await loadPuts(store, { connections, durationMs, valueBytes });
  return { puts: answers, perSecond, p50, p99 };
}

interface Lines {
  readonly name: string;
  readonly column: string;
  readonly title: string;
}

function lines(rows: readonly Row[], { name, column, title }: Lines): Drawing {
  const scale = { type: 'log' } as const;
  return {
    name,
    caption: `${title} against the number of clients, a line a size of blocks.`,
    spec: {
      width: 480,
      height: 260,
      data: { values: rows.map(row => ({ ...row, blocks: `at most ${row.blockPuts} a block` })) },
      mark: { type: 'line', point: true },
      encoding: {
        x: { field: 'clients', type: 'quantitative', scale: { ...scale, base: 2 }, title: 'clients' },
        y: { field: column, type: 'quantitative', scale, title },
        color: { field: 'blocks', type: 'nominal', title: null, sort: null },
      },
    },
  };
}

function sentenceOf(row: Row): string {
  const [perSecond, p50] = ['perSecond', 'p50'].map(column => threeDigits(numberIn(row, column)));
  return `${perSecond} puts/s with ${row.clients} clients, ${p50} ms each at the median`;
}
