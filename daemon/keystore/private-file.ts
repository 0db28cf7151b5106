/**
 * Files that hold secrets: readable by their owner alone, written whole or not at all. Who finds one that others can read is told, and
 * the secret is not used: it may be known already.
 */
import { randomBytes } from 'node:crypto';
import { type FileHandle, link, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fromUtf8 } from '../../chain/bytes.ts';
import { KvchainError } from '../../chain/errors.ts';
import { diskFailed } from '../disk-failure.ts';
import { makeFolder } from '../make-folder.ts';

const privateFileMode = 0o600;
const privateFolderMode = 0o700;
const othersMode = 0o077;
export const passwordBytesMax = 1_024;

/** Makes the folder with mode 0700. Error: LOOSE_PERMISSIONS when it is there and open to others; DISK_FAILED. */
export async function makePrivateFolder(folder: string): Promise<void> {
  try {
    await makeFolder(folder, privateFolderMode);
    const { mode } = await stat(folder);
    if (isLoose(mode)) throw loose(folder, mode, privateFolderMode);
  } catch (error) {
    throw diskError(error, `making the folder ${folder}`);
  }
}

/** Reads a file of at most `bytesMax` bytes. Errors: LOOSE_PERMISSIONS, NOT_FOUND, TOO_LARGE, DISK_FAILED. */
export async function readPrivateFile(file: string, bytesMax: number): Promise<Uint8Array> {
  let handle: FileHandle | null = null;
  try {
    handle = await open(file, 'r');
    // The open file is looked at, not the path: nobody can put another file in its place between look and read.
    const { mode } = await handle.stat();
    if (isLoose(mode)) throw loose(file, mode, privateFileMode);
    return await readUpTo(handle, file, bytesMax);
  } catch (error) {
    throw diskError(error, `reading ${file}`);
  } finally {
    await handle?.close();
  }
}

/** To the end, whatever size the file tells: a pipe, as a shell makes for a secret, tells none. */
async function readUpTo(handle: FileHandle, file: string, bytesMax: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(bytesMax + 1);
  let length = 0;
  while (length < bytes.length) {
    const { bytesRead } = await handle.read(bytes, length, bytes.length - length, null);
    if (bytesRead === 0) return bytes.subarray(0, length);
    length += bytesRead;
  }
  throw new KvchainError('TOO_LARGE', `${file} has more than ${bytesMax} bytes`);
}

export interface PrivateWrite {
  readonly file: string;
  readonly bytes: Uint8Array;
  /** What becomes of a file that is there already: 'keep' refuses with USAGE. */
  readonly existing: 'keep' | 'replace';
}

/** Writes the file with mode 0600, synced, whole or not at all. Errors: USAGE, DISK_FAILED. */
export async function writePrivateFile({ file, bytes, existing }: PrivateWrite): Promise<void> {
  const folder = dirname(file);
  const temporary = join(folder, `.${randomBytes(8).toString('hex')}.tmp`);
  try {
    await writeSynced(temporary, bytes);
    if (existing === 'replace') await rename(temporary, file);
    else await link(temporary, file);
    await syncFolder(folder);
  } catch (error) {
    if (hasCode(error, 'EEXIST')) throw new KvchainError('USAGE', `${file} exists already; choose another name`);
    if (hasCode(error, 'EISDIR')) {
      throw new KvchainError('DISK_FAILED', `${file} is a folder, where a file is written: move it away`, {
        cause: error,
      });
    }
    throw diskError(error, `writing ${file}`);
  } finally {
    await rm(temporary, { force: true });
  }
}

/**
 * The password in a file of mode 0600: its text without the line end that editors add. Errors: LOOSE_PERMISSIONS, NOT_FOUND, TOO_LARGE,
 * BAD_PASSWORD when it is empty or not UTF-8.
 */
export async function readPasswordFile(file: string): Promise<string> {
  const text = fromUtf8(await readPrivateFile(file, passwordBytesMax + 2));
  if (text === null) throw new KvchainError('BAD_PASSWORD', `${file} is not UTF-8`);
  const password = text.replace(/\r?\n$/, '');
  if (password === '') throw new KvchainError('BAD_PASSWORD', `${file} holds no password`);
  return password;
}

async function writeSynced(file: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(file, 'wx', privateFileMode);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function syncFolder(folder: string): Promise<void> {
  // Windows has no permission to open a folder, and no need to.
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Windows tells no owner's and others' modes; its folders are private by where they lie. */
function isLoose(mode: number): boolean {
  return process.platform !== 'win32' && (mode & othersMode) !== 0;
}

function loose(path: string, mode: number, wanted: number): KvchainError {
  const found = (mode & 0o777).toString(8).padStart(3, '0');
  const advice = `chmod ${wanted.toString(8)} ${path}`;
  return new KvchainError('LOOSE_PERMISSIONS', `${path} is open to other users (mode ${found}): ${advice}`);
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

function diskError(error: unknown, doing: string): KvchainError {
  return diskFailed(error, doing, hasCode(error, 'ENOENT') ? 'NOT_FOUND' : 'DISK_FAILED');
}
