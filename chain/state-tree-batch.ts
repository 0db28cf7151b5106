/**
 * The updates of one batch in the order of their paths, so that those that lead through one node stand side by side. The first 32 bits
 * of each path are kept as a number: random paths seldom share more, so both the order and the way down need little else.
 */
import { compareBytes, equalBytes, toHex } from './bytes.ts';
import { zeroHash } from './hash.ts';
import { pathBit } from './state-tree-proof.ts';

/** One change: `payloadHash` (32 bytes) at `path` (32 bytes) from now on; null removes what is there, if anything is. */
export interface StateUpdate {
  readonly path: Uint8Array;
  readonly payloadHash: Uint8Array | null;
}

/** Updates of one batch: with 32 bits of path beside it, an index below this is exact in a double. */
const updatesMax = 2_097_152;

const prefixBits = 32;

/** Immutable. Throws RangeError on too many updates, a length other than 32 or a path given twice. */
export class UpdateBatch {
  readonly #updates: readonly StateUpdate[];
  readonly #prefixes: Uint32Array;

  constructor(updates: readonly StateUpdate[]) {
    if (updates.length > updatesMax) throw new RangeError(`${updates.length} updates, at most ${updatesMax}`);
    for (const { path, payloadHash } of updates) {
      if (path.length !== 32) throw new RangeError(`path: ${path.length} bytes, not 32`);
      if (payloadHash !== null && payloadHash.length !== 32) {
        throw new RangeError(`payload hash: ${payloadHash.length} bytes, not 32`);
      }
    }
    const ordered = byPrefix(updates);
    this.#prefixes = Uint32Array.from(ordered, ({ path }) => prefixOf(path));
    this.#updates = ordered;
    this.#orderTies(ordered);
  }

  get length(): number {
    return this.#updates.length;
  }

  /** The update at a place below `length`. */
  at(index: number): StateUpdate {
    const update = this.#updates[index];
    if (update === undefined) throw new RangeError(`update ${index} of ${this.length}`);
    return update;
  }

  /** The first of the updates start..end, which share their first `depth` bits, whose next bit is set; `end` if none is. */
  split(depth: number, start: number, end: number): number {
    let low = start;
    let high = end;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#bit(middle, depth) === 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #bit(index: number, depth: number): number {
    if (depth < prefixBits) return ((this.#prefixes[index] ?? 0) >>> (prefixBits - 1 - depth)) & 1;
    return pathBit(this.#updates[index]?.path ?? zeroHash, depth);
  }

  /** Puts those in order that share 32 bits: few, but where somebody picked the keys. */
  #orderTies(ordered: StateUpdate[]): void {
    const prefixes = this.#prefixes;
    for (let start = 0, end = 0; start < ordered.length; start = end) {
      for (end = start + 1; end < ordered.length && prefixes[end] === prefixes[start]; ) end++;
      if (end - start === 1) continue;
      const tied = ordered.slice(start, end).sort((a, b) => compareBytes(a.path, b.path));
      for (const [index, update] of tied.entries()) {
        const before = tied[index - 1];
        if (before !== undefined && equalBytes(before.path, update.path)) {
          throw new RangeError(`path ${toHex(update.path)} is given twice`);
        }
        ordered[start + index] = update;
      }
    }
  }
}

/** Sorting numbers takes a tenth of the time that a comparison in JavaScript does. */
function byPrefix(updates: readonly StateUpdate[]): StateUpdate[] {
  const keys = new Float64Array(updates.length);
  let index = 0;
  for (const { path } of updates) keys[index] = prefixOf(path) * updatesMax + index++;
  keys.sort();
  const ordered: StateUpdate[] = [];
  for (const key of keys) {
    const update = updates[key % updatesMax];
    if (update !== undefined) ordered.push(update);
  }
  return ordered;
}

function prefixOf(path: Uint8Array): number {
  return (((path[0] ?? 0) << 24) | ((path[1] ?? 0) << 16) | ((path[2] ?? 0) << 8) | (path[3] ?? 0)) >>> 0;
}
