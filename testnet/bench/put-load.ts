/** A load of puts on a replicated store. */
import { type LoadReport, runLoad } from './http-plan.ts';
import type { ReplicatedStore } from './replicated-store.ts';

/** Prepared for each second: more than one client, and all of them together, are answered. */
const putsPerSecondMax = { each: 1_500, all: 12_000 };

export interface PutLoad {
  readonly connections: number;
  readonly durationMs: number;
  readonly valueBytes: number;
}

/** Puts new keys at the leader, each connection one after the other. */
export async function loadPuts(
  store: ReplicatedStore,
  { connections, durationMs, valueBytes }: PutLoad,
): Promise<LoadReport> {
  const perSecond = Math.min(putsPerSecondMax.all, connections * putsPerSecondMax.each);
  const requests = store.puts(Math.ceil((perSecond * durationMs) / 1_000), valueBytes);
  return runLoad({ url: await store.leaderUrl(), connections, durationMs, requests, repeats: false });
}
