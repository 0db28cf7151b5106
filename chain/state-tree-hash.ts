/**
 * Hashing of a changed state tree, in batches: a native hasher takes 1,024 pairs in the time of a hundred single calls. Work is
 * queued by depth while the tree is changed, and done from the deepest depth up, since a hash needs those below it.
 *
 * Work must be queued children first. Then what is queued never waits for what is not, and the queue can be flushed at any time.
 */
import { hashPairsInto } from './hash.ts';
import { bucketLeavesMax, type TrieStore } from './state-tree-store.ts';

const batchPairs = 1_024;
const queuedPairsMax = 16_384;
/** One bucket queues fewer: a few leaves that differ in their last bits only. */
const bucketPairsMax = 1_024;
const depths = 257;

/** The queue of pairs to hash for one store. Its memory is bounded, however large the change is. */
export class HashQueue {
  readonly #store: TrieStore;
  /** Each queued pair: the node whose pair is hashed, the slot that takes the hash, the next pair of the same depth or -1. */
  readonly #nodes = new Int32Array(queuedPairsMax + bucketPairsMax);
  readonly #slots = new Int32Array(queuedPairsMax + bucketPairsMax);
  readonly #next = new Int32Array(queuedPairsMax + bucketPairsMax);
  readonly #firstAtDepth = new Int32Array(depths).fill(-1);
  #queued = 0;
  /** Nodes that stand for the inner nodes of buckets until their hashes are taken. They must not be reused before the flush. */
  readonly #borrowed: number[] = [];
  /** The leaves of the bucket at hand. */
  readonly #bucket = new Int32Array(bucketLeavesMax);
  #deepest = 0;
  readonly #input = new Int32Array(batchPairs * 16);
  readonly #inputBytes = new Uint8Array(this.#input.buffer);
  readonly #output = new Int32Array(batchPairs * 8);
  readonly #outputBytes = new Uint8Array(this.#output.buffer);

  constructor(store: TrieStore) {
    this.#store = store;
  }

  /** Queues the hash of `node`, at `depth`, for `slot`. Both must stay in use until the flush. */
  hashNode(node: number, depth: number, slot: number): void {
    this.#push(node, depth, slot);
    if (this.#queued >= queuedPairsMax) this.flush();
  }

  /** Writes or queues the hash of the bucket at `slot`, whose leaves share their first `depth` bits. */
  hashBucket(slot: number, depth: number): void {
    let count = 0;
    for (let leaf = this.#store.firstLeaf(slot); leaf >= 0; leaf = this.#store.nextLeaf(leaf)) {
      this.#bucket[count++] = leaf;
    }
    this.#hashLeaves(slot, depth, 0, count);
    if (this.#queued >= queuedPairsMax) this.flush();
  }

  /** Takes all queued hashes. */
  flush(): void {
    for (let depth = this.#deepest; depth >= 0; depth--) this.#flushDepth(depth);
    this.#deepest = 0;
    for (const node of this.#borrowed) this.#store.freeNode(node);
    this.#borrowed.length = 0;
    this.#queued = 0;
  }

  #push(node: number, depth: number, slot: number): void {
    this.#nodes[this.#queued] = node;
    this.#slots[this.#queued] = slot;
    this.#next[this.#queued] = this.#firstAtDepth[depth] ?? -1;
    this.#firstAtDepth[depth] = this.#queued;
    this.#queued++;
    if (depth > this.#deepest) this.#deepest = depth;
  }

  #hashLeaves(slot: number, depth: number, start: number, end: number): void {
    if (start === end) {
      this.#store.clearHash(slot);
      return;
    }
    if (start + 1 === end) {
      this.#store.setHashToLeaf(slot, this.#bucket[start] ?? -1);
      return;
    }
    const node = this.#store.allocateNode();
    this.#borrowed.push(node);
    let middle = start;
    while (middle < end && this.#store.pathBit(this.#bucket[middle] ?? -1, depth) === 0) middle++;
    this.#hashLeaves(2 * node, depth + 1, start, middle);
    this.#hashLeaves(2 * node + 1, depth + 1, middle, end);
    this.#push(node, depth, slot);
  }

  #flushDepth(depth: number): void {
    let gathered = this.#firstAtDepth[depth] ?? -1;
    let scattered = gathered;
    while (gathered >= 0) {
      let count = 0;
      for (; count < batchPairs && gathered >= 0; count++) {
        this.#store.copyPairTo(this.#nodes[gathered] ?? 0, this.#input, count);
        gathered = this.#next[gathered] ?? -1;
      }
      hashPairsInto(this.#inputBytes.subarray(0, count * 64), this.#outputBytes.subarray(0, count * 32));
      for (let index = 0; index < count; index++) {
        this.#store.copyHashFrom(this.#slots[scattered] ?? 0, this.#output, index);
        scattered = this.#next[scattered] ?? -1;
      }
    }
    this.#firstAtDepth[depth] = -1;
  }
}
