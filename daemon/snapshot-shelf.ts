/**
 * The snapshots that a node can give: at every few blocks, where all nodes take theirs, it keeps the state as it stands, and lets the
 * oldest go. That costs the space of what is overwritten meanwhile and some hashes; nothing is copied.
 */
import type { SealedHeader } from '../chain/block.ts';
import { equalBytes, toHex } from '../chain/bytes.ts';
import { KvchainError } from '../chain/errors.ts';
import { type Genesis, type Params, paramsAt } from '../chain/genesis.ts';
import type { HeightHash } from '../chain/layout.ts';
import type { SnapshotPart } from '../chain/snapshot.ts';
import type { ChainStore } from './chain-store.ts';
import { SnapshotView, type TreeLevels } from './snapshot-view.ts';
import { encodeOffers, encodeParts, type SnapshotRequest, snapshotWireLimits } from './snapshot-wire.ts';

export const snapshotLimits = {
  /** A snapshot is used so many blocks below the head, or as deep as blocks can be undone where that is less. */
  depthBlocksMax: 128,
  /** Snapshots that are kept: of the youngest that is deep enough are left at least half as many blocks as it was deep. */
  kept: 6,
  /** An answer ends with the part at which it has so many bytes, or at which so many leaves were read for it. */
  answerBytes: 1_048_576,
  answerLeaves: 4_096,
} as const;

/** How deep under the head a block is settled enough to begin with its state. */
export function snapshotDepth({ undoBlocksMax, safeConfirmations }: Params): number {
  return Math.max(safeConfirmations, Math.min(snapshotLimits.depthBlocksMax, undoBlocksMax));
}

/** Snapshots are taken at the heights that this divides. */
export function snapshotInterval(params: Params): number {
  return Math.max(1, Math.floor(snapshotDepth(params) / 2));
}

export interface ShelfParts {
  readonly genesis: Genesis;
  readonly chain: ChainStore;
  readonly tree: TreeLevels;
  /** Told of what the store refused. */
  readonly onFault: (error: unknown) => void;
}

export class SnapshotShelf {
  readonly #parts: ShelfParts;
  /** The oldest first. */
  #views: readonly SnapshotView[] = [];

  constructor(parts: ShelfParts) {
    this.#parts = parts;
  }

  /** The ledger stands at this head, and so do the rows and the tree, for as long as this call takes. */
  onHead(head: SealedHeader): void {
    const { genesis, onFault } = this.#parts;
    const { height } = head.header;
    if (height === 0 || height % snapshotInterval(paramsAt(genesis, height)) !== 0) return;
    if (this.#views.some(view => equalBytes(view.sealed.hash, head.hash))) return;
    const view = this.#take(head);
    if (view === null) return;
    const others = this.#views.filter(({ sealed }) => sealed.header.height !== height);
    const all = [...others, view].sort((a, b) => a.sealed.header.height - b.sealed.header.height);
    const gone = this.#views.filter(old => !all.slice(-snapshotLimits.kept).includes(old));
    this.#views = all.slice(-snapshotLimits.kept);
    for (const old of gone) old.release().catch(onFault);
  }

  /** A snapshot is for others: that it cannot be taken does not stop this node. */
  #take(head: SealedHeader): SnapshotView | null {
    const { chain, tree, onFault } = this.#parts;
    try {
      return new SnapshotView(head, chain.freeze(), tree);
    } catch (error) {
      onFault(error);
      return null;
    }
  }

  /** Throws KvchainError HEIGHT_UNAVAILABLE for a snapshot that is not kept. */
  async answer(request: SnapshotRequest): Promise<Uint8Array> {
    if (request.type === 'getSnapshots') return encodeOffers(this.#offers());
    const view = this.#views.find(({ sealed }) => equalBytes(sealed.hash, request.block));
    if (view === undefined) throw unavailable(request.block);
    const parts: SnapshotPart[] = [];
    let bytes = 0;
    let leaves = 0;
    for (const prefix of request.prefixes) {
      const { part, leavesRead } = await view.part(prefix).catch(error => {
        // It was let go while it was read.
        throw this.#views.includes(view) ? error : unavailable(request.block);
      });
      parts.push(part);
      bytes += bytesOf(part);
      leaves += leavesRead;
      if (bytes > snapshotLimits.answerBytes || leaves > snapshotLimits.answerLeaves) break;
    }
    return encodeParts(parts);
  }

  /** Lets all go. */
  async stop(): Promise<void> {
    const views = this.#views;
    this.#views = [];
    for (const view of views) await view.release();
  }

  #offers(): readonly HeightHash[] {
    const offers = this.#views.map(({ sealed }) => ({ height: sealed.header.height, hash: sealed.hash }));
    return offers.reverse().slice(0, snapshotWireLimits.offersMax);
  }
}

function bytesOf(part: SnapshotPart): number {
  if (part.type === 'split') return 40 * part.children.length;
  return part.leaves.reduce(
    (sum, leaf) => sum + leaf.stateKey.length + leaf.record.length + (leaf.value?.length ?? 0),
    0,
  );
}

function unavailable(block: Uint8Array): KvchainError {
  return new KvchainError('HEIGHT_UNAVAILABLE', `no snapshot of block ${toHex(block)} is kept here`);
}
