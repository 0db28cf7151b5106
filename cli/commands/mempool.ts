/** `kvchain mempool`: the transactions that wait for a block. */
import { examples, onCall, type Shell, wholeArgument } from '../command.ts';
import { fields, table } from '../output.ts';

interface MempoolOptions {
  readonly limit: number;
}

export function addMempool(shell: Shell): void {
  const command = shell.program
    .command('mempool')
    .summary('show what waits for a block')
    .description('Shows how full the mempool is, and the transactions that a block would take first.')
    .option('--limit <n>', 'list at most so many', wholeArgument(1, 1_000), 20);
  examples(command, ['kvchain mempool', 'how full it is, and the first 20']);
  onCall<MempoolOptions>(shell, command, async ({ options, session }) => {
    const client = await session.client();
    const info = await client.call('mempool_info', {});
    const { transactions } = await client.call('mempool_list', { limit: options.limit });
    const rows = transactions.map(({ id, sender, nonce, fee, bytes, operations }) => [
      id,
      sender,
      nonce,
      fee,
      bytes,
      operations,
    ]);
    const text = [
      fields([
        ['transactions', info.transactions],
        ['bytes', info.bytes],
        ['waiting for an earlier nonce', info.gapped],
        ['least fee a byte', info.feePerByteMin],
      ]),
      ...(rows.length === 0
        ? []
        : ['', await table(['transaction', 'sender', 'nonce', 'fee', 'bytes', 'operations'], rows)]),
    ];
    session.output.answer({ ...info, list: transactions }, text.join('\n'));
  });
}
