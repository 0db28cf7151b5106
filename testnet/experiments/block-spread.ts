/** How blocks spread over real daemons: when each of them told that it applied a block, seen from one process with one clock. */
import type { KvchainClient } from '../../daemon/rpc/client.ts';

export class BlockSpread {
  /** By hash, milliseconds at which daemons applied it, in their order. */
  readonly #applied = new Map<string, number[]>();
  readonly #ending = new AbortController();
  readonly #watches: readonly Promise<void>[];
  readonly #nodes: number;

  /** Watches from now on. */
  constructor(clients: readonly KvchainClient[]) {
    this.#nodes = clients.length;
    this.#watches = clients.map(client => this.#watch(client));
  }

  /**
   * Milliseconds from the first daemon that applied a block to the one with which this part of all had it; a value for each block that
   * so many applied.
   */
  timesTo(part: number): readonly number[] {
    const needed = Math.ceil(part * this.#nodes);
    return [...this.#applied.values()].flatMap(times => {
      const [first, last] = [times[0], times[needed - 1]];
      return first === undefined || last === undefined ? [] : [last - first];
    });
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    await Promise.all(this.#watches);
  }

  async #watch(client: KvchainClient): Promise<void> {
    for await (const { type, hash } of client.watch('', { signal: this.#ending.signal })) {
      if (type === 'undone') continue;
      const times = this.#applied.get(hash) ?? [];
      times.push(performance.now());
      this.#applied.set(hash, times);
    }
  }
}
