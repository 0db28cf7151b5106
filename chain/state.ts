/**
 * What a block changes: key records, accounts and the supply, each under one state key. A state key's path in the state tree is its
 * SHA-256, and its record's SHA-256 is the payload there. Values themselves live in the history, by key and version.
 */
import { concat, equalBytes, toHex, toUtf8 } from './bytes.ts';
import { amount, type Codec, decodeBytes, encode, fixedBytes, nullable, struct, text, uint } from './codec.ts';
import { KvchainError } from './errors.ts';
import { sha256 } from './hash.ts';
import { addressLength } from './keys.ts';
import { contentTypeBytesMax, keyBytesMax } from './operation.ts';

export interface KeyRecord {
  /** Counts from 1; delete and transferKey count. */
  readonly version: number;
  readonly owner: Uint8Array;
  /** SHA-256 of the value; null is a tombstone. */
  readonly valueHash: Uint8Array | null;
  /** The version whose history entry holds the value: a transferKey makes a version, not a value. 0 at a tombstone. */
  readonly valueVersion: number;
  readonly contentType: string;
  /** The height of the block that made this version. */
  readonly height: number;
}

export interface Account {
  /** The next nonce expected, from 0. */
  readonly nonce: number;
  readonly balance: bigint;
}

export interface Supply {
  readonly total: bigint;
}

/** A record as it is from now on, encoded; null where there is none. */
export interface StateWrite {
  readonly stateKey: Uint8Array;
  readonly after: Uint8Array | null;
}

/** One record before and after a block. */
export interface StateChange extends StateWrite {
  readonly before: Uint8Array | null;
}

/** One version of one key, as kv_history tells it. */
export interface HistoryEntry {
  readonly key: string;
  readonly version: number;
  /** 0: not known. The version came with a snapshot and is kept for its value alone, which a later version holds. */
  readonly height: number;
  /** Null: not known, as the version came with a snapshot, and no root of a header covers who wrote it. */
  readonly transactionId: Uint8Array | null;
  readonly operation: 'put' | 'delete' | 'transferKey';
  readonly owner: Uint8Array;
  readonly contentType: string;
  /** The bytes that a put wrote; null for delete and transferKey, which write none. */
  readonly value: Uint8Array | null;
  /** The version whose entry holds the key's value after this one: its own for a put, an earlier one for a transferKey, 0 for a delete. */
  readonly valueVersion: number;
}

/** Gives the encoded record of a state key, or null. Total for the state keys that were loaded. */
export interface StateReader {
  /** `hex` is the state key in hexadecimal, made once on the way through all states that lie over each other. */
  read(hex: string): Uint8Array | null;
}

export const keyRecordCodec: Codec<KeyRecord> = struct<KeyRecord>({
  version: uint(),
  owner: fixedBytes(addressLength),
  valueHash: nullable(fixedBytes(32)),
  valueVersion: uint(),
  contentType: text(0, contentTypeBytesMax),
  height: uint(),
});
export const accountCodec: Codec<Account> = struct<Account>({ nonce: uint(), balance: amount });
export const supplyCodec: Codec<Supply> = struct<Supply>({ total: amount });

/** Any record fits; anything longer on disk is damage. */
export const recordBytesMax = 256;

export const emptyAccount: Account = { nonce: 0, balance: 0n };

export const stateKeyBytesMax: number = 1 + keyBytesMax;

export function keyStateKey(key: string): Uint8Array {
  return concat(Uint8Array.of(1), toUtf8(key));
}

export function accountStateKey(address: Uint8Array): Uint8Array {
  return concat(Uint8Array.of(2), address);
}

/** The address (20 bytes) that a state key is of, or null when it is not an account's. */
export function accountOfStateKey(stateKey: Uint8Array): Uint8Array | null {
  return stateKey[0] === 2 ? stateKey.subarray(1) : null;
}

export const supplyStateKey: Uint8Array = Uint8Array.of(3);

/** The place of a state key in the state tree. */
export function pathOf(stateKey: Uint8Array): Uint8Array {
  return sha256(stateKey);
}

/** What the state tree commits to for a record. */
export function payloadHashOf(record: Uint8Array): Uint8Array {
  return sha256(record);
}

/** The state tree's updates for a block's changes, or for what undoes them. */
export function treeUpdates(
  changes: readonly StateWrite[],
): { readonly path: Uint8Array; readonly payloadHash: Uint8Array | null }[] {
  return changes.map(change => ({
    path: pathOf(change.stateKey),
    payloadHash: change.after && payloadHashOf(change.after),
  }));
}

/** Decodes a record that this program wrote itself. Error: DATABASE_DAMAGED. */
export function decodeRecord<T>(codec: Codec<T>, record: Uint8Array): T {
  const decoded = decodeBytes(codec, record, recordBytesMax);
  if (!decoded.ok) throw new KvchainError('DATABASE_DAMAGED', `a record of the state: ${decoded.error.detail}`);
  return decoded.value;
}

interface Decoded {
  readonly keys: WeakMap<Uint8Array, KeyRecord>;
  readonly accounts: WeakMap<Uint8Array, Account>;
}

/** A state over another one: reads fall through to `base`, writes stay here until `changes` takes them. */
export class Overlay implements StateReader {
  readonly #base: StateReader;
  readonly #entries = new Map<string, { readonly stateKey: Uint8Array; record: Uint8Array | null }>();
  /** What records decode to, so that each is decoded once; shared with the overlays on this one. */
  readonly #decoded: Decoded;

  constructor(base: StateReader) {
    this.#base = base;
    this.#decoded = base instanceof Overlay ? base.#decoded : { keys: new WeakMap(), accounts: new WeakMap() };
  }

  read(hex: string): Uint8Array | null {
    const entry = this.#entries.get(hex);
    return entry ? entry.record : this.#base.read(hex);
  }

  write(stateKey: Uint8Array, record: Uint8Array | null): void {
    this.#entries.set(toHex(stateKey), { stateKey, record });
  }

  keyRecord(key: string): KeyRecord | null {
    const record = this.read(toHex(keyStateKey(key)));
    return record && decodeOnce(keyRecordCodec, record, this.#decoded.keys);
  }

  account(address: Uint8Array): Account {
    const record = this.read(toHex(accountStateKey(address)));
    return record ? decodeOnce(accountCodec, record, this.#decoded.accounts) : emptyAccount;
  }

  supply(): bigint {
    const record = this.read(toHex(supplyStateKey));
    return record ? decodeRecord(supplyCodec, record).total : 0n;
  }

  setKeyRecord(key: string, record: KeyRecord): void {
    const encoded = encode(keyRecordCodec, record);
    this.#decoded.keys.set(encoded, record);
    this.write(keyStateKey(key), encoded);
  }

  setAccount(address: Uint8Array, account: Account): void {
    const encoded = encode(accountCodec, account);
    this.#decoded.accounts.set(encoded, account);
    this.write(accountStateKey(address), encoded);
  }

  setSupply(total: bigint): void {
    this.write(supplyStateKey, encode(supplyCodec, { total }));
  }

  /** What differs from the base, in the order of state keys; entries that ended as they began are left out. */
  changes(): readonly StateChange[] {
    const changes: StateChange[] = [];
    // The order of bytes is that of their hexadecimal, which is compared faster.
    for (const hex of [...this.#entries.keys()].sort()) {
      const entry = this.#entries.get(hex);
      if (entry === undefined) continue;
      const { stateKey, record } = entry;
      const before = this.#base.read(hex);
      const isSame = before === null || record === null ? before === record : equalBytes(before, record);
      if (!isSame) changes.push({ stateKey, before, after: record });
    }
    return changes;
  }

  /** Takes over the changes of a block, or what undoes one. */
  absorb(changes: readonly StateWrite[]): void {
    for (const change of changes) this.write(change.stateKey, change.after);
  }

  /** Takes over all that an overlay on this one has written. */
  merge(overlay: Overlay): void {
    for (const [key, entry] of overlay.#entries) this.#entries.set(key, entry);
  }
}

function decodeOnce<T>(codec: Codec<T>, record: Uint8Array, known: WeakMap<Uint8Array, T>): T {
  const value = known.get(record) ?? decodeRecord(codec, record);
  known.set(record, value);
  return value;
}
