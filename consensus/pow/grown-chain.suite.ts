/**
 * What the tests of proof of work grow: real headers over an easy genesis, their nonces found by trying, and a ledger that says yes to
 * every switch. Not a test itself; it stays out of the pure projects because it is named like one.
 */
import { blockHash, contentHash, type Header, type SealedHeader, seal } from '../../chain/block.ts';
import { concat } from '../../chain/bytes.ts';
import type { Params } from '../../chain/genesis.ts';
import { decodeBits, hashMeetsTarget } from '../../chain/target.ts';
import type { EngineContext, EngineEvent, TreeRow } from '../engine.ts';
import { contextWith, easyParams, emptyHeader, targetMs } from '../engine-context.suite.ts';
import { cappedStep, nextBits } from './asert.ts';
import { pow } from './pow.ts';
import type { PowEffect, PowState } from './state.ts';

/** A header that grew, with what its children need. */
export interface Grown {
  readonly sealed: SealedHeader;
  readonly steps: number;
}

export interface Growth {
  /** Tells branches apart: goes into the transactionsRoot. */
  readonly salt?: number;
  readonly stepMs?: number;
  /** Fields that are to be other than the rules say; the work is done for them all the same. */
  readonly changes?: Partial<Header>;
}

/** Grows headers for one genesis. */
export class Grower {
  readonly context: EngineContext;
  readonly params: Params;

  constructor(changes: Partial<Params> = {}) {
    this.context = contextWith(changes);
    this.params = { ...easyParams, ...changes };
  }

  get genesis(): Grown {
    return { sealed: this.context.genesisHeader, steps: 0 };
  }

  /** The next header on `parent`. */
  next(parent: Grown, growth: Growth = {}): Grown {
    const { height, time } = parent.sealed.header;
    const header: Header = {
      ...emptyHeader,
      height: height + 1,
      parent: parent.sealed.hash,
      transactionsRoot: numbered(growth.salt ?? 0),
      time: time + (growth.stepMs ?? targetMs),
      bits: nextBits({ height, steps: parent.steps }, this.params),
      ...growth.changes,
    };
    const step = cappedStep(header.height, header.time, time, this.params.maxDriftMs);
    return { sealed: mine(header), steps: parent.steps + step };
  }

  /** `count` headers on `parent`, oldest first. */
  chain(parent: Grown, count: number, growth: Growth = {}): Grown[] {
    const grown: Grown[] = [];
    let tip = parent;
    for (let index = 0; index < count; index++) {
      tip = this.next(tip, growth);
      grown.push(tip);
    }
    return grown;
  }
}

/** Tries nonces until the hash meets the header's own bits. Bits that are no target are taken as easiest. */
export function mine(header: Header): SealedHeader {
  const target = decodeBits(header.bits) ?? 2n ** 256n - 1n;
  const content = contentHash(header);
  for (let trial = 0; ; trial++) {
    const nonce = numbered(trial);
    if (hashMeetsTarget(blockHash(content, nonce), target)) return seal(header, nonce, new Uint8Array(64));
  }
}

/** A header that misses its target. */
export function mineBadly(header: Header): SealedHeader {
  const target = decodeBits(header.bits) ?? 0n;
  const content = contentHash(header);
  for (let trial = 0; ; trial++) {
    const nonce = numbered(trial);
    if (!hashMeetsTarget(blockHash(content, nonce), target)) return seal(header, nonce, new Uint8Array(64));
  }
}

function numbered(value: number): Uint8Array {
  const bytes = new Uint8Array(32);
  new DataView(bytes.buffer).setUint32(28, value);
  return bytes;
}

export type PowEvent = EngineEvent<never>;

/** An engine with a ledger that carries out every switch at once, unless a block is on its list of bad ones. */
export class Follower {
  readonly state: PowState;
  readonly effects: PowEffect[] = [];
  readonly bad = new Set<string>();
  /** When false, switches are left unanswered. */
  answers = true;

  constructor(
    context: EngineContext,
    tree: readonly TreeRow[] = [],
    applied: Uint8Array = context.genesisHeader.hash,
    floor = 0,
  ) {
    this.state = pow.recover(context, { records: [], tree, applied, floor });
  }

  get head(): SealedHeader {
    return this.state.head.sealed;
  }

  /** Steps, and lets the ledger answer until it has nothing left to do. Gives all effects of that. */
  step(event: PowEvent): readonly PowEffect[] {
    const seen: PowEffect[] = [];
    const queue: PowEvent[] = [event];
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const effects = pow.step(this.state, next);
      seen.push(...effects);
      for (const effect of effects) {
        if (effect.type === 'switch' && this.answers) queue.push(...this.#answer(effect, next.now));
      }
    }
    this.effects.push(...seen);
    return seen;
  }

  /** Headers and then their bodies. */
  deliver(grown: readonly Grown[], now: number, from: string | null = 'peer'): readonly PowEffect[] {
    const headers = grown.map(({ sealed }) => sealed);
    return [
      ...this.step({ type: 'headers', now, from, headers }),
      ...headers.flatMap(({ hash }) => this.step({ type: 'body', now, hash })),
    ];
  }

  #answer(order: Extract<PowEffect, { type: 'switch' }>, now: number): PowEvent[] {
    const worst = order.apply.find(hash => this.bad.has(hex(hash)));
    if (worst !== undefined) return [{ type: 'invalid', now, hash: worst, code: 'BAD_STATE_ROOT' }];
    return [{ type: 'applied', now, tip: order.apply.at(-1) ?? order.ancestor }];
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** The effects of one type. */
export function only<T extends PowEffect['type']>(effects: readonly PowEffect[], type: T) {
  return effects.filter((effect): effect is Extract<PowEffect, { type: T }> => effect.type === type);
}

/** The rows that the store holds for these blocks. */
export function rowsOf(state: PowState, keys: readonly Uint8Array[]): TreeRow[] {
  return keys.flatMap(hash => {
    const sealed = pow.header(state, hash);
    const record = pow.treeRecord(state, hash);
    return sealed === null || record === null ? [] : [{ sealed, record, isInvalid: false }];
  });
}

/** The hashes of what grew, as one text. */
export function hashes(grown: readonly Grown[]): string {
  return joined(grown.map(({ sealed }) => sealed.hash));
}

/** Joins lists of bytes, for comparing them. */
export function joined(lists: readonly Uint8Array[]): string {
  return hex(concat(...lists));
}
