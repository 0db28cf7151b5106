/** How many blocks of a producer at a height were passed on; why there is an end to them stands in relay.ts. */
import type { Header } from '../../chain/block.ts';
import { toHex } from '../../chain/bytes.ts';

/** Blocks of one producer at one height that are passed on, but for the heaviest one known, which always is. */
export const siblingsRelayedMax = 3;
/** Producers and heights whose blocks are counted; the oldest goes. Each costs a block's work near the tip. */
export const relayCountsMax = 1_000;

export class RelayCounts {
  readonly #counts = new Map<string, number>();

  /** In the order of their first block. */
  entries(): readonly (readonly [string, number])[] {
    return [...this.#counts];
  }

  /** Counts a block; true while there are at most `siblingsRelayedMax`. */
  add({ height, producer }: Header): boolean {
    const key = `${height} ${toHex(producer)}`;
    const count = Math.min((this.#counts.get(key) ?? 0) + 1, siblingsRelayedMax + 1);
    this.#counts.set(key, count);
    const [oldest] = this.#counts.keys();
    if (oldest !== undefined && this.#counts.size > relayCountsMax) this.#counts.delete(oldest);
    return count <= siblingsRelayedMax;
  }
}
