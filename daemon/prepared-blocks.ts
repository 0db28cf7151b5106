/** What this node's newest templates gave, at each height above the head: a block that comes of one need not be executed again. */
import { contentHash, type Header } from '../chain/block.ts';
import { toHex } from '../chain/bytes.ts';
import type { Applied } from '../chain/ledger.ts';

interface Prepared {
  readonly contentHashHex: string;
  readonly applied: Applied;
}

export class PreparedBlocks {
  readonly #byHeight = new Map<number, Prepared>();

  /** The newest template at its height. Those above it stood on another block, or were let go. */
  keep(header: Header, applied: Applied): void {
    for (const height of this.#byHeight.keys()) if (height > header.height) this.#byHeight.delete(height);
    this.#byHeight.set(header.height, { contentHashHex: toHex(contentHash(header)), applied });
  }

  /** What the block with this header gives, whatever its nonce; null when it is not of one of the templates. */
  appliedBy(header: Header): Applied | null {
    const prepared = this.#byHeight.get(header.height);
    return prepared?.contentHashHex === toHex(contentHash(header)) ? prepared.applied : null;
  }

  /** The ledger stands so high. */
  forgetUpTo(height: number): void {
    for (const kept of this.#byHeight.keys()) if (kept <= height) this.#byHeight.delete(kept);
  }
}
