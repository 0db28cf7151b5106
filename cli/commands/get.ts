/** `kvchain get`: reads a key, from the daemon's word or, with --verify, from a proof against headers that were followed here. */
import { KvchainError } from '../../chain/errors.ts';
import type { ReadValue } from '../../daemon/rpc/client.ts';
import {
  type Call,
  examples,
  onCall,
  readArgument,
  readModes,
  type Shell,
  textArgument,
  wholeArgument,
  withValues,
} from '../command.ts';
import { CommandError } from '../failure.ts';
import { visible } from '../output.ts';
import type { Session } from '../session.ts';
import { writeOutput } from '../user-files.ts';

interface GetOptions {
  readonly at?: number;
  readonly read?: string;
  readonly verify?: true;
  readonly raw?: true;
  readonly out?: string;
}

export function addGet(shell: Shell): void {
  const command = shell.program
    .command('get')
    .summary('read a key')
    .description('Reads a key. Exit code 1 and the code NO_KEY when it has no value.')
    .argument('<key>', 'UTF-8, 1 to 256 bytes', textArgument)
    .option('--at <height>', 'as it stood after the block of this height', wholeArgument(0, Number.MAX_SAFE_INTEGER))
    .addOption(withValues('--read <mode>', 'which state (default: local)', readModes).argParser(readArgument))
    .option('--verify', 'follow the headers, check a proof of the value, and trust nothing else (exit 5 when it fails)')
    .option('--raw', 'print the bytes of the value and nothing else')
    .option('--out <file>', 'write the bytes of the value into a file');
  examples(
    command,
    ['kvchain get hello', 'the value, as text'],
    ['kvchain get hello --json', 'with version, owner, height and confirmations'],
    ['kvchain get hello --verify', "check it; the daemon's word is not enough"],
    ['kvchain get hello --read confirmed:6', 'as six blocks have confirmed it'],
    ['kvchain get logo --out logo.png', 'a value that is no text'],
  );
  onCall<GetOptions>(shell, command, get);
}

async function get({ args, options, session }: Call<GetOptions>): Promise<void> {
  const [key = ''] = args;
  const { at, read } = options;
  if (options.raw && session.output.isJson) {
    throw new CommandError(
      'USAGE',
      '--raw and --json exclude each other',
      'Give one of them; --json names the encoding.',
    );
  }
  const found = options.verify
    ? await (await import('../verified-read.ts')).readVerified(session, key, { at, read })
    : await (await session.client()).get(key, { at, read });
  if (found === null) {
    throw new KvchainError(
      'NO_KEY',
      `the key ${JSON.stringify(key)} has no value${at === undefined ? '' : ` at height ${at}`}`,
    );
  }
  await show(session, found, options);
}

async function show(
  session: Session,
  found: ReadValue & { readonly verdict?: string },
  options: GetOptions,
): Promise<void> {
  const { bytes, ...document } = found;
  if (options.out !== undefined) await writeOutput(options.out, bytes);
  if (options.raw) return session.output.bytes(bytes);
  const { output } = session;
  if (options.out !== undefined) {
    output.answer(document, `${bytes.length} bytes written to ${options.out}`);
    return undefined;
  }
  output.answer(document, output.isTerminal ? visible(found.value) : found.value);
  if (found.encoding === 'base64') output.note('the value is not text: shown in base64; --raw or --out give its bytes');
  if (found.verdict !== undefined) output.note(`verified: ${found.verdict}`);
  return undefined;
}
