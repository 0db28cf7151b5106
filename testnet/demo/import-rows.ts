/** Imports rows through one daemon: a bounded number of signed transactions in flight, each timed from its submission to its block. */
import { toUtf8 } from '../../chain/bytes.ts';
import { KvchainError } from '../../chain/errors.ts';
import type { Operation } from '../../chain/operation.ts';
import type { KvchainClient } from '../../daemon/rpc/client.ts';
import { until } from '../until.ts';
import type { PackageRow } from './package-index.ts';
import { type Percentiles, percentilesOf } from './percentiles.ts';

/** Keys in one transaction, and transactions that wait for a block at a time. */
const rowsPerTransaction = 20;
const inFlightMax = 500;
const importMs = 900_000;
const tellEvery = 10_000;

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
  const { rows, secretKey, tell } = plan;
  const begin = performance.now();
  const watcher = new BlockWatcher(client);
  let disturbance: Promise<void> | null = null;
  for (let start = 0; start < rows.length; start += rowsPerTransaction) {
    if (disturbance === null && start >= rows.length / 2) disturbance = plan.halfway();
    if (start % tellEvery < rowsPerTransaction && start > 0) tell(`${start} of ${rows.length} packages are submitted`);
    const operations = rows.slice(start, start + rowsPerTransaction).map(putOf);
    const submitted = performance.now();
    const { id } = await client.send(operations, { signer: { secretKey }, wait: 'none' });
    watcher.expect(id, submitted);
    await watcher.waitForRoom(inFlightMax);
  }
  await watcher.waitForRoom(0);
  await disturbance;
  const seconds = (performance.now() - begin) / 1_000;
  return {
    lastHeight: watcher.height,
    rates: {
      rowsPerSecond: rows.length / seconds,
      transactionsPerSecond: Math.ceil(rows.length / rowsPerTransaction) / seconds,
    },
    latencies: { putToIncludedMs: percentilesOf(watcher.latencies) },
  };
}

function putOf({ name, value }: PackageRow): Operation {
  return { type: 'put', key: name, value: toUtf8(value), contentType: 'application/json', expectedVersion: null };
}

/** Follows the head of one daemon and notes when it first has each transaction in a block. */
class BlockWatcher {
  readonly #client: KvchainClient;
  readonly #submittedAt = new Map<string, number>();
  readonly latencies: number[] = [];
  height = 0;

  constructor(client: KvchainClient) {
    this.#client = client;
  }

  expect(id: string, submittedAt: number): void {
    this.#submittedAt.set(id, submittedAt);
  }

  /** Resolves when at most `count` transactions are without a block. */
  async waitForRoom(count: number): Promise<void> {
    if (this.#submittedAt.size <= count) return;
    await until('transactions to be included', importMs, async () => {
      await this.#follow();
      return this.#submittedAt.size <= count;
    });
  }

  async #follow(): Promise<void> {
    const { height } = await this.#client.call('chain_status', {});
    while (this.height < height) {
      const block = await this.#client.call('chain_getBlock', { id: this.height + 1 });
      const failed = block.receipts?.find(receipt => receipt.status === 'failed');
      if (failed) throw new KvchainError('BAD_TRANSACTION', `transaction ${failed.id} failed: ${failed.code}`);
      this.height += 1;
      const now = performance.now();
      for (const id of block.transactionIds) {
        const submittedAt = this.#submittedAt.get(id);
        if (submittedAt !== undefined) this.latencies.push(now - submittedAt);
        this.#submittedAt.delete(id);
      }
    }
  }
}
