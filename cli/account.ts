/** Who signs: a key of the data folder's keystore, opened here, on the user's side. Secrets and passwords are never arguments. */
import { KvchainError } from '../chain/errors.ts';
import { isFileThere } from '../daemon/disk-failure.ts';
import type { KeyInfo, OpenKey } from '../daemon/keystore/keystore.ts';
import { CommandError } from './failure.ts';
import { askPassword, canAsk } from './prompt.ts';
import type { Session } from './session.ts';

export interface AccountOptions {
  readonly account?: string;
  readonly passwordFile?: string;
}

/** Opens the key that is to sign. Errors: NOT_FOUND when there is none or several, BAD_PASSWORD, BAD_KEY_FILE, LOOSE_PERMISSIONS. */
export async function openAccount(session: Session, options: AccountOptions): Promise<OpenKey> {
  const { openKeyFile } = await import('../daemon/keystore/keystore.ts');
  const key = await chooseKey(session, options.account);
  const found = await storedPassword(session, options.passwordFile);
  if (found === null) return openKeyFile(key.file, await askedPassword(session, key.name));
  try {
    return await openKeyFile(key.file, found);
  } catch (error) {
    if (!(error instanceof KvchainError) || error.code !== 'BAD_PASSWORD') throw error;
    if (options.passwordFile !== undefined) throw wrongPassword(key, options.passwordFile, 'Check that file.');
    // The password beside the keys is that of the key that came with it; another key may have another one.
    if (canAsk(session.streams)) return openKeyFile(key.file, await askedPassword(session, key.name));
    throw wrongPassword(key, session.folder.password, 'Name the file with its password: --password-file FILE.');
  }
}

function wrongPassword({ name, address }: KeyInfo, file: string, advice: string): CommandError {
  return new CommandError('BAD_PASSWORD', `the password in ${file} does not open the key ${name} (${address})`, advice);
}

/** The key `name`, or without a name the only one, or the one that is called main. */
export async function chooseKey(session: Session, name: string | undefined): Promise<KeyInfo> {
  const { keyFileOf, keyFolderOf, listKeys, readKeyInfo } = await import('../daemon/keystore/keystore.ts');
  const folder = keyFolderOf(session.folder.path);
  if (name !== undefined) {
    return readKeyInfo(keyFileOf(folder, name)).catch(error => {
      if (!isMissing(error)) throw error;
      throw new CommandError('USAGE', `no key ${JSON.stringify(name)} in ${folder}`, '`kvchain key list` lists them.');
    });
  }
  const keys = await listKeys(folder);
  const chosen = keys.length === 1 ? keys[0] : keys.find(key => key.name === 'main');
  if (chosen !== undefined) return chosen;
  if (keys.length === 0) {
    throw new CommandError('NOT_FOUND', `there is no key in ${folder}`, 'Make one with `kvchain key new`.');
  }
  const names = keys.map(key => key.name).join(', ');
  throw new CommandError(
    'NOT_FOUND',
    `${keys.length} keys and none is called main: ${names}`,
    'Choose one with --account.',
  );
}

/** The password for a new key: from the file that is named, from the data folder, or asked twice. */
export async function newPassword(session: Session, passwordFile: string | undefined): Promise<string> {
  const found = await storedPassword(session, passwordFile);
  if (found !== null) return found;
  const first = await askedPassword(session, 'the new key');
  const second = await askPassword(session.streams, 'The same password again: ');
  if (first === second) return first;
  throw new CommandError('BAD_PASSWORD', 'the two passwords differ', 'Run the command again.');
}

async function storedPassword(session: Session, passwordFile: string | undefined): Promise<string | null> {
  const { readPasswordFile } = await import('../daemon/keystore/private-file.ts');
  if (passwordFile !== undefined) {
    return readPasswordFile(passwordFile).catch(error => {
      if (!isMissing(error)) throw error;
      throw new CommandError('USAGE', `there is no file ${passwordFile}`, 'Check the name after --password-file.');
    });
  }
  return isFileThere(session.folder.password) ? readPasswordFile(session.folder.password) : null;
}

function isMissing(error: unknown): boolean {
  return error instanceof KvchainError && error.code === 'NOT_FOUND';
}

function askedPassword(session: Session, name: string): Promise<string> {
  if (canAsk(session.streams)) return askPassword(session.streams, `Password of ${name}: `);
  const advice = 'Give --password-file FILE (mode 0600), or run it in a terminal.';
  throw new CommandError(
    'BAD_PASSWORD',
    `no password for ${name}: no --password-file, and no terminal to ask on`,
    advice,
  );
}
