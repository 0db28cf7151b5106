/** Imports rows through one daemon: a bounded number of signed transactions in flight, each timed from its submission to its block. */
import { toUtf8 } from '../../chain/bytes.ts';
import { KvchainError } from '../../chain/errors.ts';
import type { Operation } from '../../chain/operation.ts';
import type { KvchainClient } from '../../daemon/rpc/client.ts';
import { until } from '../until.ts';
import type { PackageRow } from './package-index.ts';
import { type Percentiles, percentilesOf } from './percentiles.ts';

/** Keys in one transaction, transactions that are submitted together, and transactions that wait for a block at a time. */
const rowsPerTransaction = 20;
const transactionsPerBatch = 50;
const inFlightMax = 1_000;
const importMs = 900_000;

export interface ImportPlan {
  readonly rows: readonly PackageRow[];
  readonly secretKey: Uint8Array;
  /** Called once, when half of the rows are submitted; the import goes on meanwhile. */
  readonly halfway: () => Promise<void>;
  readonly tell: (line: string) => void;
}

export interface Imported {
  readonly lastHeight: number;
  readonly rates: { readonly rowsPerSecond: number; readonly transactionsPerSecond: number };
  readonly latencies: { readonly putToIncludedMs: Percentiles };
}

export async function importRows(client: KvchainClient, plan: ImportPlan): Promise<Imported> {
  const { rows, tell } = plan;
  const begin = performance.now();
  const watcher = new BlockWatcher(client);
  const following = watcher.follow();
  let disturbance: Promise<void> | null = null;
  const batchRows = rowsPerTransaction * transactionsPerBatch;
  for (let start = 0; start < rows.length; start += batchRows) {
    if (disturbance === null && start + batchRows > rows.length / 2) disturbance = plan.halfway();
    await submitBatch(client, { rows: rows.slice(start, start + batchRows), secretKey: plan.secretKey, watcher });
    tell(`${Math.min(rows.length, start + batchRows)} of ${rows.length} packages are submitted`);
    await until('transactions to be included', importMs, async () => watcher.waiting <= inFlightMax);
  }
  watcher.endWhenAllAreIn();
  await Promise.all([following, disturbance]);
  const seconds = (performance.now() - begin) / 1_000;
  return {
    lastHeight: watcher.height,
    rates: { rowsPerSecond: rows.length / seconds, transactionsPerSecond: watcher.latencies.length / seconds },
    latencies: { putToIncludedMs: percentilesOf(watcher.latencies) },
  };
}

interface Batch {
  readonly rows: readonly PackageRow[];
  readonly secretKey: Uint8Array;
  readonly watcher: BlockWatcher;
}

async function submitBatch(client: KvchainClient, { rows, secretKey, watcher }: Batch): Promise<void> {
  const groups: Operation[][] = [];
  for (let start = 0; start < rows.length; start += rowsPerTransaction) {
    groups.push(rows.slice(start, start + rowsPerTransaction).map(putOf));
  }
  const submitted = performance.now();
  await Promise.all(
    groups.map(async operations => {
      const { id } = await client.send(operations, { signer: { secretKey }, wait: 'none' });
      watcher.expect(id, submitted);
    }),
  );
}

function putOf({ name, value }: PackageRow): Operation {
  return { type: 'put', key: name, value: toUtf8(value), contentType: 'application/json', expectedVersion: null };
}

/** Follows the head of one daemon and notes when it first has each transaction in a block. */
class BlockWatcher {
  readonly #client: KvchainClient;
  readonly #submittedAt = new Map<string, number>();
  /** Included before its submission was answered. */
  readonly #early = new Map<string, number>();
  #isEnding = false;
  readonly latencies: number[] = [];
  height = 0;

  constructor(client: KvchainClient) {
    this.#client = client;
  }

  /** Transactions that no block has yet. */
  get waiting(): number {
    return this.#submittedAt.size;
  }

  expect(id: string, submittedAt: number): void {
    const included = this.#early.get(id);
    if (included === undefined) this.#submittedAt.set(id, submittedAt);
    else this.latencies.push(included - submittedAt);
  }

  /** Nothing more is expected: `follow` ends with the last transaction. */
  endWhenAllAreIn(): void {
    this.#isEnding = true;
  }

  async follow(): Promise<void> {
    await until('all transactions to be included', importMs, async () => {
      const { height } = await this.#client.call('chain_status', {});
      while (this.height < height) await this.#readNext();
      return this.#isEnding && this.waiting === 0;
    });
  }

  async #readNext(): Promise<void> {
    const { transactionIds, receipts } = await this.#client.call('chain_getBlock', { id: this.height + 1 });
    const failed = receipts?.find(receipt => receipt.status === 'failed');
    if (failed) throw new KvchainError('BAD_TRANSACTION', `transaction ${failed.id} failed: ${failed.code}`);
    this.height += 1;
    const now = performance.now();
    for (const id of transactionIds) {
      const submittedAt = this.#submittedAt.get(id);
      if (submittedAt === undefined) this.#early.set(id, now);
      else this.latencies.push(now - submittedAt);
      this.#submittedAt.delete(id);
    }
  }
}
