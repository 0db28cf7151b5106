/** One import from its file to its summary. */
import { extname } from 'node:path';
import { toHex } from '../../chain/bytes.ts';
import type { KvchainClient } from '../../daemon/rpc/client.ts';
import { openAccount } from '../account.ts';
import type { SigningOptions } from '../command.ts';
import { CommandError } from '../failure.ts';
import { visible } from '../output.ts';
import type { Session } from '../session.ts';
import { batchLimits, makeBatches } from './batches.ts';
import { Bookmark, digestOf, type Progress } from './bookmark.ts';
import { Importer, type Sender } from './importer.ts';
import { startBar } from './progress-bar.ts';
import { type FileFormat, readRows } from './rows.ts';

export interface ImportOptions extends SigningOptions {
  readonly keyColumn: string;
  readonly valueColumn: string;
  readonly format?: FileFormat;
  readonly timeout: number;
}

/** Failed rows that are shown to a person; --json lists more. */
const shownFailuresMax = 20;

/** Imports a file and prints the summary. Exit code 1 when rows failed. */
export async function importFile(session: Session, file: string, options: ImportOptions): Promise<void> {
  const format = options.format ?? formatOf(file);
  const { keyColumn, valueColumn } = options;
  const { digest, bytes } = await digestOf(file);
  const account = await openAccount(session, options);
  const client = await session.client({ signer: { secretKey: account.secret } });
  const { chainId } = await client.call('node_info', {});
  const publicKey = toHex(account.publicKey);
  const identity = { chainId, account: publicKey, fileDigest: digest, keyColumn, valueColumn };
  const bookmark = new Bookmark(session.folder.client, identity);
  const start = await bookmark.load();
  if (start.line > 0) session.output.note(`goes on after line ${start.line}, where it was stopped`);
  const rows = readRows({ file, format, keyColumn, valueColumn });
  const startedMs = performance.now();
  const bar = await startBar(session.output, { bytes, startedAt: 0 });
  const over = new AbortController();
  const importer = new Importer(
    {
      sender: senderOf(client, options, over.signal),
      patienceMs: options.timeout * 1_000,
      onProgress: async (progress, endOffset) => {
        await bookmark.save(progress);
        bar.update(endOffset, progress.rows - start.rows);
      },
    },
    start,
  );
  try {
    const end = await importer.run(makeBatches(rows, { afterLine: start.line, limits: batchLimits }));
    bar.stop();
    await bookmark.remove();
    tell(session, { start, end, seconds: (performance.now() - startedMs) / 1_000 });
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

function senderOf(client: KvchainClient, options: ImportOptions, signal: AbortSignal): Sender {
  const { fee, timeout } = options;
  return {
    send: operations => client.send(operations, { wait: 'included', fee, timeoutMs: timeout * 1_000, signal }),
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
  for (const { line, key, detail } of failures.slice(0, shownFailuresMax)) {
    output.note(`  line ${line}${key === null || key === '' ? '' : ` (${visible(key)})`}: ${visible(detail)}`);
  }
  if (failed > shownFailuresMax) output.note(`  and ${failed - shownFailuresMax} more; --json lists them`);
}
