/** A daemon of its own process on a data folder that a benchmark made. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Genesis } from '../../chain/genesis.ts';
import { formatGenesis } from '../../chain/genesis-file.ts';
import { DaemonProcess } from '../daemon-process.ts';

/** What a daemon allocates while it starts is collected by then. */
const settleMs = 3_000;

export interface StartPlan {
  readonly dataDir: string;
  readonly genesis: Genesis;
  readonly flags?: readonly string[];
}

export interface StartedDaemon {
  readonly daemon: DaemonProcess;
  /** From the start of the process to its first answer. */
  readonly startMs: number;
  /** Resident memory at rest. */
  readonly memoryMb: number;
}

/** No call is refused for its rate: who measures calls more often than any user. */
const measuredFlags: readonly string[] = ['--rpc-rate', '1000000', '--log-level', 'warn'];

/** Starts a daemon; its genesis file is written first. */
export async function startDaemon({ dataDir, genesis, flags = [] }: StartPlan): Promise<DaemonProcess> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  await writeFile(join(dataDir, 'genesis.json'), formatGenesis(genesis));
  return DaemonProcess.start({ dataDir, flags: [...measuredFlags, ...flags] });
}

/** Starts a daemon, timed, and lets it come to rest. */
export async function startedDaemon(plan: StartPlan): Promise<StartedDaemon> {
  const begin = performance.now();
  const daemon = await startDaemon(plan);
  const startMs = performance.now() - begin;
  await pause(settleMs);
  return { daemon, startMs, memoryMb: (await metricOf(daemon, 'kvchain_process_resident_memory_bytes')) / 1e6 };
}

/** One number of GET /metrics. */
export async function metricOf(daemon: DaemonProcess, name: string): Promise<number> {
  const response = await fetch(`${daemon.client.url}/metrics`);
  const line = (await response.text()).split('\n').find(each => each.startsWith(`${name} `));
  if (line === undefined) throw new Error(`the daemon has no metric ${name}`);
  return Number(line.slice(name.length + 1));
}
