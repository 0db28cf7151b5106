/**
 * The chain of headers, followed before any engine runs. Twice: first the heaviest chain is only measured, as headers of little work would
 * fill the disk of who stores what he is sent; then the headers up to a block of it are fetched again and stored (as A-H3 does above the
 * genesis). Their work is the only ground on which a snapshot is believed.
 */
import type { SealedHeader } from '../chain/block.ts';
import type { Derived } from '../chain/block-tree.ts';
import { equalBytes } from '../chain/bytes.ts';
import { accept, type Rejection, type Result, reject } from '../chain/errors.ts';
import { chainIdOf, type Genesis, paramsAt } from '../chain/genesis.ts';
import { makeGenesisBlock } from '../chain/genesis-block.ts';
import type { HeightHash } from '../chain/layout.ts';
import { producerCheck, validateHeaderShape } from '../chain/validate.ts';
import type { HeaderChain, ParentPoint } from '../consensus/engine.ts';
import type { AnyEngine } from '../consensus/instance.ts';
import type { Clock, PeerId, Verifier } from './ports.ts';
import type { SnapshotPeers } from './snapshot-peers.ts';
import type { DerivedHeader, SnapshotStore } from './snapshot-store.ts';
import { syncLimits } from './sync.ts';
import { decodeHeaders } from './wire.ts';

const headerLimits = {
  /** Peers whose chains are measured at once, those that claim most work. */
  measuredAtOnce: 4,
  /** When one chain is measured, the others get as long as it took, and this, so that nobody holds the join up by slow answers. */
  patienceMs: 30_000,
} as const;

/** The end of a chain that was measured. */
export interface Summit {
  readonly peer: PeerId;
  readonly height: number;
  readonly work: bigint;
  /** Hashes of its last blocks, by height. */
  readonly recent: ReadonlyMap<number, Uint8Array>;
}

interface Point extends ParentPoint {
  readonly hash: Uint8Array;
}

interface CheckedHeader {
  readonly sealed: SealedHeader;
  readonly derived: Derived;
}

export interface SnapshotHeadersParts {
  readonly genesis: Genesis;
  readonly engine: AnyEngine;
  readonly headerChain: HeaderChain;
  readonly clock: Clock;
  readonly verifier: Verifier;
  readonly peers: SnapshotPeers;
  /** Of how many of the last blocks hashes are remembered. */
  readonly recentMax: number;
  readonly onProgress: (height: number) => void;
}

export class SnapshotHeaders {
  readonly #parts: SnapshotHeadersParts;

  constructor(parts: SnapshotHeadersParts) {
    this.#parts = parts;
  }

  /** The chain with most work of those that peers show; null when none shows any. */
  async heaviest(): Promise<Summit | null> {
    const { peers, clock } = this.#parts;
    const found: Summit[] = [];
    const beginMs = clock.monotonic();
    const measuring = peers.list.slice(0, headerLimits.measuredAtOnce).map(async peer => {
      const summit = await this.#measure(peer);
      if (summit !== null) found.push(summit);
    });
    const limit = new AbortController();
    const late = Promise.race(measuring).then(() =>
      peers.rest(clock.monotonic() - beginMs + headerLimits.patienceMs, limit.signal),
    );
    await Promise.race([Promise.all(measuring), late]).finally(() => limit.abort());
    return found.reduce<Summit | null>((best, one) => (best === null || one.work > best.work ? one : best), null);
  }

  /** Stores the headers up to a block of a measured chain, and gives its header; null when the peer does not give them, or others. */
  async fetch(peer: PeerId, pivot: HeightHash, store: SnapshotStore): Promise<SealedHeader | null> {
    const { headerChain, genesis, verifier, peers } = this.#parts;
    const chainId = chainIdOf(genesis);
    for await (const page of this.#pages(peer)) {
      const wanted = page.filter(({ sealed }) => sealed.header.height <= pivot.height);
      const answers = await verifier.verify(wanted.map(({ sealed }) => producerCheck(chainId, sealed)));
      if (answers.includes(false)) {
        peers.blame(peer, { code: 'BAD_PRODUCER_SIGNATURE', detail: 'a header with a bad signature of its producer' });
        return null;
      }
      const rows = wanted.map(
        ({ sealed, derived }): DerivedHeader => ({ sealed, treeRecord: headerChain.encodeDerived(derived) }),
      );
      await store.addHeaders(rows);
      const last = wanted.at(-1)?.sealed;
      if (last?.header.height !== pivot.height) continue;
      if (equalBytes(last.hash, pivot.hash)) return last;
      const detail = `another block at height ${pivot.height} than in the chain that was measured`;
      peers.blame(peer, { code: 'BAD_MESSAGE', detail });
      return null;
    }
    return null;
  }

  async #measure(peer: PeerId): Promise<Summit | null> {
    const { recentMax, peers } = this.#parts;
    const recent = new Map<number, Uint8Array>();
    let end: { readonly height: number; readonly work: bigint } | null = null;
    for await (const page of this.#pages(peer)) {
      for (const { sealed, derived } of page) {
        const { height } = sealed.header;
        recent.set(height, sealed.hash);
        recent.delete(height - recentMax);
        end = { height, work: derived.work };
      }
    }
    peers.showed(peer, end?.work ?? 0n);
    return end && { peer, recent, ...end };
  }

  /** The peer's headers from block 1 on, each page checked. Ends where the peer has no more, or sent one that is wrong, for which it pays. */
  async *#pages(peer: PeerId): AsyncGenerator<readonly CheckedHeader[]> {
    const limit = syncLimits.headersPerRequest;
    const { header, hash } = makeGenesisBlock(this.#parts.genesis);
    let point: Point = { height: 0, time: header.time, work: 0n, steps: 0, hash };
    for (;;) {
      const request = { type: 'getHeaders', locator: [point.hash], limit } as const;
      const headers = await this.#parts.peers.ask(peer, request, decodeHeaders);
      if (headers === null) return;
      const { good, fault } = this.#check(headers, point);
      if (good.length > 0) yield good;
      if (fault !== null) this.#parts.peers.blame(peer, fault);
      const last = good.at(-1);
      if (last === undefined || good.length < limit) return;
      const { height, time } = last.sealed.header;
      this.#parts.onProgress(height);
      point = { height, time, ...last.derived, hash: last.sealed.hash };
    }
  }

  /** The headers that follow the point and each other, up to the first that does not or is too early; the fault of a wrong one. */
  #check(
    headers: readonly SealedHeader[],
    from: Point,
  ): { readonly good: readonly CheckedHeader[]; readonly fault: Rejection | null } {
    const good: CheckedHeader[] = [];
    let point = from;
    for (const sealed of headers) {
      // The peer went over to another branch: what it has shown stands.
      if (!equalBytes(sealed.header.parent, point.hash)) return { good, fault: null };
      const checked = this.#checkOne(sealed, point);
      if (!checked.ok) return { good, fault: checked.error.code === 'FUTURE_BLOCK' ? null : checked.error };
      good.push({ sealed, derived: checked.value });
      const { height, time } = sealed.header;
      point = { height, time, ...checked.value, hash: sealed.hash };
    }
    return { good, fault: null };
  }

  #checkOne(sealed: SealedHeader, parent: Point): Result<Derived> {
    const { genesis, engine, headerChain, clock } = this.#parts;
    const shape = validateHeaderShape(sealed);
    if (!shape.ok) return shape;
    const params = paramsAt(genesis, parent.height + 1);
    const seal = engine.checkSeal(sealed, params); // A-V1
    if (!seal.ok) return seal;
    const rules = { params: paramsAt(genesis, 0), driftMs: params.maxDriftMs };
    const derived = headerChain.checkContext(sealed, parent, rules); // A-V2, A-V3, A-V4
    if (!derived.ok) return derived;
    // A-V5
    if (sealed.header.time > clock.now() + params.maxDriftMs) return reject('FUTURE_BLOCK', 'a header of the future');
    return accept(derived.value);
  }
}
