/** One key that clients of several daemons write and read, and the history of what they were told. */
import { newSecret } from '../../daemon/keystore/keystore.ts';
import type { KvchainClient } from '../../daemon/rpc/client.ts';
import type { Answer, Call, Operation } from './history.ts';

export class WatchedRegister {
  readonly history: Operation[] = [];
  readonly #key: string;
  /** All writers are one account, which owns the key. */
  readonly #signer = { secretKey: newSecret() };

  constructor(key: string) {
    this.#key = key;
  }

  /** Returns when the daemon says that a block holds the write: no confirmation beyond that. */
  put(client: KvchainClient, name: string, value: string): Promise<void> {
    return this.#record(name, { type: 'put', value, expectedVersion: null }, async () => {
      const { status } = await client.put(this.#key, value, { signer: this.#signer });
      return status === 'included' ? { type: 'done' } : null;
    });
  }

  get(client: KvchainClient, name: string): Promise<void> {
    return this.#record(name, { type: 'get' }, async () => {
      const found = await client.get(this.#key);
      return { type: 'found', value: found?.value ?? null };
    });
  }

  /** A call that fails may have taken effect all the same: it has no answer. */
  async #record(client: string, call: Call, ask: () => Promise<Answer | null>): Promise<void> {
    const invokedMs = Math.round(performance.now());
    const answer = await ask().catch(() => null);
    const returned = answer === null ? null : { ms: Math.round(performance.now()), answer };
    this.history.push({ client, key: this.#key, call, invokedMs, returned });
  }
}
