/** `kvchain key`: the keystore of the data folder. Secret keys leave it only by `key export`, to a terminal's owner who asks for it. */

import { toHex } from '../../chain/bytes.ts';
import type { KeyInfo } from '../../daemon/keystore/keystore.ts';
import { type AccountOptions, chooseKey, newPassword, openAccount } from '../account.ts';
import { type Call, examples, onCall, type Shell } from '../command.ts';
import { CommandError } from '../failure.ts';
import { fields, table } from '../output.ts';
import type { Session } from '../session.ts';
import { readInput } from '../user-files.ts';

interface NewKeyOptions {
  readonly passwordFile?: string;
  readonly addressPrefix?: string;
}

export function addKey(shell: Shell): void {
  const key = shell.program
    .command('key')
    .summary('make, list, show, import and export keys')
    .description('The keystore of the data folder: encrypted key files in its folder keys/.');
  addNew({ ...shell, program: key });
  addList({ ...shell, program: key });
  addShow({ ...shell, program: key });
  addImport({ ...shell, program: key });
  addExport({ ...shell, program: key });
}

function addNew(shell: Shell): void {
  const command = shell.program
    .command('new')
    .description('Makes a key and encrypts it with a password.')
    .argument('[name]', '1 to 64 of a-z, 0-9, _ and -', 'main');
  withPassword(command);
  examples(
    command,
    ['kvchain key new', 'a key called main; the password is asked for'],
    ['kvchain key new alice --password-file pw', 'without a terminal; pw has mode 0600'],
  );
  onCall<NewKeyOptions>(shell, command, async call => {
    const { newSecret } = await keystore();
    await createKey(call, newSecret());
  });
}

function addImport(shell: Shell): void {
  const command = shell.program
    .command('import')
    .description('Takes in a secret key of 64 hex digits, from a file or from the standard input.')
    .argument('<name>', '1 to 64 of a-z, 0-9, _ and -')
    .argument('<file>', 'holds the secret key; - for the standard input');
  withPassword(command);
  examples(command, ['kvchain key import alice - < secret.hex', 'never as an argument, which other users can see']);
  onCall<NewKeyOptions>(shell, command, async call => {
    const { parseSecretHex } = await keystore();
    const bytes = await readInput(call.session.streams, call.args[1] ?? '-', 1_024);
    await createKey(call, parseSecretHex(new TextDecoder().decode(bytes)));
  });
}

function withPassword(command: Shell['program']): void {
  command
    .option('--password-file <file>', 'its password (default: the file password in the data folder, else asked)')
    .option('--address-prefix <prefix>', 'of the network (default: that of the data folder, else kv)');
}

async function createKey({ args, options, session }: Call<NewKeyOptions>, secret: Uint8Array): Promise<void> {
  const { createKeyFile, keyFolderOf } = await keystore();
  const key = await createKeyFile({
    folder: keyFolderOf(session.folder.path),
    name: args[0] ?? 'main',
    password: await newPassword(session, options.passwordFile),
    addressPrefix: options.addressPrefix ?? (await prefixOf(session)),
    secret,
  });
  secret.fill(0);
  show(session, key);
}

function addList(shell: Shell): void {
  const command = shell.program.command('list').description('Lists the keys of the data folder.');
  examples(command, ['kvchain key list', 'names and addresses']);
  onCall(shell, command, async ({ session }) => {
    const { keyFolderOf, listKeys } = await keystore();
    const keys = await listKeys(keyFolderOf(session.folder.path));
    const rows = keys.map(({ name, address }) => [name, address]);
    session.output.answer(keys.map(document), await table(['name', 'address'], rows));
  });
}

function addShow(shell: Shell): void {
  const command = shell.program
    .command('show')
    .description('Shows the address and the public key of a key; needs no password.')
    .argument('[name]', 'default: the only key, or main');
  examples(command, ['kvchain key show', 'of the key that signs'], ['kvchain key show alice --json', 'for a program']);
  onCall(shell, command, async ({ args, session }) => show(session, await chooseKey(session, args[0])));
}

function addExport(shell: Shell): void {
  const command = shell.program
    .command('export')
    .description('Prints a secret key as 64 hex digits. Whoever has it can sign in its name.')
    .argument('<name>', 'of the key')
    .option('--password-file <file>', 'its password (default: the file password in the data folder, else asked)');
  examples(command, ['(umask 077; kvchain key export main > main.hex)', 'into a file that only you can read']);
  onCall<AccountOptions>(shell, command, async ({ args, options, session }) => {
    const [account] = args;
    if (account === undefined) throw new CommandError('USAGE', 'which key?', '`kvchain key list` shows them.');
    const key = await openAccount(session, { ...options, account });
    const secretKey = toHex(key.secret);
    key.secret.fill(0);
    session.output.answer({ ...document(key), secretKey }, secretKey);
  });
}

function show(session: Session, key: KeyInfo): void {
  session.output.answer(
    document(key),
    fields([
      ['name', key.name],
      ['address', key.address],
      ['publicKey', toHex(key.publicKey)],
      ['file', key.file],
    ]),
  );
}

function document({ name, address, publicKey, file }: KeyInfo): object {
  return { name, address, publicKey: toHex(publicKey), file };
}

async function prefixOf(session: Session): Promise<string> {
  const genesis = await session.genesis();
  return genesis?.schedule[0]?.params.addressPrefix ?? 'kv';
}

function keystore(): Promise<typeof import('../../daemon/keystore/keystore.ts')> {
  return import('../../daemon/keystore/keystore.ts');
}
