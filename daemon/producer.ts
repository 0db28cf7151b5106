/**
 * Makes blocks: builds a template on the engine's order, and sends the sealed block down the same road as everyone's. Where the nonce is
 * searched, the miner does that while it is switched on, and the template is rebuilt from time to time with what the mempool has by then
 * and the time that it is. Where there is nothing to search, the block is made at once whenever the engine orders one. An order that
 * nothing can be made of yet waits for the news of the mempool and the ledger; one on blocks that are not applied yet for 20 ms at most.
 */
import { failpoint } from '#failpoint';
import { type Block, contentHash, producerDigest, seal, sealedHeaderBytesMax } from '../chain/block.ts';
import { type Genesis, type Params, paramsAt } from '../chain/genesis.ts';
import { zeroHash } from '../chain/hash.ts';
import type { Mempool } from '../chain/mempool.ts';
import { decodeBits, targetToBytes } from '../chain/target.ts';
import type { Signer } from '../chain/transaction.ts';
import type { BodySeal, Template } from '../consensus/engine.ts';
import type { Candidate, LedgerWriter, OwnBlock, PrepareOrder } from './ledger-writer.ts';
import { inSlices } from './pace.ts';
import type { Clock, Miner, Random } from './ports.ts';

/** Between two templates on the same parent: a tenth of the target interval, but at least this. */
const rebuildMsMin = 250;
/** Building takes one part in so many of the time, unless the template would be older than a target interval by then. */
const rebuildRest = 10;
/** But the next building waits at least so many times as long as the last one took. */
const rebuildRestMin = 2;
/**
 * A block on one that is not applied yet, unless it is full, is made so long after the order for it. Where agreeing takes less it is made when
 * the one below is applied, and holds more: small blocks cost the processor as much as large ones.
 */
const aheadMs = 20;

export interface ProducerParts {
  readonly genesis: Genesis;
  readonly chainId: Uint8Array;
  /** Signs the blocks, which name its key. */
  readonly signer: Signer;
  readonly ledger: LedgerWriter;
  readonly mempool: Mempool;
  readonly miner: Miner;
  readonly clock: Clock;
  readonly random: Random;
  /** What headers say of their bodies, which has to be searched for. */
  readonly bodySeal: (params: Params) => BodySeal | null;
  /** Takes a found block. */
  readonly onBlock: (block: Block) => Promise<void>;
  readonly onFault: (error: unknown) => void;
}

export class Producer {
  readonly #parts: ProducerParts;
  #template: Template | null = null;
  /** The order was carried out: it is for one block. */
  #isSealed = false;
  #isRunning = false;
  /** Nothing could be made of the order as things stood. */
  #isWaiting = false;
  /** Something changed while a template was being built. */
  #hasNews = false;
  /** Counts templates: a search that was begun for an older one is over. */
  #generation = 0;
  #cancelRebuild: (() => void) | null = null;
  #blocksFound = 0;
  /** How long the last template took. */
  #buildMs = 0;
  /** Of the monotonic clock, when the order came. */
  #orderedAt = 0;

  constructor(parts: ProducerParts) {
    this.#parts = parts;
  }

  /** Whether nonces may be searched. */
  get isRunning(): boolean {
    return this.#isRunning;
  }

  get blocksFound(): number {
    return this.#blocksFound;
  }

  /** Compressed public key that the blocks name. */
  get publicKey(): Uint8Array {
    return this.#parts.signer.publicKey;
  }

  /** What the engine demands of the next block; null before its first order. */
  get template(): Template | null {
    return this.#template;
  }

  /** The engine's order: the next block comes on this parent. What was searched before is dropped at once. */
  mine(template: Template): void {
    this.#template = template;
    this.#isSealed = false;
    this.#orderedAt = this.#parts.clock.monotonic();
    this.#stopSearch();
    this.#build();
  }

  /** The engine has nothing to be mined. */
  drop(): void {
    this.#template = null;
    this.#stopSearch();
  }

  /** Lets nonces be searched, which costs work; a block without one needs no leave. */
  start(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#build();
  }

  /** Ends the search. */
  stop(): void {
    this.#isRunning = false;
    if (this.#template?.nonce !== 'zeros') this.#stopSearch();
  }

  /** The mempool has something new, or the ledger moved: an order that waits for that is tried again. A search is renewed in its time. */
  onNews(): void {
    this.#hasNews = true;
    if (this.#isWaiting) this.#build();
  }

  #scheduleRebuild(): void {
    const { targetMs } = this.#params();
    const restMs = Math.min(rebuildRest * this.#buildMs, Math.max(targetMs, rebuildRestMin * this.#buildMs));
    this.#buildAfter(Math.max(targetMs / 10, rebuildMsMin, restMs));
  }

  #buildAfter(afterMs: number): void {
    this.#cancelRebuild?.();
    this.#cancelRebuild = this.#parts.clock.setTimer(afterMs, () => this.#build());
  }

  #stopSearch(): void {
    this.#generation += 1;
    this.#isWaiting = false;
    this.#cancelRebuild?.();
    this.#cancelRebuild = null;
    this.#parts.miner.stop();
  }

  /** The search for an older template on the same parent goes on until the new one stands. */
  #build(): void {
    const template = this.#template;
    if (template === null || this.#isSealed || !(this.#isRunning || template.nonce === 'zeros')) return;
    // What was set for later is done now: two at a time would each make a block.
    this.#cancelRebuild?.();
    this.#cancelRebuild = null;
    this.#hasNews = false;
    this.#isWaiting = false;
    this.#buildOn(template).catch(this.#parts.onFault);
  }

  async #buildOn(template: Template): Promise<void> {
    const generation = this.#generation;
    const candidate = await this.#prepare(template).catch(error => {
      this.#parts.onFault(error);
      return null;
    });
    if (generation !== this.#generation) return;
    if (candidate !== null) this.#sealNonce(template, candidate);
    else if (this.#hasNews) this.#build();
    else this.#isWaiting = true;
  }

  /** Null when nothing can be made of the order now: nobody wants anything, or its parent is neither the head nor a block of this node above it. */
  async #prepare(template: Template): Promise<Candidate | null> {
    const { ledger, clock } = this.#parts;
    const begin = clock.monotonic();
    const below = ledger.ahead(template.parent);
    if (below === null) return null;
    const restMs = this.#restMs(below);
    if (restMs > 0) {
      this.#buildAfter(restMs);
      return null;
    }
    const transactions = this.#pick(template, below);
    const isTooEarly = (waiting: readonly unknown[]) => template.when === 'transactions wait' && waiting.length === 0;
    if (isTooEarly(transactions)) return null;
    failpoint('before', 'block-assembly');
    const order: PrepareOrder = {
      producer: this.publicKey,
      time: Math.max(template.timeMin, clock.now()),
      transactions,
      // On a busy node slices come seldom, and while the first template on a parent is filled nothing is mined.
      addingMs: this.#params().targetMs,
    };
    const candidate = await ledger.prepare(template, order);
    this.#buildMs = clock.monotonic() - begin;
    if (candidate === null || isTooEarly(candidate.transactions)) return null;
    return this.#sealBody(template, order, candidate);
  }

  /** The candidate with what its header says of its body, which may take long: null when another order came meanwhile. */
  async #sealBody(template: Template, order: PrepareOrder, candidate: Candidate): Promise<Candidate | null> {
    const { ledger, clock, random } = this.#parts;
    const seal = this.#parts.bodySeal(this.#params());
    if (seal === null) return candidate;
    const generation = this.#generation;
    const seed = new DataView(random.bytes(8).buffer).getBigUint64(0);
    const search = seal.search(template, candidate.transactions, seed);
    const extension = await inSlices(
      clock,
      whileSo(search, () => generation === this.#generation),
    );
    return extension === null ? null : ledger.prepare({ ...template, extension }, order);
  }

  #sealNonce(template: Template, candidate: Candidate): void {
    failpoint('after', 'block-assembly');
    if (template.nonce === 'zeros') {
      this.#isSealed = true;
      this.#found(candidate, zeroHash);
      return;
    }
    const target = decodeBits(template.bits);
    if (target === null) return;
    const content = contentHash(candidate.header);
    this.#parts.miner.search({ contentHash: content, target: targetToBytes(target) }, nonce =>
      this.#found(candidate, nonce),
    );
    this.#scheduleRebuild();
  }

  #found(candidate: Candidate, nonce: Uint8Array): void {
    const unsigned = seal(candidate.header, nonce, new Uint8Array(64));
    const signature = this.#parts.signer.sign(producerDigest(this.#parts.chainId, unsigned.hash));
    this.#blocksFound += 1;
    this.#stopSearch();
    // The engine orders the next one as soon as it stands on this one; should it refuse this one, the search goes on.
    if (!this.#isSealed) this.#scheduleRebuild();
    const block: Block = { ...seal(candidate.header, nonce, signature), transactions: candidate.transactions };
    this.#parts.onBlock(block).catch(this.#parts.onFault);
  }

  /** How long a block on these, which are not applied yet, is put off: not when as many transactions wait as fit by their number. */
  #restMs(below: readonly OwnBlock[]): number {
    const { mempool, clock } = this.#parts;
    if (below.length === 0) return 0;
    const held = below.reduce((sum, { block }) => sum + block.transactions.length, 0);
    const { count, gapped } = mempool.stats();
    const isFull = count - gapped - held >= this.#params().blockTransactionsMax;
    return isFull ? 0 : this.#orderedAt + aheadMs - clock.monotonic();
  }

  /** The best transactions that fit beside a header and are not in the blocks below. */
  #pick(template: Template, below: readonly OwnBlock[]) {
    const params = this.#params();
    return this.#parts.mempool.select({
      bytesMax: params.blockBytesMax - sealedHeaderBytesMax,
      transactionsMax: params.blockTransactionsMax,
      operationsMax: params.blockOperationsMax,
      height: template.height,
      without: new Set(below.flatMap(({ block }) => block.transactions)),
    });
  }

  #params() {
    return paramsAt(this.#parts.genesis, this.#template?.height ?? this.#parts.ledger.head.header.height + 1);
  }
}

/** The steps as long as the condition holds; null when it ceased to hold. */
function* whileSo<T>(
  steps: Generator<undefined, T, undefined>,
  isSo: () => boolean,
): Generator<undefined, T | null, undefined> {
  for (let step = steps.next(); ; step = steps.next()) {
    if (step.done) return step.value;
    if (!isSo()) return null;
    yield;
  }
}
