/**
 * What is written together. What moves the ledger by one block, forwards or back, is in one batch, alone or with that of other blocks:
 * tip, state, leaves, history, receipts, undo and indexes, so that after a crash the database stands at some block, whole.
 */
import type { Block } from './block.ts';
import { assert } from './errors.ts';
import { type HeaderRecord, rows } from './layout.ts';
import type { Applied } from './ledger.ts';
import type { StoreWrite } from './row.ts';
import { pathOf, type StateWrite, treeUpdates } from './state.ts';
import type { StateUpdate } from './state-tree.ts';
import type { Transaction } from './transaction.ts';
import { type Undo, undoOf } from './undo.ts';

/** A part of the written mempool holds at most this many bytes, unless one transaction alone has more. */
const mempoolPartBytesMax = 1_048_576;

/** Stores a header, or what is known of it anew: the engine's record, or that it is invalid. */
export function storeHeaderWrites(header: HeaderRecord): StoreWrite[] {
  const { hash } = header.sealed;
  const { height } = header.sealed.header;
  return [rows.header.put(hash, header), rows.headerByHeight.put({ height, hash }, 'present')];
}

/** Stores a block, canonical or not: its header with the engine's record, and its body. */
export function storeBlockWrites(block: Block, treeRecord: Uint8Array): StoreWrite[] {
  const { header, nonce, signature, hash, hashHex } = block;
  const sealed = { header, nonce, signature, hash, hashHex };
  return [
    ...storeHeaderWrites({ sealed, record: treeRecord, isInvalid: false }),
    rows.body.put(hash, block.transactions),
  ];
}

export interface Commit {
  readonly block: Block;
  readonly applied: Applied;
  /** `treeUpdates` of the changes, in their order. */
  readonly leaves: readonly StateUpdate[];
  /** Params.undoBlocksMax. */
  readonly undoBlocksMax: number;
}

/**
 * What moves the ledger from the block's parent to the block, row by row, so that a caller can let others work in between. The block
 * itself is stored before or with it.
 */
export function* commitWrites({
  block,
  applied,
  leaves,
  undoBlocksMax,
}: Commit): Generator<StoreWrite, void, undefined> {
  const { hash } = block;
  const { height } = block.header;
  assert(applied.receipts.length === block.transactions.length, 'every transaction of a block has a receipt');
  yield rows.tip.put('only', { hash, height });
  yield rows.canonical.put(height, hash);
  yield rows.receipts.put(hash, applied.receipts);
  yield rows.undone.remove(hash);
  yield* stateWrites(applied.changes, leaves);
  yield* stateKeyWrites(applied.changes.filter(({ before }) => before === null));
  for (const { key, version, ...record } of applied.history) yield rows.history.put({ key, version }, record);
  for (const [index, { id }] of block.transactions.entries()) yield rows.transaction.put(id, { height, index });
  // Block 0 is never undone.
  if (height > 0) yield rows.undo.put(height, undoOf(hash, applied));
  if (height > undoBlocksMax) yield rows.undo.remove(height - undoBlocksMax);
}

/** The first batch of a database: block 0 and the state that the genesis gives. */
export function genesisWrites(block: Block, applied: Applied, treeRecord: Uint8Array): StoreWrite[] {
  assert(block.header.height === 0, 'a database begins with block 0');
  return [
    ...storeBlockWrites(block, treeRecord),
    ...commitWrites({ block, applied, leaves: treeUpdates(applied.changes), undoBlocksMax: 0 }),
  ];
}

/**
 * What moves the ledger from the block back to its parent. The block stays stored; the row `undone` says that its transactions
 * are owed to the mempool. `undo` is the one of this block (`decodeUndo` checks that).
 */
export function undoWrites(block: Block, undo: Undo): StoreWrite[] {
  const { hash } = block;
  const { height, parent } = block.header;
  assert(height > 0, 'block 0 is never undone');
  const updates = treeUpdates(undo.changes);
  return [
    rows.tip.put('only', { hash: parent, height: height - 1 }),
    rows.canonical.remove(height),
    rows.receipts.remove(hash),
    rows.undo.remove(height),
    rows.undone.put(hash, height),
    ...stateWrites(undo.changes, updates),
    ...updates.filter(({ payloadHash }) => payloadHash === null).map(({ path }) => rows.stateKey.remove(path)),
    ...undo.history.map(place => rows.history.remove(place)),
    ...block.transactions.map(({ id }) => rows.transaction.remove(id)),
  ];
}

/** Takes away what was in a block, canonical or not; its header stays. */
export function pruneBlockWrites(hash: Uint8Array): StoreWrite[] {
  return [rows.body.remove(hash), rows.receipts.remove(hash)];
}

export interface MempoolToWrite {
  readonly transactions: Iterable<Transaction>;
  /** Where the parts are stored now, ascending. */
  readonly places: readonly number[];
  /** Undone blocks whose transactions are among `transactions`, or need not be. */
  readonly undone: readonly Uint8Array[];
}

/**
 * Replaces the stored mempool by one batch a part; gives where the parts are then. The new parts stand behind the old, which the last
 * batch alone removes, together with what is owed for undone blocks: whatever a crash leaves in between holds all that was stored before.
 */
export function* mempoolWrites({
  transactions,
  places,
  undone,
}: MempoolToWrite): Generator<readonly StoreWrite[], readonly number[], undefined> {
  const first = (places.at(-1) ?? -1) + 1;
  let parts = 0;
  for (const part of mempoolParts(transactions)) {
    yield [rows.mempool.put(first + parts, part)];
    parts += 1;
  }
  const last = [...places.map(place => rows.mempool.remove(place)), ...undone.map(hash => rows.undone.remove(hash))];
  if (last.length > 0) yield last;
  return Array.from({ length: parts }, (_, part) => first + part);
}

function* mempoolParts(transactions: Iterable<Transaction>): Generator<readonly Transaction[], void, undefined> {
  let part: Transaction[] = [];
  let partBytes = 0;
  for (const transaction of transactions) {
    if (part.length > 0 && partBytes + transaction.bytes.length > mempoolPartBytesMax) {
      yield part;
      part = [];
      partBytes = 0;
    }
    part.push(transaction);
    partBytes += transaction.bytes.length;
  }
  if (part.length > 0) yield part;
}

/** By which state keys that are new are found under their paths. */
export function stateKeyWrites(added: readonly Pick<StateWrite, 'stateKey'>[]): StoreWrite[] {
  return added.map(({ stateKey }) => rows.stateKey.put(pathOf(stateKey), stateKey));
}

/** The state rows and the leaves of the same changes. */
export function* stateWrites(
  changes: readonly Pick<StateWrite, 'stateKey' | 'after'>[],
  updates: readonly StateUpdate[],
): Generator<StoreWrite, void, undefined> {
  for (const { stateKey, after } of changes)
    yield after === null ? rows.state.remove(stateKey) : rows.state.put(stateKey, after);
  for (const { path, payloadHash } of updates)
    yield payloadHash === null ? rows.leaf.remove(path) : rows.leaf.put(path, payloadHash);
}
