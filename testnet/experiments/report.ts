/**
 * Builds one HTML page, a report of the project: how it is built, what the experiments in the folders show, what that means.
 *
 *     kvchain-testnet report [--from DIR] [--out FILE]
 *
 * DIR (by default docs/experiments/ of this program) holds a folder an experiment. FILE is report.html unless it is named.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { KvchainError } from '../../chain/errors.ts';
import { tellFailure } from '../failure.ts';
import { experimentFolders, reportPage } from './report-page.ts';

const docs = fileURLToPath(new URL('../../../docs/', import.meta.url));

const usage = `usage: report [--from DIR] [--out FILE]

  --from DIR   a folder that holds a folder an experiment, each made by experiment --out (default: docs/experiments of this program)
  --out FILE   where the page goes (default: report.html)
  --help       print this
`;

try {
  await main();
} catch (error) {
  process.exitCode = tellFailure(error);
}

async function main(): Promise<void> {
  const options = { from: { type: 'string' }, out: { type: 'string' }, help: { type: 'boolean' } } as const;
  const { help = false, out = 'report.html', from = join(docs, 'experiments') } = parseArgs({ options }).values;
  if (help) {
    process.stdout.write(usage);
    return;
  }
  const names = experimentFolders(from);
  if (names.length === 0) {
    throw new KvchainError('NOT_FOUND', `nothing to report: ${from} holds no folder of an experiment`, {
      action: `Run one with \`kvchain-testnet experiment NAME --out ${from}/NAME\`, or name another folder with --from.`,
    });
  }
  await writeFile(out, reportPage({ experiments: from, docs }));
  process.stdout.write(`${out}: ${names.join(', ')}\n`);
}
