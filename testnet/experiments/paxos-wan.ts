/**
 * How long a put takes where the members of paxos stand in regions of the world: whole nodes in virtual time, beside what the delays
 * between the regions alone say.
 */
import { oneWayMs, regionNames } from '../sim/regions.ts';
import { type Experiment, numberIn, type Row, type Size } from './experiment.ts';
import { clientWayMs, measurePuts, type WanNetwork } from './paxos-wan-run.ts';
import { mean } from './statistics.ts';

/** Where five members stand, as operators would choose: three in one country, two far away. */
const five: readonly string[] = ['us-east-1', 'us-west-1', 'us-west-2', 'eu-west-1', 'ap-northeast-1'];
const leaderOfAll = 'us-east-1';
/** Some of them put while a block is under way. */
const manyClients = 32;
/** Of the prediction; what a measured median may be away from it. */
const tolerance = 0.05;

export const paxosWan: Experiment = {
  name: 'paxos-wan',
  title: 'Puts of paxos around the world',
  expected: [
    'Members of `paxos` stand in regions of one cloud, whose round trips were measured (`testnet/sim/regions.ts`); half of a round trip is the way in one direction. Whole nodes run in virtual time, with',
    `real codec and signatures; computing and disks take no time, and nothing is lost. Clients stand beside a member, ${clientWayMs} ms away in each direction. Each puts one key after the other, with 1 to 2 s between them.`,
    '',
    'The member passes the put on to the leader; the leader asks all for their vote and waits for a majority, itself included; then it tells the member, which answers. So a put takes',
    '',
    '    client <-> member   +   member <-> leader   +   leader <-> the farthest of its nearest majority',
    '',
    'round trips each. Nothing else is expected: the leader proposes as soon as a put is there, the block travels with the question for the vote, and the decision is told at once; to another member it is 2 ms later,',
    'as a message of its own waits so long for one that tells it anyway.',
    `${manyClients} clients make more puts than there are round trips; they do not wait for each other, as the leader builds on blocks that are under way, 20 ms after the one before.`,
    `A cell agrees with the prediction when its median is within ${100 * tolerance} % of it.`,
  ].join('\n'),
  columns: {
    members: 'members, a region each: five, or all thirteen regions',
    leader: 'where the leader stands',
    client: 'where the clients and their member stand',
    clients: 'who put at the same time',
    puts: 'of each, one after the other',
    p50: 'median from the client to the client, ms',
    p99: '99th percentile, ms',
    expected: 'the three round trips, ms',
    offPercent: 'from expected to p50, percent',
  },
  engines: ['paxos'],
  cells,
  run: async (cell, chance) => {
    const network = networkOf(cell);
    const load = { clients: numberIn(cell, 'clients'), puts: numberIn(cell, 'puts') };
    const { p50, p99 } = await measurePuts(network, load, chance);
    const expected = paxosPutMs(network);
    return { p50, p99, expected, offPercent: (100 * (p50 - expected)) / expected };
  },
  draw: rows => [
    {
      name: 'paxos-wan',
      caption:
        'Median of a put (bar) beside the prediction (black line), by the region of the client; a picture a leader.',
      spec: {
        data: { values: rows.map(row => ({ ...row, of: titleOf(row) })) },
        facet: { field: 'of', type: 'nominal', title: null, sort: null },
        columns: 2,
        spec: {
          width: 240,
          height: { step: 16 },
          encoding: { y: { field: 'client', type: 'nominal', title: null, sort: null } },
          layer: [
            { mark: { type: 'bar' }, encoding: { x: { field: 'p50', type: 'quantitative', title: 'a put, ms' } } },
            {
              mark: { type: 'tick', color: 'black', thickness: 2 },
              encoding: { x: { field: 'expected', type: 'quantitative' } },
            },
          ],
        },
        resolve: { scale: { y: 'independent' } },
      },
    },
  ],
  findings,
  conclusion: [
    '- One crossing to the leader and back, and one to the nearest majority and back, is all that a put costs: where the leader stands matters more than how many members there are.',
    '- A leader in the middle of the members, near most of the clients, is worth more than a faster machine. `kvchain` lets an operator choose: `consensus_lead`.',
    '- A client far from the leader pays the way to it whichever member it asks. An order without a leader would save that way and nothing else.',
    '- More members make the majority larger and so farther, and survive more crashes.',
  ].join('\n'),
};

function cells(size: Size): readonly Row[] {
  const puts = size === 'full' ? 30 : 10;
  const leaders = size === 'full' ? five : five.slice(0, 1);
  const ofFive = leaders.flatMap(leader => five.map(client => ({ members: 5, leader, client, clients: 1, puts })));
  const ofMany = leaders.map(leader => ({ members: 5, leader, client: leader, clients: manyClients, puts }));
  if (size === 'quick') return [...ofFive, ...ofMany];
  return [
    ...ofFive,
    ...ofMany,
    ...regionNames.map(client => ({ members: regionNames.length, leader: leaderOfAll, client, clients: 1, puts })),
  ];
}

function titleOf({ members, leader, clients }: Row): string {
  return `${members} members, leader ${leader}${clients === 1 ? '' : `, ${clients} clients there`}`;
}

function networkOf(cell: Row): WanNetwork {
  const members = numberIn(cell, 'members') === five.length ? five : regionNames;
  return {
    regions: members.map(regionOf),
    leader: regionOf(String(cell.leader)),
    client: regionOf(String(cell.client)),
  };
}

function regionOf(name: string): number {
  return regionNames.indexOf(name);
}

/** What a put takes by the delays alone (PROTOCOLS 9): to the member, to the leader, to its nearest majority, each there and back. */
function paxosPutMs({ regions, leader, client }: WanNetwork): number {
  const roundTripMs = (from: number, to: number) => 2 * oneWayMs(from, to);
  const others = regions.filter(region => region !== leader).map(region => roundTripMs(leader, region));
  const majorityMs = others.toSorted((a, b) => a - b)[Math.floor(regions.length / 2) - 1] ?? 0;
  return 2 * clientWayMs + (client === leader ? 0 : roundTripMs(client, leader)) + majorityMs;
}

function findings(rows: readonly Row[]): string {
  const off = rows.map(row => Math.abs(numberIn(row, 'offPercent')));
  const within = off.filter(percent => percent <= 100 * tolerance).length;
  const lines = [...new Set(rows.map(titleOf))].map(name => {
    const own = rows.filter(row => titleOf(row) === name);
    const [measured, expected] = ['p50', 'expected'].map(column => mean(own.map(row => numberIn(row, column))));
    return `- ${name}: ${measured?.toFixed(0)} ms in the mean of its clients, ${expected?.toFixed(0)} predicted.`;
  });
  return [
    `${within} of ${rows.length} cells are within ${100 * tolerance} % of the prediction; the farthest is ${Math.max(0, ...off).toFixed(1)} % away.`,
    '',
    ...lines,
  ].join('\n');
}
