import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Header, headerVersion, type SealedHeader, seal } from './block.ts';
import { type BlockEntry, BlockTree } from './block-tree.ts';

const zero = new Uint8Array(32);

function header(parent: SealedHeader | null, salt = 0): SealedHeader {
  const fields: Header = {
    version: headerVersion,
    height: parent === null ? 0 : parent.header.height + 1,
    parent: parent?.hash ?? zero,
    transactionsRoot: zero,
    receiptsRoot: zero,
    stateRoot: zero,
    time: salt,
    bits: 0,
    producer: new Uint8Array(33),
    extension: new Uint8Array(),
  };
  return seal(fields, zero, new Uint8Array(64));
}

const genesis = header(null);

function plant(): BlockTree {
  return new BlockTree(genesis, { work: 0n, steps: 0 });
}

function grow(tree: BlockTree, parent: BlockEntry, salt = 0): BlockEntry {
  return tree.insert(header(parent.sealed, salt), { work: parent.work + 1n, steps: parent.steps + 10 });
}

function growChain(tree: BlockTree, parent: BlockEntry, count: number, salt = 0): BlockEntry[] {
  const entries: BlockEntry[] = [];
  let tip = parent;
  for (let index = 0; index < count; index++) {
    tip = grow(tree, tip, salt);
    entries.push(tip);
  }
  return entries;
}

/** A tree whose shape is a list of choices, with its entries in the order of insertion. */
function planted(picks: readonly number[]): { readonly tree: BlockTree; readonly entries: readonly BlockEntry[] } {
  const tree = plant();
  const entries: BlockEntry[] = [tree.root];
  for (const [index, pick] of picks.entries()) {
    // Late parents are likelier, so that branches get long.
    const parent = entries[Math.max(0, entries.length - 1 - (pick % 4))] ?? tree.root;
    entries.push(grow(tree, parent, index + 1));
  }
  return { tree, entries };
}

const shapes = fc.array(fc.nat(100), { minLength: 1, maxLength: 120 });

function slowAncestors(tree: BlockTree, entry: BlockEntry): BlockEntry[] {
  const ancestors: BlockEntry[] = [];
  for (let walker: BlockEntry | null = entry; walker !== null; walker = tree.parentOf(walker)) ancestors.push(walker);
  return ancestors;
}

describe('an entry', () => {
  it('is inserted once', () => {
    const tree = plant();
    const first = grow(tree, tree.root);
    expect(grow(tree, tree.root)).toBe(first);
    expect(tree.size).toBe(2);
    expect(tree.get(first.key)).toBe(first);
    expect(tree.get('00')).toBeNull();
  });

  it('cannot be inserted without its parent, or at another height', () => {
    const tree = plant();
    const lost = header(header(genesis, 5));
    expect(() => tree.insert(lost, { work: 1n, steps: 0 })).toThrow(/the parent of an inserted block/);
    const high = header(genesis);
    const wrong = { ...high, hashHex: 'ff', header: { ...high.header, height: 2 } };
    expect(() => tree.insert(wrong, { work: 1n, steps: 0 })).toThrow(/one higher than its parent/);
  });
});

describe('ancestors', () => {
  it('are those that the parents lead to, at every height', () => {
    fc.assert(
      fc.property(shapes, picks => {
        const { tree, entries } = planted(picks);
        for (const entry of entries) {
          for (const ancestor of slowAncestors(tree, entry)) {
            if (tree.ancestorAt(entry, ancestor.height) !== ancestor) return false;
          }
        }
        return true;
      }),
    );
  });

  it('are not found above the entry or below the root', () => {
    const tree = plant();
    const entry = grow(tree, tree.root);
    expect(tree.ancestorAt(entry, 2)).toBeNull();
    expect(tree.ancestorAt(entry, -1)).toBeNull();
    expect(tree.isAncestor(tree.root, entry)).toBe(true);
    expect(tree.isAncestor(entry, tree.root)).toBe(false);
  });

  it('of a tip 50,000 blocks high are found in few steps', () => {
    const tree = plant();
    const tip = growChain(tree, tree.root, 50_000).at(-1) ?? tree.root;
    for (const height of [0, 1, 777, 25_000, 49_999]) {
      let steps = 0;
      const get = tree.get.bind(tree);
      tree.get = key => {
        steps += 1;
        return get(key);
      };
      expect(tree.ancestorAt(tip, height)?.height).toBe(height);
      tree.get = get;
      expect(steps).toBeLessThan(3 * Math.log2(50_000));
    }
  });

  it('in common of two blocks are the same as the slow search finds, also after pruning', () => {
    fc.assert(
      fc.property(shapes, fc.nat(), fc.nat(), fc.nat(30), (picks, left, right, cut) => {
        const { tree, entries } = planted(picks);
        const newest = entries.at(-1) ?? tree.root;
        for (const entry of entries) tree.addBody(entry);
        const root = tree.ancestorAt(newest, Math.min(cut, newest.height)) ?? tree.root;
        tree.prune(root);
        growChain(tree, newest, 20);
        const alive = [...tree.entries()];
        const a = alive[left % alive.length] ?? root;
        const b = alive[right % alive.length] ?? root;
        const others = new Set(slowAncestors(tree, b));
        expect(tree.commonAncestor(a, b)).toBe(slowAncestors(tree, a).find(entry => others.has(entry)));
        for (const ancestor of slowAncestors(tree, a)) expect(tree.ancestorAt(a, ancestor.height)).toBe(ancestor);
      }),
    );
  });

  it('give the path between them, oldest first', () => {
    const tree = plant();
    const chain = growChain(tree, tree.root, 5);
    expect(tree.path(tree.root, chain[4] ?? tree.root)).toEqual(chain);
    expect(tree.path(tree.root, tree.root)).toEqual([]);
    const fork = grow(tree, tree.root, 9);
    expect(() => tree.path(fork, chain[4] ?? tree.root)).toThrow(/a path ends at an ancestor/);
  });
});

describe('bodies', () => {
  it('make a branch complete from the root up, in whatever order they come', () => {
    fc.assert(
      fc.property(shapes, fc.array(fc.nat(), { maxLength: 200 }), (picks, order) => {
        const { tree, entries } = planted(picks);
        for (const pick of order) tree.addBody(entries[pick % entries.length] ?? tree.root);
        for (const entry of entries) {
          expect(entry.isComplete).toBe(slowAncestors(tree, entry).every(({ hasBody }) => hasBody));
          expect(entry.arrival > 0).toBe(entry.isComplete && entry !== tree.root);
        }
      }),
    );
  });

  it('that fill a gap complete what waits above it, parents before children, without recursion', () => {
    const tree = plant();
    const chain = growChain(tree, tree.root, 20_000);
    for (const entry of chain.slice(1)) expect(tree.addBody(entry)).toHaveLength(0);
    const completed = tree.addBody(chain[0] ?? tree.root);
    expect(completed.map(({ height }) => height)).toEqual(chain.map(({ height }) => height));
    expect(completed.map(({ arrival }) => arrival)).toEqual(chain.map((_, index) => index + 1));
  });
});

describe('invalid blocks', () => {
  it('take their descendants with them, also those inserted later', () => {
    const tree = plant();
    const chain = growChain(tree, tree.root, 20_000);
    const fork = grow(tree, chain[2] ?? tree.root, 7);
    tree.markInvalid(chain[3] ?? tree.root);
    expect(chain.map(({ isInvalid }) => isInvalid)).toEqual(chain.map(({ height }) => height >= 4));
    expect(fork.isInvalid).toBe(false);
    expect(grow(tree, chain.at(-1) ?? tree.root).isInvalid).toBe(true);
  });
});

describe('leaves and removal', () => {
  it('leaves are the entries without children', () => {
    fc.assert(
      fc.property(shapes, picks => {
        const { tree, entries } = planted(picks);
        const parents = new Set(entries.map(entry => tree.parentOf(entry)));
        expect(new Set(tree.leaves())).toEqual(new Set(entries.filter(entry => !parents.has(entry))));
      }),
    );
  });

  it('pruning keeps exactly what descends from the new root', () => {
    fc.assert(
      fc.property(shapes, fc.nat(), (picks, choice) => {
        const { tree, entries } = planted(picks);
        for (const entry of entries) tree.addBody(entry);
        const root = entries[choice % entries.length] ?? tree.root;
        const kept = entries.filter(entry => slowAncestors(tree, entry).includes(root));
        tree.prune(root);
        expect([...tree.entries()]).toEqual(kept);
        expect(tree.parentOf(root)).toBeNull();
        expect(new Set(tree.descendants(root))).toEqual(new Set(kept));
      }),
    );
  });

  it('a branch is removed down to its fork, a kept block, or the root', () => {
    const tree = plant();
    const chain = growChain(tree, tree.root, 5);
    const fork = growChain(tree, chain[1] ?? tree.root, 4, 3);
    tree.removeBranch(fork[3] ?? tree.root, new Set());
    expect([...tree.entries()]).toEqual([tree.root, ...chain]);
    expect(tree.leaves()).toEqual([chain[4]]);
    tree.removeBranch(chain[4] ?? tree.root, new Set(chain.slice(3, 4)));
    expect(tree.leaves()).toEqual([chain[3]]);
    tree.removeBranch(chain[3] ?? tree.root, new Set());
    expect([...tree.entries()]).toEqual([tree.root]);
    expect(tree.leaves()).toEqual([tree.root]);
  });
});
