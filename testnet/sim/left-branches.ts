/**
 * F-5 from outside: no header comes to a node's tree on a branch that misses what is final for it. What was there before may stay until it is
 * pruned, so each node's left branches are remembered when more became final, and none of them may grow after that.
 */
import { equalBytes, toHex } from '../../chain/bytes.ts';
import { tipsMax } from '../../consensus/engine.ts';
import type { Node } from '../../daemon/node.ts';
import type { ChainMirror } from './chain-mirror.ts';

export class LeftBranches {
  readonly #node: Node;
  /** Of the last look; null before the first, and where there were more tips than are told. */
  #finalHeight: number | null = null;
  /** The tips of those that there were then. */
  #known = new Set<string>();

  constructor(node: Node) {
    this.#node = node;
  }

  /** Looks at the tree; returns what is wrong with it, or null. `mirror` is the node's chain. */
  look(mirror: ChainMirror): string | null {
    const { engine } = this.#node;
    const height = engine.finalHeight();
    const final = mirror.hashAt(height);
    if (final === null) return null;
    const { tips } = engine.view();
    const left = tips
      .filter(tip => tip.height > height && !this.#descends(tip.hash, height, final))
      .map(tip => toHex(tip.hash));
    const grown = height === this.#finalHeight ? left.find(tip => !this.#known.has(tip)) : undefined;
    this.#finalHeight = tips.length < tipsMax ? height : null;
    this.#known = new Set(left);
    return grown === undefined ? null : `F-5: header ${grown} is kept, and it misses final block ${height}`;
  }

  /** True as well where an ancestor is not here, as with a block of Paxos that came before those below it: then nobody can tell. */
  #descends(hash: Uint8Array, height: number, final: Uint8Array): boolean {
    for (let at = hash; ; ) {
      const header = this.#node.engine.header(at)?.header;
      if (header === undefined) return true;
      at = header.parent;
      if (header.height === height + 1) return equalBytes(at, final);
    }
  }
}
