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
  assert(key.length > 0 && key[0] !== 0, `a store key is not empty and does not start with 0: 0x${toHex(key)}`);
}

/** CRC32C of key || value. */
function rowChecksum(key: Uint8Array, value: Uint8Array): number {
  return crc32c(value, crc32c(key));
}

/** The bytes that are stored under `key`. */
export function sealRow(key: Uint8Array, value: Uint8Array): Uint8Array {
  const stored = new Uint8Array(value.length + checksumLength);
  stored.set(value);
  new DataView(stored.buffer).setUint32(value.length, rowChecksum(key, value));
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
