/**
 * One fault on a network of real daemons under load: some time before it, some time with it, and after its healing until the network is
 * as before, or the patience ends. Then all comes to rest, and what was acknowledged is looked for.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { KvchainError } from '../../../chain/errors.ts';
import type { KvchainClient } from '../../../daemon/rpc/client.ts';
import type { RunningNetwork } from '../../networks/network.ts';
import type { NetworkPlan } from '../../networks/network-file.ts';
import { comeToRest, countLost } from '../../scenarios/at-rest.ts';
import { inLaboratory } from '../../scenarios/laboratory.ts';
import { Putting } from '../../scenarios/putting.ts';
import { until } from '../../until.ts';
import type { Row } from '../experiment.ts';
import { type FaultRecord, measure, type Recovery, recoveryOf } from './measures.ts';

export interface Fault {
  readonly network: NetworkPlan;
  /** Resolves when it has struck everywhere. */
  strike(network: RunningNetwork): Promise<unknown>;
  /** Resolves when all is mended; null: the fault stays. */
  readonly heal: ((network: RunningNetwork) => Promise<unknown>) | null;
}

export interface Phases {
  readonly beforeMs: number;
  readonly duringMs: number;
  /** After it, or its mending, at most so long; at least as long as before it. */
  readonly afterMsMax: number;
  readonly recovery: Recovery;
}

/** What the experiments use. */
export const usualPhases: Phases = {
  beforeMs: 10_000,
  duringMs: 15_000,
  afterMsMax: 20_000,
  recovery: { part: 0.8, windowMs: 5_000 },
};

const waitMs = 60_000;
const lookEveryMs = 100;
/** A daemon that does not say how it stands within this time is not seen to agree. */
const lookMs = 2_000;

/** Gives the columns of `measuredColumns` and the timeline. Errors thrown: STOPPING when it was interrupted, TIMED_OUT when the network hangs. */
export function runFault(fault: Fault, phases: Phases): Promise<Row> {
  return inLaboratory(fault.network, async (network, signal) => {
    const putting = new Putting(
      network.members.filter(({ plan }) => plan.role === 'node').map(member => () => member.client),
      'put',
    );
    const watching = watchHeads(network, signal);
    try {
      const record = await timeline(fault, phases, { network, putting, agreeingMs: watching.agreeingMs, signal });
      await putting.stop();
      const clients = clientsOf(network);
      await comeToRest(clients);
      const lost = await countLost(clients, putting.acknowledged);
      return { ...measure({ ...record, puts: putting.acknowledged }, phases.recovery), lost };
    } finally {
      await Promise.all([putting.stop(), watching.stop()]);
    }
  });
}

interface Scene {
  readonly network: RunningNetwork;
  readonly putting: Putting;
  readonly agreeingMs: readonly number[];
  readonly signal: AbortSignal;
}

async function timeline(fault: Fault, phases: Phases, scene: Scene): Promise<FaultRecord> {
  const { network, putting, agreeingMs, signal } = scene;
  const { beforeMs, duringMs, afterMsMax, recovery } = phases;
  await until('puts by all hands', waitMs, async () => putting.acknowledged.length >= putting.hands);
  const startMs = performance.now();
  await pauseUntil(startMs + beforeMs, signal);
  const faultMs = performance.now();
  await fault.strike(network);
  await pauseUntil(faultMs + duringMs, signal);
  const overMs = performance.now();
  await fault.heal?.(network);
  const mendedMs = fault.heal === null ? null : performance.now();
  const record = () => {
    const endMs = performance.now();
    return { puts: putting.acknowledged, agreeingMs, startMs, faultMs, overMs, mendedMs, endMs };
  };
  const afterMs = mendedMs ?? overMs;
  await pauseUntil(afterMs + beforeMs, signal);
  while (performance.now() < afterMs + afterMsMax && recoveryOf(record(), recovery) === null)
    await pause(lookEveryMs, undefined, { signal });
  return record();
}

async function pauseUntil(timeMs: number, signal: AbortSignal): Promise<void> {
  await pause(Math.max(0, timeMs - performance.now()), undefined, { signal });
}

/** Looks all the time whether the daemons that run have one head, and remembers when they had. */
function watchHeads(network: RunningNetwork, outer: AbortSignal) {
  const agreeingMs: number[] = [];
  const ending = new AbortController();
  const signal = AbortSignal.any([outer, ending.signal]);
  const look = async () => {
    while (!signal.aborted) {
      if (await haveOneHead(clientsOf(network))) agreeingMs.push(performance.now());
      await pause(lookEveryMs, undefined, { signal });
    }
  };
  const looking = look().catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
  return {
    agreeingMs,
    stop: () => {
      ending.abort();
      return looking;
    },
  };
}

async function haveOneHead(clients: readonly KvchainClient[]): Promise<boolean> {
  const heads = await Promise.all(
    clients.map(client =>
      client.call('chain_status', {}, { timeoutMs: lookMs }).then(
        ({ headHash }) => headHash,
        (error: unknown) => {
          if (error instanceof KvchainError) return null;
          throw error;
        },
      ),
    ),
  );
  return !heads.includes(null) && new Set(heads).size === 1;
}

/** Of the daemons that run. */
function clientsOf(network: RunningNetwork): readonly KvchainClient[] {
  return network.members.flatMap(({ client }) => client ?? []);
}
