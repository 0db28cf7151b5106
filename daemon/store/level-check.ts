/**
 * Checks the files of a LevelDB folder before it is opened. LevelDB itself drops what is damaged in a write-ahead log without a word
 * (one flipped bit lost 50 of 100 synced rows), starts anew when CURRENT is gone, and never checks a table's blocks on reads, so that
 * a flipped bit in a key makes a row vanish. Here every log, manifest and live table is read once, at about a gigabyte a second.
 * A bad record at the very end of a log is a torn write: LevelDB drops it, and what remains is the batch before.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { KvchainError } from '../../chain/errors.ts';
import { diskFailed, isFileThere } from '../disk-failure.ts';
import { findTableDamage, type ManifestContents, readLog, readManifest } from './level-format.ts';
import { repairAdvice } from './row.ts';

const levelNames = /^(?:CURRENT|LOCK|LOG|LOG\.old|MANIFEST-\d+|\d+\.(?:log|ldb|sst|dbtmp))$/;

/**
 * Reads through the folder. True when all is well, false when there is no database yet. Errors: DATABASE_DAMAGED naming the file,
 * DISK_FAILED. The folder must not be in use by another process.
 */
export async function checkLevelFolder(folder: string): Promise<boolean> {
  const names = await listFolder(folder);
  const isHeld = names.some(name => /^(?:MANIFEST-\d+|\d+\.(?:log|ldb|sst))$/.test(name));
  if (!isHeld && !names.includes('CURRENT')) return false;
  if (!names.includes('CURRENT')) throw damaged(folder, 'CURRENT', 'is missing, but data of a database is there');
  const manifestName = await readCurrent(folder);
  if (!names.includes(manifestName)) throw damaged(folder, 'CURRENT', `names ${manifestName}, which is missing`);
  const manifest = await readManifestFile(folder, manifestName);
  await checkLogs(folder, names, manifest);
  await checkTables(folder, names, manifest);
  return true;
}

/** What is not a regular file under a name of LevelDB's is refused (DISK_FAILED): it would be waited for in a thread that nobody ends. */
export async function refuseOtherThanFiles(folder: string): Promise<void> {
  const names = await listFolder(folder);
  for (const name of names.filter(each => levelNames.test(each))) isFileThere(join(folder, name));
}

async function readCurrent(folder: string): Promise<string> {
  const text = (await readFileOf(folder, 'CURRENT')).toString('latin1');
  const name = /^(MANIFEST-\d+)\n$/.exec(text)?.[1];
  if (name === undefined) throw damaged(folder, 'CURRENT', 'does not name a manifest');
  return name;
}

async function readManifestFile(folder: string, name: string): Promise<ManifestContents> {
  const { records, damagedAt } = readLog(await readFileOf(folder, name));
  if (damagedAt !== null) throw damaged(folder, name, `has a bad record at byte ${damagedAt}`);
  if (records.length === 0) throw damaged(folder, name, 'has no readable record');
  try {
    return readManifest(records);
  } catch (error) {
    if (error instanceof RangeError) throw damaged(folder, name, `has a record that does not decode: ${error.message}`);
    throw error;
  }
}

async function checkLogs(folder: string, names: readonly string[], manifest: ManifestContents): Promise<void> {
  const logs = names.filter(name => name.endsWith('.log') && numberOf(name) >= manifest.logNumber);
  if (manifest.logNumber > 0 && !logs.some(name => numberOf(name) === manifest.logNumber)) {
    throw damaged(folder, fileName(manifest.logNumber, 'log'), 'is missing');
  }
  for (const name of logs) {
    const { damagedAt } = readLog(await readFileOf(folder, name));
    if (damagedAt !== null)
      throw damaged(folder, name, `has a bad record at byte ${damagedAt}, and good ones after it`);
  }
}

async function checkTables(folder: string, names: readonly string[], manifest: ManifestContents): Promise<void> {
  for (const [number, length] of manifest.tables) {
    const name = [fileName(number, 'ldb'), fileName(number, 'sst')].find(candidate => names.includes(candidate));
    if (name === undefined) throw damaged(folder, fileName(number, 'ldb'), 'is missing');
    const bytes = await readFileOf(folder, name);
    if (bytes.length !== length) throw damaged(folder, name, `has ${bytes.length} bytes, expected ${length}`);
    const finding = findTableDamage(bytes);
    if (finding !== null) throw damaged(folder, name, finding);
  }
}

async function listFolder(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw diskFailed(error, `listing ${folder}`);
  }
}

async function readFileOf(folder: string, name: string): Promise<Buffer> {
  try {
    return await readFile(join(folder, name));
  } catch (error) {
    throw diskFailed(error, `reading ${join(folder, name)}`);
  }
}

function numberOf(name: string): number {
  return Number.parseInt(name, 10);
}

function fileName(number: number, extension: string): string {
  return `${String(number).padStart(6, '0')}.${extension}`;
}

function damaged(folder: string, name: string, finding: string): KvchainError {
  return new KvchainError('DATABASE_DAMAGED', `${join(folder, name)} ${finding}. ${repairAdvice}`);
}
