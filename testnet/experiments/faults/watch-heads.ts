/** Looks all the time how high the daemons stand, and whether they have one head. */
import { setTimeout as pause } from 'node:timers/promises';
import { KvchainError } from '../../../chain/errors.ts';
import type { KvchainClient } from '../../../daemon/rpc/client.ts';
import type { Height } from './measures.ts';

const lookEveryMs = 100;
/** A daemon that does not say how it stands within this time is not seen to agree. */
const lookMs = 2_000;

export interface HeadsWatch {
  /** When all that ran had one head, in order; monotonic milliseconds, as those of the heights. */
  readonly agreeingMs: readonly number[];
  readonly heights: readonly Height[];
  /** Resolves when nothing looks any more. Throws what ended the watch before. */
  stop(): Promise<void>;
}

/** `clientsNow` gives the daemons that run. */
export function watchHeads(clientsNow: () => readonly KvchainClient[], outer: AbortSignal): HeadsWatch {
  const agreeingMs: number[] = [];
  const heights: Height[] = [];
  const ending = new AbortController();
  const signal = AbortSignal.any([outer, ending.signal]);
  const look = async () => {
    while (!signal.aborted) {
      const standings = await Promise.all(clientsNow().map(standingOf));
      const atMs = performance.now();
      const answered = standings.filter(standing => standing !== null);
      if (answered.length > 0) heights.push({ atMs, height: Math.max(...answered.map(({ height }) => height)) });
      const heads = new Set(standings.map(standing => standing?.headHash ?? null));
      if (heads.size === 1 && !heads.has(null)) agreeingMs.push(atMs);
      await pause(lookEveryMs, undefined, { signal });
    }
  };
  // Kept until somebody asks: a promise that rejects before anybody awaits it would end the process, and leave the daemons.
  let failure: unknown = null;
  const looking = look().catch((error: unknown) => {
    if (!signal.aborted) failure = error;
  });
  return {
    agreeingMs,
    heights,
    stop: async () => {
      ending.abort();
      await looking;
      if (failure !== null) throw failure;
    },
  };
}

/** Null: it does not say. */
function standingOf(client: KvchainClient): Promise<{ readonly height: number; readonly headHash: string } | null> {
  return client.call('chain_status', {}, { timeoutMs: lookMs }).catch((error: unknown) => {
    if (error instanceof KvchainError) return null;
    throw error;
  });
}
