/** What the real run found, for programs and for people; it is good only when everything holds. */
import Table from 'cli-table3';
import type { Percentiles } from './percentiles.ts';

export interface Report {
  readonly rows: number;
  /** Rows that all three daemons gave back as the file has them. */
  readonly matched: number;
  readonly heads: readonly string[];
  readonly stateRoots: readonly string[];
  readonly killedCaughtUp: boolean;
  readonly lateMinedAccepted: boolean;
  readonly rates: {
    readonly rowsPerSecond: number;
    readonly transactionsPerSecond: number;
    readonly getsPerSecond: number;
  };
  readonly latencies: { readonly putToIncludedMs: Percentiles; readonly getMs: Percentiles };
  /** Keys and values as the file has them, and the database of each daemon. */
  readonly bytes: { readonly values: number; readonly disk: readonly number[] };
  readonly blocks: number;
}

export function isGood(report: Report): boolean {
  const { rows, matched, heads, stateRoots, killedCaughtUp, lateMinedAccepted } = report;
  const isEqual = heads.length === 4 && new Set(heads).size === 1 && new Set(stateRoots).size === 1;
  return rows > 0 && matched === rows && isEqual && killedCaughtUp && lateMinedAccepted;
}

export function printReport(report: Report, form: 'json' | 'text'): void {
  process.stdout.write(form === 'json' ? `${JSON.stringify(report)}\n` : `${tableOf(report)}\n`);
}

function tableOf(report: Report): string {
  const { rates, latencies, bytes } = report;
  const times = ({ p50, p99 }: Percentiles) => `p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`;
  const table = new Table({ style: { border: [], head: [] } });
  table.push(
    ['packages', `${report.rows}, of which ${report.matched} read back alike from all three`],
    ['blocks', String(report.blocks)],
    ['import', `${rates.rowsPerSecond.toFixed(0)} rows/s, ${rates.transactionsPerSecond.toFixed(1)} transactions/s`],
    ['put to included', times(latencies.putToIncludedMs)],
    ['get', `${times(latencies.getMs)}, ${rates.getsPerSecond.toFixed(0)} gets/s`],
    ['bytes', `${bytes.values} of keys and values; on disk ${bytes.disk.join(', ')}`],
    ['killed with -9, caught up', report.killedCaughtUp ? 'yes' : 'NO'],
    ["late joiner's block accepted by all", report.lateMinedAccepted ? 'yes' : 'NO'],
    ['heads of the four', new Set(report.heads).size === 1 ? `equal: ${report.heads[0]}` : report.heads.join('\n')],
    [
      'state roots',
      new Set(report.stateRoots).size === 1 ? `equal: ${report.stateRoots[0]}` : report.stateRoots.join('\n'),
    ],
  );
  return table.toString();
}
