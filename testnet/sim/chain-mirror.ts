/** A node's canonical chain as its events tell it, kept apart from the node: what the checks compare the node with. */
import { equalBytes, toHex } from '../../chain/bytes.ts';
import { decodeBits, workOf } from '../../chain/target.ts';
import type { Node } from '../../daemon/node.ts';
import type { LedgerEvent } from '../../daemon/node-api.ts';

interface Place {
  readonly hash: Uint8Array;
  readonly work: bigint;
  readonly idHexes: readonly string[];
}

/** A block that was applied or undone. */
export type Moved = Exclude<LedgerEvent, { type: 'head' | 'final' }>;

export class ChainMirror {
  readonly #node: Node;
  /** By height. */
  readonly #places: Place[] = [];
  readonly #included = new Set<string>();

  private constructor(node: Node) {
    this.#node = node;
  }

  /** The chain that a node holds when it opens. */
  static async read(node: Node): Promise<ChainMirror> {
    const mirror = new ChainMirror(node);
    const [block0] = await node.chain.canonicalHeaders(0, 1);
    if (block0) mirror.#places.push({ hash: block0.hash, work: 0n, idHexes: [] });
    for (const { header, hash } of await node.chain.canonicalHeaders(1, node.ledger.head.header.height)) {
      const block = await node.chain.block(hash);
      mirror.#push(hash, header.bits, block?.transactions.map(({ idHex }) => idHex) ?? []);
    }
    return mirror;
  }

  get height(): number {
    return this.#places.length - 1;
  }

  get hash(): Uint8Array {
    return this.#places.at(-1)?.hash ?? new Uint8Array(32);
  }

  /** Sum of the work of blocks 1 to the head, computed here from their bits; where nobody mines a block weighs one. */
  get work(): bigint {
    return this.#places.at(-1)?.work ?? 0n;
  }

  hashAt(height: number): Uint8Array | null {
    return this.#places[height]?.hash ?? null;
  }

  includes(idHex: string): boolean {
    return this.#included.has(idHex);
  }

  /** The height of the last block that both chains have. */
  commonHeight(other: ChainMirror): number {
    let height = Math.min(this.height, other.height);
    while (height > 0 && !equalBytes(this.#places[height]?.hash ?? this.hash, other.hashAt(height) ?? this.hash))
      height--;
    return height;
  }

  /** Follows one event; returns what is wrong with it, or null. */
  follow(event: Moved): string | null {
    return event.type === 'applied' ? this.#apply(event) : this.#undo(event);
  }

  #apply({ height, hash, parent, transactionIds }: Moved): string | null {
    if (height !== this.height + 1) return `A-I2: block ${height} applied on height ${this.height}`;
    if (!equalBytes(parent, this.hash)) return `A-I2: block ${height} applied on another block than its parent`;
    const idHexes = transactionIds.map(toHex);
    const twice = idHexes.find(idHex => this.#included.has(idHex));
    if (twice !== undefined) return `A-I7: transaction ${twice} is included twice, again at ${height}`;
    const header = this.#node.engine.header(hash);
    if (header === null) return `A-I2: the engine does not know block ${height} that was applied`;
    this.#push(hash, header.header.bits, idHexes);
    return null;
  }

  #undo({ height, hash }: Moved): string | null {
    const top = this.#places.at(-1);
    if (height !== this.height || top === undefined || !equalBytes(top.hash, hash)) {
      return `A-I2: block ${height} undone, but the head is ${this.height}`;
    }
    this.#places.pop();
    for (const idHex of top.idHexes) this.#included.delete(idHex);
    return null;
  }

  #push(hash: Uint8Array, bits: number, idHexes: readonly string[]): void {
    this.#places.push({ hash, work: this.work + (bits === 0 ? 1n : workOf(decodeBits(bits) ?? 0n)), idHexes });
    for (const idHex of idHexes) this.#included.add(idHex);
  }
}
