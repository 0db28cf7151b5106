/**
 * The leaves of the state tree in one file, written when the node stops and read when it starts: a million rows one by one take
 * LevelDB three seconds, and this a tenth. It is a copy, bound to the head it was made at: who misses it, or finds it damaged or of
 * another head, reads the rows.
 *
 * The file is a header, the head's hash and pages of [records u32, crc u32, records], big-endian; an empty page is the end.
 */
import { type FileHandle, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { crc32c } from '@node-rs/crc32';
import { concat, equalBytes, toUtf8 } from '../../chain/bytes.ts';
import { KvchainError } from '../../chain/errors.ts';
import { runRecordsMax } from '../../chain/state-tree.ts';
import { diskFailed, isFileThere } from '../disk-failure.ts';
import { syncFolder } from './sync-folder.ts';

const recordBytes = 64;
const header = toUtf8('kvchain-leaves1\n');
const frameBytes = 8;
const startBytes = header.length + 32;

/** Replaces the file, whole or not at all, by the runs of a tree (at most `runRecordsMax` records each). Error: DISK_FAILED. */
export async function writeLeafFile(file: string, head: Uint8Array, runs: Iterable<Uint8Array>): Promise<void> {
  const unfinished = `${file}.new`;
  try {
    const handle = await open(unfinished, 'w', 0o600);
    try {
      await handle.writeFile(concat(header, head));
      for (const run of runs) await handle.writeFile(concat(frameOf(run), run));
      await handle.writeFile(frameOf(new Uint8Array(0)));
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(unfinished, file);
    await syncFolder(dirname(file));
  } catch (error) {
    throw diskFailed(error, `writing ${file}`);
  }
}

/** The runs that were written at this head, or null. Errors: DATABASE_DAMAGED, DISK_FAILED. */
export async function readLeafFile(file: string, head: Uint8Array): Promise<readonly Uint8Array[] | null> {
  if (!isFileThere(file)) return null;
  try {
    const handle = await open(file, 'r');
    try {
      const start = await readBytes(handle, startBytes, file);
      if (!equalBytes(start, concat(header, head))) return null;
      return await readPages(handle, file);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw diskFailed(error, `reading ${file}`);
  }
}

async function readPages(handle: FileHandle, file: string): Promise<readonly Uint8Array[]> {
  const runs: Uint8Array[] = [];
  for (;;) {
    const frame = await readBytes(handle, frameBytes, file);
    const records = new DataView(frame.buffer).getUint32(0);
    if (records > runRecordsMax) throw damaged(file, runs.length);
    const run = await readBytes(handle, records * recordBytes, file);
    if (!equalBytes(frame, frameOf(run))) throw damaged(file, runs.length);
    if (records === 0) return runs;
    runs.push(run);
  }
}

/** From where the last read ended. */
async function readBytes(handle: FileHandle, length: number, file: string): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  for (let read = 0; read < length; ) {
    const { bytesRead } = await handle.read(bytes, read, length - read, null);
    if (bytesRead === 0) throw new KvchainError('DATABASE_DAMAGED', `${file} ends early`);
    read += bytesRead;
  }
  return bytes;
}

function frameOf(run: Uint8Array): Uint8Array {
  const frame = new Uint8Array(frameBytes);
  const view = new DataView(frame.buffer);
  view.setUint32(0, run.length / recordBytes);
  view.setUint32(4, crc32c(run));
  return frame;
}

function damaged(file: string, page: number): KvchainError {
  return new KvchainError('DATABASE_DAMAGED', `page ${page} of ${file} does not match its checksum`);
}
