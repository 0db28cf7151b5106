/**
 * The road of a block, whether it was gossiped, fetched or mined here: seal, producer's signature, header to the engine, body put
 * together, checked without state, its signatures verified, stored, and told to the engine. Only the engine judges.
 */
import { type Block, decodeBodyInSteps, type SealedHeader } from '../chain/block.ts';
import { equalBytes, toHex } from '../chain/bytes.ts';
import { accept, type ErrorCode, KvchainError, type Result } from '../chain/errors.ts';
import { type Genesis, paramsAt } from '../chain/genesis.ts';
import { merkleRoot } from '../chain/merkle.ts';
import { isEnforced } from '../chain/rules.ts';
import type { Transaction } from '../chain/transaction.ts';
import { producerCheck, validateBodyInSteps, validateHeaderShape } from '../chain/validate.ts';
import type { ChainStore } from './chain-store.ts';
import type { Driver, RunningEffect } from './driver.ts';
import { inSlices } from './pace.ts';
import type { Clock, GossipVerdict, Network, PeerId, Verifier } from './ports.ts';
import type { SignatureDesk } from './signature-desk.ts';
import { type CompactBlock, decodeCompactBlock, decodeTransactions, decodeWholeBlock, encodeRequest } from './wire.ts';

/** Where a compact block finds the transactions that its receiver holds already. */
export interface TransactionSource {
  byWitnessId(witnessIdHex: string): Transaction | null;
}

export interface BlockImportParts {
  readonly genesis: Genesis;
  readonly chainId: Uint8Array;
  readonly network: Network;
  readonly clock: Clock;
  readonly chain: ChainStore;
  readonly driver: Driver;
  readonly verifier: Verifier;
  readonly signatures: SignatureDesk;
  readonly mempool: TransactionSource;
  /** How a body of others is stored. */
  readonly peerBodies: 'durable' | 'lazy';
  /**
   * Peers whose word counts for what they checked: members, where they alone make blocks and do nothing worse than crash. Their blocks'
   * signatures are not verified again, and the engine hears of a body while it is written, as its records wait for that (W1).
   */
  readonly trust: PeerTrust;
  /** The body of this block is in the store, by whichever way it came. */
  readonly onStored: (hash: Uint8Array) => void;
  /** The sender of a gossiped block does not give its transactions, or not soon: others are to be asked for the body. */
  readonly onWithheld: (hash: Uint8Array, sender: PeerId) => void;
  /** A gossiped block is no longer worked on, however that ended. */
  readonly onAssembled: () => void;
}

export type PeerTrust = { readonly isTrusted: (peer: PeerId) => boolean } | null;

interface HeadersOfPeer {
  readonly headers: readonly SealedHeader[];
  readonly from: PeerId;
  /** They were asked for. */
  readonly isAnswer: boolean;
}

/** A gossiped block that is being put together. */
interface Assembly {
  readonly from: PeerId;
  /** The engine let it be passed on. */
  isRelayed: boolean;
  /** Its sender had its time: others may be asked for the body. */
  isLate: boolean;
  /** Resolves with null when nothing more is expected of the sender, as the body came another way or the time is up. */
  readonly ended: Promise<null>;
  end(): void;
}

/** How long a compact block is put together: its sender may take this long for its transactions, and others may bring the body. */
const transactionsTimeoutMs = 3_000;
/** The sender is asked alone this long. Copies from others are not seen, as gossip drops them, so any other peer is asked then. */
const senderAloneMs = 1_000;
/** Compact blocks that are being put together at a time, in all and from one peer, which may withhold; more are left to header sync. */
const assembliesMax = 16;
const assembliesPerPeerMax = 2;

export class BlockImport {
  readonly #parts: BlockImportParts;
  /** Gossiped blocks that are being put together now, each once. */
  readonly #assembling = new Map<string, Assembly>();
  /** Bodies are decoded one after the other: the signatures of the first are verified while the next is decoded. */
  #decoding: Promise<unknown> = Promise.resolve();
  /** Whole blocks on their way to the store, as this node made them or a member gave them. */
  readonly #storing = new Set<string>();
  #isStopped = false;

  constructor(parts: BlockImportParts) {
    this.#parts = parts;
  }

  /** True while a block's body is expected soon from the sender of its gossip, or is on its way to the store. */
  isUnderWay(hash: Uint8Array): boolean {
    const hex = toHex(hash);
    return this.#assembling.get(hex)?.isLate === false || this.#storing.has(hex);
  }

  /** The engine lets a block be passed on. True when gossip itself does it, with the message that is being judged. */
  noteRelay(hash: Uint8Array): boolean {
    const assembly = this.#assembling.get(toHex(hash));
    if (assembly === undefined) return false;
    assembly.isRelayed = true;
    return true;
  }

  /** A compact block from a peer. It is passed on when the engine says so, which it does before the block is executed. */
  async gossiped(data: Uint8Array, from: PeerId): Promise<GossipVerdict> {
    const compact = decodeCompactBlock(data);
    if (!compact.ok) return this.#refuse(from, compact.error.code, compact.error.detail);
    const { sealed } = compact.value;
    if (this.#assembling.has(sealed.hashHex) || !this.#hasRoom(from)) return 'ignore';
    const assembly = beginAssembly(from);
    this.#assembling.set(sealed.hashHex, assembly);
    try {
      if (await this.#parts.chain.hadBody(sealed.hash)) return 'ignore';
      const verdict = await this.#import(compact.value, assembly);
      return verdict === 'ignore' && assembly.isRelayed ? 'accept' : verdict;
    } finally {
      this.#assembling.delete(sealed.hashHex);
      this.#parts.onAssembled();
    }
  }

  /** Headers in order, as the answer of a peer. False when one of them was refused, so that there is no use in asking for more. */
  importHeaders(headers: readonly SealedHeader[], from: PeerId): Promise<boolean> {
    return this.#importHeaders({ headers, from, isAnswer: true });
  }

  async #importHeaders({ headers, from, isAnswer }: HeadersOfPeer): Promise<boolean> {
    const unknown = headers.filter(sealed => this.#parts.driver.engine.header(sealed.hash) === null);
    for (const sealed of unknown) {
      const fault = this.#sealFault(sealed);
      if (fault) {
        this.#refuse(from, fault.code, fault.detail);
        return false;
      }
    }
    const checks = unknown.map(sealed => producerCheck(this.#parts.chainId, sealed));
    const answers = this.#isTrusted(from) ? [] : await this.#parts.verifier.verify(checks);
    if (isEnforced('producer signature') && answers.includes(false)) {
      this.#refuse(from, 'BAD_PRODUCER_SIGNATURE', 'a header with a bad signature of its producer');
      return false;
    }
    const { driver, clock } = this.#parts;
    const effects = driver.dispatch({ type: 'headers', now: clock.now(), from, headers, isAnswer });
    return !blames(effects, from);
  }

  /** A body that was asked for; several may be under way at a time. False when it is not the body of that header. */
  async importBody(hash: Uint8Array, bytes: Uint8Array, from: PeerId): Promise<boolean> {
    const sealed = this.#parts.driver.engine.header(hash);
    if (sealed === null) return true;
    const body = await this.#decode(bytes);
    if (!body.ok) {
      this.#refuse(from, body.error.code, body.error.detail);
      return false;
    }
    if (this.#isTrusted(from)) this.#parts.signatures.vouch(body.value);
    const outcome = await this.#complete({ ...sealed, transactions: body.value }, 'peer-block');
    if (outcome === 'other body') {
      this.#refuse(from, 'BAD_TRANSACTIONS_ROOT', 'transactions of another block');
      return false;
    }
    this.#assembling.get(sealed.hashHex)?.end();
    return true;
  }

  /** A block of this node's own producer. */
  async mined(block: Block): Promise<void> {
    this.#storing.add(block.hashHex);
    try {
      this.#tellHeaders([block], null);
      await this.#complete(block, 'own-block');
    } finally {
      this.#storing.delete(block.hashHex);
    }
  }

  /** A whole block, from a peer that is trusted. */
  async given(bytes: Uint8Array, from: PeerId): Promise<void> {
    const whole = decodeWholeBlock(bytes);
    if (!whole.ok) {
      this.#refuse(from, whole.error.code, whole.error.detail);
      return;
    }
    const { sealed, body } = whole.value;
    if (this.#storing.has(sealed.hashHex)) return;
    this.#storing.add(sealed.hashHex);
    try {
      const isGood = await this.#importHeaders({ headers: [sealed], from, isAnswer: false });
      if (isGood) await this.importBody(sealed.hash, body, from);
    } finally {
      this.#storing.delete(sealed.hashHex);
      this.#parts.onAssembled();
    }
  }

  /** Nothing more is expected of any sender. */
  stop(): void {
    this.#isStopped = true;
    for (const assembly of this.#assembling.values()) assembly.end();
  }

  #decode(bytes: Uint8Array): Promise<Result<readonly Transaction[]>> {
    const decoded = this.#decoding.then(() => inSlices(this.#parts.clock, decodeBodyInSteps(bytes)));
    this.#decoding = decoded.catch(() => {});
    return decoded;
  }

  #hasRoom(from: PeerId): boolean {
    if (this.#isStopped || this.#assembling.size >= assembliesMax) return false;
    const theirs = [...this.#assembling.values()].filter(assembly => assembly.from === from);
    return theirs.length < assembliesPerPeerMax;
  }

  /** `reject` and its price, or `ignore`; whether the block is passed on the engine says meanwhile (`noteRelay`). */
  async #import({ sealed, witnessIds }: CompactBlock, assembly: Assembly): Promise<'reject' | 'ignore'> {
    const { from } = assembly;
    const known = this.#parts.driver.engine.header(sealed.hash);
    // The first valid copy is kept: another signature under the same hash is neither checked nor passed on.
    if (known !== null && !equalBytes(known.signature, sealed.signature)) return 'ignore';
    if (known === null) {
      const fault = this.#sealFault(sealed);
      if (fault) return this.#refuse(from, fault.code, fault.detail);
      const [isSigned] = await this.#parts.verifier.verify([producerCheck(this.#parts.chainId, sealed)]);
      if (isEnforced('producer signature') && !isSigned)
        return this.#refuse(from, 'BAD_PRODUCER_SIGNATURE', `block ${sealed.hashHex}`);
      const effects = this.#tellHeaders([sealed], from);
      if (blames(effects, from)) return 'reject';
      if (this.#parts.driver.engine.header(sealed.hash) === null) return 'ignore';
    }
    const isRoot = equalBytes(merkleRoot(witnessIds), sealed.header.transactionsRoot);
    if (isEnforced('A-B1 transactions') && !isRoot) {
      return this.#refuse(from, 'BAD_TRANSACTIONS_ROOT', `block ${sealed.hashHex}: ids that do not give its root`);
    }
    const transactions = await this.#gather(sealed, witnessIds, assembly);
    if (transactions !== null) await this.#complete({ ...sealed, transactions }, 'peer-block');
    return 'ignore';
  }

  /** The block's transactions, from the mempool and for the rest from its sender; null when that is not what brings them. */
  async #gather(
    sealed: SealedHeader,
    witnessIds: readonly Uint8Array[],
    assembly: Assembly,
  ): Promise<Transaction[] | null> {
    const found = witnessIds.map(witnessId => this.#parts.mempool.byWitnessId(toHex(witnessId)));
    const missing = witnessIds.filter((_, index) => found[index] === null);
    if (missing.length === 0) return found.filter(transaction => transaction !== null);
    const fetched = await this.#fetchInTime(sealed.hash, missing, assembly);
    if (fetched === null) return null;
    const rest = fetched.values();
    const all = found.map(transaction => transaction ?? rest.next().value ?? null);
    return all.every(transaction => transaction !== null) ? all : null;
  }

  /**
   * What the sender gives. When it gives nothing, or not soon, others are asked, and their body is waited for as well: only what is still
   * being judged can be passed on, for gossip sends nothing twice. So who withholds a block does not keep it from those behind this node.
   */
  async #fetchInTime(
    block: Uint8Array,
    witnessIds: readonly Uint8Array[],
    assembly: Assembly,
  ): Promise<Transaction[] | null> {
    const { clock, onWithheld } = this.#parts;
    const askOthers = () => {
      if (assembly.isLate) return;
      assembly.isLate = true;
      onWithheld(block, assembly.from);
    };
    const cancels = [clock.setTimer(senderAloneMs, askOthers), clock.setTimer(transactionsTimeoutMs, assembly.end)];
    const fetching = this.#fetch(block, witnessIds, assembly.from).then(fetched => {
      if (fetched === null) askOthers();
      return fetched ?? assembly.ended;
    });
    try {
      return await Promise.race([fetching, assembly.ended]);
    } finally {
      for (const cancel of cancels) cancel();
    }
  }

  /**
   * Transactions of a block from a peer that passed it on, in that order; null when it does not give them. Withholding them costs the
   * peer, and so does an answer that is not one; that it left, or lacks a transaction, does not.
   */
  async #fetch(block: Uint8Array, witnessIds: readonly Uint8Array[], from: PeerId): Promise<Transaction[] | null> {
    const answer = await this.#ask(from, encodeRequest({ type: 'getTransactions', block, witnessIds }));
    if (answer === null) return null;
    const decoded = decodeTransactions(answer);
    if (!decoded.ok || decoded.value.length !== witnessIds.length) {
      const lie = decoded.ok ? `${decoded.value.length} transactions for ${witnessIds.length}` : decoded.error.detail;
      this.#refuse(from, 'BAD_MESSAGE', lie);
      return null;
    }
    const wantedHex = witnessIds.map(toHex);
    const fetched = decoded.value.filter(transaction => transaction !== null);
    if (fetched.length < witnessIds.length) return null;
    if (fetched.every(({ witnessIdHex }, index) => witnessIdHex === wantedHex[index])) return fetched;
    this.#refuse(from, 'BAD_TRANSACTIONS_ROOT', 'transactions that were not asked for');
    return null;
  }

  /** Null when there is no answer. */
  async #ask(from: PeerId, request: Uint8Array): Promise<Uint8Array | null> {
    const { network } = this.#parts;
    try {
      return await network.request(from, request, transactionsTimeoutMs);
    } catch (error) {
      if (error instanceof KvchainError && error.code === 'PEER_TIMEOUT' && error.cause === undefined)
        network.penalize(from, error.code, 'transactions of a block that it passed on');
      return null;
    }
  }

  /**
   * Checks a whole block without state, stores it and tells the engine. `other body`: the transactions are not this header's, which says
   * nothing of the header. `invalid`: they are, and break a rule, so the block is invalid for ever.
   */
  async #complete(block: Block, name: 'own-block' | 'peer-block'): Promise<'kept' | 'other body' | 'invalid'> {
    const { genesis, chainId, driver, clock, chain, signatures, peerBodies, trust } = this.#parts;
    const rules = { chainId, params: paramsAt(genesis, block.header.height) };
    const checked = await inSlices(clock, validateBodyInSteps(block, rules)); // A-B1, what needs no state
    if (!checked.ok && checked.error.code === 'BAD_TRANSACTIONS_ROOT') return 'other body';
    const sealed = checked.ok ? this.#checkBodySeal(block) : checked;
    const isSigned = sealed.ok && (!isEnforced('A-B1 signatures') || (await signatures.allVerify(block.transactions)));
    if (!isSigned) {
      const code: ErrorCode = sealed.ok ? 'BAD_TRANSACTION' : sealed.error.code;
      driver.dispatch({ type: 'invalid', now: clock.now(), hash: block.hash, code });
      return 'invalid';
    }
    const record = driver.engine.treeRecord(block.hash);
    if (record === null) return 'kept';
    const stored = chain.putBlock(block, record, { name, durability: name === 'own-block' ? 'durable' : peerBodies });
    // Where others' word is not trusted, they hear of a block when it is on stable storage.
    if (trust === null) await stored;
    this.#parts.onStored(block.hash);
    driver.dispatchBody(block.hash, stored);
    await stored;
    return 'kept';
  }

  /** What the header says of its body beside the roots, where the engine has it say something. */
  #checkBodySeal({ header, transactions }: Block): Result<null> {
    const seal = this.#parts.driver.engine.bodySeal(paramsAt(this.#parts.genesis, header.height));
    return seal?.check(header, transactions) ?? accept(null);
  }

  #tellHeaders(headers: readonly SealedHeader[], from: PeerId | null): readonly RunningEffect[] {
    const { driver, clock } = this.#parts;
    return driver.dispatch({ type: 'headers', now: clock.now(), from, headers });
  }

  #sealFault(sealed: SealedHeader): { readonly code: ErrorCode; readonly detail: string } | null {
    const shape = validateHeaderShape(sealed);
    if (!shape.ok) return shape.error;
    const params = paramsAt(this.#parts.genesis, sealed.header.height);
    const checked = this.#parts.driver.engine.checkSeal(sealed, params);
    return checked.ok ? null : checked.error;
  }

  #isTrusted(peer: PeerId): boolean {
    return this.#parts.trust?.isTrusted(peer) === true;
  }

  #refuse(peer: PeerId, code: ErrorCode, detail: string): 'reject' {
    if (isEnforced('A-H1')) this.#parts.network.penalize(peer, code, detail);
    return 'reject';
  }
}

/** Not every penalty is for who spoke last: a header may complete what another peer told before. */
function blames(effects: readonly RunningEffect[], peer: PeerId): boolean {
  return effects.some(effect => effect.type === 'penalize' && effect.peer === peer);
}

function beginAssembly(from: PeerId): Assembly {
  let end = () => {};
  const ended = new Promise<null>(resolve => {
    end = () => resolve(null);
  });
  return { from, isRelayed: false, isLate: false, ended, end };
}
