/** One import from its file to its summary. */
import { extname } from 'node:path';
import { toHex } from '../../chain/bytes.ts';
import type { KvchainClient } from '../../daemon/rpc/client.ts';
import { chooseKey, openAccount } from '../account.ts';
import type { SigningOptions } from '../command.ts';
import { CommandError } from '../failure.ts';
import { untilInterrupted } from '../interrupt.ts';
import { visible } from '../output.ts';
import type { Session } from '../session.ts';
import { batchLimits, makeBatches } from './batches.ts';
import { Bookmark, digestOf, type Progress } from './bookmark.ts';
import { isPassing } from './failures.ts';
import { Importer, type Sender } from './importer.ts';
import { startBar } from './progress-bar.ts';
import { type FailedRow, type FileFormat, readRows } from './rows.ts';

export interface ImportOptions extends SigningOptions {
  readonly keyColumn: string;
  readonly valueColumn: string;
  readonly format?: FileFormat;
  readonly timeout: number;
}

/** Failed rows that are shown to a person for each reason; --json lists more. */
const shownFailuresMax = 20;

/** Imports a file and prints the summary. Exit code 1 when rows failed. */
export async function importFile(session: Session, file: string, options: ImportOptions): Promise<void> {
  const format = options.format ?? formatOf(file);
  const { keyColumn, valueColumn } = options;
  const { digest, bytes } = await digestOf(file);
  await chooseKey(session, options.account);
  const client = await session.client({ signs: true });
  const { chainId } = await client.call('node_info', {});
  const { secret, publicKey } = await openAccount(session, options);
  const identity = { chainId, account: toHex(publicKey), fileDigest: digest, keyColumn, valueColumn };
  const bookmark = new Bookmark(session.folder.client, identity);
  const start = await bookmark.load();
  if (start.line > 0) session.output.note(`goes on after line ${start.line}, where it was stopped`);
  const rows = readRows({ file, format, keyColumn, valueColumn });
  const startedMs = performance.now();
  const bar = await startBar(session.output, { bytes, startedAt: 0 });
  const over = new AbortController();
  let settledLine = start.line;
  const importer = new Importer(
    {
      sender: senderOf(client, { ...options, secretKey: secret, signal: over.signal }),
      patienceMs: options.timeout * 1_000,
      onProgress: async (progress, endOffset) => {
        await bookmark.save(progress);
        settledLine = progress.line;
        bar.update(endOffset, progress.rows - start.rows);
      },
    },
    start,
  );
  const tellStopped = (): void => {
    bar.stop();
    const place = settledLine === 0 ? 'before its first rows were settled' : `after line ${settledLine}`;
    session.output.note(`stopped ${place}; the same command goes on there`);
  };
  try {
    const batches = makeBatches(rows, { afterLine: start.line, limits: batchLimits });
    const end = await untilInterrupted(() => importer.run(batches), tellStopped);
    bar.stop();
    await bookmark.remove();
    tell(session, { start, end, seconds: (performance.now() - startedMs) / 1_000 });
  } catch (error) {
    if (isPassing(error)) tellStopped();
    throw error;
  } finally {
    bar.stop();
    // What is still waited for after a fault is waited for no longer.
    over.abort();
  }
}

function formatOf(file: string): FileFormat {
  const extension = extname(file).toLowerCase();
  if (extension === '.jsonl' || extension === '.ndjson') return 'jsonl';
  if (extension === '.csv') return 'csv';
  throw new CommandError(
    'USAGE',
    `${file} is neither .jsonl nor .csv`,
    'Say what it is with --format jsonl or --format csv.',
  );
}

function senderOf(
  client: KvchainClient,
  options: ImportOptions & { readonly secretKey: Uint8Array; readonly signal: AbortSignal },
): Sender {
  const { fee, timeout, secretKey, signal } = options;
  const common = { signer: { secretKey }, wait: 'included', fee, timeoutMs: timeout * 1_000, signal } as const;
  return {
    send: operations => client.send(operations, common),
    failedIndex: async id => (await client.call('tx_get', { id })).receipt?.index ?? null,
  };
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function tell(
  session: Session,
  { start, end, seconds }: { readonly start: Progress; readonly end: Progress; readonly seconds: number },
): void {
  const rows = end.rows - start.rows;
  const transactions = end.transactions - start.transactions;
  const rowsPerSecond = Math.round(rows / Math.max(seconds, 0.001));
  const { failed, failures } = end;
  const { output } = session;
  output.answer(
    {
      rows,
      transactions,
      seconds: Number(seconds.toFixed(3)),
      rowsPerSecond,
      failed,
      resumedAfterLine: start.line,
      failures,
    },
    `${counted(rows, 'row')} in ${counted(transactions, 'transaction')}, ${seconds.toFixed(1)} s, ${rowsPerSecond} rows/s`,
  );
  if (failed === 0) return;
  session.exitCode = 1;
  output.note(`${counted(failed, 'row')} failed:`);
  for (const [reason, rowsOfIt] of byReason(failures)) {
    const shown = rowsOfIt
      .slice(0, shownFailuresMax)
      .map(({ line, key }) => `${line}${key ? ` (${visible(key)})` : ''}`);
    const more = rowsOfIt.length > shown.length ? ` and ${rowsOfIt.length - shown.length} more` : '';
    output.note(`  ${visible(reason)}: line ${shown.join(', ')}${more}`);
  }
  if (failed > failures.length) output.note(`  and ${failed - failures.length} rows more, which are not listed`);
}

/** Many rows fail for one reason, which is said once. */
function byReason(failures: readonly FailedRow[]): ReadonlyMap<string, readonly FailedRow[]> {
  const reasons = new Map<string, FailedRow[]>();
  for (const failure of failures) {
    const others = reasons.get(failure.detail);
    if (others === undefined) reasons.set(failure.detail, [failure]);
    else others.push(failure);
  }
  return reasons;
}
