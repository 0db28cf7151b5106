/**
 * The victim's peer: a whole node in this process, over real sockets, that is never killed. It mines, so that blocks come and branches
 * race; it asks for headers; and on order it sends a block that is found invalid only when it is executed.
 */

import { type Block, blockHash, contentHash, producerDigest, seal } from '../../chain/block.ts';
import { toHex } from '../../chain/bytes.ts';
import type { Genesis } from '../../chain/genesis.ts';
import { publicKeyOf, sign } from '../../chain/keys.ts';
import { decodeBits, hashMeetsTarget } from '../../chain/target.ts';
import { signerOf } from '../../chain/transaction.ts';
import { InlineVerifier } from '../../daemon/crypto/inline-verifier.ts';
import { WorkerMiner } from '../../daemon/mining/worker-miner.ts';
import { Node } from '../../daemon/node.ts';
import type { Miner } from '../../daemon/ports.ts';
import { MemoryStore } from '../../daemon/store/memory-store.ts';
import { MemoryLog } from '../../daemon/store/record-log.ts';
import { systemClock, systemRandom } from '../../daemon/system.ts';
import { encodeCompactBlock, encodeRequest } from '../../daemon/wire.ts';
import { openBareNetwork } from '../bare-network.ts';

/** A fifth of what is tried in the network, so that most blocks are the victim's. */
const hashesPerSecond = 1_500;
const requestTimeoutMs = 2_000;

export class Companion {
  readonly #node: Node;
  readonly #miner: Miner;
  readonly #secretKey: Uint8Array;

  private constructor(node: Node, miner: Miner, secretKey: Uint8Array) {
    this.#node = node;
    this.#miner = miner;
    this.#secretKey = secretKey;
  }

  /** Starts it; `onFault` is told of whatever goes wrong in it. */
  static async start(genesis: Genesis, onFault: (error: unknown) => void): Promise<Companion> {
    const identity = systemRandom.bytes(32);
    const network = await openBareNetwork({ genesis, identity, address: '127.0.0.1', bootstrap: [] });
    const miner = new WorkerMiner({ threads: 1, rateMax: hashesPerSecond, onSwitch: () => {}, onFault });
    const secretKey = systemRandom.bytes(32);
    const node = await Node.open(
      { genesis, signer: signerOf(secretKey), pruning: null, onFatal: onFault, onFault, onTrace: () => {} },
      {
        network,
        miner,
        store: new MemoryStore(),
        log: new MemoryLog(),
        clock: systemClock,
        random: systemRandom,
        verifier: new InlineVerifier(),
      },
    );
    await node.start();
    node.producer.start();
    return new Companion(node, miner, secretKey);
  }

  get address(): string {
    return this.#node.ports.network.addresses()[0] ?? '';
  }

  /** Its identity in the network. */
  get id(): string {
    return this.#node.ports.network.self;
  }

  get height(): number {
    return this.#node.ledger.head.header.height;
  }

  get head(): { readonly hash: string; readonly stateRoot: string } {
    const { hashHex, header } = this.#node.ledger.head;
    return { hash: hashHex, stateRoot: toHex(header.stateRoot) };
  }

  /** A block that it has, canonical or not. */
  block(hash: Uint8Array): Promise<Block | null> {
    return this.#node.chain.block(hash);
  }

  stopMining(): void {
    this.#node.producer.stop();
  }

  /** Asks whoever is connected for headers. A peer that dies meanwhile is what this is for. */
  async ask(): Promise<void> {
    const { network } = this.#node.ports;
    const request = encodeRequest({ type: 'getHeaders', locator: [this.#node.ledger.head.hash], limit: 1 });
    await Promise.allSettled(network.peers().map(({ id }) => network.request(id, request, requestTimeoutMs)));
  }

  /** Sends a block with true work, a true signature and a wrong stateRoot on the head. */
  async sendInvalidBlock(): Promise<void> {
    const { template } = this.#node.producer;
    if (template === null) return;
    const time = Math.max(template.timeMin, systemClock.now());
    const order = { producer: publicKeyOf(this.#secretKey), time, transactions: [] };
    const candidate = await this.#node.ledger.prepare(template, order);
    if (candidate === null) return;
    const block = this.#mine({ ...candidate.header, stateRoot: systemRandom.bytes(32) });
    await this.#node.ports.network.publish('blocks', encodeCompactBlock(block, []));
  }

  async stop(): Promise<void> {
    await this.#node.stop();
    await this.#miner.close();
  }

  #mine(header: Block['header']): Block {
    const content = contentHash(header);
    const target = decodeBits(header.bits) ?? 0n;
    let nonce = systemRandom.bytes(32);
    while (!hashMeetsTarget(blockHash(content, nonce), target)) nonce = systemRandom.bytes(32);
    const signature = sign(producerDigest(this.#node.chainId, blockHash(content, nonce)), this.#secretKey);
    return { ...seal(header, nonce, signature), transactions: [] };
  }
}
