/** `kvchain put`: writes a value, signed here, and waits until it is where it should be. */
import { toUtf8 } from '../../chain/bytes.ts';
import {
  type Call,
  examples,
  onCall,
  type Shell,
  type SigningOptions,
  textArgument,
  wholeArgument,
  withSigning,
} from '../command.ts';
import { CommandError } from '../failure.ts';
import { readInput } from '../user-files.ts';
import { carryOutWrite } from '../write.ts';

interface PutOptions extends SigningOptions {
  readonly file?: string;
  readonly contentType?: string;
  readonly expectedVersion?: number;
}

const valueBytesMax = 65_536;

export function addPut(shell: Shell): void {
  const command = shell.program
    .command('put')
    .summary('write a value')
    .description('Writes a value and waits until it is included in a block.')
    .argument('<key>', 'UTF-8, 1 to 256 bytes', textArgument)
    .argument('[value]', 'text; - for the standard input', textArgument)
    .option('--file <file>', 'take the value from a file, byte for byte; - for the standard input')
    .option('--content-type <type>', 'media type of the value, at most 64 bytes')
    .option(
      '--expected-version <n>',
      'write only if the key is at this version; 0: never written',
      wholeArgument(0, Number.MAX_SAFE_INTEGER),
    );
  withSigning(command);
  examples(
    command,
    ['kvchain put hello world', 'write, and wait for a block'],
    ['kvchain put logo --file logo.png --content-type image/png', 'write a file'],
    ['kvchain put counter 8 --expected-version 7', 'write only if nobody else did'],
    ['kvchain put hello world --wait confirmed:6', 'wait for 6 confirmations'],
  );
  onCall<PutOptions>(shell, command, put);
}

async function put({ args, options, session }: Call<PutOptions>): Promise<void> {
  const [key = '', text] = args;
  const value = await givenValue({ text, file: options.file }, session.streams);
  const { contentType, expectedVersion } = options;
  await carryOutWrite(session, options, (client, write) =>
    client.put(key, value, { ...write, contentType, expectedVersion }),
  );
}

async function givenValue(
  { text, file }: { readonly text: string | undefined; readonly file: string | undefined },
  streams: Shell['streams'],
): Promise<Uint8Array> {
  if ((text === undefined) === (file === undefined)) {
    throw new CommandError(
      'USAGE',
      'put takes a value or --file, one of them',
      'Type `kvchain help put` for examples.',
    );
  }
  const source = file ?? (text === '-' ? '-' : undefined);
  return source === undefined ? toUtf8(text ?? '') : readInput(streams, source, valueBytesMax);
}
