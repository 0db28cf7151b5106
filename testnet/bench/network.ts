/**
 * Four daemons on this machine, all validating: blocks every two seconds, one of them mining throttled, transactions signed beforehand
 * and submitted in batches to all four. At the end all stand at the same head and root.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { toHex } from '../../chain/bytes.ts';
import type { DaemonProcess } from '../daemon-process.ts';
import { until } from '../until.ts';

import { benchGenesis } from './chain-maker.ts';
import { processMicroseconds } from './cpu.ts';
import { type Effort, type Figure, figure } from './figure.ts';
import { inFolder } from './folder.ts';
import { LoadSigner } from './load-signer.ts';
import { metricOf, startDaemon } from './started-daemon.ts';

const targetMs = 2_000;
const zeroBits = 18;
/** So that a block takes two seconds on average. */
const hashesPerSecond = 2 ** zeroBits / (targetMs / 1_000);
const daemonsCount = 4;
const accountsPerDaemon = 50;
const batchSize = 250;
/** A daemon whose mempool holds so many is not given more: the load follows what the network includes. */
const waitingEnough = 16_000;
const goal = 2_000;
/** Signed beforehand, beyond what the goal needs. */
const surplus = 1.5;
const settleMs = 120_000;

interface Load {
  readonly client: DaemonProcess['client'];
  readonly batches: string[][];
}

export async function benchNetwork(effort: Effort): Promise<readonly Figure[]> {
  const seconds = effort === 'full' ? 60 : 10;
  return inFolder(async folder => {
    const genesis = benchGenesis('network', { zeroBits, targetMs });
    const batches = Math.ceil((goal * surplus * seconds) / daemonsCount / batchSize);
    const signers = Array.from(
      { length: daemonsCount },
      (_, index) => new LoadSigner(genesis, accountsPerDaemon, index),
    );
    const signing = processMicroseconds();
    const signed = signers.map(signer =>
      Array.from({ length: batches }, () => signer.puts(batchSize).map(({ bytes }) => toHex(bytes))),
    );
    const signMicroseconds = (processMicroseconds() - signing) / (daemonsCount * batches * batchSize);
    const daemons: DaemonProcess[] = [];
    try {
      for (let index = 0; index < daemonsCount; index++) {
        const mining = index === 0 ? ['--mine', '--mine-rate', String(hashesPerSecond)] : [];
        const [first] = daemons;
        const joining = first === undefined ? [] : ['--bootstrap', await first.address()];
        daemons.push(await startDaemon({ dataDir: `${folder}/${index}`, genesis, flags: [...mining, ...joining] }));
      }
      await until('all to be connected', settleMs, async () => {
        const statuses = await Promise.all(daemons.map(({ client }) => client.call('chain_status', {})));
        return statuses.every(({ peers }) => peers === daemonsCount - 1);
      });
      const loads = daemons.map(({ client }, index) => ({ client, batches: signed[index] ?? [] }));
      return await measure(daemons, { loads, seconds, signMicroseconds });
    } finally {
      await Promise.all(daemons.map(daemon => daemon.stop()));
    }
  });
}

interface Plan {
  readonly loads: readonly Load[];
  readonly seconds: number;
  readonly signMicroseconds: number;
}

async function measure(daemons: readonly DaemonProcess[], plan: Plan): Promise<readonly Figure[]> {
  const cpu = processMicroseconds();
  const daemonCpu = await cpuOf(daemons);
  const begin = Date.now();
  const end = begin + plan.seconds * 1_000;
  await Promise.all(plan.loads.map(load => submitUntil(load, end)));
  const loadCpu = processMicroseconds() - cpu;
  const usedCpu = (await cpuOf(daemons)) - daemonCpu;
  await daemons[0]?.client.call('miner_stop', {});
  const roots = await equalRoots(daemons);
  const included = await includedBetween(daemons[0], begin, end);
  const perSecond = included / plan.seconds;
  return [
    figure({
      name: `four daemons include for ${plan.seconds} s`,
      value: perSecond,
      unit: 'transactions/s',
      reference: {
        name: 'signatures that two cores check four times over',
        value: (2 * 15_000) / daemonsCount,
      },
      rule: 'value at least',
      goal,
    }),
    figure({
      name: 'distinct state roots of the four at the end',
      value: roots,
      unit: 'roots',
      reference: { name: 'one', value: 1 },
      rule: 'value at most',
      goal: 1,
    }),
    figure({
      name: 'CPU of the load, submitting',
      value: loadCpu / included,
      unit: 'us a transaction',
      reference: { name: 'CPU of the four daemons', value: usedCpu / included },
      rule: 'ratio at most',
      goal: 0.1,
    }),
    figure({
      name: 'CPU of the load, signing beforehand',
      value: plan.signMicroseconds,
      unit: 'us a transaction',
      reference: { name: 'CPU of the four daemons', value: usedCpu / included },
      rule: 'ratio at most',
      goal: 1,
    }),
  ];
}

/** Batches one after the other to one daemon, as long as it has room. */
async function submitUntil({ client, batches }: Load, end: number): Promise<void> {
  while (Date.now() < end) {
    const { transactions } = await client.call('mempool_info', {});
    if (transactions >= waitingEnough) {
      await pause(50);
      continue;
    }
    const batch = batches.shift();
    if (batch === undefined) return;
    await client.call('tx_submit', { transactions: batch }, { timeoutMs: 30_000 });
  }
}

/** CPU time of all daemons so far, in microseconds. */
async function cpuOf(daemons: readonly DaemonProcess[]): Promise<number> {
  const seconds = await Promise.all(daemons.map(daemon => metricOf(daemon, 'kvchain_process_cpu_seconds_total')));
  return seconds.reduce((sum, each) => sum + each, 0) * 1e6;
}

/** How many state roots there are once all daemons stand at one height and no block is on its way. */
async function equalRoots(daemons: readonly DaemonProcess[]): Promise<number> {
  const statuses = await until('one height', settleMs, async () => {
    const all = await Promise.all(daemons.map(({ client }) => client.call('chain_status', {})));
    const isSettled = new Set(all.map(({ height }) => height)).size === 1 && all.every(({ syncing }) => !syncing);
    return isSettled && all;
  });
  return new Set(statuses.map(({ stateRoot }) => stateRoot)).size;
}

/** Transactions in blocks whose time lies in the run. A producer builds on what it has, so a block's time is at most its finding's. */
async function includedBetween(daemon: DaemonProcess | undefined, begin: number, end: number): Promise<number> {
  let included = 0;
  for (let height = 1; daemon !== undefined; height++) {
    const block = await daemon.client.call('chain_getBlock', { id: height }).catch(() => null);
    if (block === null) break;
    if (block.receipts?.some(({ status }) => status === 'failed'))
      throw new Error(`block ${height} has failed transactions`);
    if (block.header.time >= begin && block.header.time <= end) included += block.transactionIds.length;
  }
  return included;
}
