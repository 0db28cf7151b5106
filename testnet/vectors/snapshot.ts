/** Vectors of a snapshot on the wire: what is asked for, what is offered, and the two kinds of parts, for a state of three entries. */
import { toHex, toUtf8 } from '../../chain/bytes.ts';
import { encode, encodeItem, type Item } from '../../chain/codec.ts';
import { sha256, zeroHash } from '../../chain/hash.ts';
import { addressLength } from '../../chain/keys.ts';
import { childPrefix, digitBits, type SnapshotLeaf, splitWays, subtreeOf } from '../../chain/snapshot.ts';
import {
  accountCodec,
  accountStateKey,
  keyRecordCodec,
  keyStateKey,
  pathOf,
  payloadHashOf,
  supplyCodec,
  supplyStateKey,
} from '../../chain/state.ts';
import type { Subtree } from '../../chain/state-tree-proof.ts';
import { encodeOffers, encodeParts, snapshotWireLimits } from '../../daemon/snapshot-wire.ts';
import { block1 } from './example-chain.ts';
import type { Json } from './show.ts';

const owner = new Uint8Array(addressLength).fill(0xaa);
const value = toUtf8('world');
const record = { version: 2, owner, valueHash: sha256(value), valueVersion: 1, contentType: 'text/plain', height: 7 };

/** A key that was handed over once, an account and the supply, in the order of their paths. */
const leaves: readonly SnapshotLeaf[] = [
  { stateKey: keyStateKey('hello'), record: encode(keyRecordCodec, record), value },
  { stateKey: accountStateKey(owner), record: encode(accountCodec, { nonce: 2, balance: 90n }), value: null },
  { stateKey: supplyStateKey, record: encode(supplyCodec, { total: 90n }), value: null },
].sort((a, b) => (pathHex(a) < pathHex(b) ? -1 : 1));

const children: readonly (Subtree | null)[] = Array.from({ length: splitWays }, (_, place) => {
  const prefix = childPrefix('', place);
  const below = leaves.filter(leaf => pathHex(leaf).startsWith(prefix));
  return subtreeOf(below.map(hashedOf), digitBits);
});

interface SnapshotRow {
  readonly kind: 'offers' | 'parts';
  readonly name: string;
  readonly fields: Json;
  readonly bytes: Uint8Array;
}

export function snapshotRows(): readonly SnapshotRow[] {
  const offer = { height: 1, hash: block1.hash };
  const split = { type: 'split', children } as const;
  const whole = { type: 'leaves', leaves } as const;
  const stateRoot = toHex(subtreeOf(leaves.map(hashedOf), 0)?.hash ?? zeroHash);
  const shown = { height: offer.height, hash: toHex(offer.hash) };
  return [
    { kind: 'offers', name: 'one', fields: { offers: [shown] }, bytes: encodeOffers([offer]) },
    { kind: 'offers', name: 'none', fields: { offers: [] }, bytes: encodeOffers([]) },
    {
      kind: 'parts',
      name: 'a small state whole, under the prefix of no digits',
      fields: { stateRoot, leaves: leaves.map(showLeaf) },
      bytes: encodeParts([whole]),
    },
    {
      kind: 'parts',
      name: 'the same state split',
      fields: {
        stateRoot,
        children: children.map(child => child && { hash: toHex(child.hash), isLeaf: child.isLeaf }),
      },
      bytes: encodeParts([split]),
    },
  ];
}

export function refusedSnapshotRows() {
  const { offersMax, prefixesMax, leavesPerPartMax } = snapshotWireLimits;
  const offers = Array.from({ length: offersMax + 1 }, (): Item => [1, block1.hash]);
  const prefixes = Array.from({ length: prefixesMax + 1 }, (): Item => '');
  const many = Array.from({ length: leavesPerPartMax + 1 }, (): Item => [Uint8Array.of(3), Uint8Array.of(), null]);
  const nulls = (count: number) => Array.from({ length: count }, (): Item => null);
  return [
    ['request', 'too many prefixes', encodeItem([4, [block1.hash, prefixes]]), 'TOO_LARGE'],
    ['request', 'a prefix in capitals', encodeItem([4, [block1.hash, ['A']]]), 'BAD_MESSAGE'],
    ['request', 'a prefix longer than a path', encodeItem([4, [block1.hash, ['0'.repeat(65)]]]), 'TOO_LARGE'],
    ['request', 'snapshots, with a field', encodeItem([3, [1]]), 'BAD_ENCODING'],
    ['offers', 'too many', encodeItem(offers), 'TOO_LARGE'],
    ['parts', 'of an unknown kind', encodeItem([[2, []]]), 'BAD_MESSAGE'],
    ['parts', 'too many leaves', encodeItem([[1, many]]), 'TOO_LARGE'],
    ['parts', 'seventeen subtrees', encodeItem([[0, nulls(17)]]), 'TOO_LARGE'],
    ['parts', 'a subtree that is neither leaf nor node', encodeItem([[0, [[block1.hash, 2]]]]), 'BAD_ENCODING'],
    [
      'parts',
      'a value that is too long',
      encodeItem([[1, [[Uint8Array.of(3), Uint8Array.of(), new Uint8Array(65_537)]]]]),
      'TOO_LARGE',
    ],
  ] as const;
}

function showLeaf({ stateKey, record, value }: SnapshotLeaf): Json {
  const path = toHex(pathOf(stateKey));
  return { path, stateKey: toHex(stateKey), record: toHex(record), value: value && toHex(value) };
}

function hashedOf({ stateKey, record }: SnapshotLeaf) {
  return { path: pathOf(stateKey), payloadHash: payloadHashOf(record) };
}

function pathHex({ stateKey }: SnapshotLeaf): string {
  return toHex(pathOf(stateKey));
}
