/**
 * One step of a switch, executed but not written: undoes and applies blocks on an overlay over the stored state and on the state tree,
 * and collects the one batch that will make it so. Whoever cannot write the batch puts the tree back.
 */
import { commitWrites, undoWrites } from '../chain/batches.ts';
import type { Block, SealedHeader } from '../chain/block.ts';
import { equalBytes, toHex } from '../chain/bytes.ts';
import { accept, assert, type ErrorCode, KvchainError, type Result } from '../chain/errors.ts';
import { type Genesis, type Params, paramsAt } from '../chain/genesis.ts';
import { type Applied, applyBlockInSteps, checkStateRoot, touchedInSteps } from '../chain/ledger.ts';
import type { StoreWrite } from '../chain/row.ts';
import { isEnforced } from '../chain/rules.ts';
import { Overlay, type StateWrite, treeUpdates } from '../chain/state.ts';
import type { StateTree, StateUpdate } from '../chain/state-tree.ts';
import type { Undo } from '../chain/undo.ts';
import { type ChainStore, expectRow } from './chain-store.ts';
import { LoadedState } from './loaded-state.ts';
import { Pace } from './pace.ts';
import type { Clock } from './ports.ts';
import type { PreparedBlocks } from './prepared-blocks.ts';

export const stepLimits = {
  /** Blocks undone and applied in one step. */
  blocks: 64,
  /** A step that wrote so many bytes ends with the block at hand. */
  bytes: 33_554_432,
} as const;

/** Changes that the tree takes in one piece: some milliseconds. */
const hashedPieceMax = 500;

/** A block that a step made canonical, or made so no longer. */
export type MovedBlock =
  | { readonly type: 'applied'; readonly block: Block; readonly applied: Applied }
  | { readonly type: 'undone'; readonly block: Block; readonly undo: Undo };

export interface StepOutcome {
  /** Blocks applied. */
  readonly applied: number;
  readonly invalid: { readonly hash: Uint8Array; readonly code: ErrorCode } | null;
}

/** What a step reads from; it writes nothing. */
export interface StepParts {
  readonly genesis: Genesis;
  readonly chain: ChainStore;
  readonly clock: Clock;
}

export class LedgerStep {
  readonly #genesis: Genesis;
  readonly #chain: ChainStore;
  /** One for all blocks: 64 empty ones are a tenth of a second. */
  readonly #pace: Pace;
  readonly #tree: StateTree;
  readonly #base: LoadedState;
  readonly #state: Overlay;
  readonly #inverses: (readonly StateUpdate[])[] = [];
  readonly #start: SealedHeader;
  #bytes = 0;
  head: SealedHeader;
  moved: MovedBlock[] = [];
  writes: StoreWrite[] = [];

  constructor({ genesis, chain, clock }: StepParts, tree: StateTree, head: SealedHeader) {
    this.#genesis = genesis;
    this.#chain = chain;
    this.#pace = new Pace(clock);
    this.#tree = tree;
    this.#base = new LoadedState(chain);
    this.#state = new Overlay(this.#base);
    this.#start = head;
    this.head = head;
  }

  /**
   * Undoes (newest first), then applies (oldest first). When a block after an undo is invalid, nothing of the step remains; nor when it
   * throws. Error: DATABASE_DAMAGED.
   */
  async execute(
    undo: readonly Uint8Array[],
    apply: readonly Uint8Array[],
    prepared: PreparedBlocks,
  ): Promise<StepOutcome> {
    try {
      return await this.#move(undo, apply, prepared);
    } catch (error) {
      await this.putBack();
      throw error;
    }
  }

  /** Leaves the tree as it was before the step. */
  async putBack(): Promise<void> {
    await this.#putTreeBack(0);
    this.head = this.#start;
    this.moved = [];
    this.writes = [];
  }

  async #move(
    undo: readonly Uint8Array[],
    apply: readonly Uint8Array[],
    prepared: PreparedBlocks,
  ): Promise<StepOutcome> {
    for (const hash of undo) await this.#undo(hash);
    let applied = 0;
    for (const hash of apply) {
      if (applied > 0 && this.#bytes > stepLimits.bytes) break;
      const checked = await this.#apply(hash, prepared);
      if (!checked.ok) {
        if (undo.length > 0 && isEnforced('ledger put back')) await this.putBack();
        return { applied: undo.length > 0 ? 0 : applied, invalid: { hash, code: checked.error.code } };
      }
      applied += 1;
    }
    return { applied, invalid: null };
  }

  async #undo(hash: Uint8Array): Promise<void> {
    assert(equalBytes(hash, this.head.hash), 'only the head is undone');
    const { height, parent } = this.head.header;
    const block = expectRow(await this.#chain.block(hash), `block ${height}`);
    const undo = expectRow(await this.#chain.undo(height), `undo record of block ${height}`);
    if (!equalBytes(undo.blockHash, hash)) throw damaged(`the undo record at height ${height} is of another block`);
    const before = expectRow(await this.#chain.header(parent), `header of block ${height - 1}`);
    this.#state.absorb(undo.changes);
    await this.#pace.inSlices(this.#updateTree(undo.changes));
    this.moved.push({ type: 'undone', block, undo });
    await this.#pace.inSlices(this.#record(undoWrites(block, undo)));
    const checked = checkStateRoot(before.sealed.header, this.#tree.root());
    if (!checked.ok) throw damaged(`the undo record of block ${height} does not give back the state before it`);
    this.head = before.sealed;
  }

  async #apply(hash: Uint8Array, prepared: PreparedBlocks): Promise<Result<null>> {
    const block = expectRow(await this.#chain.takeBlock(hash), `block ${toHex(hash)}`);
    assert(equalBytes(block.header.parent, this.head.hash), 'a block is applied on its parent alone');
    const params = paramsAt(this.#genesis, block.header.height);
    const known = prepared.appliedBy(block);
    const result = known === null ? await this.#execute(block, params) : accept(known);
    if (!result.ok) return result;
    const applied = result.value;
    const before = this.#inverses.length;
    const leaves = await this.#pace.inSlices(this.#updateTree(applied.changes));
    const checked = checkStateRoot(block.header, this.#tree.root());
    if (!checked.ok) {
      if (isEnforced('ledger tree back')) await this.#putTreeBack(before);
      return checked;
    }
    this.#state.absorb(applied.changes);
    const { undoBlocksMax } = params;
    this.moved.push({ type: 'applied', block, applied });
    await this.#pace.inSlices(this.#record(commitWrites({ block, applied, leaves, undoBlocksMax })));
    this.head = block;
    return checked;
  }

  async #execute(block: Block, params: Params): Promise<Result<Applied>> {
    const touched = touchedInSteps(block.transactions, block.header.producer);
    await this.#base.load(await this.#pace.inSlices(touched));
    return this.#pace.inSlices(applyBlockInSteps({ genesis: this.#genesis, params, block, state: this.#state }));
  }

  /** Brings the changes into the tree; gives what `treeUpdates` says of them, in their order. */
  *#updateTree(changes: readonly StateWrite[]): Generator<undefined, readonly StateUpdate[], undefined> {
    const updates: StateUpdate[] = [];
    for (let start = 0; start < changes.length; start += hashedPieceMax) {
      updates.push(...treeUpdates(changes.slice(start, start + hashedPieceMax)));
      yield;
    }
    this.#inverses.push(yield* this.#tree.updateInSteps(updates));
    return updates;
  }

  /** Takes back what the tree was brought since there were `count` inverses. */
  async #putTreeBack(count: number): Promise<void> {
    for (const inverse of this.#inverses.splice(count).toReversed())
      await this.#pace.inSlices(this.#tree.updateInSteps(inverse));
  }

  *#record(writes: Iterable<StoreWrite>): Generator<undefined, void, undefined> {
    for (const write of writes) {
      this.writes.push(write);
      this.#bytes += write.key.length + (write.value?.length ?? 0);
      yield;
    }
  }
}

function damaged(what: string): KvchainError {
  return new KvchainError('DATABASE_DAMAGED', what);
}
