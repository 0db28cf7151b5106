/**
 * Follows the headers of a proof-of-work chain from its genesis and believes a node nothing: every header is hashed, its work, parent, time
 * and bits are checked, and of two branches the one with more work counts. A proof is then checked against what was followed. It does
 * not check producers' signatures or bodies: whoever has most work could have signed and filled them otherwise.
 */
import { type SealedHeader, sealedHeaderBytesMax, sealedHeaderCodec } from '../../chain/block.ts';
import type { Derived } from '../../chain/block-tree.ts';
import { concat, equalBytes, toHex } from '../../chain/bytes.ts';
import { decodeBytes, encode } from '../../chain/codec.ts';
import { accept, assert, KvchainError, type Result, reject } from '../../chain/errors.ts';
import { chainIdOf, type Genesis, paramsAt } from '../../chain/genesis.ts';
import { makeGenesisBlock } from '../../chain/genesis-block.ts';
import { type ProvenClaim, verifyProof } from '../../chain/proof.ts';
import type { HeaderChain } from '../../consensus/engine.ts';
import type { AnyEngine } from '../../consensus/instance.ts';
import { createEngine } from '../../consensus/registry.ts';
import { headersMax } from './api-chain.ts';
import type { KvchainClient } from './client.ts';
import { headerFromJson } from './header-json.ts';
import { take } from './result.ts';

/** Where followed headers are kept: one file, written from an offset on. */
export interface HeaderStorage {
  /** All bytes; empty when there is nothing yet. */
  read(): Promise<Uint8Array>;
  /** Replaces everything from `offset` on. */
  write(offset: number, bytes: Uint8Array): Promise<void>;
}

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

interface Link extends Derived {
  readonly sealed: SealedHeader;
  /** Where its record begins in the storage. */
  readonly offset: number;
}

/** A branch that is not heavier is given up after this many headers. */
const branchHeadersMax = 20_000;

interface LightClientParts {
  readonly storage: HeaderStorage;
  /** Of the chain's engine. */
  readonly rules: { readonly engine: AnyEngine; readonly headerChain: HeaderChain };
}

export class LightClient {
  readonly #genesis: Genesis;
  readonly #storage: HeaderStorage;
  readonly #rules: LightClientParts['rules'];
  readonly chainId: Uint8Array;
  /** One link a height, from the genesis block up. */
  #links: Link[];

  private constructor(genesis: Genesis, { storage, rules }: LightClientParts, links: Link[]) {
    this.#genesis = genesis;
    this.#storage = storage;
    this.#rules = rules;
    this.#links = links;
    this.chainId = chainIdOf(genesis);
  }

  /**
   * Opens the storage and checks what it holds; what is damaged there is cut off and fetched again. Error thrown: FINALITY_UNAVAILABLE for
   * an engine whose chain is not followed by work.
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
    const sealed = makeGenesisBlock(genesis);
    const rules = { engine: engine.value, headerChain };
    const client = new LightClient(genesis, { storage, rules }, [{ sealed, work: 0n, steps: 0, offset: 0 }]);
    client.#links = [...client.#links, ...client.#readRecords(await storage.read())];
    return client;
  }

  get tip(): SealedHeader {
    return this.#tip.sealed;
  }

  get #tip(): Link {
    const tip = this.#links.at(-1);
    assert(tip !== undefined, 'the genesis block stays');
    return tip;
  }

  /** The followed header of a height, or null. */
  headerAt(height: number): SealedHeader | null {
    return this.#links[height]?.sealed ?? null;
  }

  /** Takes over what the node has beyond the followed chain. Errors thrown: WRONG_CHAIN, the code of the rule that a header breaks. */
  async follow(client: KvchainClient, options: FollowOptions = {}): Promise<SealedHeader> {
    const status = await client.call('chain_status', {}, options);
    if (status.chainId !== toHex(this.chainId)) {
      throw new KvchainError(
        'WRONG_CHAIN',
        `${client.url} is on chain ${status.chainId}, expected ${toHex(this.chainId)}`,
      );
    }
    let branch: Link[] = (await this.#commonPart(client, options)).slice(-1);
    for (;;) {
      const [last] = branch.slice(-1);
      assert(last !== undefined, 'a branch has its root');
      const page = await fetchHeaders(client, last.sealed.header.height + 1, options);
      branch = [...branch, ...this.#check(page, last)];
      if (await this.#adopt(branch)) branch = branch.slice(-1);
      options.onProgress?.({ height: this.tip.header.height, targetHeight: status.height });
      if (page.length < headersMax) return this.tip;
      if (branch.length > branchHeadersMax)
        throw new KvchainError('BAD_WORK', `${client.url} sends a long branch with less work`);
    }
  }

  /** Checks a proof file, and whether its header is one that was followed. Errors: NOT_VERIFIED, WRONG_CHAIN, BAD_VERSION. */
  check(proof: unknown): Result<CheckedProof> {
    const proven = verifyProof(proof);
    if (!proven.ok) return proven;
    const claim = proven.value;
    if (!equalBytes(claim.chainId, this.chainId))
      return reject('WRONG_CHAIN', `a proof of chain ${toHex(claim.chainId)}`);
    return accept(this.place(claim));
  }

  /** Whether the header of a proof of this chain, which was checked, is one that was followed. */
  place(claim: ProvenClaim): CheckedProof {
    const followed = this.headerAt(claim.header.height);
    if (followed === null || !equalBytes(followed.hash, claim.hash)) return { ...claim, confirmations: 0 };
    const confirmations = this.tip.header.height - claim.header.height + 1;
    return { ...claim, verdict: 'header on the followed chain', confirmations };
  }

  /** Our links up to the highest block that the node has too: looked for in doubling steps back from our tip. */
  async #commonPart(client: KvchainClient, options: FollowOptions): Promise<readonly Link[]> {
    for (let back = 0; ; back = back * 2 + 1) {
      const height = Math.max(0, this.#links.length - 1 - back);
      const [theirs] = await fetchHeaders(client, height, { ...options, limit: 1 });
      const ours = this.headerAt(height);
      if (theirs !== undefined && ours !== null && equalBytes(theirs.hash, ours.hash))
        return this.#links.slice(0, height + 1);
      if (height === 0) throw new KvchainError('WRONG_CHAIN', `${client.url} has another genesis block`);
    }
  }

  /** Links for headers that follow `parent`, each checked. */
  #check(headers: readonly SealedHeader[], parent: Link): readonly Link[] {
    const links: Link[] = [];
    let last = parent;
    for (const sealed of headers) {
      last = take(this.#checkOne(sealed, last));
      links.push(last);
    }
    return links;
  }

  #checkOne(sealed: SealedHeader, parent: Link): Result<Link> {
    const { height, time } = parent.sealed.header;
    if (!equalBytes(sealed.header.parent, parent.sealed.hash)) {
      return reject('UNKNOWN_PARENT', `header ${sealed.hashHex} does not follow ${parent.sealed.hashHex}`);
    }
    const params = paramsAt(this.#genesis, height + 1);
    const sealChecked = this.#rules.engine.checkSeal(sealed, params);
    if (!sealChecked.ok) return sealChecked;
    const derived = this.#rules.headerChain.checkContext(
      sealed,
      { height, time, work: parent.work, steps: parent.steps },
      { params, driftMs: params.maxDriftMs },
    );
    return derived.ok ? accept({ sealed, ...derived.value, offset: endOf(parent) }) : derived;
  }

  /** Puts a branch (its root first) in place of what we have above the root, if it has more work. */
  async #adopt(branch: readonly Link[]): Promise<boolean> {
    const [root, ...links] = branch;
    const last = links.at(-1);
    if (root === undefined || last === undefined || last.work <= this.#tip.work) return false;
    await this.#storage.write(endOf(root), concat(...links.map(({ sealed }) => recordOf(sealed))));
    this.#links = [...this.#links.slice(0, root.sealed.header.height + 1), ...links];
    return true;
  }

  /** The links of stored records, up to the first that is torn or wrong. */
  #readRecords(bytes: Uint8Array): readonly Link[] {
    const links: Link[] = [];
    let [offset, last] = [0, this.#tip];
    for (;;) {
      const length = ((bytes[offset] ?? 0) << 8) | (bytes[offset + 1] ?? 0);
      if (length === 0 || offset + 2 + length > bytes.length) return links;
      const decoded = decodeBytes(
        sealedHeaderCodec,
        bytes.slice(offset + 2, offset + 2 + length),
        sealedHeaderBytesMax,
      );
      const link = decoded.ok ? this.#checkOne(decoded.value, last) : decoded;
      if (!link.ok) return links;
      links.push(link.value);
      last = link.value;
      offset += 2 + length;
    }
  }
}

/** Length (2 bytes, big-endian) and sealed header. */
function recordOf(sealed: SealedHeader): Uint8Array {
  const bytes = encode(sealedHeaderCodec, sealed);
  return concat(Uint8Array.of(bytes.length >>> 8, bytes.length & 0xff), bytes);
}

/** Where the record after this one begins; the genesis block has none. */
function endOf({ sealed, offset }: Link): number {
  return sealed.header.height === 0 ? 0 : offset + recordOf(sealed).length;
}

async function fetchHeaders(
  client: KvchainClient,
  from: number,
  { signal, limit = headersMax }: FollowOptions & { readonly limit?: number },
): Promise<readonly SealedHeader[]> {
  const { headers } = await client.call('chain_getHeaders', { from, limit }, { signal, timeoutMs: 30_000 });
  return headers.map(header => take(headerFromJson(header)));
}
