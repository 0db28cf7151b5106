/**
 * A miner that tries real nonces with the real hash and takes 1/rate of virtual time for each. Trials fall on a fixed beat, whatever the
 * job: so replacing a job neither wins nor loses a trial, as for a machine that hashes all the time.
 */
import { blockHash } from '../../chain/block.ts';
import { compareBytes } from '../../chain/bytes.ts';
import type { Miner, MinerStatus, MiningJob } from '../../daemon/ports.ts';
import type { Chance } from './chance.ts';
import type { Life } from './life.ts';
import type { VirtualTime } from './virtual-time.ts';

interface Search {
  readonly job: MiningJob;
  readonly onFound: (nonce: Uint8Array) => void;
}

export interface MinerParts {
  readonly time: VirtualTime;
  readonly life: Life;
  readonly chance: Chance;
  /** Trials in a second of the world. */
  readonly rate: number;
}

export class SimulatedMiner implements Miner {
  readonly #parts: MinerParts;
  readonly #nonce: Uint8Array;
  #search: Search | null = null;
  #cancelTrial: (() => void) | null = null;
  /** Of the last trial: rounding must not make two of one. */
  #beat = -1;
  #threads = 1;
  #rateMax: number | null = null;

  constructor(parts: MinerParts) {
    this.#parts = parts;
    this.#nonce = parts.chance.bytes(32);
  }

  search(job: MiningJob, onFound: (nonce: Uint8Array) => void): void {
    this.stop();
    this.#search = { job, onFound };
    this.#wait();
  }

  stop(): void {
    this.#search = null;
    this.#cancelTrial?.();
    this.#cancelTrial = null;
  }

  configure({ threads = this.#threads, rateMax = this.#rateMax }: { threads?: number; rateMax?: number | null }): void {
    this.#threads = threads;
    this.#rateMax = rateMax;
    this.#beat = -1;
    this.#cancelTrial?.();
    if (this.#search !== null) this.#wait();
  }

  status(): MinerStatus {
    return { threads: this.#threads, hashRate: this.#search === null ? 0 : this.#rate, rateMax: this.#rateMax };
  }

  async close(): Promise<void> {
    this.stop();
  }

  get #rate(): number {
    return Math.min(this.#parts.rate, this.#rateMax ?? this.#parts.rate);
  }

  /** Until the next beat. */
  #wait(): void {
    const beatMs = 1_000 / this.#rate;
    const { time, life } = this.#parts;
    const beat = Math.max(this.#beat, Math.floor(time.nowMs / beatMs)) + 1;
    this.#cancelTrial = life.after(beat * beatMs - time.nowMs, () => {
      this.#beat = beat;
      this.#try();
    });
  }

  #try(): void {
    const search = this.#search;
    if (search === null) return;
    const nonce = this.#nextNonce();
    if (compareBytes(blockHash(search.job.contentHash, nonce), search.job.target) > 0) {
      this.#wait();
      return;
    }
    this.stop();
    search.onFound(nonce);
  }

  #nextNonce(): Uint8Array {
    const counter = new DataView(this.#nonce.buffer, 24);
    counter.setUint32(0, (counter.getUint32(0) + 1) >>> 0);
    return this.#nonce.slice();
  }
}
