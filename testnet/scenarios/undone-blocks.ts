/** What a daemon undoes while it is watched: the depth of its reorgs, and the transactions that left the chain with them. */
import type { KvchainClient } from '../../daemon/rpc/client.ts';

export class UndoneBlocks {
  /** Hashes of all that was undone, newest first within a reorg. */
  readonly hashes: string[] = [];
  readonly #client: Pick<KvchainClient, 'watch' | 'call'>;
  readonly #ending = new AbortController();
  readonly #work: Promise<void>;
  #depth = 0;
  #depthMax = 0;
  #failure: { readonly error: unknown } | null = null;

  /** Watches from now on. When the watch fails, the next question or stop() throws why. */
  constructor(client: Pick<KvchainClient, 'watch' | 'call'>) {
    this.#client = client;
    this.#work = this.#watch().catch((error: unknown) => {
      // Nobody awaits it yet: rejected, it would end the process, and the daemons would stay.
      this.#failure = { error };
    });
  }

  /** Blocks that one reorg undid, at most. */
  get depth(): number {
    this.#expectNoFailure();
    return this.#depthMax;
  }

  /** A reorg was seen, and the first block after it. */
  get hasEnded(): boolean {
    this.#expectNoFailure();
    return this.#depthMax > 0 && this.#depth === 0;
  }

  /** Begins anew. */
  forget(): void {
    this.hashes.length = 0;
    this.#depth = 0;
    this.#depthMax = 0;
  }

  /** The ids of the transactions in all that was undone. */
  async transactionIds(): Promise<readonly string[]> {
    const blocks = this.hashes.map(id => this.#client.call('chain_getBlock', { id, detail: 'ids' }));
    return (await Promise.all(blocks)).flatMap(({ transactionIds }) => transactionIds);
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    await this.#work;
    this.#expectNoFailure();
  }

  #expectNoFailure(): void {
    if (this.#failure !== null) throw this.#failure.error;
  }

  async #watch(): Promise<void> {
    for await (const { type, hash } of this.#client.watch('', { signal: this.#ending.signal })) {
      if (type === 'finality_conflict') continue;
      this.#depth = type === 'undone' ? this.#depth + 1 : 0;
      this.#depthMax = Math.max(this.#depthMax, this.#depth);
      if (type === 'undone') this.hashes.push(hash);
    }
  }
}
