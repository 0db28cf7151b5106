/**
 * The writing of a snapshot, in bounded batches between a first one that says so and a last one that makes it the state of the node. What
 * a crash leaves in between counts as nothing: the next start takes it away and stands at an empty store again.
 */
import type { SealedHeader } from '../chain/block.ts';
import { equalBytes, toHex } from '../chain/bytes.ts';
import { KvchainError } from '../chain/errors.ts';
import { allOf, rows } from '../chain/layout.ts';
import type { CheckedLeaf } from '../chain/snapshot.ts';
import {
  snapshotBeginWrites,
  snapshotEndWrites,
  snapshotHeaderWrites,
  snapshotLeafWrites,
} from '../chain/snapshot-batches.ts';
import { StateTree } from '../chain/state-tree.ts';
import type { ChainStore } from './chain-store.ts';
import type { StoreWrite } from './ports.ts';

/** Rows taken away in one batch; they are read with their values, of up to 64 KiB. */
const discardedPerBatch = 500;

/** Every kind of row that block 0 or a part of a snapshot has. */
const snapshotRows = [
  rows.headerByHeight,
  rows.header,
  rows.canonical,
  rows.body,
  rows.receipts,
  rows.state,
  rows.leaf,
  rows.stateKey,
  rows.history,
] as const;

/** A header of the chain below the snapshot, with what the engine stores beside it. */
export interface DerivedHeader {
  readonly sealed: SealedHeader;
  readonly treeRecord: Uint8Array;
}

/** Whether the store holds nothing but block 0, or not even that. */
export async function isFresh(chain: ChainStore): Promise<boolean> {
  const tip = await chain.tip();
  return tip === null || (tip.height === 0 && (await chain.hashesAt(1)).length === 0);
}

/** Takes away what is left of a snapshot that was not ended, so that the store is as if it were new; else does nothing. */
export async function discardSnapshot(chain: ChainStore): Promise<void> {
  if (!(await chain.isJoining())) return;
  for (const kind of snapshotRows) {
    for await (const page of chain.keys(allOf(kind), discardedPerBatch)) {
      const removals = page.map(key => ({ key, value: null }));
      await chain.write(removals, 'lazy', 'snapshot-rows');
    }
  }
  await chain.write([rows.tip.remove('only'), rows.joining.remove('only')], 'durable', 'snapshot-rows');
}

export class SnapshotStore {
  readonly #chain: ChainStore;

  constructor(chain: ChainStore) {
    this.#chain = chain;
  }

  /** From now on all that is written counts for nothing until `end`. */
  begin(): Promise<void> {
    return this.#chain.write(snapshotBeginWrites(), 'durable', 'snapshot-begin');
  }

  addHeaders(headers: readonly DerivedHeader[]): Promise<void> {
    return this.#add(headers.flatMap(({ sealed, treeRecord }) => snapshotHeaderWrites(sealed, treeRecord)));
  }

  addLeaves(leaves: readonly CheckedLeaf[]): Promise<void> {
    return this.#add(snapshotLeafWrites(leaves));
  }

  /** Builds the state tree from what was written; the node then stands at this block. Throws DATABASE_DAMAGED for another root. */
  async end(sealed: SealedHeader): Promise<void> {
    const root = StateTree.build(await this.#chain.leaves()).root();
    if (!equalBytes(root, sealed.header.stateRoot)) {
      const given = `the state of block ${sealed.header.height} was written and gives the root ${toHex(root)}`;
      throw new KvchainError('DATABASE_DAMAGED', `${given}, not ${toHex(sealed.header.stateRoot)}`);
    }
    await this.#chain.write(snapshotEndWrites(sealed), 'durable', 'snapshot-end');
  }

  async #add(writes: readonly StoreWrite[]): Promise<void> {
    if (writes.length > 0) await this.#chain.write(writes, 'lazy', 'snapshot-rows');
  }
}
