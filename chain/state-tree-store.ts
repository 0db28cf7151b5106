/**
 * The memory of the state tree: nodes and leaves in flat typed arrays, because a million JavaScript objects would cost several times
 * the bytes and the garbage collector's time.
 *
 * A slot is a place where a subtree hangs: slot 2n is the left side of node n, slot 2n + 1 its right side, and slot 0 (node 0 holds
 * nothing else) the whole tree. What hangs there is one number: 0 for nothing, n > 0 for node n, and ~leaf < 0 for a bucket, that is
 * a short chain of leaves in the order of their paths. Each slot also keeps the hash of its subtree, so the two hashes of a node lie
 * side by side: they are the 64 bytes that the node's own hash is taken over, and the siblings that a proof lists.
 */
import { stateLeafHashInto } from './state-tree-proof.ts';

/** The slot of the whole tree. */
export const rootSlot = 0;

/** Leaves of a bucket. More make the tree smaller and each update hash more. */
export const bucketLeavesMax = 4;

const pathBytes = 32;
const recordBytes = 64;
const hashWords = 8;
const pairWords = 16;
const spareNodesMin = 16;
const spareLeavesMin = 16;

/** Nodes and leaves with their free lists. Ids are reused after they are freed; arrays grow by an eighth and never shrink. */
export class TrieStore {
  #children = new Int32Array(2);
  #hashes = new Int32Array(pairWords);
  #hashBytes = new Uint8Array(this.#hashes.buffer);
  #nodesUsed = 1;
  #freeNode = 0;
  #records = new Uint8Array(0);
  #leafHashes = new Int32Array(0);
  #leafHashBytes = new Uint8Array(0);
  #next = new Int32Array(0);
  #leavesUsed = 0;
  #freeLeaf = -1;
  #leafCount = 0;

  /** Leaves in use. */
  get leafCount(): number {
    return this.#leafCount;
  }

  /** Bytes of all arrays, used or reserved. */
  get bytes(): number {
    const arrays = [this.#children, this.#hashes, this.#records, this.#leafHashes, this.#next];
    return arrays.reduce((sum, array) => sum + array.byteLength, 0);
  }

  /** Makes room for `leaves` and `nodes` in all, so that filling them copies nothing. */
  reserve(leaves: number, nodes: number): void {
    if (leaves > this.#next.length) this.#growLeaves(leaves);
    if (nodes > this.#children.length / 2) this.#growNodes(nodes);
  }

  /** What hangs at `slot`: 0 nothing, n > 0 node n, ~leaf < 0 a bucket. */
  child(slot: number): number {
    return this.#children[slot] ?? 0;
  }

  setChild(slot: number, child: number): void {
    this.#children[slot] = child;
  }

  /** A node with nothing on either side; what its two hashes hold is left over and must be written. */
  allocateNode(): number {
    let node = this.#freeNode;
    if (node > 0) {
      this.#freeNode = this.#children[2 * node] ?? 0;
    } else {
      node = this.#nodesUsed++;
      if (node >= this.#children.length / 2) this.#growNodes(grown(node, spareNodesMin));
    }
    this.#children[2 * node] = 0;
    this.#children[2 * node + 1] = 0;
    return node;
  }

  freeNode(node: number): void {
    this.#children[2 * node] = this.#freeNode;
    this.#freeNode = node;
  }

  /** A leaf for `path`, at the end of its own chain. */
  allocateLeaf(path: Uint8Array, payloadHash: Uint8Array): number {
    let leaf = this.#freeLeaf;
    if (leaf >= 0) {
      this.#freeLeaf = this.#next[leaf] ?? -1;
    } else {
      leaf = this.#leavesUsed++;
      if (leaf >= this.#next.length) this.#growLeaves(grown(leaf, spareLeavesMin));
    }
    this.#leafCount++;
    this.#records.set(path, leaf * recordBytes);
    this.#next[leaf] = -1;
    this.setPayloadHash(leaf, payloadHash);
    return leaf;
  }

  freeLeaf(leaf: number): void {
    this.#next[leaf] = this.#freeLeaf;
    this.#freeLeaf = leaf;
    this.#leafCount--;
  }

  /** Takes `records`, a run of path || payloadHash, as the next leaves of an empty store; their ids count from `leafCount`. */
  appendRecords(records: Uint8Array): void {
    const count = records.length / recordBytes;
    this.reserve(this.#leavesUsed + count, 0);
    this.#records.set(records, this.#leavesUsed * recordBytes);
    for (let index = 0; index < count; index++) {
      stateLeafHashInto(this.#records, this.#leavesUsed + index, this.#leafHashBytes);
    }
    this.#leavesUsed += count;
    this.#leafCount += count;
  }

  /** The first leaf of the bucket at `slot`, or -1 where there is none; `nextLeaf` gives the others, in the order of their paths. */
  firstLeaf(slot: number): number {
    const child = this.child(slot);
    return child < 0 ? ~child : -1;
  }

  /** The leaf behind `leaf` in its bucket, or -1. */
  nextLeaf(leaf: number): number {
    return this.#next[leaf] ?? -1;
  }

  setNextLeaf(leaf: number, next: number): void {
    this.#next[leaf] = next;
  }

  /** Copies path || payloadHash of the leaf to record `index` of `records`. */
  copyRecordTo(leaf: number, records: Uint8Array, index: number): void {
    records.set(this.#records.subarray(leaf * recordBytes, (leaf + 1) * recordBytes), index * recordBytes);
  }

  /** A copy of the leaf's path, 32 bytes. */
  path(leaf: number): Uint8Array {
    return this.#records.slice(leaf * recordBytes, leaf * recordBytes + pathBytes);
  }

  /** A copy of the leaf's payload hash, 32 bytes. */
  payloadHash(leaf: number): Uint8Array {
    return this.#records.slice(leaf * recordBytes + pathBytes, (leaf + 1) * recordBytes);
  }

  setPayloadHash(leaf: number, payloadHash: Uint8Array): void {
    this.#records.set(payloadHash, leaf * recordBytes + pathBytes);
    stateLeafHashInto(this.#records, leaf, this.#leafHashBytes);
  }

  /** Bit `depth` (0 is the first) of the leaf's path. */
  pathBit(leaf: number, depth: number): number {
    return ((this.#records[leaf * recordBytes + (depth >>> 3)] ?? 0) >>> (7 - (depth & 7))) & 1;
  }

  /** -1, 0 or 1: the order of the leaf's path and `path`. */
  comparePath(leaf: number, path: Uint8Array): number {
    const records = this.#records;
    const start = leaf * recordBytes;
    for (let index = 0; index < pathBytes; index++) {
      const difference = (records[start + index] ?? 0) - (path[index] ?? 0);
      if (difference !== 0) return Math.sign(difference);
    }
    return 0;
  }

  /** True when the path of leaf `first` comes before that of leaf `second`. */
  comesBefore(first: number, second: number): boolean {
    const start = second * recordBytes;
    return this.comparePath(first, this.#records.subarray(start, start + pathBytes)) < 0;
  }

  /** A copy of the leaf's hash, 32 bytes. */
  leafHash(leaf: number): Uint8Array {
    return this.#leafHashBytes.slice(leaf * 32, leaf * 32 + 32);
  }

  /** A copy of the hash at `slot`, 32 bytes. */
  hash(slot: number): Uint8Array {
    return this.#hashBytes.slice(slot * 32, slot * 32 + 32);
  }

  /** Makes the hash at `slot` that of the one leaf that hangs there. */
  setHashToLeaf(slot: number, leaf: number): void {
    copyWords(this.#leafHashes, leaf * hashWords, this.#hashes, slot * hashWords);
  }

  clearHash(slot: number): void {
    const start = slot * hashWords;
    for (let word = 0; word < hashWords; word++) this.#hashes[start + word] = 0;
  }

  /** Copies the 64 bytes that the hash of `node` is taken over to record `index` of `input`. */
  copyPairTo(node: number, input: Int32Array, index: number): void {
    copyWords(this.#hashes, node * pairWords, input, index * pairWords);
    copyWords(this.#hashes, node * pairWords + hashWords, input, index * pairWords + hashWords);
  }

  /** Copies record `index` of `output` to the hash at `slot`. */
  copyHashFrom(slot: number, output: Int32Array, index: number): void {
    copyWords(output, index * hashWords, this.#hashes, slot * hashWords);
  }

  #growNodes(capacity: number): void {
    const children = new Int32Array(2 * capacity);
    children.set(this.#children);
    this.#children = children;
    const hashes = new Int32Array(pairWords * capacity);
    hashes.set(this.#hashes);
    this.#hashes = hashes;
    this.#hashBytes = new Uint8Array(hashes.buffer);
  }

  #growLeaves(capacity: number): void {
    const records = new Uint8Array(recordBytes * capacity);
    records.set(this.#records);
    this.#records = records;
    const leafHashes = new Int32Array(hashWords * capacity);
    leafHashes.set(this.#leafHashes);
    this.#leafHashes = leafHashes;
    this.#leafHashBytes = new Uint8Array(leafHashes.buffer);
    const next = new Int32Array(capacity);
    next.set(this.#next);
    this.#next = next;
  }
}

/** The next capacity above `used`: an eighth more bounds both the waste and the share of time spent on copies. */
function grown(used: number, spareMin: number): number {
  return used + Math.max(spareMin, used >>> 3);
}

/** One hash, word by word: for so few a copy by the library costs several times as much. */
function copyWords(source: Int32Array, from: number, target: Int32Array, to: number): void {
  for (let word = 0; word < hashWords; word++) target[to + word] = source[from + word] ?? 0;
}
