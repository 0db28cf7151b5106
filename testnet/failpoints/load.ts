/** What a victim is busy with until it dies: puts by several hands, each on a key of its own, a watch, and the companion's questions. */
import { setTimeout as pause } from 'node:timers/promises';
import { newSecret } from '../../daemon/keystore/keystore.ts';
import type { KvchainClient } from '../../daemon/rpc/client.ts';
import type { Companion } from './companion.ts';

const hands = 4;
/** Between two questions of the companion, and after a put that failed. */
const restMs = 50;

export interface LoadPlan {
  readonly client: KvchainClient;
  readonly companion: Companion;
  /** Keys and values whose puts were answered as included; the load adds to them. */
  readonly acknowledged: Map<string, string>;
  readonly blocks: 'valid' | 'also invalid';
}

/**
 * Runs until `signal`. The puts are of an account of this life alone: what an earlier life signed and left pending at the companion
 * would have the same nonces, and after a reorg to the companion's branch the chain would rightly hold that instead.
 */
export async function load(plan: LoadPlan, signal: AbortSignal): Promise<void> {
  const works = [watch(plan, signal), keepAsking(plan, signal)];
  const secretKey = newSecret();
  for (let hand = 0; hand < hands; hand++) works.push(keepPutting(plan, secretKey, signal));
  await Promise.allSettled(works);
}

/** A put that fails promised nothing: the daemon died under it. */
async function keepPutting(plan: LoadPlan, secretKey: Uint8Array, signal: AbortSignal): Promise<void> {
  const { client, acknowledged } = plan;
  while (!signal.aborted) {
    const key = `put/${crypto.randomUUID()}`;
    const value = `value of ${key}`;
    const state = await client.put(key, value, { signer: { secretKey }, signal }).catch(() => null);
    if (state?.status === 'included') acknowledged.set(key, value);
    if (state === null) await pause(restMs, undefined, { signal });
  }
}

/** A connection that a busy daemon did not take at once is tried again: it is what the failpoints of sockets need. */
async function watch({ client }: LoadPlan, signal: AbortSignal): Promise<void> {
  const events = client.watch('put/', { signal });
  while (!(await events.next()).done);
}

async function keepAsking({ companion, blocks }: LoadPlan, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await companion.ask();
    if (blocks === 'also invalid') await companion.sendInvalidBlock();
    await pause(restMs, undefined, { signal });
  }
}
