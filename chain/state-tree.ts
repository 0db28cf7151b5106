/**
 * The state tree: one root over everything that the ledger holds, so that any value, or its absence, can be proved against a header.
 *
 * What it commits to is in `state-tree-proof.ts`. Here is how it is kept, which nobody outside can see: a binary trie whose last
 * levels are buckets of at most four leaves (a burst trie). Plain nodes down to every leaf would take twice the memory, and buckets at
 * a fixed depth would be filled by whoever picks keys with a common prefix. A batch of updates walks down once, together, and every
 * changed node is hashed once.
 *
 * A leaf keeps its payload hash, which a proof of absence shows of another leaf, and from which the database rebuilds the tree; and its
 * own hash, because those beside it in a bucket change often, and hashing 65 bytes costs as much as twenty pairs in a batch.
 */
import { concat, equalBytes } from './bytes.ts';
import { sha256, zeroHash } from './hash.ts';
import { type StateUpdate, UpdateBatch } from './state-tree-batch.ts';
import { HashQueue } from './state-tree-hash.ts';
import { pathBit, type StateLeaf, type StateProof, type Subtree } from './state-tree-proof.ts';
import { bucketLeavesMax, rootSlot, TrieStore } from './state-tree-store.ts';

export type { StateUpdate };

/** Updates between two pauses: a few milliseconds. */
const pieceUpdates = 500;
interface Collecting {
  readonly level: number;
  readonly depth: number;
  readonly found: (Subtree | null)[];
}
const recordBytes = 64;
/** Records of a run in which leaves are kept on disk: a megabyte. */
export const runRecordsMax = 16_384;

/**
 * A compact sparse Merkle tree that changes in place. What it costs is measured by `npm run bench -- state-tree`. Paths should be
 * hashes: a batch costs at most 256 levels for each path, however they are chosen.
 */
export class StateTree {
  readonly #store = new TrieStore();
  readonly #queue = new HashQueue(this.#store);
  /** The batch at work, and what undoes those of its updates that are already made. */
  #batch = new UpdateBatch([]);
  #inverse: StateUpdate[] = [];
  /** Leaves that were removed so far; where there are none below a node, it stays a node. */
  #removed = 0;
  /** The leaves that are being hung under one slot, in the order of their paths. */
  #leaves = new Int32Array(bucketLeavesMax);

  /**
   * The tree of all leaves in `runs`. Each run is a sequence of 64-byte records path || payloadHash; all paths ascend, also from one
   * run to the next. Throws RangeError on anything else: the rows are our own.
   */
  static build(runs: readonly Uint8Array[]): StateTree {
    const tree = new StateTree();
    const store = tree.#store;
    const count = runs.reduce((sum, run) => sum + run.length, 0) / recordBytes;
    // Random paths need 0.36 nodes a leaf; what an adversary's paths need more is found by growing.
    store.reserve(Math.ceil(count), Math.ceil(count * 0.38));
    for (const run of runs) {
      if (run.length % recordBytes !== 0) throw new RangeError(`${run.length} bytes are not a run of 64-byte records`);
      store.appendRecords(run);
    }
    for (let leaf = 1; leaf < count; leaf++) {
      if (!store.comesBefore(leaf - 1, leaf)) throw new RangeError(`record ${leaf}: its path does not ascend`);
    }
    tree.#leaves = new Int32Array(count).map((_, leaf) => leaf);
    tree.#hang(rootSlot, 0, 0, count);
    tree.#leaves = new Int32Array(bucketLeavesMax);
    tree.#finish();
    return tree;
  }

  /** All leaves as `build` takes them, in runs of `recordsMax` records, the last of fewer. The tree must not change meanwhile. */
  *runs(recordsMax: number): Generator<Uint8Array, void, undefined> {
    const store = this.#store;
    const slots = [rootSlot];
    let run = new Uint8Array(recordsMax * recordBytes);
    let count = 0;
    for (let slot = slots.pop(); slot !== undefined; slot = slots.pop()) {
      const node = store.child(slot);
      if (node > 0) slots.push(2 * node + 1, 2 * node);
      for (let leaf = store.firstLeaf(slot); leaf >= 0; leaf = store.nextLeaf(leaf)) {
        store.copyRecordTo(leaf, run, count++);
        if (count < recordsMax) continue;
        yield run;
        run = new Uint8Array(recordsMax * recordBytes);
        count = 0;
      }
    }
    if (count > 0) yield run.subarray(0, count * recordBytes);
  }

  /** Leaves in the tree. */
  get size(): number {
    return this.#store.leafCount;
  }

  /** Bytes of memory that the tree holds, used or reserved. */
  get bytes(): number {
    return this.#store.bytes;
  }

  /** The root, 32 bytes; zeros for the empty tree. */
  root(): Uint8Array {
    return this.#store.hash(rootSlot);
  }

  /**
   * Makes all `updates` and returns those that take them back, in the order of their paths; paths are shared with `updates`, so they
   * must not be changed afterwards. Throws RangeError, before anything is changed, on a length other than 32 or a path given twice.
   */
  update(updates: readonly StateUpdate[]): StateUpdate[] {
    const steps = this.updateInSteps(updates);
    for (;;) {
      const step = steps.next();
      if (step.done) return step.value;
    }
  }

  /**
   * As `update`, with a pause every few milliseconds, in which a caller can let others work. Until the end the tree is between two
   * states, so nobody else may use it.
   */
  *updateInSteps(updates: readonly StateUpdate[]): Generator<undefined, StateUpdate[], undefined> {
    const batch = new UpdateBatch(updates);
    const inverse: StateUpdate[] = [];
    this.#batch = batch;
    this.#inverse = inverse;
    for (let start = 0; start < batch.length; start += pieceUpdates) {
      if (start > 0) yield;
      this.#updateSlot(rootSlot, 0, start, Math.min(batch.length, start + pieceUpdates));
      this.#finish();
    }
    this.#batch = new UpdateBatch([]);
    this.#inverse = [];
    return inverse;
  }

  /** The proof of what stands at `path` (32 bytes): of its leaf, or of its absence. At most 1.5 kB at a million keys. */
  prove(path: Uint8Array): StateProof {
    const store = this.#store;
    const siblings: Uint8Array[] = [];
    let slot = rootSlot;
    for (let depth = 0; store.child(slot) > 0; depth++) {
      slot = 2 * store.child(slot) + pathBit(path, depth);
      siblings.push(store.hash(slot ^ 1));
    }
    let leaves = this.#bucket(slot);
    while (leaves.length > 1) {
      const depth = siblings.length;
      const bit = pathBit(path, depth);
      const beside = leaves.filter(leaf => store.pathBit(leaf, depth) !== bit);
      siblings.push(this.#bucketHash(beside, depth + 1));
      leaves = leaves.filter(leaf => store.pathBit(leaf, depth) === bit);
    }
    return proofOf(siblings, this.#otherLeaf(leaves[0], path));
  }

  /** What hangs at each of the 2^depth places that lie `depth` levels down, from left to right; null where nothing does. */
  subtrees(depth: number): readonly (Subtree | null)[] {
    const found: (Subtree | null)[] = [];
    this.#collect(rootSlot, { level: 0, depth, found });
    return found;
  }

  #collect(slot: number, at: Collecting): void {
    const { level, depth, found } = at;
    const node = this.#store.child(slot);
    if (node <= 0) {
      this.#collectBucket(this.#bucket(slot), at);
    } else if (level === depth) {
      found.push({ hash: this.#store.hash(slot), isLeaf: false });
    } else {
      this.#collect(2 * node, { level: level + 1, depth, found });
      this.#collect(2 * node + 1, { level: level + 1, depth, found });
    }
  }

  #collectBucket(leaves: readonly number[], { level, depth, found }: Collecting): void {
    if (level === depth) {
      found.push(leaves.length === 0 ? null : { hash: this.#bucketHash(leaves, level), isLeaf: leaves.length === 1 });
      return;
    }
    for (const side of [0, 1]) {
      const those = leaves.filter(leaf => this.#store.pathBit(leaf, level) === side);
      this.#collectBucket(those, { level: level + 1, depth, found });
    }
  }

  /** Makes the updates start..end, whose paths lead through `slot` at `depth`, under it; leaves the hash at `slot` to the caller. */
  #updateSlot(slot: number, depth: number, start: number, end: number): void {
    const node = this.#store.child(slot);
    if (node <= 0) {
      this.#hang(slot, depth, 0, this.#mergeBucket(slot, start, end));
      return;
    }
    const removedBefore = this.#removed;
    const middle = this.#batch.split(depth, start, end);
    if (start < middle) this.#updateSlot(2 * node, depth + 1, start, middle);
    if (middle < end) this.#updateSlot(2 * node + 1, depth + 1, middle, end);
    if (this.#removed > removedBefore && this.#collapsed(slot, node)) return;
    // Only now is it sure that the node stays, so no hash is queued for one that is freed and used again.
    if (start < middle) this.#hashSlot(2 * node, depth + 1);
    if (middle < end) this.#hashSlot(2 * node + 1, depth + 1);
    this.#queue.hashNode(node, depth, slot);
  }

  /** Hangs `#leaves` start..end under `slot` at `depth`: in a bucket when they fit, else in a node. */
  #hang(slot: number, depth: number, start: number, end: number): void {
    const store = this.#store;
    if (end - start <= bucketLeavesMax) {
      let next = -1;
      for (let index = end - 1; index >= start; index--) {
        const leaf = this.#leaves[index] ?? -1;
        store.setNextLeaf(leaf, next);
        next = leaf;
      }
      store.setChild(slot, next < 0 ? 0 : ~next);
      return;
    }
    const node = store.allocateNode();
    store.setChild(slot, node);
    const middle = this.#splitLeaves(depth, start, end);
    this.#hang(2 * node, depth + 1, start, middle);
    this.#hang(2 * node + 1, depth + 1, middle, end);
    this.#hashSlot(2 * node, depth + 1);
    this.#hashSlot(2 * node + 1, depth + 1);
    this.#queue.hashNode(node, depth, slot);
  }

  /** Sets `#leaves` to what the bucket at `slot` holds after the updates start..end, in the order of paths, and gives how many. */
  #mergeBucket(slot: number, start: number, end: number): number {
    const store = this.#store;
    if (this.#leaves.length < bucketLeavesMax + end - start) {
      this.#leaves = new Int32Array(bucketLeavesMax + end - start);
    }
    let count = 0;
    let leaf = store.firstLeaf(slot);
    for (let index = start; index < end; index++) {
      const update = this.#batch.at(index);
      let order = -1;
      while (leaf >= 0) {
        order = store.comparePath(leaf, update.path);
        if (order >= 0) break;
        this.#leaves[count++] = leaf;
        leaf = store.nextLeaf(leaf);
      }
      const found = leaf >= 0 && order === 0 ? leaf : -1;
      // The leaf's place in the chain is read before it may be freed.
      if (found >= 0) leaf = store.nextLeaf(leaf);
      const kept = this.#updateLeaf(found, update);
      if (kept >= 0) this.#leaves[count++] = kept;
    }
    for (; leaf >= 0; leaf = store.nextLeaf(leaf)) this.#leaves[count++] = leaf;
    return count;
  }

  /** Makes one update of the leaf that its path has (-1: none) and notes its inverse; gives the leaf that the path has then, or -1. */
  #updateLeaf(leaf: number, { path, payloadHash }: StateUpdate): number {
    const store = this.#store;
    this.#inverse.push({ path, payloadHash: leaf < 0 ? null : store.payloadHash(leaf) });
    if (leaf < 0) return payloadHash === null ? -1 : store.allocateLeaf(path, payloadHash);
    if (payloadHash === null) {
      store.freeLeaf(leaf);
      this.#removed++;
      return -1;
    }
    store.setPayloadHash(leaf, payloadHash);
    return leaf;
  }

  /** Turns `node` at `slot` into a bucket when what is left of it fits into one. */
  #collapsed(slot: number, node: number): boolean {
    const store = this.#store;
    if (store.child(2 * node) > 0 || store.child(2 * node + 1) > 0) return false;
    const leaves = [...this.#bucket(2 * node), ...this.#bucket(2 * node + 1)];
    if (leaves.length > bucketLeavesMax) return false;
    store.freeNode(node);
    this.#leaves.set(leaves);
    this.#hang(slot, 0, 0, leaves.length);
    return true;
  }

  /** Sees to the hash at `slot` of what hangs there; a node has queued its own. */
  #hashSlot(slot: number, depth: number): void {
    if (this.#store.child(slot) <= 0) this.#queue.hashBucket(slot, depth);
  }

  #finish(): void {
    this.#hashSlot(rootSlot, 0);
    this.#queue.flush();
  }

  /** The leaves of the bucket at `slot`, in the order of their paths. */
  #bucket(slot: number): number[] {
    const leaves: number[] = [];
    for (let leaf = this.#store.firstLeaf(slot); leaf >= 0; leaf = this.#store.nextLeaf(leaf)) leaves.push(leaf);
    return leaves;
  }

  /** The first of the leaves start..end whose path has bit `depth` set, or `end`. */
  #splitLeaves(depth: number, start: number, end: number): number {
    let low = start;
    let high = end;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#store.pathBit(this.#leaves[middle] ?? -1, depth) === 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #bucketHash(leaves: readonly number[], depth: number): Uint8Array {
    const [first] = leaves;
    if (first === undefined) return zeroHash;
    if (leaves.length === 1) return this.#store.leafHash(first);
    const left = leaves.filter(leaf => this.#store.pathBit(leaf, depth) === 0);
    const right = leaves.filter(leaf => this.#store.pathBit(leaf, depth) === 1);
    return sha256(concat(this.#bucketHash(left, depth + 1), this.#bucketHash(right, depth + 1)));
  }

  /** The leaf that stands where `path` would, when it is not the path's own. */
  #otherLeaf(leaf: number | undefined, path: Uint8Array): StateLeaf | null {
    if (leaf === undefined || this.#store.comparePath(leaf, path) === 0) return null;
    return { path: this.#store.path(leaf), payloadHash: this.#store.payloadHash(leaf) };
  }
}

/** The proof with these siblings, from the root down, some of them empty. */
function proofOf(siblings: readonly Uint8Array[], otherLeaf: StateLeaf | null): StateProof {
  const bitmap = new Uint8Array(Math.ceil(siblings.length / 8));
  const listed: Uint8Array[] = [];
  for (const [depth, sibling] of siblings.entries()) {
    if (equalBytes(sibling, zeroHash)) continue;
    bitmap[depth >>> 3] = (bitmap[depth >>> 3] ?? 0) | (0x80 >>> (depth & 7));
    listed.push(sibling);
  }
  return { depth: siblings.length, bitmap, siblings: listed, otherLeaf };
}
