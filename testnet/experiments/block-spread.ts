/** How blocks spread over real daemons: when each of them told that it applied a block, seen from one process with one clock. */
import type { KvchainClient } from '../../daemon/rpc/client.ts';

export class BlockSpread {
  /** By hash, when each daemon that applied it did so for the first time, milliseconds, in their order. */
  readonly #applied = new Map<string, Map<number, number>>();
  readonly #ending = new AbortController();
  readonly #watches: readonly Promise<void>[];
  readonly #nodes: number;
  #failure: unknown = null;

  /** Watches from now on. */
  constructor(clients: readonly KvchainClient[]) {
    this.#nodes = clients.length;
    // A failure is thrown by who stops it.
    this.#watches = clients.map((client, daemon) => this.#watch(client, daemon).catch(error => this.#fail(error)));
  }

  /**
   * Milliseconds from the first daemon that applied a block to the one with which this part of all had it; a value for each block that
   * so many applied. Throws when there was none.
   */
  timesTo(part: number): readonly number[] {
    const needed = Math.ceil(part * this.#nodes);
    const found = [...this.#applied.values()].flatMap(daemons => {
      const times = [...daemons.values()];
      const [first, last] = [times[0], times[needed - 1]];
      return first === undefined || last === undefined ? [] : [last - first];
    });
    if (found.length === 0) throw new Error(`no block came to ${needed} of ${this.#nodes} daemons`);
    return found;
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    await Promise.all(this.#watches);
    if (this.#failure !== null) throw this.#failure;
  }

  #fail(error: unknown): void {
    this.#failure = error;
  }

  async #watch(client: KvchainClient, daemon: number): Promise<void> {
    for await (const { type, hash } of client.watch('', { signal: this.#ending.signal })) {
      if (type !== 'applied') continue;
      const times = this.#applied.get(hash) ?? new Map<number, number>();
      if (!times.has(daemon)) times.set(daemon, performance.now());
      this.#applied.set(hash, times);
    }
  }
}
