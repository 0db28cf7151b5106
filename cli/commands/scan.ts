/** `kvchain scan`: the keys that start with a prefix, with their values. */
import { examples, onCall, type Shell, textArgument, wholeArgument } from '../command.ts';
import { oneLine } from '../output.ts';

interface ScanOptions {
  readonly limit?: number;
}

export function addScan(shell: Shell): void {
  const command = shell.program
    .command('scan')
    .summary('list keys and their values')
    .description(
      'Lists the keys that start with a prefix, in the order of their bytes; with --json one document a line. To find none is no error.',
    )
    .argument('[prefix]', 'what the keys start with; without it all', textArgument, '')
    .option('--limit <n>', 'at most so many', wholeArgument(1, Number.MAX_SAFE_INTEGER));
  examples(
    command,
    ['kvchain scan lib', 'key, tabulator, value'],
    ['kvchain scan --limit 10 --json', 'the first ten, for a program'],
  );
  onCall<ScanOptions>(shell, command, async ({ args, options, session }) => {
    const client = await session.client();
    const [prefix = ''] = args;
    let listed = 0;
    for await (const { bytes: _, ...found } of client.scan(prefix)) {
      const value = `${found.encoding === 'base64' ? 'base64:' : ''}${oneLine(found.value)}`;
      await session.output.line(found, `${oneLine(found.key)}\t${value}`);
      listed += 1;
      if (listed === options.limit) break;
    }
    if (listed === 0)
      session.output.note(prefix === '' ? 'no keys' : `no keys that start with ${JSON.stringify(prefix)}`);
  });
}
