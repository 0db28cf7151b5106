/**
 * A database as one file, written and read as a stream (docs/operate/backup.md): a line of JSON that says what it is, the rows, each as
 * key length and value length (4 bytes, big-endian), key and value, then a key length of 0, the number of rows (8 bytes) and the
 * SHA-256 of every byte before it.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { equalBytes, fromUtf8 } from '../../chain/bytes.ts';
import { KvchainError } from '../../chain/errors.ts';
import { diskFailed } from '../disk-failure.ts';
import type { StoreRow } from '../ports.ts';
import { syncFolder } from './sync-folder.ts';

export const backupFormat = 'kvchain-backup';
export const backupVersion = 1;

/** The first line of a backup. */
export interface BackupHeader {
  readonly format: typeof backupFormat;
  readonly version: typeof backupVersion;
  /** Version of the database that the rows are of. */
  readonly databaseVersion: number;
  readonly chainId: string;
  /** The block at which the ledger stands. */
  readonly height: number;
  readonly hash: string;
  /** The text of genesis.json. */
  readonly genesis: string;
}

/** What the first line may have at most: a genesis of some ten thousand allocations. */
const backupHeaderBytesMax = 67_108_864;
/** A row on disk is never longer: the undo record of a full block. */
const backupRowBytesMax = 134_217_728;
/** Written and read at a time. */
const chunkBytes = 1_048_576;

/** Writes a backup that is not there before it is whole: first beside its place, then moved. Gives the number of rows. Error: DISK_FAILED. */
export async function writeBackup(file: string, header: BackupHeader, rows: AsyncIterable<StoreRow>): Promise<number> {
  const partial = `${file}.partial`;
  try {
    const handle = await open(partial, 'w', 0o600);
    try {
      const count = await writeAll(handle, header, rows);
      await handle.sync();
      await handle.close();
      await rename(partial, file);
      await syncFolder(dirname(file));
      return count;
    } finally {
      await handle.close();
    }
  } catch (error) {
    await rm(partial, { force: true });
    throw diskFailed(error, `writing ${file}`);
  }
}

async function writeAll(handle: FileHandle, header: BackupHeader, rows: AsyncIterable<StoreRow>): Promise<number> {
  const hash = createHash('sha256');
  let parts: Uint8Array[] = [Buffer.from(`${JSON.stringify(header)}\n`)];
  let bytes = 0;
  let count = 0;
  const flush = async () => {
    const chunk = Buffer.concat(parts);
    hash.update(chunk);
    await handle.writeFile(chunk);
    parts = [];
    bytes = 0;
  };
  for await (const { key, value } of rows) {
    parts.push(lengths(key.length, value.length), key, value);
    bytes += 8 + key.length + value.length;
    count += 1;
    if (bytes >= chunkBytes) await flush();
  }
  const end = Buffer.alloc(12);
  end.writeBigUInt64BE(BigInt(count), 4);
  parts.push(end);
  await flush();
  await handle.writeFile(hash.digest());
  return count;
}

function lengths(keyLength: number, valueLength: number): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32BE(keyLength, 0);
  bytes.writeUInt32BE(valueLength, 4);
  return bytes;
}

/** A backup that is being read. */
export interface OpenedBackup {
  readonly header: BackupHeader;
  /** To be read once, to its end: only then number and checksum are known to be right. Throws BAD_BACKUP before its end otherwise. */
  readonly rows: AsyncGenerator<StoreRow>;
}

/** Error: BAD_BACKUP, DISK_FAILED. */
export async function openBackup(file: string): Promise<OpenedBackup> {
  const reader = new Reader(file);
  const header = parseHeader(fromUtf8(await reader.line()), file);
  return { header, rows: readRows(reader, file) };
}

async function* readRows(reader: Reader, file: string): AsyncGenerator<StoreRow> {
  for (let count = 0; ; count++) {
    const keyLength = (await reader.take(4)).readUInt32BE();
    if (keyLength === 0) return await readEnd(reader, count, file);
    const valueLength = (await reader.take(4)).readUInt32BE();
    if (keyLength + valueLength > backupRowBytesMax) {
      throw bad(file, `row ${count} has ${keyLength + valueLength} bytes, at most ${backupRowBytesMax}`);
    }
    const key = Uint8Array.from(await reader.take(keyLength));
    yield { key, value: Uint8Array.from(await reader.take(valueLength)) };
  }
}

async function readEnd(reader: Reader, count: number, file: string): Promise<void> {
  const said = Number((await reader.take(8)).readBigUInt64BE());
  const digest = reader.digest();
  const written = await reader.take(32);
  if (said !== count) throw bad(file, `${count} rows, expected ${said}`);
  if (!equalBytes(digest, written)) throw bad(file, 'its checksum does not match');
  if (!(await reader.isAtEnd())) throw bad(file, 'bytes follow its end');
}

function parseHeader(text: string | null, file: string): BackupHeader {
  const json = parseJson(text, file);
  const { format, version, databaseVersion, chainId, height, hash, genesis } = json;
  if (format !== backupFormat) throw bad(file, 'its first line does not name the format');
  if (version !== backupVersion) throw bad(file, `its version is ${version}, this program knows ${backupVersion}`);
  const isWhole =
    typeof databaseVersion === 'number' &&
    typeof chainId === 'string' &&
    typeof height === 'number' &&
    typeof hash === 'string' &&
    typeof genesis === 'string';
  if (!isWhole) throw bad(file, 'a field of its first line is missing');
  return { format: backupFormat, version: backupVersion, databaseVersion, chainId, height, hash, genesis };
}

function parseJson(text: string | null, file: string): { readonly [name: string]: unknown } {
  try {
    return { ...JSON.parse(text ?? '') };
  } catch {
    throw bad(file, 'its first line is not JSON');
  }
}

/** A cursor over a file that keeps no more of it than is asked for, and hashes what was taken. */
class Reader {
  readonly #file: string;
  readonly #chunks: AsyncIterator<Buffer>;
  readonly #hash = createHash('sha256');
  #rest: Buffer = Buffer.alloc(0);

  constructor(file: string) {
    this.#file = file;
    const stream: AsyncIterable<Buffer> = createReadStream(file, { highWaterMark: chunkBytes });
    this.#chunks = stream[Symbol.asyncIterator]();
  }

  async take(length: number): Promise<Buffer> {
    const parts = [this.#rest];
    for (let held = this.#rest.length; held < length; ) {
      const chunk = await this.#next();
      if (chunk === null) throw bad(this.#file, 'it is cut off');
      parts.push(chunk);
      held += chunk.length;
    }
    const held = parts.length === 1 ? this.#rest : Buffer.concat(parts);
    const taken = held.subarray(0, length);
    this.#rest = held.subarray(length);
    this.#hash.update(taken);
    return taken;
  }

  /** The bytes up to the next line end, which is taken too. */
  async line(): Promise<Uint8Array> {
    let end = this.#rest.indexOf(10);
    while (end < 0) {
      const chunk = await this.#next();
      if (chunk === null || this.#rest.length > backupHeaderBytesMax) throw bad(this.#file, 'it has no first line');
      this.#rest = Buffer.concat([this.#rest, chunk]);
      end = this.#rest.indexOf(10);
    }
    return (await this.take(end + 1)).subarray(0, end);
  }

  /** SHA-256 of all that was taken. */
  digest(): Uint8Array {
    return this.#hash.copy().digest();
  }

  async isAtEnd(): Promise<boolean> {
    return this.#rest.length === 0 && (await this.#next()) === null;
  }

  async #next(): Promise<Buffer | null> {
    try {
      const { value, done } = await this.#chunks.next();
      return done === true ? null : value;
    } catch (error) {
      throw diskFailed(error, `reading ${this.#file}`);
    }
  }
}

function bad(file: string, finding: string): KvchainError {
  return new KvchainError('BAD_BACKUP', `${file}: ${finding}`);
}
