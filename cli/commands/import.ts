/** `kvchain import`: writes the rows of a file, many a transaction, and goes on where it was stopped. */
import { Option } from 'commander';
import { amountArgument, examples, onCall, type Shell, wholeArgument } from '../command.ts';
import type { ImportOptions } from '../import/run.ts';

export function addImport(shell: Shell): void {
  const command = shell.program
    .command('import')
    .summary('write the rows of a .jsonl or .csv file')
    .description(
      'Writes the rows of a file, many a transaction, and waits until they are included. Stopped and run again, it goes on where it was; run again after its end, it writes all rows anew. Rows that fail are listed with their lines; exit code 1 then.',
    )
    .argument('<file>', '.jsonl (an object a line) or .csv (with a line of column names)')
    .option('--key-column <name>', 'holds the key', 'key')
    .option('--value-column <name>', 'holds the value; what is no text is stored as it stands in the file', 'value')
    .addOption(new Option('--format <format>', 'default: by the name of the file').choices(['jsonl', 'csv']))
    .option('--account <name>', 'key that signs (default: the only key, or main)')
    .option('--password-file <file>', 'password of the key (default: the file password in the data folder, else asked)')
    .option('--fee <amount>', 'fee of each transaction (default: the least that the node takes)', amountArgument)
    .option('--timeout <seconds>', 'give up after so long without progress', wholeArgument(1, 86_400), 300);
  examples(
    command,
    ['kvchain import packages.jsonl', 'lines such as {"key": "bash", "value": "5.2.15"}'],
    ['kvchain import packages.csv --key-column Package --value-column Version', 'columns of other names'],
  );
  onCall<ImportOptions>(shell, command, async ({ args, options, session }) => {
    const { importFile } = await import('../import/run.ts');
    await importFile(session, args[0] ?? '', options);
  });
}
