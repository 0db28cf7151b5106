/** Honest nodes with real engines that hear of each other's blocks after a constant delay. */
import type { SealedHeader } from '../../chain/block.ts';
import type { EngineNode } from './engine-node.ts';

interface Delivery {
  readonly dueMs: number;
  readonly finder: EngineNode;
  readonly block: SealedHeader;
}

export class DelayedNetwork {
  readonly #nodes: readonly EngineNode[];
  readonly #delayMs: number;
  /** In the order in which they were found, so also in that in which they are due, and parents before children. */
  readonly #deliveries: Delivery[] = [];
  #reorgDepthMax = 0;

  constructor(nodes: readonly EngineNode[], delayMs: number) {
    this.#nodes = nodes;
    this.#delayMs = delayMs;
  }

  /** The most blocks that any node undid at once. */
  get reorgDepthMax(): number {
    return this.#reorgDepthMax;
  }

  /** The node that found the block knows it at once, the others after the delay. */
  publish(finder: EngineNode, block: SealedHeader, nowMs: number): void {
    this.#deliver(finder, block, nowMs);
    this.#deliveries.push({ dueMs: nowMs + this.#delayMs, finder, block });
  }

  /** Hands over what is due until now. */
  advance(nowMs: number): void {
    for (let first = this.#deliveries[0]; first !== undefined && first.dueMs <= nowMs; first = this.#deliveries[0]) {
      this.#deliveries.shift();
      for (const node of this.#nodes) {
        if (node !== first.finder) this.#deliver(node, first.block, first.dueMs);
      }
    }
  }

  #deliver(node: EngineNode, block: SealedHeader, nowMs: number): void {
    for (const { undo } of node.deliver([block], nowMs))
      this.#reorgDepthMax = Math.max(this.#reorgDepthMax, undo.length);
  }
}
