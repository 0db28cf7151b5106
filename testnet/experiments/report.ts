/**
 * Builds one HTML page from the folders of experiments:
 *
 *     kvchain-testnet report [--from DIR] [--out FILE]
 *
 * DIR (by default docs/experiments/ of this program) holds a folder an experiment. FILE is report.html unless it is named.
 */
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { experimentFolders, reportPage } from './report-page.ts';

const { from, out } = readArguments();
await writeFile(out, reportPage(from));
process.stdout.write(`${out}: ${experimentFolders(from).join(', ')}\n`);

function readArguments(): { readonly from: string; readonly out: string } {
  const committed = fileURLToPath(new URL('../../../docs/experiments/', import.meta.url));
  try {
    const { values } = parseArgs({ options: { from: { type: 'string' }, out: { type: 'string' } } });
    return { from: values.from ?? committed, out: values.out ?? 'report.html' };
  } catch (error) {
    const fault = error instanceof Error ? error.message : String(error);
    process.stderr.write(`${fault}\nusage: report [--from DIR] [--out FILE]\n`);
    process.exit(2);
  }
}
