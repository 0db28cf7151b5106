/**
 * Reads LevelDB's files just far enough to check them: the log format (shared by write-ahead logs and manifests), the manifest's
 * version edits and the block checksums of a table. Source: leveldb, doc/log_format.md, doc/table_format.md, db/version_edit.cc.
 * Pure functions over bytes; level-check.ts applies them to a folder.
 */
import { crc32c } from '@node-rs/crc32';

const blockLength = 32_768;
const headerLength = 7;
const footerLength = 48;
const trailerLength = 5;
const tableMagic = 0xdb4775248b80fb57n;
/** A fragment's type: a whole record, or its first, middle or last part. */
const fragment = { full: 1, first: 2, middle: 3, last: 4 };

export interface LogContents {
  /** Whole records, oldest first, up to the first bad byte. */
  readonly records: readonly Uint8Array[];
  /** Where a bad record lies that good ones follow: not a torn tail but damage. */
  readonly damagedAt: number | null;
}

/** Reads a log. What is bad at the very end is a torn tail: it was never acknowledged, and LevelDB drops it as well. */
export function readLog(bytes: Uint8Array): LogContents {
  const records: Uint8Array[] = [];
  let parts: Uint8Array[] = [];
  let offset = 0;
  while (offset < bytes.length) {
    const blockEnd = Math.min(bytes.length, endOfBlock(offset));
    if (endOfBlock(offset) - offset < headerLength) {
      offset = blockEnd;
      continue;
    }
    const part = readFragment(bytes, offset, blockEnd);
    if (part === null) return { records, damagedAt: goodFragmentAfter(bytes, offset) ? offset : null };
    if (part.type === fragment.full || part.type === fragment.first) parts = [];
    parts.push(part.data);
    if (part.type === fragment.full || part.type === fragment.last) records.push(Buffer.concat(parts));
    offset += headerLength + part.data.length;
  }
  return { records, damagedAt: null };
}

function readFragment(bytes: Uint8Array, offset: number, end: number): { type: number; data: Uint8Array } | null {
  if (offset + headerLength > end) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, headerLength);
  const length = view.getUint16(4, true);
  const type = view.getUint8(6);
  const dataStart = offset + headerLength;
  if (type < fragment.full || type > fragment.last || dataStart + length > end) return null;
  if (maskedChecksum(bytes.subarray(offset + 6, dataStart + length)) !== view.getUint32(0, true)) return null;
  return { type, data: bytes.subarray(dataStart, dataStart + length) };
}

function goodFragmentAfter(bytes: Uint8Array, bad: number): boolean {
  const blockEnd = Math.min(bytes.length, endOfBlock(bad));
  for (let offset = bad + 1; offset < blockEnd; offset++) if (readFragment(bytes, offset, blockEnd)) return true;
  for (let block = endOfBlock(bad); block < bytes.length; block += blockLength) {
    if (readFragment(bytes, block, Math.min(bytes.length, block + blockLength))) return true;
  }
  return false;
}

function endOfBlock(offset: number): number {
  return offset - (offset % blockLength) + blockLength;
}

/** LevelDB stores a rotated checksum, so that the checksum of data that holds checksums is sound. */
function maskedChecksum(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

export interface ManifestContents {
  /** The oldest write-ahead log that is still needed; 0 before there was one. */
  readonly logNumber: number;
  /** Live tables: number to length in bytes. */
  readonly tables: ReadonlyMap<number, number>;
}

/** Folds a manifest's records. Throws RangeError on a record that is no version edit. */
export function readManifest(records: readonly Uint8Array[]): ManifestContents {
  const tables = new Map<number, number>();
  let logNumber = 0;
  for (const record of records) {
    const reader = new Reader(record);
    while (!reader.atEnd()) {
      const tag = reader.varint();
      if (tag === 1) reader.lengthPrefixed();
      else if (tag === 2) logNumber = reader.varint();
      else if (tag === 3 || tag === 4 || tag === 9) reader.varint();
      else if (tag === 5) readCompactPointer(reader);
      else if (tag === 6) tables.delete(readDeletedTable(reader));
      else if (tag === 7) tables.set(...readAddedTable(reader));
      else throw new RangeError(`unknown tag ${tag}`);
    }
  }
  return { logNumber, tables };
}

function readCompactPointer(reader: Reader): void {
  reader.varint();
  reader.lengthPrefixed();
}

function readDeletedTable(reader: Reader): number {
  reader.varint();
  return reader.varint();
}

function readAddedTable(reader: Reader): [number: number, length: number] {
  reader.varint();
  const added: [number, number] = [reader.varint(), reader.varint()];
  reader.lengthPrefixed();
  reader.lengthPrefixed();
  return added;
}

/** Null when every block of the table has its checksum, else what is wrong. Tables are written without compression. */
export function findTableDamage(bytes: Uint8Array): string | null {
  try {
    checkTable(bytes);
    return null;
  } catch (error) {
    if (error instanceof RangeError) return error.message;
    throw error;
  }
}

function checkTable(bytes: Uint8Array): void {
  if (bytes.length < footerLength) throw new RangeError(`${bytes.length} bytes are too few for a table`);
  const footer = bytes.subarray(bytes.length - footerLength);
  const magic = new DataView(footer.buffer, footer.byteOffset + footerLength - 8, 8).getBigUint64(0, true);
  if (magic !== tableMagic) throw new RangeError('the magic number at the end is wrong');
  const reader = new Reader(footer);
  const metaIndex = readBlock(bytes, readHandle(reader));
  const index = readBlock(bytes, readHandle(reader));
  for (const block of [metaIndex, index]) {
    for (const handle of blockValues(block)) readBlock(bytes, readHandle(new Reader(handle)));
  }
}

interface BlockHandle {
  readonly offset: number;
  readonly length: number;
}

function readHandle(reader: Reader): BlockHandle {
  return { offset: reader.varint(), length: reader.varint() };
}

function readBlock(bytes: Uint8Array, { offset, length }: BlockHandle): Uint8Array {
  const end = offset + length + trailerLength;
  if (end > bytes.length) throw new RangeError(`a block ends at ${end}, beyond the file of ${bytes.length} bytes`);
  const written = new DataView(bytes.buffer, bytes.byteOffset + end - 4, 4).getUint32(0, true);
  if (maskedChecksum(bytes.subarray(offset, end - 4)) !== written) {
    throw new RangeError(`the block at byte ${offset} does not match its checksum`);
  }
  return bytes.subarray(offset, offset + length);
}

function* blockValues(block: Uint8Array): Generator<Uint8Array> {
  if (block.length < 4) throw new RangeError('an index block is too short');
  const restarts = new DataView(block.buffer, block.byteOffset + block.length - 4, 4).getUint32(0, true);
  const entriesLength = block.length - 4 - 4 * restarts;
  if (entriesLength < 0) throw new RangeError('an index block counts more restarts than it holds');
  const reader = new Reader(block.subarray(0, entriesLength));
  while (!reader.atEnd()) {
    reader.varint();
    const keyLength = reader.varint();
    const valueLength = reader.varint();
    reader.take(keyLength);
    yield reader.take(valueLength);
  }
}

/** A cursor over bytes. Every step throws RangeError rather than leave the bytes. */
class Reader {
  readonly #bytes: Uint8Array;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  atEnd(): boolean {
    return this.#offset >= this.#bytes.length;
  }

  take(length: number): Uint8Array {
    const end = this.#offset + length;
    if (end > this.#bytes.length) throw new RangeError('a field ends beyond its record');
    const part = this.#bytes.subarray(this.#offset, end);
    this.#offset = end;
    return part;
  }

  varint(): number {
    let value = 0;
    for (let scale = 1; scale <= 2 ** 49; scale *= 128) {
      const byte = this.take(1)[0] ?? 0;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    throw new RangeError('a number is over 2^53');
  }

  lengthPrefixed(): Uint8Array {
    return this.take(this.varint());
  }
}
