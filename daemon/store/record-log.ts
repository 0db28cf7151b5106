/**
 * The Log on a file: an engine's records, append-only, each with its length, its sequence and a CRC32C (W3 of the protocol). What a
 * crash tears is the last append, which was not acknowledged: it is cut. Damage before that would make a member forget what it
 * promised, so it is fatal (DATABASE_DAMAGED). LevelDB's own log does not tell the two apart, which is why this one exists.
 *
 * The file is a header of 16 bytes and records of [length u32, sequence u64, first u64, crc u32, bytes], big-endian; `first` is the
 * sequence of the first record of the same append; the checksum covers all that is not itself. Records that stand for all before them
 * take their place as another file, which is whole before it gets the name.
 */
import { writeSync } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { crc32c } from '@node-rs/crc32';
import { equalBytes, toUtf8 } from '../../chain/bytes.ts';
import { assert, KvchainError } from '../../chain/errors.ts';
import { diskFailed, isFileThere } from '../disk-failure.ts';
import type { Log } from '../ports.ts';
import { syncFolder } from './sync-folder.ts';

/** A record is at most this long; an engine's are a few hundred bytes. */
export const recordBytesMax = 1_048_576;

const fileHeader = toUtf8('kvchain-log v1\0\n');
const frameLength = 24;

export interface RecordLogOptions {
  /** Made when it is not there, readable by its owner alone; its folder must exist. */
  readonly file: string;
  /** Told when opening cut a torn append from the end. */
  readonly onTornTail?: (bytesCut: number) => void;
}

/** Opens or makes the log and reads it through. Errors: DATABASE_DAMAGED (naming file and place), DISK_FAILED. */
export async function openRecordLog({ file, onTornTail }: RecordLogOptions): Promise<Log> {
  const handle = await openFile(file);
  try {
    await rm(partOf(file), { force: true });
    const bytes = new Uint8Array(await handle.readFile());
    if (bytes.length < fileHeader.length) {
      await startFile(handle, file, bytes);
      return new FileLog(handle, file, []);
    }
    if (!equalBytes(bytes.subarray(0, fileHeader.length), fileHeader))
      throw damaged(file, 0, 'the header is not known');
    const { records, end } = readRecords(bytes, file);
    if (end < bytes.length) {
      await handle.truncate(end);
      await handle.sync();
      onTornTail?.(bytes.length - end);
    }
    return new FileLog(handle, file, records, end);
  } catch (error) {
    await handle.close();
    throw diskFailed(error, `opening ${file}`);
  }
}

class FileLog implements Log {
  readonly #file: string;
  #handle: FileHandle;
  readonly #records: Uint8Array[];
  #end: number;
  #last: Promise<void> = Promise.resolve();
  #failure: KvchainError | null = null;

  constructor(handle: FileHandle, file: string, records: Uint8Array[], end: number = fileHeader.length) {
    this.#handle = handle;
    this.#file = file;
    this.#records = records;
    this.#end = end;
  }

  append(records: readonly Uint8Array[]): Promise<void> {
    assertLengths(records);
    const appended = this.#last.then(() => this.#append(records));
    this.#last = appended.catch(() => {});
    return appended;
  }

  replace(records: readonly Uint8Array[]): Promise<void> {
    assertLengths(records);
    const replaced = this.#last.then(() => this.#replace(records));
    this.#last = replaced.catch(() => {});
    return replaced;
  }

  async read(): Promise<readonly Uint8Array[]> {
    await this.#last;
    if (this.#failure) throw this.#failure;
    return this.#records.map(record => record.slice());
  }

  async close(): Promise<void> {
    await this.#last;
    this.#failure ??= new KvchainError('STOPPING', `the log ${this.#file} is closed`);
    await this.#handle.close();
  }

  async #append(records: readonly Uint8Array[]): Promise<void> {
    if (this.#failure) throw this.#failure;
    if (records.length === 0) return;
    const first = this.#records.length;
    const frames = Buffer.concat(records.map((record, index) => frame(record, first + index, first)));
    try {
      // Into the memory of the system, in less time than it takes to hand them to another thread, which the sync cannot go without.
      const bytesWritten = writeSync(this.#handle.fd, frames, 0, frames.length, this.#end);
      if (bytesWritten !== frames.length) throw new Error(`wrote ${bytesWritten} of ${frames.length} bytes`);
      await this.#handle.datasync();
    } catch (error) {
      // What a failed fsync left on the disk is unknown, and a second one may lie: nothing is appended after it.
      this.#failure = diskFailed(error, `appending to ${this.#file}`);
      throw this.#failure;
    }
    this.#end += frames.length;
    for (const record of records) this.#records.push(record.slice());
  }

  async #replace(records: readonly Uint8Array[]): Promise<void> {
    if (this.#failure) throw this.#failure;
    const copies = records.map(record => record.slice());
    try {
      const { handle, end } = await writeWhole(this.#file, copies);
      await this.#handle.close();
      this.#handle = handle;
      this.#end = end;
    } catch (error) {
      // Which of the two files has the name after a crash is unknown now.
      this.#failure = diskFailed(error, `replacing ${this.#file}`);
      throw this.#failure;
    }
    this.#records.splice(0, this.#records.length, ...copies);
  }
}

/** Each record is framed as an append of its own: they all were acknowledged, so a bad one before a good one is damage. */
async function writeWhole(file: string, records: readonly Uint8Array[]): Promise<{ handle: FileHandle; end: number }> {
  const handle = await open(partOf(file), 'w+', 0o600);
  try {
    const bytes = Buffer.concat([fileHeader, ...records.map((record, index) => frame(record, index, index))]);
    await handle.writeFile(bytes);
    await handle.sync();
    await rename(partOf(file), file);
    await syncFolder(dirname(file));
    return { handle, end: bytes.length };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Where a log is written that is to replace this one. */
function partOf(file: string): string {
  return `${file}.part`;
}

/** The Log in memory, for the simulator: what was acknowledged survives a crash. */
export class MemoryLog implements Log {
  readonly #records: Uint8Array[];
  #isClosed = false;

  constructor(records: readonly Uint8Array[] = []) {
    this.#records = records.map(record => record.slice());
  }

  async append(records: readonly Uint8Array[]): Promise<void> {
    assertLengths(records);
    this.#assertOpen();
    for (const record of records) this.#records.push(record.slice());
  }

  async replace(records: readonly Uint8Array[]): Promise<void> {
    assertLengths(records);
    this.#assertOpen();
    this.#records.splice(0, this.#records.length, ...records.map(record => record.slice()));
  }

  async read(): Promise<readonly Uint8Array[]> {
    this.#assertOpen();
    return this.#records.map(record => record.slice());
  }

  async close(): Promise<void> {
    this.#isClosed = true;
  }

  /** What is found after the process or the machine died. This log is closed: whoever still holds it is of the dead node. */
  crash(): MemoryLog {
    this.#isClosed = true;
    return new MemoryLog(this.#records);
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new KvchainError('STOPPING', 'the memory log is closed');
  }
}

function assertLengths(records: readonly Uint8Array[]): void {
  for (const record of records) {
    assert(record.length <= recordBytesMax, `a record has at most ${recordBytesMax} bytes, not ${record.length}`);
  }
}

function frame(record: Uint8Array, sequence: number, first: number): Uint8Array {
  const bytes = new Uint8Array(frameLength + record.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, record.length);
  view.setBigUint64(4, BigInt(sequence));
  view.setBigUint64(12, BigInt(first));
  view.setUint32(20, crc32c(record, crc32c(bytes.subarray(0, 20))));
  bytes.set(record, frameLength);
  return bytes;
}

interface Frame {
  readonly sequence: number;
  readonly first: number;
  readonly record: Uint8Array;
}

/** The good frame at `offset`, or null. */
function readFrame(bytes: Uint8Array, offset: number): Frame | null {
  if (offset + frameLength > bytes.length) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, frameLength);
  const length = view.getUint32(0);
  const start = offset + frameLength;
  if (length > recordBytesMax || start + length > bytes.length) return null;
  const record = bytes.subarray(start, start + length);
  if (crc32c(record, crc32c(bytes.subarray(offset, offset + 20))) !== view.getUint32(20)) return null;
  return { sequence: Number(view.getBigUint64(4)), first: Number(view.getBigUint64(12)), record };
}

function readRecords(bytes: Uint8Array, file: string): { records: Uint8Array[]; end: number } {
  const records: Uint8Array[] = [];
  let end = fileHeader.length;
  while (end < bytes.length) {
    const found = readFrame(bytes, end);
    if (found === null) {
      assertTornTail(bytes, end, { file, sequence: records.length });
      return { records, end };
    }
    if (found.sequence !== records.length) {
      throw damaged(file, end, `sequence ${found.sequence}, expected ${records.length}`);
    }
    records.push(found.record.slice());
    end += frameLength + found.record.length;
  }
  return { records, end };
}

/** A later append was made only after this one was acknowledged: a good frame of one, anywhere behind, proves damage. */
function assertTornTail(bytes: Uint8Array, bad: number, { file, sequence }: { file: string; sequence: number }): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let offset = bad + 1; offset + frameLength <= bytes.length; offset++) {
    // Cheap tests first, for every byte is a candidate: a length within bounds and a plausible first.
    if (view.getUint32(offset) > recordBytesMax || view.getUint32(offset + 12) !== 0) continue;
    const later = readFrame(bytes, offset);
    if (later !== null && later.first > sequence) {
      throw damaged(file, bad, `the record is bad, and record ${later.sequence} after it is good`);
    }
  }
}

async function openFile(file: string): Promise<FileHandle> {
  try {
    return await open(file, isFileThere(file) ? 'r+' : 'wx+', 0o600);
  } catch (error) {
    throw diskFailed(error, `opening ${file}`);
  }
}

/** Writes the header; a file shorter than it is one whose making was torn, unless it holds something else. */
async function startFile(handle: FileHandle, file: string, found: Uint8Array): Promise<void> {
  if (!equalBytes(found, fileHeader.subarray(0, found.length))) throw damaged(file, 0, 'the header is not known');
  await handle.write(fileHeader, 0, fileHeader.length, 0);
  await handle.sync();
  await syncFolder(dirname(file));
}

function damaged(file: string, offset: number, finding: string): KvchainError {
  const advice =
    'Do not start this member with an older copy: it would forget what it promised (docs/operate/recovery.md).';
  return new KvchainError('DATABASE_DAMAGED', `${file} at byte ${offset}: ${finding}. ${advice}`);
}
