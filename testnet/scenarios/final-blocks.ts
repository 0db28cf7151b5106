/** The blocks that a daemon calls final while it is watched: whatever comes, none of them may be undone. */
import { setTimeout as pause } from 'node:timers/promises';
import type { KvchainClient } from '../../daemon/rpc/client.ts';

/** Between two looks; a block stays final, so nothing is missed for good. */
const lookMs = 100;
/** In one answer. */
const headersMax = 500;

export class FinalBlocks {
  readonly #client: Pick<KvchainClient, 'call'>;
  readonly #hashes = new Set<string>();
  #height = 0;

  constructor(client: Pick<KvchainClient, 'call'>) {
    this.#client = client;
  }

  /** Looks again and again until the signal aborts. */
  async watch(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#look();
      await pause(lookMs, undefined, { signal }).catch(() => {});
    }
  }

  /** How many of these blocks were ever called final. */
  count(hashes: readonly string[]): number {
    return hashes.filter(hash => this.#hashes.has(hash)).length;
  }

  async #look(): Promise<void> {
    const { finalHeight } = await this.#client.call('chain_status', {});
    while (this.#height < finalHeight) {
      const limit = Math.min(headersMax, finalHeight - this.#height);
      const { headers } = await this.#client.call('chain_getHeaders', { from: this.#height + 1, limit });
      for (const { hash } of headers) this.#hashes.add(hash);
      this.#height += limit;
    }
  }
}
