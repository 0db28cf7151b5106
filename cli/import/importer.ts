/**
 * Sends the batches of an import: several transactions in flight with the nonces in the order of the file, each followed until it is
 * included. A window of batches, in the order of the file, is all that is held; its front moves when the first is settled, and that is what
 * the bookmark tells.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { isErrorCode, KvchainError } from '../../chain/errors.ts';
import type { Operation } from '../../chain/operation.ts';
import type { TransactionState } from '../../daemon/rpc/client.ts';
import type { Batch } from './batches.ts';
import { failuresMax, type Progress } from './bookmark.ts';
import { divide, divideTooLarge, isPassing, type Verdict, withoutSuperseded } from './failures.ts';
import type { FailedRow, Row } from './rows.ts';

/** Batches between the first that is not settled and the last that was sent. */
export const windowMax = 24;
const pauseMsMin = 200;
const pauseMsMax = 5_000;

/** What an import needs of a node; KvchainClient does it. */
export interface Sender {
  /** Signs, sends and waits until it is included. */
  send(operations: readonly Operation[]): Promise<TransactionState>;
  /** The operation at which an included transaction failed. */
  failedIndex(id: string): Promise<number | null>;
}

export interface ImporterParts {
  readonly sender: Sender;
  /** Gives up after this time without one batch settled. */
  readonly patienceMs: number;
  /** Called when the front of the window has moved, in order, one at a time. */
  onProgress(progress: Progress, endOffset: number): Promise<void>;
}

interface OpenBatch {
  readonly batch: Batch;
  readonly keys: ReadonlySet<string>;
  readonly failed: FailedRow[];
  transactions: number;
  isSettled: boolean;
}

export class Importer {
  readonly #parts: ImporterParts;
  readonly #window: OpenBatch[] = [];
  #progress: Progress;
  #movedMs = performance.now();
  #moving: Promise<void> = Promise.resolve();
  #failure: { readonly error: unknown } | null = null;
  #wake: () => void = () => {};

  constructor(parts: ImporterParts, start: Progress) {
    this.#parts = parts;
    this.#progress = start;
  }

  /** Sends all batches. Resolves when the last is settled; throws what stopped it, after what was settled before is told. */
  async run(batches: AsyncIterable<Batch>): Promise<Progress> {
    for await (const batch of batches) {
      await this.#room(windowMax - 1);
      if (this.#failure !== null) break;
      this.#open(batch);
    }
    await this.#room(0);
    await this.#moving;
    if (this.#failure !== null) throw this.#failure.error;
    return this.#progress;
  }

  /** Waits until at most `waitingMax` batches are open, or all is over. */
  async #room(waitingMax: number): Promise<void> {
    while (this.#window.length > waitingMax && this.#failure === null) {
      await new Promise<void>(resolve => {
        this.#wake = resolve;
      });
    }
  }

  #open(batch: Batch): void {
    const keys = new Set(batch.rows.map(row => row.key));
    const open: OpenBatch = { batch, keys, failed: [...batch.unread], transactions: 0, isSettled: false };
    this.#window.push(open);
    this.#settle(open, batch.rows).then(
      () => {
        open.isSettled = true;
        this.#advance();
      },
      (error: unknown) => this.#stop(error),
    );
  }

  /** Tries rows until each is written or has failed for good. */
  async #settle(open: OpenBatch, rows: readonly Row[]): Promise<void> {
    if (rows.length === 0) return;
    const { tried, verdict } = await this.#persist(open, rows);
    if (verdict.kind === 'written') return;
    const { failed, again } = verdict.code === 'TOO_LARGE' ? divideTooLarge(tried) : divide(tried, verdict);
    open.failed.push(...failed);
    await Promise.all(again.map(group => this.#settle(open, this.#current(open, group))));
  }

  /** One transaction, sent again while what hinders it may pass; with the rows that were in it. */
  async #persist(
    open: OpenBatch,
    rows: readonly Row[],
  ): Promise<{ readonly tried: readonly Row[]; readonly verdict: Verdict }> {
    for (let attempt = 0; ; attempt++) {
      const tried = attempt === 0 ? rows : this.#current(open, rows);
      if (tried.length === 0) return { tried, verdict: { kind: 'written' } };
      try {
        const state = await this.#parts.sender.send(tried.map(operationOf));
        open.transactions++;
        return { tried, verdict: await this.#verdict(state) };
      } catch (error) {
        if (error instanceof KvchainError && error.code === 'TOO_LARGE') {
          return { tried, verdict: { kind: 'failed', code: 'TOO_LARGE', index: null } };
        }
        if (!isPassing(error) || this.#failure !== null || this.#isOutOfPatience()) throw error;
        await pause(Math.min(pauseMsMax, pauseMsMin * 2 ** attempt));
      }
    }
  }

  async #verdict(state: TransactionState): Promise<Verdict> {
    if (state.status !== 'failed') return { kind: 'written' };
    const code = state.code !== undefined && isErrorCode(state.code) ? state.code : 'INTERNAL';
    return { kind: 'failed', code, index: await this.#parts.sender.failedIndex(state.id) };
  }

  #current(open: OpenBatch, rows: readonly Row[]): readonly Row[] {
    const later = new Set<string>();
    for (const { keys } of this.#window.slice(this.#window.indexOf(open) + 1)) for (const key of keys) later.add(key);
    return withoutSuperseded(rows, later);
  }

  #isOutOfPatience(): boolean {
    return performance.now() - this.#movedMs > this.#parts.patienceMs;
  }

  /** Takes the settled batches off the front, in order. */
  #advance(): void {
    while (this.#window[0]?.isSettled) {
      const open = this.#window.shift();
      if (open === undefined) break;
      this.#movedMs = performance.now();
      const progress = afterBatch(this.#progress, open);
      this.#progress = progress;
      const { endOffset } = open.batch;
      this.#moving = this.#moving.then(() => this.#parts.onProgress(progress, endOffset));
      this.#moving.catch((error: unknown) => this.#stop(error));
    }
    this.#wake();
  }

  #stop(error: unknown): void {
    this.#failure ??= { error };
    this.#wake();
  }
}

function afterBatch(before: Progress, { batch, failed, transactions }: OpenBatch): Progress {
  const known = [...before.failures, ...[...failed].sort((a, b) => a.line - b.line)];
  return {
    line: batch.endLine,
    rows: before.rows + batch.rows.length + batch.unread.length - failed.length,
    transactions: before.transactions + transactions,
    failed: before.failed + failed.length,
    failures: known.slice(0, failuresMax),
  };
}

function operationOf({ key, value, contentType }: Row): Operation {
  return { type: 'put', key, value, contentType, expectedVersion: null };
}
