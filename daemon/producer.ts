/**
 * Makes blocks: builds a template on the engine's order, lets the miner search its nonce, rebuilds it from time to time with what the
 * mempool has by then and the time that it is, and sends what is found down the same road as everyone's blocks.
 */
import { failpoint } from '#failpoint';
import { type Block, contentHash, producerDigest, seal, sealedHeaderBytesMax } from '../chain/block.ts';
import { type Genesis, paramsAt } from '../chain/genesis.ts';
import type { Mempool } from '../chain/mempool.ts';
import { decodeBits, targetToBytes } from '../chain/target.ts';
import type { Signer } from '../chain/transaction.ts';
import type { Template } from '../consensus/engine.ts';
import type { Candidate, LedgerWriter } from './ledger-writer.ts';
import type { Clock, Miner } from './ports.ts';

/** Between two templates on the same parent: a tenth of the target interval, but at least this. */
const rebuildMsMin = 250;
/** Building takes one part in so many of the time, unless the template would be older than a target interval by then. */
const rebuildRest = 10;
/** But the next building waits at least so many times as long as the last one took. */
const rebuildRestMin = 2;

export interface ProducerParts {
  readonly genesis: Genesis;
  readonly chainId: Uint8Array;
  /** Signs the blocks, which name its key. */
  readonly signer: Signer;
  readonly ledger: LedgerWriter;
  readonly mempool: Mempool;
  readonly miner: Miner;
  readonly clock: Clock;
  /** Takes a found block. */
  readonly onBlock: (block: Block) => Promise<void>;
  readonly onFault: (error: unknown) => void;
}

export class Producer {
  readonly #parts: ProducerParts;
  #template: Template | null = null;
  #isRunning = false;
  /** Counts templates: a search that was begun for an older one is over. */
  #generation = 0;
  #cancelRebuild: (() => void) | null = null;
  #blocksFound = 0;
  /** How long the last template took. */
  #buildMs = 0;

  constructor(parts: ProducerParts) {
    this.#parts = parts;
  }

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
    this.#stopSearch();
    this.#build();
  }

  /** The engine has nothing to be mined. */
  drop(): void {
    this.#template = null;
    this.#stopSearch();
  }

  start(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#build();
  }

  stop(): void {
    this.#isRunning = false;
    this.#stopSearch();
  }

  #scheduleRebuild(): void {
    const { targetMs } = this.#params();
    const restMs = Math.min(rebuildRest * this.#buildMs, Math.max(targetMs, rebuildRestMin * this.#buildMs));
    const afterMs = Math.max(targetMs / 10, rebuildMsMin, restMs);
    this.#cancelRebuild = this.#parts.clock.setTimer(afterMs, () => this.#build());
  }

  #stopSearch(): void {
    this.#generation += 1;
    this.#cancelRebuild?.();
    this.#cancelRebuild = null;
    this.#parts.miner.stop();
  }

  /** The search for an older template on the same parent goes on until the new one stands. */
  #build(): void {
    const template = this.#template;
    if (!this.#isRunning || template === null) return;
    const generation = this.#generation;
    this.#search(template, generation)
      .catch(this.#parts.onFault)
      .finally(() => {
        if (generation === this.#generation) this.#scheduleRebuild();
      });
  }

  async #search(template: Template, generation: number): Promise<void> {
    const { ledger, miner, clock } = this.#parts;
    const begin = clock.monotonic();
    failpoint('before', 'block-assembly');
    const candidate = await ledger.prepare(template, {
      producer: this.publicKey,
      time: Math.max(template.timeMin, clock.now()),
      transactions: this.#pick(template),
      // On a busy node slices come seldom, and while the first template on a parent is filled nothing is mined.
      addingMs: this.#params().targetMs,
    });
    this.#buildMs = clock.monotonic() - begin;
    const target = decodeBits(template.bits);
    if (candidate === null || target === null || generation !== this.#generation) return;
    failpoint('after', 'block-assembly');
    const content = contentHash(candidate.header);
    miner.search({ contentHash: content, target: targetToBytes(target) }, nonce => this.#found(candidate, nonce));
  }

  #found(candidate: Candidate, nonce: Uint8Array): void {
    const unsigned = seal(candidate.header, nonce, new Uint8Array(64));
    const signature = this.#parts.signer.sign(producerDigest(this.#parts.chainId, unsigned.hash));
    this.#blocksFound += 1;
    this.#stopSearch();
    // The engine orders the next one as soon as it stands on this one; should it refuse this one, the search goes on.
    this.#scheduleRebuild();
    const block: Block = { ...seal(candidate.header, nonce, signature), transactions: candidate.transactions };
    this.#parts.onBlock(block).catch(this.#parts.onFault);
  }

  /** The best transactions that fit beside a header. */
  #pick(template: Template) {
    const params = this.#params();
    return this.#parts.mempool.select({
      bytesMax: params.blockBytesMax - sealedHeaderBytesMax,
      transactionsMax: params.blockTransactionsMax,
      operationsMax: params.blockOperationsMax,
      height: template.height,
    });
  }

  #params() {
    return paramsAt(this.#parts.genesis, this.#template?.height ?? this.#parts.ledger.head.header.height + 1);
  }
}
