/**
 * What a node writes that takes the state at a block over instead of executing the blocks up to it. While that goes on, the row `joining`
 * stands there, and the tip is block 0; one batch then ends it.
 */
import { stateKeyWrites, stateWrites, storeHeaderWrites } from './batches.ts';
import type { SealedHeader } from './block.ts';
import { rows } from './layout.ts';
import type { StoreWrite } from './row.ts';
import type { CheckedLeaf } from './snapshot.ts';
import { type KeyRecord, treeUpdates } from './state.ts';

/** The first write of a snapshot. */
export function snapshotBeginWrites(): StoreWrite[] {
  return [rows.joining.put('only', 'present')];
}

/** A header of the chain up to the snapshot; its body is not held. */
export function snapshotHeaderWrites(sealed: SealedHeader, treeRecord: Uint8Array): StoreWrite[] {
  const { hash } = sealed;
  return [
    ...storeHeaderWrites({ sealed, record: treeRecord, isInvalid: false }),
    rows.canonical.put(sealed.header.height, hash),
  ];
}

/** State, leaves, and of each key the version that it is at. */
export function snapshotLeafWrites(leaves: readonly CheckedLeaf[]): StoreWrite[] {
  const changes = leaves.map(({ stateKey, record }) => ({ stateKey, after: record }));
  const writes = [...stateWrites(changes, treeUpdates(changes)), ...stateKeyWrites(leaves)];
  for (const { named, value } of leaves) {
    if (named !== null) writes.push(...versionWrites(named.key, named.record, value));
  }
  return writes;
}

/** The last write of a snapshot: with it the node stands at the block, as one that has pruned all below. */
export function snapshotEndWrites({ hash, header: { height } }: SealedHeader): StoreWrite[] {
  return [
    rows.tip.put('only', { hash, height }),
    rows.pruned.put('only', { blocks: height, versions: height, done: height }),
    rows.joining.remove('only'),
  ];
}

/**
 * The record tells all of its version but who wrote it. A handover holds no value: that is an earlier version's, of which nothing else is
 * known.
 */
function versionWrites(key: string, record: KeyRecord, value: Uint8Array | null): StoreWrite[] {
  const { version, valueVersion, height, owner, contentType } = record;
  const known = { transactionId: null, owner, contentType };
  if (value === null) {
    return [rows.history.put({ key, version }, { ...known, height, operation: 'delete', value: null, valueVersion })];
  }
  const put = { ...known, operation: 'put', value, valueVersion } as const;
  if (valueVersion === version) return [rows.history.put({ key, version }, { ...put, height })];
  return [
    rows.history.put({ key, version: valueVersion }, { ...put, height: 0 }),
    rows.history.put({ key, version }, { ...known, height, operation: 'transferKey', value: null, valueVersion }),
  ];
}
