/** `kvchain history`: every version of a key, newest first. */
import type { HistoryJson } from '../../daemon/rpc/client.ts';
import { examples, onCall, type Shell, textArgument, wholeArgument } from '../command.ts';
import { oneLine } from '../output.ts';

interface HistoryOptions {
  readonly limit?: number;
}

export function addHistory(shell: Shell): void {
  const command = shell.program
    .command('history')
    .summary('list the versions of a key')
    .description(
      'Lists the versions of a key, newest first; with --json one document a line. A key without any is no error.',
    )
    .argument('<key>', 'UTF-8, 1 to 256 bytes', textArgument)
    .option('--limit <n>', 'at most so many', wholeArgument(1, Number.MAX_SAFE_INTEGER));
  examples(command, ['kvchain history hello', 'who wrote what, when']);
  onCall<HistoryOptions>(shell, command, async ({ args, options, session }) => {
    const client = await session.client();
    const [key = ''] = args;
    let listed = 0;
    let newest = 0;
    for await (const entry of client.history(key)) {
      await session.output.line(entry, sentence(entry));
      newest = Math.max(newest, entry.version);
      listed += 1;
      if (listed === options.limit) break;
    }
    // Versions count from 1 without a gap.
    const gone = listed === options.limit ? 0 : newest - listed;
    if (gone > 0) session.output.note(`${gone} more that were overwritten are not held: this node was pruned`);
    if (listed === 0) session.output.note(`the key ${JSON.stringify(key)} was never written`);
  });
}

function sentence({ version, height, operation, owner, value, encoding }: HistoryJson): string {
  const written = value === null ? '' : `  ${encoding === 'base64' ? 'base64:' : ''}${oneLine(value)}`;
  return `version ${version}  block ${height}  ${operation}  ${owner}${written}`;
}
