/** `kvchain-testnet up`: a network that lives as long as this process, shown as a table, and broken by orders from other terminals. */
import { setTimeout as pause } from 'node:timers/promises';
import { unreachable } from '../../chain/errors.ts';
import { type Classroom, classroomFileIn, writeClassroom } from '../../daemon/classroom/classroom-file.ts';
import { newSecret } from '../../daemon/keystore/keystore.ts';
import { listenForOrders, type Order } from './control.ts';
import { Hosts, loopback } from './hosts.ts';
import { RunningNetwork } from './network.ts';
import type { NetworkPlan } from './network-file.ts';
import { Screen } from './screen.ts';
import { clearFolder, writeState } from './state-file.ts';
import { lineOf, tableOf } from './table.ts';

const clientNames = ['C1', 'C2', 'C3'];
/** Between two tables on a terminal, and between two lines elsewhere. */
const tableMs = 1_000;
const lineMs = 10_000;

export interface UpOptions {
  readonly plan: NetworkPlan;
  readonly folder: string;
  /** Members on this machine's loopback address, or each on a host of its own. */
  readonly place: 'loopback' | 'namespaces';
  readonly format: 'text' | 'json';
}

/** Resolves when the network has ended and no process is left. */
export async function up({ plan, folder, place, format }: UpOptions): Promise<void> {
  await clearFolder(folder);
  const hosts = place === 'namespaces' ? await Hosts.open(plan.nodes.length + plan.attackers.length) : null;
  if (hosts !== null) process.stderr.write(netemLine(hosts));
  const network = new RunningNetwork(plan, folder, index => hosts?.host(index) ?? loopback);
  const ending = new AbortController();
  const endSignals = onSignals(network, ending);
  const control = await listenForOrders(async order => {
    try {
      return await carryOut(network, order, ending);
    } finally {
      await remember();
    }
  });
  const classroom = plan.classroom ? classroomMaker(plan) : null;
  const remember = async (): Promise<void> => {
    const members = network.members.map(({ name, pid, dataDir, logFile }) => ({ name, pid, dataDir, logFile }));
    await writeState(folder, { pid: process.pid, socket: control.socket, members });
    if (classroom !== null) await writeClassroom(classroomFileIn(folder), classroom(network));
  };
  try {
    await remember();
    const started = network.start(member => {
      if (format === 'text') process.stderr.write(`${member.name} is up\n`);
      remember().catch(() => {});
    });
    await Promise.race([started, aborted(ending.signal)]);
    if (!ending.signal.aborted) await show(network, { format, signal: ending.signal });
  } finally {
    await network.stop();
    hosts?.close();
    await control.close();
    await remember().catch(() => {});
    endSignals();
  }
}

/** Clients keep their keys, and servers are told where they are. */
function classroomMaker({ delayMs, intervalMs }: NetworkPlan): (network: RunningNetwork) => Classroom {
  const clients = clientNames.map(name => ({ name, secretKey: newSecret() }));
  return ({ members }) => ({
    delayMs,
    timeoutMs: intervalMs,
    servers: members.map(({ name, dataDir, address }) => ({ name, dataDir, address })),
    clients,
  });
}

function netemLine(hosts: Hosts): string {
  return hosts.hasNetem
    ? 'this kernel has tc netem, for faults of packets; the orders delay and drop are those of the daemons all the same\n'
    : 'this kernel lacks tc netem: delay and loss stay with the link control of the daemons\n';
}

/** The first signal ends the network in order, the second at once. */
function onSignals(network: RunningNetwork, ending: AbortController): () => void {
  const onSignal = (): void => {
    if (ending.signal.aborted) void network.killAll(); // Whoever waits for the members sees them end.
    ending.abort();
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal).on('SIGHUP', onSignal);
  return () => process.off('SIGINT', onSignal).off('SIGTERM', onSignal).off('SIGHUP', onSignal);
}

async function carryOut(network: RunningNetwork, order: Order, ending: AbortController): Promise<unknown> {
  switch (order.order) {
    case 'ps':
      return network.rows();
    case 'down':
      await network.stop();
      ending.abort();
      return null;
    case 'kill':
      return order.how === 'kill' ? network.member(order.index).kill() : network.member(order.index).stop();
    case 'restart':
      return network.restart(order.index);
    case 'pause':
      return network.member(order.index).pause();
    case 'resume':
      return network.resume(order.index);
    case 'partition':
      return network.partition(order.groups);
    case 'heal':
      return network.heal();
    case 'delay':
      return network.delay(order.from, order.to, order.delayMs);
    case 'drop':
      return network.drop(order.from, order.to, order.lossRate);
    default:
      return unreachable(order);
  }
}

interface Showing {
  readonly format: UpOptions['format'];
  readonly signal: AbortSignal;
}

async function show(network: RunningNetwork, { format, signal }: Showing): Promise<void> {
  const rows = await network.rows();
  if (format === 'json') {
    process.stdout.write(`${JSON.stringify({ folder: network.folder, members: rows })}\n`);
    await aborted(signal);
    return;
  }
  process.stdout.write(`${tableOf(rows)}\n\nfolder: ${network.folder}; Ctrl-C ends the network\n`);
  const screen = process.stdout.isTTY ? new Screen(process.stdout) : null;
  while (!signal.aborted) {
    await pause(screen ? tableMs : lineMs, undefined, { signal }).catch(() => {});
    if (signal.aborted) break;
    const now = await network.rows();
    if (screen?.fits(now.length) === true) screen.draw(`${tableOf(now)}\n\n${lineOf(now)}\n`);
    else process.stdout.write(`${new Date().toISOString()} ${lineOf(now)}\n`);
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise(resolve => signal.addEventListener('abort', () => resolve(), { once: true }));
}
