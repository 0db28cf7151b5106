/** `kvchain block`: one block with its transactions. */
import { examples, onCall, type Shell } from '../command.ts';
import { fields, table } from '../output.ts';

export function addBlock(shell: Shell): void {
  const command = shell.program
    .command('block')
    .summary('show a block')
    .description('Shows a block with its transactions and what became of them.')
    .argument('[id]', 'height, hash or head', 'head');
  examples(command, ['kvchain block', 'the newest'], ['kvchain block 12 --json', 'all of it, for a program']);
  onCall(shell, command, async ({ args, session }) => {
    const client = await session.client();
    const block = await client.call('chain_getBlock', { id: args[0] ?? 'head', detail: 'full' });
    const { header, transactions = [], receipts = [] } = block;
    const rows = transactions.map(({ id, sender, nonce, operations }, index) => {
      const receipt = receipts[index];
      return [id, sender, nonce, operations.length, receipt?.code ?? receipt?.status ?? '-'];
    });
    const text = [
      fields([
        ['height', header.height],
        ['hash', header.hash],
        ['parent', header.parent],
        ['time', new Date(header.time).toISOString()],
        ['producer', header.producer],
        ['stateRoot', header.stateRoot],
        ['canonical', block.canonical],
        ['confirmations', block.confirmations],
        ['finality', block.finality],
        ['transactions', rows.length],
      ]),
      ...(rows.length === 0 ? [] : ['', await table(['transaction', 'sender', 'nonce', 'operations', 'status'], rows)]),
    ];
    session.output.answer(block, text.join('\n'));
  });
}
