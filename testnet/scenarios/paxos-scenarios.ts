/**
 * The assignment's "Test scenarios" and "Failure scenarios" on real daemons of a classroom, one row a clause: operations that follow each
 * other and that are concurrent, several leaders at once, servers that fail and come back, a leader that dies between the votes and the
 * decision, links that fail, partitions, and a nonce that takes too long. What clients were told is judged as the history of registers.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { checkLinearizability } from '../linearizability/check.ts';
import type { RunningNetwork } from '../networks/network.ts';
import { type NetworkPlan, planOf } from '../networks/network-file.ts';
import { until } from '../until.ts';
import { clientOf, inLaboratory } from './laboratory.ts';
import { RecordedClient } from './paxos-clients.ts';
import { duplicatesIn, equalNow, standingsAtOneHead } from './paxos-judge.ts';

export interface ScenarioRow {
  readonly scenario: string;
  /** Servers whose chain was the longest one before anything was mended. */
  readonly blocksEqualOn: number;
  /** Servers with one chain at the end. */
  readonly afterHealEqualOn: number;
  readonly kvEqual: boolean;
  /** Operations that stand on the chain more than once. */
  readonly duplicates: number;
  readonly linearizable: boolean;
}

const servers = 5;
const delayMs = 30;
/** A predicate that takes 120,000 trials, a second or so of a core. */
const slowDigits = 7;
/** No reply comes meanwhile where a majority is missing. */
const silenceMs = 3_000;
const waitMs = 60_000;
/** The leader of most scenarios dies here on a signal: a majority has accepted, and it is about to apply the block. */
const beforeDecision = 'SIGUSR2, before ledger-step 1';
/** Of what the leader sends, so that nobody hears of the decision before it is dead. */
const heldBackMs = 2_000;

/** What a scenario plays with. */
interface Stage {
  readonly network: RunningNetwork;
  readonly clients: readonly [RecordedClient, RecordedClient, RecordedClient];
  /** Begins every key. */
  readonly name: string;
}

interface Scenario {
  readonly name: string;
  /** Ends with the fault still there. */
  play(stage: Stage): Promise<void>;
  /** Takes the fault away. */
  mend?(stage: Stage): Promise<void>;
}

/** Plays all of them, each row told as soon as it stands. */
export async function paxosScenarios(tell: (row: ScenarioRow) => void): Promise<readonly ScenarioRow[]> {
  const nodes = Array.from({ length: servers }, (_, index) => (index === 0 ? { failpoint: beforeDecision } : {}));
  const classroom = { engine: 'paxos', classroom: true, delayMs };
  const quick = planOf({ ...classroom, name: 'classroom', nodes });
  const slow = planOf({ ...classroom, name: 'slow-nonce', nonceDigits: slowDigits });
  return [...(await playAll(quick, scenarios, tell)), ...(await playAll(slow, [slowNonce], tell))];
}

function playAll(
  plan: NetworkPlan,
  all: readonly Scenario[],
  tell: (row: ScenarioRow) => void,
): Promise<readonly ScenarioRow[]> {
  return inLaboratory(plan, async (network, signal) => {
    const times = { delayMs, timeoutMs: plan.intervalMs };
    const client = (name: string) => new RecordedClient(name, network, times, signal);
    const rows: ScenarioRow[] = [];
    await lead(network, 0);
    for (const scenario of all) {
      const stage: Stage = { network, clients: [client('C1'), client('C2'), client('C3')], name: scenario.name };
      const row = await playOne(scenario, stage);
      rows.push(row);
      tell(row);
    }
    return rows;
  });
}

async function playOne(scenario: Scenario, stage: Stage): Promise<ScenarioRow> {
  const { network, clients } = stage;
  await scenario.play(stage);
  const blocksEqualOn = await equalNow(network);
  await scenario.mend?.(stage);
  // Nothing more is proposed: who was away hears what it missed from those that it meets again.
  const standings = await standingsAtOneHead(network);
  const [first] = standings;
  const history = clients.flatMap(client => client.history);
  return {
    scenario: stage.name,
    blocksEqualOn,
    afterHealEqualOn: standings.length,
    kvEqual: new Set(standings.map(({ store }) => store)).size === 1,
    duplicates: first === undefined ? 0 : duplicatesIn(first),
    linearizable: checkLinearizability(history).type === 'linearizable',
  };
}

const scenarios: readonly Scenario[] = [
  {
    name: 'sequential',
    play: async ({ clients, name }) => {
      for (const [turn, client] of clients.entries()) {
        client.turnTo(`P${turn + 1}`);
        await client.put(`${name}/a`, `by ${client.name}`);
        await client.get(`${name}/a`);
      }
    },
  },
  { name: 'concurrent', play: ({ clients, name }) => contend(clients, name) },
  {
    name: 'several-leaders',
    play: async ({ network, clients, name }) => {
      const operating = contend(clients, name);
      for (let round = 0; round < 3; round++) {
        await Promise.all([0, 2, 4].map(index => lead(network, index)));
        await pause(4 * delayMs);
      }
      await operating;
    },
  },
  failed('one-failed', [4]),
  failed('two-failed', [3, 4]),
  threeFailed(),
  {
    name: 'leader-dies-before-decide',
    play: async ({ network, clients: [client], name }) => {
      await lead(network, 0);
      client.turnTo('P1');
      await client.put(`${name}/a`, 'before');
      for (const to of [1, 2, 3, 4]) await network.delay(0, to, heldBackMs);
      const leader = network.member(0);
      leader.arm();
      const replied = client.put(`${name}/a`, 'accepted by a majority');
      await until('the leader to die', waitMs, async () => !leader.isRunning);
      await replied;
      await client.get(`${name}/a`);
    },
    mend: async ({ network }) => {
      await network.heal();
      await restart(network, [0]);
    },
  },
  {
    name: 'links-one-by-one',
    play: async ({ network, clients, name }) => {
      const [client] = clients;
      for (const [one, other] of [
        [0, 1],
        [1, 2],
        [2, 3],
        [3, 4],
        [4, 0],
      ] as const) {
        const peer = network.member(other).peerId ?? '';
        await clientOf(network, one).call('net_failLink', { peer });
        await client.put(`${name}/a`, `without P${one + 1} - P${other + 1}`);
        await client.get(`${name}/a`);
        await clientOf(network, one).call('net_fixLink', { peer });
      }
    },
    mend: ({ network }) => untilLinked(network),
  },
  partitioned('partition-2-3', [
    [0, 1],
    [2, 3, 4],
  ]),
  partitioned('partition-3-2', [
    [0, 1, 2],
    [3, 4],
  ]),
];

/** A harder predicate: while a leader searches, another one is asked for; the search ends, and each depth has one block, each operation one reply. */
const slowNonce: Scenario = {
  name: 'slow-nonce',
  play: async ({ network, clients: [client], name }) => {
    client.turnTo('P1');
    const replied = client.put(`${name}/a`, 'found at last');
    await pause(10 * delayMs);
    await lead(network, 1);
    await until('another leader', waitMs, async () => (await leaderOf(network, 1)) === 'P2');
    await replied;
    await client.get(`${name}/a`);
  },
};

/** Servers die, the others go on, and they come back. */
function failed(name: string, members: readonly number[]): Scenario {
  return {
    name,
    play: async ({ network, clients }) => {
      await kill(network, members);
      await contend(clients, name);
    },
    mend: ({ network }) => restart(network, members),
  };
}

/** With three of five down nothing is decided and nobody gets a reply; the operation that waits is carried out when they are back. */
function threeFailed(): Scenario {
  let waiting: Promise<unknown> = Promise.resolve();
  return {
    name: 'three-failed',
    play: async ({ network, clients: [client], name }) => {
      await lead(network, 0);
      await kill(network, [2, 3, 4]);
      const heights = await heightsOf(network, [0, 1]);
      waiting = client.put(`${name}/a`, 'needs a majority');
      if ((await Promise.race([waiting, pause(silenceMs, 'no reply')])) !== 'no reply')
        throw new Error('two servers of five gave a reply');
      const after = await heightsOf(network, [0, 1]);
      if (String(after) !== String(heights)) throw new Error(`two servers of five decided: ${heights}, then ${after}`);
    },
    mend: async ({ network, clients: [client], name }) => {
      await restart(network, [2, 3, 4]);
      await waiting;
      await client.get(`${name}/a`);
    },
  };
}

/** The larger side goes on, the smaller one gives no reply until the network is one again. */
function partitioned(name: string, groups: readonly [readonly number[], readonly number[]]): Scenario {
  const [larger = [], smaller = []] = groups.toSorted((a, b) => b.length - a.length);
  return {
    name,
    play: async ({ network, clients: [client, other] }) => {
      await lead(network, smaller[0] ?? 0);
      await network.partition(groups);
      await lead(network, larger[0] ?? 0);
      const at = (index: number) => network.member(index).name;
      client.turnTo(at(larger[0] ?? 0));
      await client.put(`${name}/a`, 'by the larger side');
      await client.get(`${name}/a`);
      const [before] = await heightsOf(network, smaller);
      await clientOf(network, smaller[0] ?? 0).call('consensus_lead', {});
      await pause(silenceMs / 2);
      const [after] = await heightsOf(network, smaller);
      if (before !== after) throw new Error(`the smaller side decided: ${before}, then ${after}`);
      other.turnTo(at(larger[0] ?? 0));
      await other.put(`${name}/b`, 'by another one');
    },
    mend: async ({ network }) => {
      await network.heal();
      await untilLinked(network);
    },
  };
}

/** All at once put and get the same two keys. */
async function contend(clients: Stage['clients'], name: string): Promise<void> {
  await Promise.all(
    clients.map(async client => {
      for (const key of [`${name}/a`, `${name}/b`]) {
        await client.put(key, `by ${client.name}`);
        await client.get(key);
      }
    }),
  );
}

async function lead(network: RunningNetwork, index: number): Promise<void> {
  await clientOf(network, index).call('consensus_lead', {});
}

async function leaderOf(network: RunningNetwork, index: number): Promise<string | null> {
  return (await clientOf(network, index).call('consensus_status', {})).leader;
}

async function kill(network: RunningNetwork, members: readonly number[]): Promise<void> {
  await Promise.all(members.map(index => network.member(index).kill()));
}

async function restart(network: RunningNetwork, members: readonly number[]): Promise<void> {
  for (const index of members) await network.restart(index);
  await untilLinked(network);
}

/** Every server is connected to every other one. */
async function untilLinked({ members }: RunningNetwork): Promise<void> {
  await until('all links', waitMs, async () => {
    const counts = await Promise.all(
      members.map(async ({ client }) => (await client?.call('net_info', {}))?.peers ?? 0),
    );
    return counts.every(count => count === members.length - 1);
  });
}

async function heightsOf(network: RunningNetwork, members: readonly number[]): Promise<readonly number[]> {
  return Promise.all(members.map(async index => (await clientOf(network, index).call('chain_status', {})).height));
}
