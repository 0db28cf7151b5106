/** What one more daemon costs: broadcast, puts, gets and agreement on networks of 1 to 32 real daemons. */
import { engineNames } from '../../consensus/registry.ts';
import { type Experiment, numberIn, type Row, type Size } from './experiment.ts';
import { growth, threeDigits } from './growth.ts';
import { runScale } from './scale-run.ts';

const targetMs = 2_000;

export const scale: Experiment = {
  name: 'scale',
  title: 'Scale',
  expected: [
    'All daemons run on one machine, so what grows with their number is the work of its cores; on machines of their own each would have its own.',
    '',
    '- *Broadcast*: each daemon hears of a block from some of its peers and asks for what it does not have, so the bytes of a block grow as the number of daemons, and the packets, which',
    '  also carry announcements and heartbeats between neighbours, grow faster until the neighbourhood is full (8 outbound peers; gossip has 6 to 12 neighbours), then in proportion.',
    '  The time to spread grows by the number of hops, its logarithm, as long as there is a processor for each.',
    '- *Puts*: every daemon executes every put: on shared cores the rate falls as one over the number. It would stay the same with a machine for each; it never grows.',
    '- *Gets*: any daemon answers alone; here all of them share the cores, so the sum stays the same.',
    '- *Agreement*: the time to inclusion is the wait for a block, whatever their number; orphans grow with the time to spread over the interval.',
  ].join('\n'),
  columns: {
    engine: 'how the daemons agree',
    nodes: 'daemons, each linked to others as they find them',
    targetMs: 'interval between blocks',
    kilobytesPerBlock:
      'an empty block on all links together with everything else that is said meanwhile, kB with the headers of TCP and IP',
    packetsPerBlock: 'the same in packets',
    kilobytesPerPut: 'a put of 220 bytes on all links together, its call (1 kB) included, kB',
    half: 'median time from the first daemon that applied a block to half of them, ms',
    most: 'the same to 95 % of them, ms',
    inclusionMs: 'median time of a put until a block holds it, ms',
    getsPerSecond: 'of up to four daemons together',
    putsPerSecond: 'included everywhere, submitted to up to four daemons',
    orphanRate: 'of the blocks found, those that are not on the chain',
    roots: 'distinct state roots at the end',
  },
  engines: engineNames,
  cells: (size: Size, engine): readonly Row[] =>
    (size === 'full' ? [1, 2, 4, 8, 16, 32] : [1, 3]).map(nodes => ({ engine, nodes, targetMs })),
  run: runScale,
  draw: rows => [
    growth(rows, {
      of: 'daemons',
      name: 'scale-broadcast',
      caption: 'Kilobytes on all links together, of an empty block and of a put.',
      title: 'kB',
      columns: { kilobytesPerBlock: 'a block', kilobytesPerPut: 'a put' },
    }),
    growth(rows, {
      of: 'daemons',
      name: 'scale-time',
      caption: 'Time of a block to half of the daemons and to 95 % of them, and of a put to its inclusion.',
      title: 'ms',
      columns: { half: 'block to 50 %', most: 'block to 95 %', inclusionMs: 'put to inclusion' },
    }),
    growth(rows, {
      of: 'daemons',
      name: 'scale-rates',
      caption: 'Puts and gets a second; all daemons share the cores of one machine.',
      title: 'a second',
      columns: { putsPerSecond: 'puts', getsPerSecond: 'gets' },
    }),
  ],
  findings: rows => {
    const [first, last] = [rows[0], rows.at(-1)];
    if (first === undefined || last === undefined) return 'Nothing was run.';
    const from = (column: string) =>
      `${threeDigits(numberIn(first, column))} to ${threeDigits(numberIn(last, column))}`;
    const many = `${numberIn(first, 'nodes')} to ${numberIn(last, 'nodes')} daemons`;
    return [
      `From ${many}:`,
      '',
      `- a put costs ${from('kilobytesPerPut')} kB on all links; that is ${threeDigits(numberIn(last, 'kilobytesPerPut') / numberIn(last, 'nodes'))} kB a daemon at the larger size.`,
      `- a block takes ${from('most')} ms to 95 % of them, and a put is included after ${from('inclusionMs')} ms at the median.`,
      `- puts ${from('putsPerSecond')} a second, gets ${from('getsPerSecond')} a second.`,
      `- orphans ${from('orphanRate')} of the blocks found. State roots at the end: ${Math.max(...rows.map(row => numberIn(row, 'roots')))}.`,
    ].join('\n');
  },
  conclusion: [
    '- More daemons give more readers and more faults that are survived, not more puts: that is what full replication means.',
    '- The network itself is not the limit: what a daemon receives of a put does not grow with their number.',
  ].join('\n'),
};
