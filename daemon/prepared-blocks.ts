/** What this node's newest templates gave, at each height above the head: a block that comes of one need not be executed again. */
import { contentHash, type Header, type SealedHeader } from '../chain/block.ts';
import { toHex } from '../chain/bytes.ts';
import type { Applied } from '../chain/ledger.ts';

interface Prepared {
  readonly contentHashHex: string;
  readonly applied: Applied;
  /** Hash of the block that came of it, when it was asked for. */
  hashHex: string | null;
}

export class PreparedBlocks {
  readonly #byHeight = new Map<number, Prepared>();

  /** The newest template at its height. Those above it stood on another block, or were let go. */
  keep(header: Header, applied: Applied): void {
    for (const height of this.#byHeight.keys()) if (height > header.height) this.#byHeight.delete(height);
    this.#byHeight.set(header.height, { contentHashHex: toHex(contentHash(header)), applied, hashHex: null });
  }

  /** What this block gives, whatever its nonce; null when it is not of one of the templates. */
  appliedBy({ header, hashHex }: SealedHeader): Applied | null {
    const prepared = this.#byHeight.get(header.height);
    if (prepared === undefined) return null;
    if (prepared.hashHex !== hashHex && prepared.contentHashHex !== toHex(contentHash(header))) return null;
    prepared.hashHex = hashHex;
    return prepared.applied;
  }

  /** The ledger stands so high. */
  forgetUpTo(height: number): void {
    for (const kept of this.#byHeight.keys()) if (kept <= height) this.#byHeight.delete(kept);
  }
}
