/**
 * Faults of links on purpose, for test networks: a failed link carries nothing either way, for neither side connects; a slow or lossy one
 * sends this side's frames late, or loses some. Every frame of ours leaves through an Outlet, and nothing else here knows of faults.
 */
import { KvchainError } from '../../chain/errors.ts';
import type { LinkChange, LinkControl, LinkState } from '../node-api.ts';
import type { Clock, PeerId, Random } from '../ports.ts';
import { networkLimits } from './limits.ts';

const goodLink: Omit<LinkState, 'peer'> = { isFailed: false, delayMs: 0, lossRate: 0 };
/** Links of a test network that have a fault on purpose at the same time. */
const faultyLinksMax = 1_024;

export interface LinkParts {
  readonly clock: Clock;
  readonly random: Random;
  /** Everything that is sent to any peer leaves so much later, beside what is set for its link; handshakes do not. 0 when not given. */
  readonly delayMs?: number;
}

export class Links implements LinkControl {
  readonly #parts: LinkParts;
  /** Those with a fault alone. */
  readonly #faulty = new Map<PeerId, LinkState>();
  readonly #listeners = new Set<(peer: PeerId) => void>();

  constructor(parts: LinkParts) {
    this.#parts = parts;
  }

  /** Changes what is named. Error thrown: TOO_LARGE when too many links have faults. */
  set(peer: PeerId, change: LinkChange): LinkState {
    const state = { ...this.of(peer), ...change };
    const isGood = !state.isFailed && state.delayMs === 0 && state.lossRate === 0;
    if (isGood) this.#faulty.delete(peer);
    else if (this.#faulty.has(peer) || this.#faulty.size < faultyLinksMax) this.#faulty.set(peer, state);
    else throw new KvchainError('TOO_LARGE', `${faultyLinksMax} links have faults already`);
    for (const listener of this.#listeners) listener(peer);
    return state;
  }

  of(peer: PeerId): LinkState {
    return this.#faulty.get(peer) ?? { peer, ...goodLink };
  }

  /** How much later a frame to this peer leaves. */
  delayOf(peer: PeerId): number {
    return (this.#parts.delayMs ?? 0) + this.of(peer).delayMs;
  }

  faulty(): readonly LinkState[] {
    return [...this.#faulty.values()];
  }

  /** Tells the network, until the returned function is called. */
  onChange(listener: (peer: PeerId) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The way out of one stream to `peer`. */
  outlet(peer: PeerId): Outlet {
    return new Outlet(this.#parts, () => ({ lossRate: this.of(peer).lossRate, delayMs: this.delayOf(peer) }));
  }

  /** The way out of a handshake: a slow link delays what nodes say to each other, not that they meet. */
  promptOutlet(peer: PeerId): Outlet {
    return new Outlet(this.#parts, () => ({ lossRate: this.of(peer).lossRate, delayMs: 0 }));
  }
}

interface Waiting {
  readonly dueMs: number;
  readonly bytes: number;
  readonly put: () => void;
}

/** What an outlet does to a frame. */
type Faults = Pick<LinkState, 'delayMs' | 'lossRate'>;

/** Frames leave in their order, however the delay changes meanwhile. Who hands one over waits for room first, or counts what waits. */
export class Outlet {
  readonly #parts: LinkParts;
  readonly #state: () => Faults;
  readonly #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #waiters: { readonly isSo: () => boolean; readonly resolve: () => void }[] = [];

  constructor(parts: LinkParts, state: () => Faults) {
    this.#parts = parts;
    this.#state = state;
  }

  /** Bytes of the frames that a slow link holds back. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** False while delayedBytesMax wait. */
  get hasRoom(): boolean {
    return this.#waitingBytes < networkLimits.delayedBytesMax;
  }

  /**
   * Calls `put`, which hands one frame of so many bytes over: at once on a good link, and then throws what it throws; later on a slow one, where a stream that broke
   * meanwhile swallows it; never when the frame is lost.
   */
  send(bytes: number, put: () => void): void {
    const { delayMs, lossRate } = this.#state();
    if (lossRate > 0 && this.#chance() < lossRate) return;
    if (delayMs === 0 && this.#waiting.length === 0) {
      put();
      return;
    }
    this.#waiting.push({ dueMs: this.#parts.clock.monotonic() + delayMs, bytes, put });
    this.#waitingBytes += bytes;
    if (this.#waiting.length === 1) this.#schedule();
  }

  /** Resolves when nothing waits. */
  idle(): Promise<void> {
    return this.#until(() => this.#waiting.length === 0);
  }

  /** Resolves when there is room. */
  room(): Promise<void> {
    return this.#until(() => this.hasRoom);
  }

  #until(isSo: () => boolean): Promise<void> {
    if (isSo()) return Promise.resolve();
    return new Promise(resolve => this.#waiters.push({ isSo, resolve }));
  }

  #schedule(): void {
    const [first] = this.#waiting;
    if (first === undefined) return;
    const { clock } = this.#parts;
    clock.setTimer(Math.max(0, first.dueMs - clock.monotonic()), () => {
      this.#waiting.shift();
      this.#waitingBytes -= first.bytes;
      try {
        first.put();
      } catch {
        // The stream is gone, as who reads from it is told.
      }
      for (const { resolve } of this.#waiters.filter(({ isSo }) => isSo())) resolve();
      this.#waiters = this.#waiters.filter(({ isSo }) => !isSo());
      this.#schedule();
    });
  }

  /** From 0 to below 1. */
  #chance(): number {
    const bytes = this.#parts.random.bytes(4);
    return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0) / 2 ** 32;
  }
}
