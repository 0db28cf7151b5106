/** Honest people who write all the time: each hand puts keys of its own, one after the other, and remembers what was acknowledged. */
import { setTimeout as pause } from 'node:timers/promises';
import { newSecret } from '../../daemon/keystore/keystore.ts';
import type { KvchainClient } from '../../daemon/rpc/client.ts';

/** For each daemon that is named. */
const hands = 4;
/** After a put that failed. */
const restMs = 100;

/** A daemon as who uses it knows it; null while it is down. */
export type Endpoint = () => KvchainClient | null;

export interface Acknowledged {
  /** Whose put it was, from 0. */
  readonly hand: number;
  readonly key: string;
  readonly id: string;
  /** Monotonic milliseconds: when the hand began to want it, whatever failed in between, and when it was answered. */
  readonly beganMs: number;
  readonly atMs: number;
}

export class Putting {
  /** Puts that were answered as included, in the order of the answers. */
  readonly acknowledged: Acknowledged[] = [];
  readonly hands: number;
  readonly #ending = new AbortController();
  readonly #works: readonly Promise<void>[];

  /** Begins at once, with as many hands at each endpoint; `name` begins every key. */
  constructor(endpoints: readonly Endpoint[], name: string) {
    this.hands = hands * endpoints.length;
    this.#works = Array.from({ length: this.hands }, (_, hand) => this.#put(endpoints, hand, `${name}/${hand}`));
  }

  /** Resolves when no put is under way; one that was not answered yet counts as not acknowledged. */
  async stop(): Promise<void> {
    this.#ending.abort();
    await Promise.all(this.#works);
  }

  async #put(endpoints: readonly Endpoint[], hand: number, prefix: string): Promise<void> {
    const { signal } = this.#ending;
    let at = hand;
    let signer = { secretKey: newSecret() };
    let beganMs = performance.now();
    for (let number = 0; !signal.aborted; number++) {
      const key = `${prefix}/${number}`;
      const client = endpoints[at % endpoints.length]?.() ?? null;
      const state = await client?.put(key, `value of ${key}`, { signer, signal }).catch(() => null);
      if (state?.status === 'included') {
        const atMs = performance.now();
        this.acknowledged.push({ hand, key, id: state.id, beganMs, atMs });
        beganMs = atMs;
      } else if (!signal.aborted) {
        // It goes on at another daemon, which may not know what this one has of the account: with a new one no nonce is used twice.
        at += 1;
        signer = { secretKey: newSecret() };
        await pause(restMs);
      }
    }
  }
}

/** Those acknowledged between two times, a second. */
export function putRate(acknowledged: readonly Pick<Acknowledged, 'atMs'>[], fromMs: number, toMs: number): number {
  const count = acknowledged.filter(({ atMs }) => atMs >= fromMs && atMs <= toMs).length;
  return toMs > fromMs ? (1_000 * count) / (toMs - fromMs) : 0;
}
