/**
 * The stories of paxos-scenarios: the clauses of the assignment's "Test scenarios" and "Failure scenarios". Each is played by clients and
 * servers of one classroom, breaks something and mends it; what must not happen meanwhile is thrown as an error.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { RunningNetwork } from '../networks/network.ts';
import { until } from '../until.ts';
import { awaitedLater, clientOf } from './laboratory.ts';
import type { RecordedClient } from './paxos-clients.ts';

/** What every message takes. */
export const delayMs = 30;
/** No reply comes meanwhile where a majority is missing. */
const silenceMs = 3_000;
const waitMs = 60_000;
/** The leader of most scenarios dies here on a signal: a majority has accepted, and it is about to apply the block. */
export const beforeDecision = 'SIGUSR2, before ledger-step 1';
/** Of what the leader sends, so that nobody hears of the decision before it is dead; its client would ask another one to lead after 2 s. */
const heldBackMs = 500;

/** What a scenario plays with. */
export interface Stage {
  readonly network: RunningNetwork;
  readonly clients: readonly [RecordedClient, RecordedClient, RecordedClient];
  /** Begins every key. */
  readonly name: string;
}

export interface Scenario {
  readonly name: string;
  /** Ends with the fault still there. */
  play(stage: Stage): Promise<void>;
  /** Takes the fault away. */
  mend?(stage: Stage): Promise<void>;
}

export const scenarios: readonly Scenario[] = [
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
      const operating = awaitedLater(contend(clients, name));
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
      const { depth } = await client.put(`${name}/a`, 'before');
      for (const to of [1, 2, 3, 4]) await network.delay(0, to, heldBackMs);
      const leader = network.member(0);
      leader.arm();
      const replied = awaitedLater(client.put(`${name}/a`, 'accepted by a majority'));
      const accepted = await until('a proposal', waitMs, () => tipAt(network, 0, depth + 1));
      await until('the leader to die', waitMs, async () => !leader.isRunning);
      await replied;
      await until('the decision', waitMs, async () => ((await heightsOf(network, [1]))[0] ?? 0) > depth);
      const { header } = await clientOf(network, 1).call('chain_getBlock', { id: depth + 1 });
      if (header.hash !== accepted)
        throw new Error(`another block was decided at depth ${depth + 1} than a majority accepted`);
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
export const slowNonce: Scenario = {
  name: 'slow-nonce',
  play: async ({ network, clients: [client], name }) => {
    client.turnTo('P1');
    const replied = awaitedLater(client.put(`${name}/a`, 'found at last'));
    await pause(10 * delayMs);
    await untilLeading(network, 1);
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
      await untilLeading(network, 0);
      await kill(network, [2, 3, 4]);
      waiting = awaitedLater(client.put(`${name}/a`, 'needs a majority'));
      await untilSilent(network, [0, 1], waiting);
    },
    mend: async ({ network, clients: [client], name }) => {
      await restart(network, [2, 3, 4]);
      await waiting;
      await client.get(`${name}/a`);
    },
  };
}

/** The larger side goes on; the smaller one, which led, decides nothing and gives no reply until the network is one again. */
function partitioned(name: string, groups: readonly [readonly number[], readonly number[]]): Scenario {
  const [larger = [], smaller = []] = groups.toSorted((a, b) => b.length - a.length);
  let waiting: Promise<unknown> = Promise.resolve();
  return {
    name,
    play: async ({ network, clients: [client, other, cutOff] }) => {
      const at = (index: number) => network.member(index).name;
      await untilLeading(network, smaller[0] ?? 0);
      await network.partition(groups);
      await lead(network, larger[0] ?? 0);
      cutOff.reachOnly(smaller.map(at));
      cutOff.turnTo(at(smaller[0] ?? 0));
      waiting = awaitedLater(cutOff.put(`${name}/a`, 'by the smaller side'));
      client.turnTo(at(larger[0] ?? 0));
      await client.put(`${name}/a`, 'by the larger side');
      await client.get(`${name}/a`);
      other.turnTo(at(larger[0] ?? 0));
      await other.put(`${name}/b`, 'by another one');
      await untilSilent(network, smaller, waiting);
    },
    mend: async ({ network, clients: [client, , cutOff] }) => {
      await network.heal();
      await untilLinked(network);
      cutOff.reachOnly(network.members.map(member => member.name));
      await waiting;
      await client.get(`${name}/a`);
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

/** These servers, no majority, have an operation that waits. Error thrown when they give a reply or decide anything meanwhile. */
async function untilSilent(
  network: RunningNetwork,
  members: readonly number[],
  waiting: Promise<unknown>,
): Promise<void> {
  const names = members.map(index => network.member(index).name).join(' and ');
  const before = await heightsOf(network, members);
  if ((await Promise.race([waiting, pause(silenceMs, 'no reply')])) !== 'no reply')
    throw new Error(`${names} gave a reply without a majority`);
  const after = await heightsOf(network, members);
  if (String(after) !== String(before))
    throw new Error(`${names} decided without a majority: at depth ${before}, then ${after}`);
}

export async function lead(network: RunningNetwork, index: number): Promise<void> {
  await clientOf(network, index).call('consensus_lead', {});
}

/** It is asked to lead, and a majority let it. */
async function untilLeading(network: RunningNetwork, index: number): Promise<void> {
  await lead(network, index);
  const { name } = network.member(index);
  await until(`${name} to lead`, waitMs, async () => {
    const { leader, role } = await clientOf(network, index).call('consensus_status', {});
    return role === 'leader' && leader === name;
  });
}

/** The hash of the newest block that this server knows, decided or not, where it stands at this depth. */
async function tipAt(network: RunningNetwork, index: number, depth: number): Promise<string | null> {
  const { tips } = await clientOf(network, index).call('chain_tips', {});
  return tips.find(({ height }) => height === depth)?.hash ?? null;
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
