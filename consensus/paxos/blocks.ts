/**
 * The headers that the engine holds, and which of their bodies are stored: the decided chain as far as it is known header by header, and
 * candidates, which lie on no decided chain yet. Headers of peers that are no members may be anything: few of them are kept, the oldest
 * goes.
 */
import type { SealedHeader } from '../../chain/block.ts';
import { equalBytes, toHex } from '../../chain/bytes.ts';
import { assert } from '../../chain/errors.ts';
import type { Point } from './ballot.ts';

/** Headers higher than this above the applied tip wait outside until bodies and execution follow. */
export const headersAheadMax = 20_000;
/** Headers in memory, those on the decided chain included, beside the strays. */
export const headersMax = 25_000;
/** Headers of peers that are not known as members'. */
export const straysMax = 64;

export interface Held {
  readonly sealed: SealedHeader;
  readonly hasBody: boolean;
}

export class Blocks {
  readonly #held = new Map<string, Held>();
  readonly #strays = new Map<string, Held>();
  /** Consecutive heights, from the root on. */
  #chain: SealedHeader[] = [];

  /** `path`: from the lowest block held to the applied tip, whose bodies count as stored. */
  constructor(path: readonly SealedHeader[]) {
    for (const sealed of path) this.#held.set(sealed.hashHex, { sealed, hasBody: true });
    this.#chain = [...path];
  }

  get size(): number {
    return this.#held.size;
  }

  get strays(): number {
    return this.#strays.size;
  }

  /** The highest block of the decided chain whose headers are all here. */
  get tip(): SealedHeader {
    const tip = this.#chain.at(-1);
    assert(tip !== undefined, 'the chain holds the applied tip');
    return tip;
  }

  /** By hash in lower-case hexadecimal. */
  get(hex: string): Held | null {
    return this.#held.get(hex) ?? this.#strays.get(hex) ?? null;
  }

  /** The block of the decided chain at this height, or null. */
  at(height: number): Held | null {
    const sealed = this.#chain[height - this.#rootHeight];
    return sealed === undefined ? null : this.get(sealed.hashHex);
  }

  isOnChain({ hashHex, header }: SealedHeader): boolean {
    return this.#chain[header.height - this.#rootHeight]?.hashHex === hashHex;
  }

  /** Keeps a header until the applied tip is as high. */
  hold(sealed: SealedHeader): void {
    if (this.#held.has(sealed.hashHex)) return;
    const hasBody = this.#strays.get(sealed.hashHex)?.hasBody === true;
    this.#strays.delete(sealed.hashHex);
    this.#held.set(sealed.hashHex, { sealed, hasBody });
  }

  /**
   * Keeps what a member proposed or reported, and where there is no room for it forgets the candidates of which `isNeeded` is false. False
   * when the chain goes so far above `applied` that nothing more is kept.
   */
  holdAll(headers: readonly SealedHeader[], applied: Point, isNeeded: (hex: string) => boolean): boolean {
    if (this.tip.header.height > applied.height + headersAheadMax) return false;
    if (this.#held.size + headers.length > headersMax) this.#forget(sealed => !isNeeded(sealed.hashHex));
    for (const sealed of headers) this.hold(sealed);
    return true;
  }

  /** Keeps a header for a while. */
  stray(sealed: SealedHeader): void {
    if (this.get(sealed.hashHex) !== null) return;
    const oldest = this.#strays.keys().next();
    if (this.#strays.size >= straysMax && oldest.done !== true) this.#strays.delete(oldest.value);
    this.#strays.set(sealed.hashHex, { sealed, hasBody: false });
  }

  /** The body is stored. Null when the header is not held. */
  addBody(hex: string): Held | null {
    for (const map of [this.#held, this.#strays]) {
      const held = map.get(hex);
      if (held === undefined) continue;
      const withBody = { ...held, hasBody: true };
      map.set(hex, withBody);
      return withBody;
    }
    return null;
  }

  /** Forgets a block that is not on the chain. */
  drop(sealed: SealedHeader): void {
    if (this.isOnChain(sealed)) return;
    this.#held.delete(sealed.hashHex);
    this.#strays.delete(sealed.hashHex);
  }

  /** B-R1: extends the chain to this decided point when every header between is here and each is the parent of the next. */
  extendTo({ height, hash }: Point): boolean {
    const { tip } = this;
    const found: SealedHeader[] = [];
    let hex = toHex(hash);
    for (let next = height; next > tip.header.height; next--) {
      const sealed = this.get(hex)?.sealed;
      if (sealed === undefined || sealed.header.height !== next) return false;
      found.push(sealed);
      hex = toHex(sealed.header.parent);
    }
    if (height > tip.header.height && hex !== tip.hashHex) return false;
    for (const sealed of found.reverse()) {
      this.hold(sealed);
      this.#chain.push(sealed);
    }
    return true;
  }

  /** Extends the chain by this block when it stands on its tip. */
  append(sealed: SealedHeader): void {
    const isNext =
      sealed.header.height === this.tip.header.height + 1 && equalBytes(sealed.header.parent, this.tip.hash);
    if (isNext && this.#held.has(sealed.hashHex)) this.#chain.push(sealed);
  }

  /**
   * The ledger stands at `applied`: the chain from `rootHeight` on stays, and what is no higher than the tip and not on the chain goes.
   * Should more than `headersMax` be held, all candidates go but those of which `isNeeded` is true: they can be asked for again.
   */
  prune(applied: Point, rootHeight: number, isNeeded: (hex: string) => boolean): void {
    const below = Math.min(rootHeight, applied.height) - this.#rootHeight;
    if (below > 0) this.#chain = this.#chain.slice(below);
    const isFull = this.#held.size > headersMax;
    this.#forget(({ header, hashHex }) => header.height <= applied.height || (isFull && !isNeeded(hashHex)));
  }

  /** All of these that are not on the chain. */
  #forget(isForgotten: (sealed: SealedHeader) => boolean): void {
    for (const map of [this.#held, this.#strays]) {
      for (const [hex, { sealed }] of map) if (isForgotten(sealed) && !this.isOnChain(sealed)) map.delete(hex);
    }
  }

  /** Everything held, in the order in which it came. */
  *entries(): Generator<Held> {
    yield* this.#held.values();
    yield* this.#strays.values();
  }

  get #rootHeight(): number {
    const [root] = this.#chain;
    return root?.header.height ?? 0;
  }
}
