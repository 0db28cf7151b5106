/** How long members of paxos give no service after their leader was killed, against the time after which they miss it. */
import { setTimeout as pause } from 'node:timers/promises';
import { newSecret } from '../../daemon/keystore/keystore.ts';
import type { KvchainClient } from '../../daemon/rpc/client.ts';
import { percentilesOf } from '../demo/percentiles.ts';
import type { RunningNetwork } from '../networks/network.ts';
import { planOf } from '../networks/network-file.ts';
import { inLaboratory } from '../scenarios/laboratory.ts';
import { until } from '../until.ts';
import { type Experiment, numberIn, type Row, type Size } from './experiment.ts';

const members = 5;
/** After a refusal. */
const askAgainMs = 20;
const serviceMs = 60_000;
/** After a member came back, before the next leader is killed, in election time-outs. */
const settleElections = 3;

export const paxosFailover: Experiment = {
  name: 'paxos-failover',
  title: 'The leader of paxos dies',
  expected: [
    `${members} members, real daemons on one machine. The leader is killed (SIGKILL), and a client puts a key at every member that is left, again ${askAgainMs} ms after a refusal, until one of them answers that a block holds it. The killed one is`,
    'started again, and the next leader is killed.',
    '',
    'A follower that hears nothing for `E` to `2 E`, drawn by chance, stands for election, `E` being the interval of the genesis (`targetMs`). The leader told of itself up to `E / 4` before it died. The first of four followers',
    'stands after `E + E / 5` in the mean; then come two rounds, the election and the block, which take milliseconds here. Two that stand at one moment disturb each other: then it takes another',
    'time-out, longer each time. So the median is expected near `1.2 E`, some of it less for the silence before the kill, and a tail at `2 E` and more.',
  ].join('\n'),
  columns: {
    members: 'members, all of which vote',
    electionMs: '`E`, ms',
    kills: 'leaders killed, one after the other',
    p50: 'median time without service, ms',
    min: 'shortest, ms',
    max: 'longest, ms',
    elections: 'p50 / electionMs',
  },
  series: { all: 'each time without service, in the order of the kills, ms' },
  engines: ['paxos'],
  cells: (size: Size): readonly Row[] => {
    const kills = size === 'full' ? 15 : 2;
    const elections = size === 'full' ? [250, 300, 500, 1_000, 2_000] : [300];
    return elections.map(electionMs => ({ members, electionMs, kills }));
  },
  run: cell => {
    const intervalMs = numberIn(cell, 'electionMs');
    return inLaboratory(planOf({ name: 'failover', engine: 'paxos', intervalMs, nodes: members }), async network => {
      const all: number[] = [];
      for (let kill = 0; kill < numberIn(cell, 'kills'); kill++) {
        all.push(await failOver(network, `failover/${kill}`));
        for (const { index, isRunning } of network.members) if (!isRunning) await network.restart(index);
        await pause(settleElections * intervalMs);
      }
      const { p50 } = percentilesOf(all);
      const rounded = all.map(Math.round);
      return {
        p50,
        min: Math.min(...all),
        max: Math.max(...all),
        elections: p50 / intervalMs,
        all: rounded.map(ms => `${ms} ms`).join(', '),
      };
    });
  },
  draw: rows => [
    {
      name: 'paxos-failover',
      caption:
        'Time without service after the leader was killed: the median (filled), from the shortest to the longest. The grey line is one election time-out.',
      spec: {
        width: 480,
        height: 260,
        data: { values: rows.map(row => ({ ...row })) },
        encoding: { x: { field: 'electionMs', type: 'quantitative', title: 'election time-out E, ms' } },
        layer: [
          { mark: { type: 'line', color: '#bbbbbb' }, encoding: { y: { field: 'electionMs', type: 'quantitative' } } },
          {
            mark: { type: 'rule', strokeWidth: 2 },
            encoding: { y: { field: 'min', type: 'quantitative', title: 'without service, ms' }, y2: { field: 'max' } },
          },
          {
            mark: { type: 'point', filled: true, size: 60, opacity: 1 },
            encoding: { y: { field: 'p50', type: 'quantitative' } },
          },
        ],
      },
    },
  ],
  findings: rows =>
    rows
      .map(row => {
        const [p50, min, max] = ['p50', 'min', 'max'].map(column => Math.round(numberIn(row, column)));
        return `- E = ${row.electionMs} ms: ${p50} ms at the median of ${row.kills} kills (${numberIn(row, 'elections').toFixed(1)} E), ${min} to ${max} ms.`;
      })
      .join('\n'),
  conclusion: [
    '- The time without service is the election time-out and little else. Whoever wants it shorter makes `targetMs` shorter, down to some ten round trips between the members:',
    '  below that members take a slow leader for a dead one, and every needless election is a moment without service, too.',
    '- Nothing that was acknowledged is lost meanwhile, and nothing is decided twice: time-outs decide when somebody stands, and never what is decided.',
  ].join('\n'),
};

/** Milliseconds from the death of the leader until a put is acknowledged again. */
async function failOver(network: RunningNetwork, key: string): Promise<number> {
  const leader = await until('a leader', serviceMs, () => network.leader());
  await leader.kill();
  const began = performance.now();
  await firstPut(
    network.members.flatMap(({ client }) => client ?? []),
    key,
  );
  return performance.now() - began;
}

/** Resolves when one of the members tells that a block holds a put. Error thrown when none does in time. */
async function firstPut(clients: readonly KvchainClient[], key: string): Promise<void> {
  const answered = new AbortController();
  const signal = AbortSignal.any([answered.signal, AbortSignal.timeout(serviceMs)]);
  await Promise.any(clients.map((client, index) => putUntilIncluded(client, `${key}/${index}`, signal)));
  answered.abort();
}

async function putUntilIncluded(client: KvchainClient, key: string, signal: AbortSignal): Promise<void> {
  const signer = { secretKey: newSecret() };
  let refusal: unknown = null;
  while (!signal.aborted) {
    try {
      const state = await client.put(key, 'again', { signer, signal });
      if (state.status === 'included') return;
    } catch (error) {
      if (!signal.aborted) refusal = error;
    }
    await pause(askAgainMs);
  }
  throw new Error(`no put was acknowledged for ${serviceMs} ms after the leader was killed`, { cause: refusal });
}
