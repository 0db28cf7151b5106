/**
 * Follows the headers of a proof-of-work chain from its genesis and believes a node nothing: every header is hashed, its work, parent, time
 * and bits are checked, and of two branches the one with more work counts. A proof is then checked against what was followed. It does
 * not check producers' signatures or bodies: whoever has most work could have signed and filled them otherwise. A header is checked once;
 * of what was followed the storage holds as much as later checks need, and memory the tip alone.
 */
import type { SealedHeader } from '../../chain/block.ts';
import { concat, equalBytes, toHex } from '../../chain/bytes.ts';
import { accept, assert, KvchainError, type Result, reject } from '../../chain/errors.ts';
import { chainIdOf, type Genesis, paramsAt } from '../../chain/genesis.ts';
import { makeGenesisBlock } from '../../chain/genesis-block.ts';
import { type ProvenClaim, verifyProof } from '../../chain/proof.ts';
import type { HeaderChain } from '../../consensus/engine.ts';
import type { AnyEngine } from '../../consensus/instance.ts';
import { createEngine } from '../../consensus/registry.ts';
import { headersMax } from './api-chain.ts';
import type { KvchainClient } from './client.ts';
import { decodeFollowed, encodeFollowed, type Followed, recordBytes } from './followed-header.ts';
import { headerFromJson } from './header-json.ts';
import { take } from './result.ts';

/** How much a proof says: the last two only after following. Proof of work alone makes nothing `final`. */
export type Verdict = 'proves against this header' | 'header on the followed chain' | 'final';

export interface CheckedProof extends Omit<ProvenClaim, 'verdict'> {
  readonly verdict: Verdict;
  /** Blocks of the followed chain from the proof's header to its tip, that one included; 0 when it is not on it. */
  readonly confirmations: number;
}

export interface FollowOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called after each page. */
  readonly onProgress?: ((progress: { readonly height: number; readonly targetHeight: number }) => void) | undefined;
}

/** A branch that is not heavier is given up after this many headers. */
const branchHeadersMax = 20_000;

/** Where records are kept, one for each height from 1 on: one file, written from an offset on. */
export interface HeaderStorage {
  /** Bytes held. */
  size(): Promise<number>;
  /** `length` bytes from `offset` on; fewer where the storage ends. */
  read(offset: number, length: number): Promise<Uint8Array>;
  /** Drops everything from `offset` on, and only then writes there: what a crash leaves is the beginning of one branch. */
  write(offset: number, bytes: Uint8Array): Promise<void>;
}

interface LightClientParts {
  readonly storage: HeaderStorage;
  /** Of the chain's engine. */
  readonly rules: { readonly engine: AnyEngine; readonly headerChain: HeaderChain };
}

export class LightClient {
  readonly #genesis: Genesis;
  readonly #storage: HeaderStorage;
  readonly #rules: LightClientParts['rules'];
  readonly #root: Followed;
  readonly chainId: Uint8Array;
  #tip: Followed;

  private constructor(genesis: Genesis, { storage, rules }: LightClientParts) {
    this.#genesis = genesis;
    this.#storage = storage;
    this.#rules = rules;
    this.#root = rootOf(genesis);
    this.#tip = this.#root;
    this.chainId = chainIdOf(genesis);
  }

  /**
   * Opens the storage at its last whole record, however many there are; what is found damaged, now or later, is cut off and fetched again.
   * Error thrown: FINALITY_UNAVAILABLE for an engine whose chain is not followed by work.
   */
  static async open(genesis: Genesis, storage: HeaderStorage): Promise<LightClient> {
    const engine = createEngine(genesis.engine);
    const headerChain = engine.ok ? engine.value.headerChain : null;
    if (!engine.ok || headerChain === null) {
      throw new KvchainError(
        'FINALITY_UNAVAILABLE',
        `a chain of engine ${genesis.engine} is not followed by its headers' work`,
      );
    }
    const rules = { engine: engine.value, headerChain };
    const client = new LightClient(genesis, { storage, rules });
    const count = Math.floor((await storage.size()) / recordBytes);
    // A file whose beginning is not of this form was written by another version.
    const isWhole = count > 0 && (await client.#record(1)) !== null;
    await client.#retreat(isWhole ? count : 0);
    return client;
  }

  /** The followed header with most work. */
  get tip(): Followed {
    return this.#tip;
  }

  /** The followed header of a height, or null. */
  async followedAt(height: number): Promise<Followed | null> {
    if (height > this.#tip.height) return null;
    const followed = await this.#record(height);
    if (followed === null) await this.#retreat(height);
    return followed;
  }

  /** Takes over what the node has beyond the followed chain. Errors thrown: WRONG_CHAIN, the code of the rule that a header breaks. */
  async follow(client: KvchainClient, options: FollowOptions = {}): Promise<Followed> {
    const status = await client.call('chain_status', {}, options);
    if (status.chainId !== toHex(this.chainId)) {
      throw new KvchainError(
        'WRONG_CHAIN',
        `${client.url} is on chain ${status.chainId}, expected ${toHex(this.chainId)}`,
      );
    }
    let branch: readonly Followed[] = [await this.#lastCommon(client, options)];
    for (;;) {
      const [last] = branch.slice(-1);
      assert(last !== undefined, 'a branch has its root');
      const page = await fetchHeaders(client, last.height + 1, options);
      branch = [...branch, ...this.#check(page, last)];
      if (await this.#adopt(branch)) branch = branch.slice(-1);
      options.onProgress?.({ height: this.tip.height, targetHeight: status.height });
      if (page.length < headersMax) return this.tip;
      if (branch.length > branchHeadersMax)
        throw new KvchainError('BAD_WORK', `${client.url} sends a long branch with less work`);
    }
  }

  /** Checks a proof file, and whether its header is one that was followed. Errors: NOT_VERIFIED, WRONG_CHAIN, BAD_VERSION. */
  async check(proof: unknown): Promise<Result<CheckedProof>> {
    const proven = verifyProof(proof);
    if (!proven.ok) return proven;
    const claim = proven.value;
    if (!equalBytes(claim.chainId, this.chainId))
      return reject('WRONG_CHAIN', `a proof of chain ${toHex(claim.chainId)}`);
    return accept(await this.place(claim));
  }

  /** Whether the header of a proof of this chain, which was checked, is one that was followed. */
  async place(claim: ProvenClaim): Promise<CheckedProof> {
    const followed = await this.followedAt(claim.header.height);
    if (followed === null || !equalBytes(followed.hash, claim.hash)) return { ...claim, confirmations: 0 };
    const confirmations = this.tip.height - claim.header.height + 1;
    return { ...claim, verdict: 'header on the followed chain', confirmations };
  }

  /** The highest block that was followed and that the node has too: looked for in doubling steps back from our tip. */
  async #lastCommon(client: KvchainClient, options: FollowOptions): Promise<Followed> {
    for (let back = 0; ; back = back * 2 + 1) {
      const height = Math.max(0, this.#tip.height - back);
      const [theirs] = await fetchHeaders(client, height, { ...options, limit: 1 });
      const ours = await this.followedAt(height);
      if (theirs !== undefined && ours !== null && equalBytes(theirs.hash, ours.hash)) return ours;
      if (height === 0) throw new KvchainError('WRONG_CHAIN', `${client.url} has another genesis block`);
    }
  }

  /** What is kept of headers that follow `parent`, each checked. */
  #check(headers: readonly SealedHeader[], parent: Followed): readonly Followed[] {
    const links: Followed[] = [];
    let last = parent;
    for (const sealed of headers) {
      last = take(this.#checkOne(sealed, last));
      links.push(last);
    }
    return links;
  }

  #checkOne(sealed: SealedHeader, parent: Followed): Result<Followed> {
    if (!equalBytes(sealed.header.parent, parent.hash)) {
      return reject('UNKNOWN_PARENT', `header ${sealed.hashHex} does not follow ${toHex(parent.hash)}`);
    }
    const params = paramsAt(this.#genesis, parent.height + 1);
    const sealChecked = this.#rules.engine.checkSeal(sealed, params);
    if (!sealChecked.ok) return sealChecked;
    const derived = this.#rules.headerChain.checkContext(sealed, parent, { params, driftMs: params.maxDriftMs });
    if (!derived.ok) return derived;
    const { height, time } = sealed.header;
    return accept({ height, time, hash: sealed.hash, ...derived.value });
  }

  /** Puts a branch (its root first) in place of what we have above the root, if it has more work. */
  async #adopt(branch: readonly Followed[]): Promise<boolean> {
    const [root, ...links] = branch;
    const last = links.at(-1);
    if (root === undefined || last === undefined || last.work <= this.#tip.work) return false;
    await this.#storage.write(root.height * recordBytes, concat(...links.map(encodeFollowed)));
    this.#tip = last;
    return true;
  }

  /** The record of a height; null when it is not as it was written. */
  async #record(height: number): Promise<Followed | null> {
    if (height === 0) return this.#root;
    return decodeFollowed(await this.#storage.read((height - 1) * recordBytes, recordBytes), height);
  }

  /** Takes the highest sound record up to `height` as the tip, and drops what is above it. */
  async #retreat(height: number): Promise<void> {
    let at = height;
    let sound = await this.#record(at);
    while (sound === null) sound = await this.#record(--at);
    this.#tip = sound;
    if ((await this.#storage.size()) > at * recordBytes) await this.#storage.write(at * recordBytes, new Uint8Array(0));
  }
}

function rootOf(genesis: Genesis): Followed {
  const { header, hash } = makeGenesisBlock(genesis);
  return { height: 0, time: header.time, hash, work: 0n, steps: 0 };
}

async function fetchHeaders(
  client: KvchainClient,
  from: number,
  { signal, limit = headersMax }: FollowOptions & { readonly limit?: number },
): Promise<readonly SealedHeader[]> {
  const { headers } = await client.call('chain_getHeaders', { from, limit }, { signal, timeoutMs: 30_000 });
  return headers.map(header => take(headerFromJson(header)));
}
