/** `kvchain chain`: the head, headers, and the tips of all branches. */
import type { ResultOf } from '../../daemon/rpc/client.ts';
import { examples, onCall, type Shell, wholeArgument } from '../command.ts';
import { table } from '../output.ts';
import { addVerify } from './db.ts';

interface HeadersOptions {
  readonly from: number;
  readonly limit: number;
}

type Header = ResultOf<'chain_head'>;

export function addChain(shell: Shell): void {
  const chain = shell.program
    .command('chain')
    .summary('show the head, headers and branches')
    .description('Shows the head of the chain, its headers, and the tips of all branches.');
  addHead({ ...shell, program: chain });
  addHeaders({ ...shell, program: chain });
  addTips({ ...shell, program: chain });
  addVerify(
    { ...shell, program: chain },
    'Executes the whole chain anew from block 0 and compares what is stored with it.',
    ['kvchain chain verify', 'the same check as `kvchain db verify`'],
  );
}

function addHead(shell: Shell): void {
  const command = shell.program.command('head', { isDefault: true }).description('Shows the header of the head.');
  examples(command, ['kvchain chain head --json', 'all its fields']);
  onCall(shell, command, async ({ session }) => {
    const client = await session.client();
    const header = await client.call('chain_head', {});
    session.output.answer(header, await headerTable([header]));
  });
}

function addHeaders(shell: Shell): void {
  const command = shell.program
    .command('headers')
    .description('Lists headers from a height upwards.')
    .option('--from <height>', 'of the first', wholeArgument(0, Number.MAX_SAFE_INTEGER), 0)
    .option('--limit <n>', 'at most so many', wholeArgument(1, 2_000), 20);
  examples(command, ['kvchain chain headers --from 100 --limit 5', 'blocks 100 to 104']);
  onCall<HeadersOptions>(shell, command, async ({ options, session }) => {
    const client = await session.client();
    const { headers } = await client.call('chain_getHeaders', options);
    session.output.answer(headers, await headerTable(headers));
  });
}

function addTips(shell: Shell): void {
  const command = shell.program.command('tips').description('Lists the ends of all branches that are known.');
  examples(command, ['kvchain chain tips', 'the active one and what was left behind']);
  onCall(shell, command, async ({ session }) => {
    const client = await session.client();
    const { tips } = await client.call('chain_tips', {});
    const rows = tips.map(({ height, hash, work, status }) => [height, hash, work, status]);
    session.output.answer(tips, await table(['height', 'hash', 'work', 'status'], rows));
  });
}

function headerTable(headers: readonly Header[]): Promise<string> {
  const rows = headers.map(({ height, hash, time, bits }) => {
    return [height, hash, new Date(time).toISOString(), bits.toString(16).padStart(8, '0')];
  });
  return table(['height', 'hash', 'time', 'bits'], rows);
}
