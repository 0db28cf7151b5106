/**
 * How a row lies in a store: the value followed by the CRC32C of key || value. LevelDB as it is bound for Node.js does not check its
 * own block checksums on reads, so a flipped bit on the disk would be served as a value. With the key in the checksum, a value that
 * damage moved under another key is found too. Both stores share the rules for keys.
 */
import { crc32c } from '@node-rs/crc32';
import { toHex } from '../../chain/bytes.ts';
import { assert, KvchainError } from '../../chain/errors.ts';

const checksumLength = 4;

/** A key starts with a byte from 1 to 255: 0 is the store's own, for its format row. */
export const lowestKey: Uint8Array = Uint8Array.of(1);

/** Stops on a key that no layout may use: empty, or in the store's own range. */
export function assertKey(key: Uint8Array): void {
  // The text is made for a bad key alone: every row that is read or written comes through here.
  if (key.length === 0 || key[0] === 0) assert(false, `a store key is empty or starts with 0: 0x${toHex(key)}`);
}

/** Up to so many bytes the table below is faster than the way into the native library and back. */
const shortLength = 512;

/** CRC32C of each byte, the polynomial reflected: 0x82f63b78. */
const crcOfByte: Int32Array = new Int32Array(256).map((_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ ((crc & 1) * 0x82f63b78);
  return crc;
});

/** CRC32C of key || value. */
function rowChecksum(key: Uint8Array, value: Uint8Array): number {
  if (key.length + value.length > shortLength) return crc32c(value, crc32c(key));
  return ~shortCrc(value, shortCrc(key, -1)) >>> 0;
}

function shortCrc(bytes: Uint8Array, before: number): number {
  let crc = before;
  for (let index = 0; index < bytes.length; index++) {
    crc = (crc >>> 8) ^ (crcOfByte[(crc ^ (bytes[index] ?? 0)) & 0xff] ?? 0);
  }
  return crc;
}

/** The bytes that are stored under `key`. */
export function sealRow(key: Uint8Array, value: Uint8Array): Uint8Array {
  // From the pool: an array of its own, and a view on it, cost as much as the way into the database.
  const stored = Buffer.allocUnsafe(value.length + checksumLength);
  stored.set(value);
  stored.writeUInt32BE(rowChecksum(key, value), value.length);
  return stored;
}

/** The value in `stored`, without a copy. Error: DATABASE_DAMAGED, naming the row. */
export function openRow(key: Uint8Array, stored: Uint8Array, folder: string): Uint8Array {
  const length = stored.length - checksumLength;
  if (length < 0) throw damagedRow(key, folder, `${stored.length} bytes are too few for a checksum`);
  const value = new Uint8Array(stored.buffer, stored.byteOffset, length);
  const written = new DataView(stored.buffer, stored.byteOffset + length, checksumLength).getUint32(0);
  const computed = rowChecksum(key, value);
  if (written !== computed) {
    throw damagedRow(key, folder, `checksum ${hex32(computed)}, expected ${hex32(written)}`);
  }
  return value;
}

/** What every finding of damage ends with: what the user can do. */
export const repairAdvice =
  'Nothing was changed. `kvchain db repair` builds it anew from its good blocks, `kvchain db restore` takes a backup ' +
  '(docs/operate/recovery.md); check the disk.';

function damagedRow(key: Uint8Array, folder: string, finding: string): KvchainError {
  return new KvchainError('DATABASE_DAMAGED', `row 0x${toHex(key)} of ${folder}: ${finding}. ${repairAdvice}`);
}

function hex32(value: number): string {
  return `0x${value.toString(16).padStart(8, '0')}`;
}
