/** A folder of encrypted key files, <data-dir>/keys/<name>.json: files of mode 0600 in a folder of mode 0700. */
import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fromHex, toHex } from '../../chain/bytes.ts';
import { assert, KvchainError } from '../../chain/errors.ts';
import { isSecretKey } from '../../chain/keys.ts';
import { diskFailed, isFileThere } from '../disk-failure.ts';
import { decodeKeyFile, encodeKeyFile, keyFileBytesMax, scryptCostDefault, sealKey, unsealKey } from './key-file.ts';
import { makePrivateFolder, readPrivateFile, writePrivateFile } from './private-file.ts';

/** Names are file names without any path in them. */
const namePattern = /^[a-z0-9_-]{1,64}$/;

/** What a key file tells without its password. */
export interface KeyInfo {
  readonly name: string;
  readonly file: string;
  readonly address: string;
  readonly publicKey: Uint8Array;
}

export interface OpenKey extends KeyInfo {
  /** 32 bytes; the caller wipes them when done. */
  readonly secret: Uint8Array;
}

/** The folder of the keys of a data folder. */
export function keyFolderOf(dataDir: string): string {
  return join(dataDir, 'keys');
}

/** The file of the key `name`. Error: USAGE when the name is not 1 to 64 of a-z, 0-9, _ and -. */
export function keyFileOf(folder: string, name: string): string {
  if (!namePattern.test(name)) {
    throw new KvchainError('USAGE', `key name ${JSON.stringify(name.slice(0, 100))}: 1 to 64 of a-z, 0-9, _ and -`);
  }
  return join(folder, `${name}.json`);
}

export interface CreateKeyOptions {
  readonly folder: string;
  readonly name: string;
  readonly password: string;
  /** Of the network whose address is shown with the key. */
  readonly addressPrefix: string;
  /** An imported secret key (newSecret makes one). */
  readonly secret: Uint8Array;
  /** scrypt's N; by default scryptCostDefault. */
  readonly cost?: number;
}

/** Writes a new key file. Errors: USAGE (name, or the key exists), BAD_PASSWORD (empty), LOOSE_PERMISSIONS, DISK_FAILED. */
export async function createKeyFile(options: CreateKeyOptions): Promise<KeyInfo> {
  const { folder, name, password, addressPrefix, secret, cost = scryptCostDefault } = options;
  assert(isSecretKey(secret), 'a secret key is checked when it comes in');
  const file = keyFileOf(folder, name);
  await makePrivateFolder(folder);
  const sealed = await sealKey({ secret, password, addressPrefix, cost });
  await writePrivateFile({ file, bytes: encodeKeyFile(sealed), existing: 'keep' });
  return { name, file, address: sealed.address, publicKey: sealed.publicKey };
}

/** Opens a key file. Errors: BAD_PASSWORD, BAD_KEY_FILE, LOOSE_PERMISSIONS, NOT_FOUND, DISK_FAILED. */
export async function openKeyFile(file: string, password: string): Promise<OpenKey> {
  const found = await readKey(file);
  try {
    return { ...infoOf(file, found), secret: await unsealKey(found, password) };
  } catch (error) {
    throw named(file, error);
  }
}

/** Reads what stands in clear. Errors: BAD_KEY_FILE, LOOSE_PERMISSIONS, NOT_FOUND, DISK_FAILED. */
export async function readKeyInfo(file: string): Promise<KeyInfo> {
  return infoOf(file, await readKey(file));
}

/** All keys of the folder, by name; none when there is no folder. Errors as readKeyInfo: one bad file is told, not passed over. */
export async function listKeys(folder: string): Promise<readonly KeyInfo[]> {
  const names = await readdir(folder).catch(error => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw diskFailed(error, `listing ${folder}`);
  });
  const files = names.filter(name => name.endsWith('.json') && namePattern.test(basename(name, '.json'))).sort();
  const keys: KeyInfo[] = [];
  for (const name of files) keys.push(await readKeyInfo(join(folder, name)));
  return keys;
}

/** A new secret key, from the system's randomness. */
export function newSecret(): Uint8Array {
  for (;;) {
    const secret = Uint8Array.from(randomBytes(32));
    if (isSecretKey(secret)) return secret;
  }
}

/** The secret key in a text of 64 hex digits. Error: USAGE, without a word of the text. */
export function parseSecretHex(text: string): Uint8Array {
  const secret = fromHex(text.trim(), 32);
  if (secret === null || !isSecretKey(secret)) {
    throw new KvchainError('USAGE', 'a secret key is 64 hex digits, a number from 1 to the order of secp256k1 minus 1');
  }
  return secret;
}

/** The secret key of a file as 64 hex digits, for export. Errors as openKeyFile. */
export async function exportSecretHex(file: string, password: string): Promise<string> {
  const { secret } = await openKeyFile(file, password);
  const text = toHex(secret);
  secret.fill(0);
  return text;
}

async function readKey(file: string): Promise<ReturnType<typeof decodeKeyFile>> {
  // A password may come out of a pipe, a key lies in a file.
  isFileThere(file);
  try {
    return decodeKeyFile(await readPrivateFile(file, keyFileBytesMax));
  } catch (error) {
    throw named(file, error);
  }
}

function infoOf(file: string, { address, publicKey }: { address: string; publicKey: Uint8Array }): KeyInfo {
  return { name: basename(file, '.json'), file, address, publicKey };
}

/** The error with the file's name in front; a file too large for a key is no key file. */
function named(file: string, error: unknown): unknown {
  if (!(error instanceof KvchainError) || error.message.includes(file)) {
    const isTooLarge = error instanceof KvchainError && error.code === 'TOO_LARGE';
    return isTooLarge ? new KvchainError('BAD_KEY_FILE', error.message, { cause: error }) : error;
  }
  return new KvchainError(error.code, `${file}: ${error.message}`, { cause: error });
}
