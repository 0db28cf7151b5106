/** `kvchain scan`: the keys that start with a prefix, with their values. */
import { examples, onCall, type Shell, wholeArgument } from '../command.ts';
import { oneLine } from '../output.ts';

interface ScanOptions {
  readonly limit?: number;
}

export function addScan(shell: Shell): void {
  const command = shell.program
    .command('scan')
    .summary('list keys and their values')
    .description(
      'Lists the keys that start with a prefix, in the order of their bytes; with --json one document a line.',
    )
    .argument('[prefix]', 'what the keys start with; without it all', '')
    .option('--limit <n>', 'at most so many', wholeArgument(1, Number.MAX_SAFE_INTEGER));
  examples(
    command,
    ['kvchain scan lib', 'key, tabulator, value'],
    ['kvchain scan --limit 10 --json', 'the first ten, for a program'],
  );
  onCall<ScanOptions>(shell, command, async ({ args, options, session }) => {
    const client = await session.client();
    let left = options.limit ?? Number.POSITIVE_INFINITY;
    for await (const { bytes: _, ...found } of client.scan(args[0] ?? '')) {
      const value = `${found.encoding === 'base64' ? 'base64:' : ''}${oneLine(found.value)}`;
      await session.output.line(found, `${oneLine(found.key)}\t${value}`);
      left -= 1;
      if (left <= 0) break;
    }
  });
}
