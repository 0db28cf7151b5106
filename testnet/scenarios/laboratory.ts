/** A network for one scenario: in a folder of its own, stopped and removed whatever happens. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KvchainError } from '../../chain/errors.ts';
import type { KvchainClient } from '../../daemon/rpc/client.ts';
import { RunningNetwork } from '../networks/network.ts';
import type { NetworkPlan } from '../networks/network-file.ts';
import { until } from '../until.ts';

const agreeMs = 60_000;
const endingSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Ctrl-C or a closed terminal stops the network first. Error thrown: STOPPING when it was interrupted, else what `run` throws. */
export async function inLaboratory<T>(
  plan: NetworkPlan,
  run: (network: RunningNetwork, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'kvchain-lab-'));
  const network = new RunningNetwork(plan, folder);
  const ending = new AbortController();
  const interrupted = new KvchainError('STOPPING', 'interrupted; the network was stopped');
  const onSignal = (): void => ending.abort(interrupted);
  for (const signal of endingSignals) process.once(signal, onSignal);
  const aborted = new Promise<never>((_, reject) => ending.signal.addEventListener('abort', () => reject(interrupted)));
  try {
    await Promise.race([network.start(() => {}), aborted]);
    return await Promise.race([run(network, ending.signal), aborted]);
  } finally {
    ending.abort(interrupted);
    for (const signal of endingSignals) process.off(signal, onSignal);
    await network.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Work that is awaited after something else. Rejected before, it would end the process, and the daemons would stay; whoever awaits it
 * gets its error all the same.
 */
export function awaitedLater<T>(work: Promise<T>): Promise<T> {
  work.catch(() => {});
  return work;
}

/** The client of a daemon that runs. */
export function clientOf(network: RunningNetwork, index: number): KvchainClient {
  const { client, name } = network.member(index);
  if (client === null) throw new KvchainError('UNREACHABLE', `${name} does not run`);
  return client;
}

/** How the chain of each of these stands, once all have the same head. Error thrown: TIMED_OUT. */
export async function untilOneHead(clients: readonly KvchainClient[]) {
  return until('one head', agreeMs, async () => {
    const standings = await Promise.all(clients.map(client => client.call('chain_status', {})));
    return new Set(standings.map(({ headHash }) => headHash)).size === 1 ? standings : null;
  });
}
