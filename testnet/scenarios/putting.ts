/** Honest people who write all the time: each hand puts keys of its own, one after the other, and remembers what was acknowledged. */
import { setTimeout as pause } from 'node:timers/promises';
import { newSecret } from '../../daemon/keystore/keystore.ts';
import type { KvchainClient } from '../../daemon/rpc/client.ts';

const hands = 4;
/** After a put that failed. */
const restMs = 100;

export interface Acknowledged {
  readonly key: string;
  readonly id: string;
  /** Monotonic milliseconds. */
  readonly atMs: number;
}

export class Putting {
  /** Puts that were answered as included, in the order of the answers. */
  readonly acknowledged: Acknowledged[] = [];
  readonly #ending = new AbortController();
  readonly #works: readonly Promise<void>[];

  /** Begins at once; `name` begins every key. */
  constructor(client: KvchainClient, name: string) {
    this.#works = Array.from({ length: hands }, (_, hand) => this.#put(client, `${name}/${hand}`));
  }

  /** Those acknowledged between two times, a second. */
  rate(fromMs: number, toMs: number): number {
    const count = this.acknowledged.filter(({ atMs }) => atMs >= fromMs && atMs <= toMs).length;
    return toMs > fromMs ? (1_000 * count) / (toMs - fromMs) : 0;
  }

  /** Resolves when no put is under way; one that was not answered yet counts as not acknowledged. */
  async stop(): Promise<void> {
    this.#ending.abort();
    await Promise.all(this.#works);
  }

  async #put(client: KvchainClient, prefix: string): Promise<void> {
    const { signal } = this.#ending;
    const secretKey = newSecret();
    for (let number = 0; !signal.aborted; number++) {
      const key = `${prefix}/${number}`;
      const state = await client.put(key, `value of ${key}`, { signer: { secretKey }, signal }).catch(() => null);
      if (state?.status === 'included') {
        this.acknowledged.push({ key, id: state.id, atMs: performance.now() });
      } else if (!signal.aborted) {
        await pause(restMs);
      }
    }
  }
}
