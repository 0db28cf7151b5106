/**
 * One fault on a network of real daemons under load: some time before it, some time with it, and some after its healing: always as
 * long, since a run that ended when the puts come well would end on a lucky moment. Then all comes to rest, and what was acknowledged is looked for.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { KvchainError } from '../../../chain/errors.ts';
import { minesBlocks } from '../../../chain/params.ts';
import type { KvchainClient } from '../../../daemon/rpc/client.ts';
import type { RunningNetwork } from '../../networks/network.ts';
import type { NetworkPlan } from '../../networks/network-file.ts';
import { comeToRest, countLost } from '../../scenarios/at-rest.ts';
import { inLaboratory } from '../../scenarios/laboratory.ts';
import { Putting } from '../../scenarios/putting.ts';
import { until } from '../../until.ts';
import type { Row } from '../experiment.ts';
import { type FaultRecord, measure, type Recovery } from './measures.ts';
import { type HeadsWatch, watchHeads } from './watch-heads.ts';

export interface Fault {
  readonly network: NetworkPlan;
  /** Resolves when it has struck everywhere. */
  strike(network: RunningNetwork): Promise<unknown>;
  /** Resolves when all is mended; null: the fault stays. */
  readonly heal: ((network: RunningNetwork) => Promise<unknown>) | null;
  /** The daemons that do not run in the end. Any other that does not run then has died by itself. */
  readonly staysDown: readonly number[];
  /** What else there is to tell of it, when all is at rest: further columns. */
  results?(network: RunningNetwork): Promise<Row>;
}

export interface Phases {
  readonly beforeMs: number;
  readonly duringMs: number;
  /** After it, or its mending; at least as long as before it. */
  readonly afterMs: number;
  readonly recovery: Recovery;
}

/** What the experiments use. */
export const usualPhases: Phases = {
  beforeMs: 10_000,
  duringMs: 15_000,
  afterMs: 25_000,
  recovery: { part: 0.6, windowMs: 10_000 },
};

const waitMs = 60_000;

/** Gives the columns of `measuredColumns` and the timeline. Errors thrown: STOPPING when it was interrupted, TIMED_OUT when the network hangs, UNREACHABLE when a member died by itself. */
export function runFault(fault: Fault, phases: Phases): Promise<Row> {
  return inLaboratory(fault.network, async (network, signal) => {
    const putting = new Putting(
      network.members.filter(({ plan }) => plan.role === 'node').map(member => () => member.client),
      'put',
    );
    const watching = watchHeads(() => clientsOf(network), signal);
    try {
      const record = await timeline(fault, phases, { network, putting, watching, signal });
      await putting.stop();
      expectRunning(network, fault.staysDown);
      // Where a majority acknowledges, what it holds may be on the disks of the dead alone.
      if (!minesBlocks(fault.network.engine)) await Promise.all(fault.staysDown.map(index => network.restart(index)));
      const clients = clientsOf(network);
      await comeToRest(clients, putting.acknowledged);
      const lost = await countLost(clients, putting.acknowledged);
      const results = await fault.results?.(network);
      return { ...measure({ ...record, puts: putting.acknowledged }, phases.recovery), lost, ...results };
    } finally {
      await Promise.all([putting.stop(), watching.stop()]);
    }
  });
}

interface Scene {
  readonly network: RunningNetwork;
  readonly putting: Putting;
  readonly watching: HeadsWatch;
  readonly signal: AbortSignal;
}

async function timeline(fault: Fault, phases: Phases, scene: Scene): Promise<FaultRecord> {
  const { network, putting, watching, signal } = scene;
  const { beforeMs, duringMs, afterMs } = phases;
  const handsHeard = () => new Set(putting.acknowledged.map(({ hand }) => hand)).size;
  await until('puts by all hands', waitMs, async () => handsHeard() === putting.hands);
  const startMs = performance.now();
  await pauseUntil(startMs + beforeMs, signal);
  expectRunning(network, []);
  const orderedMs = performance.now();
  await fault.strike(network);
  const faultMs = performance.now();
  await pauseUntil(faultMs + duringMs, signal);
  const overMs = performance.now();
  await fault.heal?.(network);
  const mendedMs = fault.heal === null ? null : performance.now();
  await pauseUntil((mendedMs ?? overMs) + afterMs, signal);
  const { agreeingMs, heights } = watching;
  const endMs = performance.now();
  return { puts: putting.acknowledged, agreeingMs, heights, startMs, orderedMs, faultMs, overMs, mendedMs, endMs };
}

async function pauseUntil(timeMs: number, signal: AbortSignal): Promise<void> {
  await pause(Math.max(0, timeMs - performance.now()), undefined, { signal });
}

/** Throws for a daemon that does not run, but for those that are down on purpose. */
export function expectRunning({ members }: Pick<RunningNetwork, 'members'>, isDown: readonly number[]): void {
  const dead = members.find(
    ({ index, plan, isRunning }) => plan.role === 'node' && !isRunning && !isDown.includes(index),
  );
  if (dead !== undefined) throw new KvchainError('UNREACHABLE', `${dead.name} has died by itself`);
}

/** Of the daemons that run. */
function clientsOf(network: RunningNetwork): readonly KvchainClient[] {
  return network.members.flatMap(({ client }) => client ?? []);
}
