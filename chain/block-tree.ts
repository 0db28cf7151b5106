/**
 * The tree of known headers: parents, cumulative work, common ancestors. A data structure only: which block is best is the engine's
 * judgement. Everything in it descends from one root, the lowest block that is still held; nothing here recurses, because the depth
 * of the tree is chosen by others.
 *
 * Ancestors are found in logarithmic time by jump pointers (Myers, "An applicative random-access stack", 1983): each entry points to
 * its parent and to one ancestor further down, at distances that follow the skew-binary numbers.
 */
import type { SealedHeader } from './block.ts';
import { toHex } from './bytes.ts';
import { assert } from './errors.ts';

/** A known header with what was derived for it. Changed by its tree alone. */
export interface BlockEntry {
  readonly sealed: SealedHeader;
  readonly key: string;
  readonly height: number;
  /** Work of the chain from block 0 to here. */
  readonly work: bigint;
  /** Sum of the capped time steps from block 2 to here, in milliseconds (docs/protocol/asert.md). */
  readonly steps: number;
  readonly parentKey: string;
  readonly jumpKey: string;
  readonly jumpHeight: number;
  readonly hasBody: boolean;
  /** Its body and those of all its ancestors are here. */
  readonly isComplete: boolean;
  readonly isInvalid: boolean;
  /** When it became complete: a number that grows with each such block; 0 before. */
  readonly arrival: number;
}

/** What the engine derived for a header. */
export interface Derived {
  readonly work: bigint;
  readonly steps: number;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };
type Node = Writable<BlockEntry> & { readonly childKeys: Set<string> };

export class BlockTree {
  readonly #nodes = new Map<string, Node>();
  readonly #leafKeys = new Set<string>();
  #root: Node;
  #arrivals = 0;

  /** A tree of one block, whose body counts as present and valid. */
  constructor(root: SealedHeader, derived: Derived) {
    const key = root.hashHex;
    this.#root = {
      ...unlinked(root, derived),
      parentKey: toHex(root.header.parent),
      jumpKey: key,
      jumpHeight: root.header.height,
      hasBody: true,
      isComplete: true,
    };
    this.#nodes.set(key, this.#root);
    this.#leafKeys.add(key);
  }

  /** The lowest block held: every other descends from it. */
  get root(): BlockEntry {
    return this.#root;
  }

  get size(): number {
    return this.#nodes.size;
  }

  /** The entry of a block hash in lower-case hex, or null. */
  get(key: string): BlockEntry | null {
    return this.#nodes.get(key) ?? null;
  }

  /** Adds a header whose parent is held and whose height is one more; gives the entry there is when it is held already. */
  insert(sealed: SealedHeader, derived: Derived): BlockEntry {
    const known = this.#nodes.get(sealed.hashHex);
    if (known !== undefined) return known;
    const parent = this.#nodes.get(toHex(sealed.header.parent));
    assert(parent !== undefined, 'the parent of an inserted block is held');
    assert(sealed.header.height === parent.height + 1, 'a block is one higher than its parent');
    const node: Node = {
      ...unlinked(sealed, derived),
      parentKey: parent.key,
      ...this.#jumpFrom(parent),
      isInvalid: parent.isInvalid,
    };
    this.#nodes.set(node.key, node);
    parent.childKeys.add(node.key);
    this.#leafKeys.delete(parent.key);
    this.#leafKeys.add(node.key);
    return node;
  }

  /** The parent, or null for the root. */
  parentOf(entry: BlockEntry): BlockEntry | null {
    return entry === this.#root ? null : this.get(entry.parentKey);
  }

  /** The ancestor (or the entry itself) at `height`; null above the entry and below the root. O(log n). */
  ancestorAt(entry: BlockEntry, height: number): BlockEntry | null {
    if (height > entry.height || height < this.#root.height) return null;
    let walker: BlockEntry | null = entry;
    while (walker !== null && walker.height > height) {
      const jump: BlockEntry | null = walker.jumpHeight >= height ? this.get(walker.jumpKey) : null;
      walker = jump ?? this.parentOf(walker);
    }
    return walker;
  }

  /** True when `ancestor` lies on the branch that ends in `entry`, or is it. */
  isAncestor(ancestor: BlockEntry, entry: BlockEntry): boolean {
    return this.ancestorAt(entry, ancestor.height) === ancestor;
  }

  /** The highest block on both branches. O(log n) unless pruning cut jumps. */
  commonAncestor(a: BlockEntry, b: BlockEntry): BlockEntry {
    const height = Math.min(a.height, b.height);
    let left = this.ancestorAt(a, height);
    let right = this.ancestorAt(b, height);
    while (left !== right) {
      assert(left !== null && right !== null, 'all entries descend from the root');
      const leftJump = this.get(left.jumpKey);
      const rightJump = this.get(right.jumpKey);
      const canJump = leftJump !== rightJump && leftJump?.height === rightJump?.height;
      left = canJump ? leftJump : this.parentOf(left);
      right = canJump ? rightJump : this.parentOf(right);
    }
    assert(left !== null, 'all entries descend from the root');
    return left;
  }

  /** The blocks after `ancestor` up to `entry`, oldest first; `ancestor` must lie on the branch of `entry`. */
  path(ancestor: BlockEntry, entry: BlockEntry): BlockEntry[] {
    const blocks: BlockEntry[] = [];
    let walker: BlockEntry | null = entry;
    while (walker !== null && walker !== ancestor) {
      blocks.push(walker);
      walker = this.parentOf(walker);
    }
    assert(walker === ancestor, 'a path ends at an ancestor');
    return blocks.reverse();
  }

  /** All entries, in the order of their insertion. */
  entries(): Iterable<BlockEntry> {
    return this.#nodes.values();
  }

  /** The entries without children, in the order of their insertion. */
  leaves(): BlockEntry[] {
    return [...this.#leafKeys].map(key => this.#node(key));
  }

  /** `entry` and all that descends from it, parents before children. */
  *descendants(entry: BlockEntry): Generator<BlockEntry> {
    const waiting = [this.#node(entry.key)];
    for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
      yield node;
      for (const key of node.childKeys) waiting.push(this.#node(key));
    }
  }

  /** Notes that the body is here. Gives the entries that this made complete, parents before children. */
  addBody(entry: BlockEntry): BlockEntry[] {
    const node = this.#node(entry.key);
    node.hasBody = true;
    const completed: BlockEntry[] = [];
    const waiting = [node];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      if (next.isComplete || !next.hasBody || this.parentOf(next)?.isComplete !== true) continue;
      next.isComplete = true;
      next.arrival = ++this.#arrivals;
      completed.push(next);
      for (const key of next.childKeys) waiting.push(this.#node(key));
    }
    return completed;
  }

  /** Marks the entry and its descendants, also those to come, as invalid. */
  markInvalid(entry: BlockEntry): void {
    for (const { key } of this.descendants(entry)) this.#node(key).isInvalid = true;
  }

  /** Makes `root` the root: whatever does not descend from it is forgotten. Its branch must be complete. */
  prune(root: BlockEntry): void {
    assert(root.isComplete, 'the root of a tree is complete');
    const waiting = [this.#root.key];
    for (let key = waiting.pop(); key !== undefined; key = waiting.pop()) {
      if (key === root.key) continue;
      waiting.push(...this.#node(key).childKeys);
      this.#nodes.delete(key);
      this.#leafKeys.delete(key);
    }
    this.#root = this.#node(root.key);
  }

  /** Forgets a branch: the leaf and its ancestors up to where another branch forks off, `kept`, or the root. */
  removeBranch(leaf: BlockEntry, kept: ReadonlySet<BlockEntry>): void {
    let node = this.#node(leaf.key);
    while (node.childKeys.size === 0 && node !== this.#root && !kept.has(node)) {
      const parent = this.#node(node.parentKey);
      this.#nodes.delete(node.key);
      this.#leafKeys.delete(node.key);
      parent.childKeys.delete(node.key);
      if (parent.childKeys.size === 0) this.#leafKeys.add(parent.key);
      node = parent;
    }
  }

  #node(key: string): Node {
    const node = this.#nodes.get(key);
    assert(node !== undefined, 'an entry of the tree is held');
    return node;
  }

  /** Two jumps of equal length below the parent are joined into one; otherwise the jump goes to the parent. */
  #jumpFrom(parent: Node): { readonly jumpKey: string; readonly jumpHeight: number } {
    const first = this.#nodes.get(parent.jumpKey);
    if (first !== undefined && parent.height - first.height === first.height - first.jumpHeight) {
      return { jumpKey: first.jumpKey, jumpHeight: first.jumpHeight };
    }
    return { jumpKey: parent.key, jumpHeight: parent.height };
  }
}

function unlinked(sealed: SealedHeader, derived: Derived) {
  return {
    sealed,
    key: sealed.hashHex,
    height: sealed.header.height,
    work: derived.work,
    steps: derived.steps,
    hasBody: false,
    isComplete: false,
    isInvalid: false,
    arrival: 0,
    childKeys: new Set<string>(),
  };
}
