import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareBytes, concat, toHex, toUtf8 } from './bytes.ts';
import { encode } from './codec.ts';
import { sha256, zeroHash } from './hash.ts';
import { addressLength } from './keys.ts';
import {
  checkPart,
  childPrefix,
  digitBits,
  joinSubtrees,
  type SnapshotLeaf,
  splitWays,
  subtreeOf,
} from './snapshot.ts';
import {
  accountCodec,
  accountStateKey,
  type KeyRecord,
  keyRecordCodec,
  keyStateKey,
  pathOf,
  payloadHashOf,
  supplyCodec,
  supplyStateKey,
} from './state.ts';
import { StateTree } from './state-tree.ts';
import type { StateLeaf } from './state-tree-proof.ts';

const owner = new Uint8Array(addressLength).fill(7);
const record: KeyRecord = { version: 3, owner, valueHash: null, valueVersion: 0, contentType: '', height: 9 };

function keyLeaf(key: string, text: string | null, changes: Partial<KeyRecord> = {}): SnapshotLeaf {
  const value = text === null ? null : toUtf8(text);
  const held = { ...record, valueHash: value && sha256(value), valueVersion: value ? 2 : 0, ...changes };
  return { stateKey: keyStateKey(key), record: encode(keyRecordCodec, held), value };
}

function inOrder(leaves: readonly SnapshotLeaf[]): readonly SnapshotLeaf[] {
  return leaves.toSorted((a, b) => compareBytes(pathOf(a.stateKey), pathOf(b.stateKey)));
}

const hashed = ({ stateKey, record }: SnapshotLeaf): StateLeaf => ({
  path: pathOf(stateKey),
  payloadHash: payloadHashOf(record),
});

const account: SnapshotLeaf = {
  stateKey: accountStateKey(owner),
  record: encode(accountCodec, { nonce: 1, balance: 5n }),
  value: null,
};
const supply: SnapshotLeaf = { stateKey: supplyStateKey, record: encode(supplyCodec, { total: 5n }), value: null };
const keys = Array.from({ length: 30 }, (_, index) =>
  keyLeaf(`key ${index}`, index % 7 === 0 ? null : `value ${index}`),
);
const all = inOrder([...keys, account, supply]);

function treeOf(leaves: readonly StateLeaf[]): StateTree {
  const tree = new StateTree();
  tree.update(leaves);
  return tree;
}

const root = treeOf(all.map(hashed)).root();

/** Leaves whose paths share long prefixes, so that lone leaves and empty sides come at every depth. */
const someLeaves = fc
  .uniqueArray(fc.tuple(fc.constantFrom(0, 1, 2), fc.integer({ min: 0, max: 0xffff })), {
    maxLength: 40,
    selector: ([shared, rest]) => `${shared} ${rest}`,
  })
  .map(places =>
    places
      .map(([shared, rest]): StateLeaf => {
        const path = new Uint8Array(32);
        new DataView(path.buffer).setUint16([0, 14, 30][shared] ?? 0, rest);
        path[29] = shared;
        return { path, payloadHash: sha256(path) };
      })
      .sort((a, b) => compareBytes(a.path, b.path)),
  );

describe('subtrees', () => {
  it('give the root of the state tree, from any depth and from the leaves alone', () => {
    fc.assert(
      fc.property(someLeaves, fc.integer({ min: 0, max: 9 }), (leaves, depth) => {
        const tree = treeOf(leaves);
        const subtrees = tree.subtrees(depth);
        expect(subtrees).toHaveLength(2 ** depth);
        expect(toHex(joinSubtrees(subtrees)?.hash ?? zeroHash)).toBe(toHex(tree.root()));
        expect(toHex(subtreeOf(leaves, 0)?.hash ?? zeroHash)).toBe(toHex(tree.root()));
      }),
    );
  });

  it('are what the leaves under each prefix give', () => {
    fc.assert(
      fc.property(someLeaves, leaves => {
        for (const [place, subtree] of treeOf(leaves).subtrees(digitBits).entries()) {
          const below = leaves.filter(({ path }) => toHex(path).startsWith(childPrefix('', place)));
          expect(subtreeOf(below, digitBits)).toEqual(subtree);
        }
      }),
    );
  });
});

describe('a part with leaves', () => {
  const check = (leaves: readonly SnapshotLeaf[], prefix = '', expected = root) =>
    checkPart({ type: 'leaves', leaves }, prefix, expected);

  it('is taken when it gives the hash that is known, with what each record says', () => {
    const checked = check(all);
    if (!checked.ok || checked.value.type !== 'leaves') throw new Error('it is good');
    expect(checked.value.leaves).toHaveLength(32);
    const named = checked.value.leaves.filter(leaf => leaf.named !== null);
    expect(named.map(leaf => leaf.named?.key).sort()).toEqual(keys.map((_, index) => `key ${index}`).sort());
  });

  it('is taken under each prefix, also where nothing is', () => {
    for (const [place, subtree] of treeOf(all.map(hashed)).subtrees(digitBits).entries()) {
      const prefix = childPrefix('', place);
      const below = all.filter(({ stateKey }) => toHex(pathOf(stateKey)).startsWith(prefix));
      expect(check(below, prefix, subtree?.hash ?? zeroHash)).toMatchObject({ ok: true });
    }
    expect(check([], 'ab', zeroHash)).toMatchObject({ ok: true });
  });

  const first = all.find(leaf => leaf.value !== null) ?? supply;
  const gone = all.find(leaf => leaf.value === null && leaf.stateKey[0] === 1) ?? supply;
  const instead = (before: SnapshotLeaf, after: Partial<SnapshotLeaf>) =>
    all.map(leaf => (leaf === before ? { ...leaf, ...after } : leaf));
  const cases: readonly (readonly [string, readonly SnapshotLeaf[]])[] = [
    ['without one leaf', all.slice(1)],
    ['without the last leaf', all.slice(0, -1)],
    ['of nothing', []],
    ['with a leaf more', inOrder([...all, keyLeaf('another', 'value')])],
    ['with a leaf twice', [...all.slice(0, 1), ...all]],
    ['out of order', all.toReversed()],
    ['with another record', instead(account, { record: encode(accountCodec, { nonce: 1, balance: 6n }) })],
    ['with another value', instead(first, { value: toUtf8('lie') })],
    ['without a value', instead(first, { value: null })],
    ['with a value at a tombstone', instead(gone, { value: toUtf8('risen') })],
    ['with a value at an account', instead(account, { value: toUtf8('') })],
    ['with a record that is none', instead(account, { record: toUtf8('record') })],
  ];
  it.each(cases)('P13: %s is refused', (_, leaves) => {
    expect(check(leaves)).toMatchObject({ ok: false, error: { code: 'BAD_MESSAGE' } });
  });

  const odd: readonly (readonly [string, SnapshotLeaf])[] = [
    ['a key that is not UTF-8', { ...keyLeaf('a', 'b'), stateKey: Uint8Array.of(1, 0xff) }],
    ['a key of no bytes', { ...keyLeaf('a', 'b'), stateKey: Uint8Array.of(1) }],
    ['a key of 257 bytes', { ...keyLeaf('a', 'b'), stateKey: concat(Uint8Array.of(1), new Uint8Array(257).fill(97)) }],
    ['an address of 19 bytes', { ...account, stateKey: account.stateKey.subarray(0, 20) }],
    ['a supply with a name', { ...supply, stateKey: Uint8Array.of(3, 3) }],
    ['a kind that there is not', { ...supply, stateKey: Uint8Array.of(4) }],
    ['a state key of no bytes', { ...supply, stateKey: new Uint8Array(0) }],
    ['a value of a later version', keyLeaf('a', 'b', { valueVersion: 4 })],
    ['a value of version 0', keyLeaf('a', 'b', { valueVersion: 0 })],
    ['a tombstone that names a value', keyLeaf('a', null, { valueVersion: 1 })],
  ];
  it.each(odd)('P13: %s is refused, whatever the root', (_, leaf) => {
    const expected = subtreeOf([hashed(leaf)], 0)?.hash ?? zeroHash;
    expect(check([leaf], '', expected)).toMatchObject({ ok: false, error: { code: 'BAD_MESSAGE' } });
  });

  it('P13: with a leaf from under another prefix is refused', () => {
    const prefix = toHex(pathOf(supplyStateKey)).slice(0, 1) === 'f' ? 'e' : 'f';
    const expected = subtreeOf([hashed(supply)], digitBits)?.hash ?? zeroHash;
    expect(check([supply], prefix, expected)).toMatchObject({ ok: false, error: { code: 'BAD_MESSAGE' } });
  });
});

describe('a part that is split', () => {
  const children = treeOf(all.map(hashed)).subtrees(digitBits);
  const check = (given: typeof children, prefix = '', expected = root) =>
    checkPart({ type: 'split', children: given }, prefix, expected);

  it('is taken when its subtrees give the hash that is known', () => {
    expect(check(children)).toEqual({ ok: true, value: { type: 'split', children } });
  });

  it('P13: is refused with other subtrees, too few, too many, or for a whole path', () => {
    const nobody = { code: 'BAD_MESSAGE' };
    const lie = children.map((child, place) => (place === 3 ? { hash: sha256(zeroHash), isLeaf: false } : child));
    expect(check(lie)).toMatchObject({ ok: false, error: nobody });
    expect(check(children.slice(0, 8))).toMatchObject({ ok: false, error: nobody });
    expect(check([...children, null])).toMatchObject({ ok: false, error: nobody });
    expect(check(children, 'a'.repeat(64))).toMatchObject({ ok: false, error: nobody });
    const empty = Array.from({ length: splitWays }, () => null);
    expect(check(empty, '', zeroHash)).toMatchObject({ ok: false, error: nobody });
  });

  it('P13: is refused for a lone leaf, which could be split for ever', () => {
    const lone = treeOf([hashed(supply)]);
    const expected = lone.root();
    expect(check(lone.subtrees(digitBits), '', expected)).toMatchObject({ ok: false, error: { code: 'BAD_MESSAGE' } });
  });
});
