/**
 * Blocks between their store and the ledger: what was just decoded, checked and written is executed next, and reading it back would
 * decode every transaction a second time. Whoever does not find a block here reads it from the store.
 */
import type { Block } from '../chain/block.ts';

/** Operations of all blocks that are held together, about 10 MB; more while they are being written. */
const freshOperationsMax = 40_000;

export class FreshBlocks {
  /** By hash in hexadecimal; the oldest first. */
  readonly #blocks = new Map<string, Block>();
  /** Those that nobody finds in the store yet. */
  readonly #unwritten = new Set<string>();
  #operations = 0;

  /** Holds a block that is being written. */
  add(block: Block): void {
    this.#remove(block.hashHex);
    this.#blocks.set(block.hashHex, block);
    this.#unwritten.add(block.hashHex);
    this.#operations += costOf(block);
  }

  /** The block is in the store; beyond the limit the oldest that are go. */
  written(hashHex: string): void {
    this.#unwritten.delete(hashHex);
    for (const oldest of this.#blocks.keys()) {
      if (this.#operations <= freshOperationsMax) return;
      if (!this.#unwritten.has(oldest)) this.#remove(oldest);
    }
  }

  /** Null when the block is not here. */
  get(hashHex: string): Block | null {
    return this.#blocks.get(hashHex) ?? null;
  }

  /** Gives a block away; null when it is not here. */
  take(hashHex: string): Block | null {
    const block = this.#blocks.get(hashHex) ?? null;
    this.#remove(hashHex);
    return block;
  }

  #remove(hashHex: string): void {
    const block = this.#blocks.get(hashHex);
    if (block === undefined) return;
    this.#blocks.delete(hashHex);
    this.#operations -= costOf(block);
  }
}

/** An empty block costs its header. */
function costOf({ transactions }: Block): number {
  return transactions.reduce((sum, { body }) => sum + body.operations.length, 1);
}
