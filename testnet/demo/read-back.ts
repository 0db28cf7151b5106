/** Reads every key back from every daemon and compares it with the file. */
import type { KvchainClient } from '../../daemon/rpc/client.ts';
import type { PackageRow } from './package-index.ts';
import { type Percentiles, percentilesOf } from './percentiles.ts';

/** Gets under way at one daemon at a time. */
const parallelGets = 16;

export interface ReadBack {
  /** Rows that every daemon gave back as the file has them. */
  readonly matched: number;
  readonly matchedByDaemon: readonly number[];
  readonly getsPerSecond: number;
  readonly latencies: { readonly getMs: Percentiles };
}

export async function readBack(clients: readonly KvchainClient[], rows: readonly PackageRow[]): Promise<ReadBack> {
  const begin = performance.now();
  const latencies: number[] = [];
  const good = new Uint8Array(rows.length);
  const matchedByDaemon: number[] = [];
  for (const client of clients) {
    let matched = 0;
    let next = 0;
    const read = async () => {
      for (let index = next++; index < rows.length; index = next++) {
        const row = rows[index];
        const started = performance.now();
        const found = row && (await client.get(row.name));
        latencies.push(performance.now() - started);
        if (!row || found?.value !== row.value) continue;
        matched += 1;
        good[index] = (good[index] ?? 0) + 1;
      }
    };
    await Promise.all(Array.from({ length: parallelGets }, read));
    matchedByDaemon.push(matched);
  }
  const seconds = (performance.now() - begin) / 1_000;
  return {
    matched: good.filter(count => count === clients.length).length,
    matchedByDaemon,
    getsPerSecond: latencies.length / seconds,
    latencies: { getMs: percentilesOf(latencies) },
  };
}
