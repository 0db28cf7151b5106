/** What the ledger did, as events: for those who listen now, and again for those who come back and name where they stood. */
import type { Block } from '../chain/block.ts';
import { equalBytes } from '../chain/bytes.ts';
import type { HistoryEntry } from '../chain/state.ts';
import type { Evidence } from '../consensus/engine.ts';
import { atOneHead } from './at-one-head.ts';
import { type ChainStore, expectRow } from './chain-store.ts';
import type { MovedBlock } from './ledger-step.ts';
import type { LedgerWriter } from './ledger-writer.ts';
import type { AppliedEvent, LedgerEvent, UndoneEvent } from './node-api.ts';

export class LedgerEvents {
  readonly #chain: ChainStore;
  readonly #listeners = new Set<(event: LedgerEvent) => void>();

  constructor(chain: ChainStore) {
    this.#chain = chain;
  }

  /** Returns the function that ends the subscription. */
  subscribe(listener: (event: LedgerEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** One step of the ledger: each block once, in order, then the head that readers see. */
  publish(moved: readonly MovedBlock[], height: number, hash: Uint8Array): void {
    for (const step of moved) {
      this.#emit(step.type === 'applied' ? appliedEvent(step.block, step.applied.history) : undoneEvent(step.block));
    }
    const undone = moved.filter(step => step.type === 'undone').length;
    this.#emit({ type: 'head', height, hash, undone });
  }

  /** All up to this height is final now. */
  finalized(height: number): void {
    this.#emit({ type: 'final', height });
  }

  /** Finality and something else disagree. */
  conflict(evidence: Evidence): void {
    this.#emit({ type: 'finality_conflict', evidence });
  }

  /** The event of a canonical block; null below the undo window, where what it changed is no longer listed. */
  applied(ledger: LedgerWriter, height: number): Promise<AppliedEvent | null> {
    return atOneHead(ledger, () => this.#applied(height));
  }

  /** See NodeApi.undoneSince. */
  undoneSince(ledger: LedgerWriter, height: number, hash: Uint8Array): Promise<readonly UndoneEvent[] | null> {
    return atOneHead(ledger, () => this.#undoneSince(ledger.head.header.height, height, hash));
  }

  async #applied(height: number): Promise<AppliedEvent | null> {
    const [hash, undo] = await Promise.all([this.#chain.canonicalHash(height), this.#chain.undo(height)]);
    const block = hash && (await this.#chain.block(hash));
    if (!block || undo === null || !equalBytes(undo.blockHash, block.hash)) return null;
    const entries = await Promise.all(undo.history.map(({ key, version }) => this.#chain.version(key, version)));
    return appliedEvent(
      block,
      entries.map(entry => expectRow(entry, `a version that block ${height} made`)),
    );
  }

  async #undoneSince(top: number, height: number, hash: Uint8Array): Promise<readonly UndoneEvent[] | null> {
    const events: UndoneEvent[] = [];
    const floor = (await this.#lowestUndo(top)) - 1;
    for (let at = hash, depth = height; ; depth--) {
      if (depth < floor) return null;
      if ((await this.#chain.canonicalHeight(at)) === depth) return events;
      const block = await this.#chain.block(at);
      if (block === null || block.header.height !== depth) return null;
      events.push(undoneEvent(block));
      at = block.header.parent;
    }
  }

  /** The lowest height whose block can still be undone; one above the head when none can. */
  async #lowestUndo(top: number): Promise<number> {
    let low = 1;
    let high = top + 1;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if ((await this.#chain.undo(middle)) === null) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #emit(event: LedgerEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}

function appliedEvent(block: Block, changes: readonly HistoryEntry[]): AppliedEvent {
  return { type: 'applied', ...placeOf(block), changes };
}

function undoneEvent(block: Block): UndoneEvent {
  const keys = new Set<string>();
  for (const transaction of block.transactions) {
    for (const operation of transaction.body.operations) {
      const isWrite = operation.type === 'put' || operation.type === 'delete' || operation.type === 'transferKey';
      if (isWrite) keys.add(operation.key);
    }
  }
  return { type: 'undone', ...placeOf(block), keys: [...keys] };
}

function placeOf({ header, hash, transactions }: Block) {
  const { height, parent, time } = header;
  return { height, hash, parent, time, transactionIds: transactions.map(({ id }) => id) };
}
