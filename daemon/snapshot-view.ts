/**
 * The state at one block, to be read in parts by peers while the ledger goes on: the rows as they were, which the store keeps, and the
 * hashes of the upper levels of the state tree, taken when it stood there. Hashes further down are computed from the rows.
 */
import type { SealedHeader } from '../chain/block.ts';
import { concat, equalBytes, fromHex, toHex } from '../chain/bytes.ts';
import { KvchainError } from '../chain/errors.ts';
import { zeroHash } from '../chain/hash.ts';
import { keyOfStateRow, rows } from '../chain/layout.ts';
import type { KeyRange, Row } from '../chain/row.ts';
import {
  childPrefix,
  digitBits,
  joinSubtrees,
  pathDigits,
  type SnapshotLeaf,
  type SnapshotPart,
  splitWays,
  subtreeOf,
} from '../chain/snapshot.ts';
import { decodeRecord, keyRecordCodec, pathOf, payloadHashOf } from '../chain/state.ts';
import type { Subtree } from '../chain/state-tree-proof.ts';
import { expectRow } from './chain-store.ts';
import type { FrozenStore } from './ports.ts';
import { snapshotWireLimits } from './snapshot-wire.ts';

const snapshotViewLimits = {
  /** Digits of the prefixes whose hashes are kept, at most: 145 KiB in all, taken in a few milliseconds. */
  keptDigitsMax: 3,
  /** Leaves that stand under a kept prefix on average, at most, as long as more may be kept. */
  leavesPerKeptMax: 256,
  /** A part of several leaves holds at most so many bytes; where more stand under a prefix, it is split. */
  partBytesMax: 524_288,
  /** Values read at a time. */
  valuesPerPage: 16,
} as const;

/** What is taken from the state tree in the moment when it stands at the block. */
export interface TreeLevels {
  readonly stateSize: number;
  subtrees(depth: number): readonly (Subtree | null)[];
}

const slotBytes = 33;

export class SnapshotView {
  readonly sealed: SealedHeader;
  readonly #frozen: FrozenStore;
  /** The subtrees under all prefixes of as many digits as the place says, each in 33 bytes: 0 nothing, 1 leaf, 2 node, then its hash. */
  readonly #levels: readonly Uint8Array[];

  constructor(sealed: SealedHeader, frozen: FrozenStore, tree: TreeLevels) {
    this.sealed = sealed;
    this.#frozen = frozen;
    let digits = 0;
    const { keptDigitsMax, leavesPerKeptMax } = snapshotViewLimits;
    while (digits < keptDigitsMax && tree.stateSize > leavesPerKeptMax * splitWays ** digits) digits += 1;
    this.#levels = Array.from({ length: digits + 1 }, (_, level) => packed(tree.subtrees(digitBits * level)));
  }

  /** What stands under a prefix, in one part, and how many leaves were read for it. */
  async part(prefix: string): Promise<{ readonly part: SnapshotPart; readonly leavesRead: number }> {
    const isUpper = prefix.length < this.#levels.length - 1;
    const leaves = isUpper ? null : await this.#leaves(prefix);
    const whole = leaves && (await this.#withValues(leaves));
    if (whole !== null) {
      this.#expectKept(prefix, subtreeUnder(prefix, whole));
      return { part: { type: 'leaves', leaves: whole }, leavesRead: whole.length };
    }
    const { children, leavesRead } = await this.#children(prefix);
    this.#expectKept(prefix, joinSubtrees(children));
    return { part: { type: 'split', children }, leavesRead: leavesRead + (leaves?.length ?? 0) };
  }

  /** The rows may go; whoever still reads meets STOPPING. */
  release(): Promise<void> {
    return this.#frozen.release();
  }

  async #children(prefix: string): Promise<{ readonly children: (Subtree | null)[]; readonly leavesRead: number }> {
    const children: (Subtree | null)[] = [];
    let leavesRead = 0;
    for (let place = 0; place < splitWays; place++) {
      const below = await this.#subtree(childPrefix(prefix, place));
      children.push(below.subtree);
      leavesRead += below.leavesRead;
    }
    return { children, leavesRead };
  }

  async #subtree(prefix: string): Promise<{ readonly subtree: Subtree | null; readonly leavesRead: number }> {
    const kept = this.#levels[prefix.length];
    if (kept !== undefined) return { subtree: unpacked(kept, prefix), leavesRead: 0 };
    const leaves = await this.#leaves(prefix);
    if (leaves === null) {
      const { children, leavesRead } = await this.#children(prefix);
      return { subtree: joinSubtrees(children), leavesRead };
    }
    return { subtree: subtreeUnder(prefix, leaves), leavesRead: leaves.length };
  }

  /** Rows that do not give what the tree gave are of a database that does not have them all: a peer would take us for a liar. */
  #expectKept(prefix: string, subtree: Subtree | null): void {
    const kept = this.#levels[prefix.length];
    if (kept === undefined || equalBytes(unpacked(kept, prefix)?.hash ?? zeroHash, subtree?.hash ?? zeroHash)) return;
    throw new KvchainError('HEIGHT_UNAVAILABLE', `the rows under the prefix "${prefix}" are not whole here`);
  }

  /** The leaves under a prefix, in the order of their paths; null where more stand there than fit a part. */
  async #leaves(prefix: string): Promise<readonly SnapshotLeaf[] | null> {
    const { leavesPerPartMax } = snapshotWireLimits;
    const page = await this.#frozen.range({ ...pathsUnder(prefix), limit: leavesPerPartMax + 1, order: 'ascending' });
    if (page.length > leavesPerPartMax) return null;
    const stateKeys = page.map(row => rows.stateKey.decode(row.value));
    const records = await this.#read(rows.state, stateKeys);
    return stateKeys.map((stateKey, index) => {
      const record = expectRow(records[index] ?? null, `record of state key ${toHex(stateKey)}`);
      return { stateKey, record, value: null };
    });
  }

  /** With what each key holds; null when it is too much for one part. */
  async #withValues(leaves: readonly SnapshotLeaf[]): Promise<readonly SnapshotLeaf[] | null> {
    const { partBytesMax, valuesPerPage } = snapshotViewLimits;
    const whole: SnapshotLeaf[] = [];
    let bytes = 0;
    for (let start = 0; start < leaves.length; start += valuesPerPage) {
      const page = leaves.slice(start, start + valuesPerPage);
      const values = await this.#values(page);
      for (const [index, leaf] of page.entries()) {
        const value = values[index] ?? null;
        bytes += leaf.stateKey.length + leaf.record.length + (value?.length ?? 0) + leafOverheadBytes;
        whole.push({ ...leaf, value });
      }
      if (bytes > partBytesMax && leaves.length > 1) return null;
    }
    return whole;
  }

  async #values(leaves: readonly SnapshotLeaf[]): Promise<readonly (Uint8Array | null)[]> {
    const places = leaves.map(({ stateKey, record }) => {
      const key = keyOfStateRow(rows.state.key(stateKey));
      const { valueVersion } = key === null ? { valueVersion: 0 } : decodeRecord(keyRecordCodec, record);
      return key === null || valueVersion === 0 ? null : { key, version: valueVersion };
    });
    const found = (
      await this.#read(
        rows.history,
        places.filter(place => place !== null),
      )
    ).values();
    return places.map(place => {
      if (place === null) return null;
      const version = expectRow(found.next().value ?? null, `version ${place.version} of key ${place.key}`);
      return version.value;
    });
  }

  async #read<Place, Value>(row: Row<Place, Value>, places: readonly Place[]): Promise<readonly (Value | null)[]> {
    const values = await this.#frozen.getMany(places.map(place => row.key(place)));
    return values.map(value => (value === null ? null : row.decode(value)));
  }
}

function subtreeUnder(prefix: string, leaves: readonly SnapshotLeaf[]): Subtree | null {
  const hashed = leaves.map(leaf => ({ path: pathOf(leaf.stateKey), payloadHash: payloadHashOf(leaf.record) }));
  return subtreeOf(hashed, digitBits * prefix.length);
}

/** What CBOR puts around the three places of a leaf, at most. */
const leafOverheadBytes = 12;

/** The rows of all paths that begin with these digits. */
function pathsUnder(prefix: string): KeyRange {
  const pathFilledWith = (digit: string) => expectRow(fromHex(prefix.padEnd(pathDigits, digit)), 'a path');
  const last = rows.stateKey.key(pathFilledWith('f'));
  return { from: rows.stateKey.key(pathFilledWith('0')), to: concat(last, Uint8Array.of(0)) };
}

function packed(subtrees: readonly (Subtree | null)[]): Uint8Array {
  const bytes = new Uint8Array(slotBytes * subtrees.length);
  for (const [index, subtree] of subtrees.entries()) {
    if (subtree === null) continue;
    bytes[slotBytes * index] = subtree.isLeaf ? 1 : 2;
    bytes.set(subtree.hash, slotBytes * index + 1);
  }
  return bytes;
}

function unpacked(level: Uint8Array, prefix: string): Subtree | null {
  const start = slotBytes * (prefix.length === 0 ? 0 : Number.parseInt(prefix, splitWays));
  const kind = level[start];
  return kind === 0 ? null : { hash: level.slice(start + 1, start + slotBytes), isLeaf: kind === 1 };
}
