/**
 * Pruning: takes away what lies deeper under the head than a node wants to keep, so that its disk holds a window of the chain and not
 * all of it. Bodies and receipts go; headers stay, and with them every proof of the chain; what a key holds now always stays. When the
 * history goes too, each key keeps the version that held at the depth, the value of that version, and all later ones.
 *
 * First the floors are written, so that no reader and no peer counts on what is about to go, then come batches, each of which says how
 * far it has come. Killed between any two, it goes on where it stood (docs/decisions/0014-pruning.md).
 */
import { pruneBlockWrites } from '../chain/batches.ts';
import { KvchainError } from '../chain/errors.ts';
import type { Genesis } from '../chain/genesis.ts';
import { type PrunedRecord, rows, sixteenthsOf } from '../chain/layout.ts';
import type { HistoryPlace } from '../chain/undo.ts';
import type { ChainStore } from './chain-store.ts';
import type { StoreWrite } from './ports.ts';

const prunerLimits = {
  /** Rows deleted in one batch. */
  deletionsPerBatch: 1_000,
  /** Versions of a key read at a time: first a few, for mostly there is no more to see; with values of 64 KiB the most are 4 MiB. */
  versionsPerPageMin: 4,
  versionsPerPageMax: 64,
  /** Keys remembered as done during a run; then they are forgotten and may be looked at again. */
  sweptKeysMax: 100_000,
  /** From so many blocks on, and half the depth, a run ends with giving back their space: fewer are left to the database's own course. */
  blocksBeforeCompaction: 1_000,
} as const;

export interface Pruning {
  /** Blocks under the head that are kept, at least the undo window. */
  readonly depth: number;
  /** Whether versions that were overwritten at that depth are taken away too. */
  readonly takesHistory: boolean;
}

export interface PrunerParts {
  readonly genesis: Genesis;
  readonly chain: ChainStore;
  /** Null: nothing is taken away from now on. */
  readonly pruning: Pruning | null;
  /** Told of what the disk refused. */
  readonly onFault: (error: unknown) => void;
}

export class Pruner {
  readonly #parts: PrunerParts;
  #record: PrunedRecord;
  #running: Promise<void> | null = null;
  #isStopped = false;

  private constructor(parts: PrunerParts, record: PrunedRecord) {
    this.#parts = parts;
    this.#record = record;
  }

  /** Errors: BAD_CONFIG for a depth within the undo window, DATABASE_DAMAGED. */
  static async open(parts: PrunerParts): Promise<Pruner> {
    const depthMin = Math.max(...parts.genesis.schedule.map(({ params }) => params.undoBlocksMax));
    if (parts.pruning !== null && parts.pruning.depth < depthMin) {
      const needed = `at least ${depthMin}, the blocks that this network may undo (undoBlocksMax)`;
      throw new KvchainError('BAD_CONFIG', `--prune-below: ${parts.pruning.depth} blocks, ${needed}`);
    }
    return new Pruner(parts, await parts.chain.pruned());
  }

  /** The lowest height from which on every block is held whole. */
  get blocksFrom(): number {
    return this.#record.blocks === 0 ? 0 : this.#record.blocks + 1;
  }

  /** The lowest height at which every key can be read. */
  get versionsFrom(): number {
    return this.#record.versions;
  }

  /** The ledger's head is at `height` and stays there or goes up by itself: what is too deep under it is taken away in the background. */
  onHead(height: number): void {
    const { pruning, onFault } = this.#parts;
    if (pruning === null || this.#isStopped || this.#running !== null) return;
    const floor = height - pruning.depth;
    if (floor <= this.#record.done) return;
    this.#running = this.#run(floor, pruning)
      .catch(onFault)
      .finally(() => {
        this.#running = null;
      });
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    await this.#running;
  }

  /** The batch at work is the last. */
  stop(): Promise<void> {
    this.#isStopped = true;
    return this.idle();
  }

  async #run(floor: number, pruning: Pruning): Promise<void> {
    const { depth, takesHistory } = pruning;
    const { blocks, versions, done } = this.#record;
    await this.#write([], {
      blocks: Math.max(blocks, floor),
      versions: takesHistory ? Math.max(versions, floor) : versions,
      done,
    });
    await this.#takeAway(floor, pruning);
    const isLong = floor - done >= Math.max(prunerLimits.blocksBeforeCompaction, depth / 2);
    if (isLong) await this.#giveBackSpace(pruning);
  }

  async #takeAway(floor: number, { takesHistory }: Pruning): Promise<void> {
    const swept = new Set<string>();
    let batch: StoreWrite[] = [];
    for (let height = this.#record.done + 1; height <= floor; height++) {
      if (takesHistory) {
        for await (const place of this.#overwritten(height, floor, swept)) {
          batch.push(rows.history.remove(place));
          if (batch.length < prunerLimits.deletionsPerBatch) continue;
          await this.#write(batch, { ...this.#record, done: height - 1 });
          batch = [];
          if (this.#isStopped) return;
        }
      }
      // The body goes last: it names the keys whose versions are looked through.
      for (const hash of await this.#parts.chain.hashesAt(height)) batch.push(...pruneBlockWrites(hash));
      if (batch.length < prunerLimits.deletionsPerBatch && height < floor && !this.#isStopped) continue;
      await this.#write(batch, { ...this.#record, done: height });
      batch = [];
      if (this.#isStopped) return;
    }
  }

  /** In parts, between which the node can stop. */
  async #giveBackSpace({ takesHistory }: Pruning): Promise<void> {
    const kinds = [rows.body, rows.receipts, ...(takesHistory ? [rows.history] : [])];
    for (const range of kinds.flatMap(sixteenthsOf)) {
      if (this.#isStopped) return;
      await this.#parts.chain.compact(range);
    }
  }

  /** The versions of the keys that the canonical block wrote which nobody needs who reads at `floor` or above. */
  async *#overwritten(height: number, floor: number, swept: Set<string>): AsyncGenerator<HistoryPlace> {
    const { chain } = this.#parts;
    const hash = await chain.canonicalHash(height);
    const block = hash && (await chain.block(hash));
    for (const { body } of block?.transactions ?? []) {
      for (const operation of body.operations) {
        if (!('key' in operation) || operation.type === 'get' || swept.has(operation.key)) continue;
        const { key } = operation;
        if (swept.size === prunerLimits.sweptKeysMax) swept.clear();
        swept.add(key);
        for await (const version of this.#overwrittenOf(key, floor)) yield { key, version };
      }
    }
  }

  async *#overwrittenOf(key: string, floor: number): AsyncGenerator<number> {
    /** The newest version so far, and the one whose value it holds. */
    let held: readonly number[] = [];
    let limit: number = prunerLimits.versionsPerPageMin;
    for (let first = 0; ; limit = Math.min(2 * limit, prunerLimits.versionsPerPageMax)) {
      const page = await this.#parts.chain.versionsFrom(key, first, limit);
      for (const { version, valueVersion, height } of page) {
        if (height > floor) return;
        yield* held.filter(earlier => earlier !== valueVersion);
        held = [...held.filter(earlier => earlier === valueVersion), version];
      }
      const last = page.at(-1);
      if (last === undefined || page.length < limit) return;
      first = last.version + 1;
    }
  }

  /** Floors count from before their batch is written: a reader that comes meanwhile is refused, not shown a hole. */
  async #write(deletions: readonly StoreWrite[], record: PrunedRecord): Promise<void> {
    this.#record = record;
    await this.#parts.chain.write([...deletions, rows.pruned.put('only', record)], 'lazy', 'prune');
  }
}
