/**
 * The state at one block, fetched from all peers that offer it: from the root down, whatever is asked for has a hash that is known. So
 * each answer is checked when it comes; who sent a wrong one pays and is left, and what it owed is asked of another.
 */
import type { SealedHeader } from '../chain/block.ts';
import { type CheckedLeaf, checkPart, childPrefix, digitBits, type SnapshotPart } from '../chain/snapshot.ts';
import type { PeerId } from './ports.ts';
import type { SnapshotPeers } from './snapshot-peers.ts';
import type { SnapshotStore } from './snapshot-store.ts';
import { decodeParts, snapshotWireLimits } from './snapshot-wire.ts';

const fetchLimits = {
  /** Peers that are asked for a state at a time. */
  sources: 8,
  /** Requests under way at one source; each has an answer of 1.5 MiB at most in memory. */
  requestsPerSource: 2,
} as const;

/** Something of the state that is still to come. */
interface Wanted {
  readonly prefix: string;
  readonly hash: Uint8Array;
}

export interface SnapshotFetchParts {
  readonly peers: SnapshotPeers;
  readonly store: SnapshotStore;
  readonly pivot: SealedHeader;
  readonly sources: readonly PeerId[];
  /** Told what share of the state is here, from 0 to 1. */
  readonly onProgress: (share: number) => void;
}

/** Writes the whole state of the pivot into the store; false when no source is left that gives it. Throws what the store does. */
export async function fetchState(parts: SnapshotFetchParts): Promise<boolean> {
  const fetch = new StateFetch(parts);
  const workers = parts.sources
    .slice(0, fetchLimits.sources)
    .flatMap(source => Array.from({ length: fetchLimits.requestsPerSource }, () => fetch.work(source)));
  // Whatever one of them met, none writes any more when this ends.
  const ends = await Promise.allSettled(workers);
  const failed = ends.find(end => end.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return fetch.isWhole;
}

class StateFetch {
  readonly #parts: SnapshotFetchParts;
  /** What nobody is asked for; the last is the next, so that few wait. */
  readonly #wanted: Wanted[];
  readonly #resting: (() => void)[] = [];
  #underWay = 0;
  #share = 0;

  constructor(parts: SnapshotFetchParts) {
    this.#parts = parts;
    this.#wanted = [{ prefix: '', hash: parts.pivot.header.stateRoot }];
  }

  get isWhole(): boolean {
    return this.#wanted.length === 0 && this.#underWay === 0;
  }

  /** Asks the source for one batch after the other, until nothing is left or it is of no more use. */
  async work(source: PeerId): Promise<void> {
    while (!this.isWhole) {
      const batch = this.#wanted.splice(-snapshotWireLimits.prefixesMax);
      // All is under way at others: what comes may have more below it, or be wrong and be asked for again.
      if (batch.length === 0) await new Promise<void>(resolve => this.#resting.push(resolve));
      else if (!(await this.#fetch(source, batch))) return this.#parts.peers.avoid(source);
    }
  }

  /** False when the source did not give a part of the state. What it did not give is wanted again. */
  async #fetch(source: PeerId, batch: readonly Wanted[]): Promise<boolean> {
    this.#underWay += 1;
    let taken = 0;
    try {
      const parts = await this.#ask(source, batch);
      const leaves: CheckedLeaf[] = [];
      for (const part of parts) {
        const wanted = batch[taken];
        const found = wanted === undefined ? null : this.#check(source, wanted, part);
        if (found === null) break;
        leaves.push(...found);
        taken += 1;
      }
      await this.#parts.store.addLeaves(leaves);
      this.#parts.onProgress(this.#share);
      return taken > 0 && taken === parts.length;
    } finally {
      this.#wanted.push(...batch.slice(taken));
      this.#underWay -= 1;
      for (const resolve of this.#resting.splice(0)) resolve();
    }
  }

  async #ask(source: PeerId, batch: readonly Wanted[]): Promise<readonly SnapshotPart[]> {
    const { peers, pivot } = this.#parts;
    const prefixes = batch.map(({ prefix }) => prefix);
    const parts = await peers.ask(source, { type: 'getState', block: pivot.hash, prefixes }, decodeParts);
    if (parts === null) return [];
    if (parts.length > 0 && parts.length <= batch.length) return parts;
    const detail = `${parts.length} parts of a state for ${batch.length} that were asked for`;
    peers.blame(source, { code: 'BAD_MESSAGE', detail });
    return [];
  }

  /** The leaves of a part; what it is split into is wanted from now on. Null when it is wrong: its sender has paid. */
  #check(source: PeerId, { prefix, hash }: Wanted, part: SnapshotPart): readonly CheckedLeaf[] | null {
    const checked = checkPart(part, prefix, hash);
    if (!checked.ok) {
      this.#parts.peers.blame(source, checked.error);
      return null;
    }
    if (checked.value.type === 'leaves') {
      this.#share += shareOf(prefix);
      return checked.value.leaves;
    }
    for (const [place, child] of checked.value.children.entries()) {
      const below = childPrefix(prefix, place);
      if (child === null) this.#share += shareOf(below);
      else this.#wanted.push({ prefix: below, hash: child.hash });
    }
    return [];
  }
}

/** Paths are hashes, so a prefix stands for as much of the state as of the paths. */
function shareOf(prefix: string): number {
  return 2 ** (-digitBits * prefix.length);
}
