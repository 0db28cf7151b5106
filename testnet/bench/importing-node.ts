/**
 * One whole node over a real database and real verifier threads, in this process, and a peer that has the chain: headers and bodies come
 * by the road of synchronisation, only without sockets.
 */

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { toHex } from '../../chain/bytes.ts';
import { chainIdOf, type Genesis } from '../../chain/genesis.ts';
import { signerOf } from '../../chain/transaction.ts';
import { WorkerVerifier } from '../../daemon/crypto/worker-verifier.ts';
import { chainFolder, recordsFile } from '../../daemon/data-folder.ts';
import { Node } from '../../daemon/node.ts';
import type { Miner, Network, NetworkHandlers, PeerId, Store } from '../../daemon/ports.ts';
import { isSnapshotRequest } from '../../daemon/snapshot-wire.ts';
import { openLevelStore } from '../../daemon/store/level-store.ts';
import { openRecordLog } from '../../daemon/store/record-log.ts';
import { serve } from '../../daemon/sync-server.ts';
import { systemClock, systemRandom } from '../../daemon/system.ts';
import { decodeRequest, encodeStatus, workToBytes } from '../../daemon/wire.ts';
import type { ChainMaker } from './chain-maker.ts';

const noMiner: Miner = {
  search() {},
  stop() {},
  configure() {},
  status: () => ({ threads: 0, hashRate: 0, rateMax: null }),
  close: async () => {},
};

export class ImportingNode {
  readonly node: Node;
  readonly #source: ChainSource;
  readonly #closers: readonly (() => Promise<unknown>)[];
  readonly #fatal: Promise<never>;

  private constructor(
    node: Node,
    rest: { source: ChainSource; closers: (() => Promise<unknown>)[]; fatal: Promise<never> },
  ) {
    this.node = node;
    this.#source = rest.source;
    this.#closers = rest.closers;
    this.#fatal = rest.fatal;
  }

  /** Opens the node in a data folder, which a daemon can take over after `close`. */
  static async open(dataDir: string, maker: ChainMaker): Promise<ImportingNode> {
    await mkdir(dataDir, { recursive: true, mode: 0o700 });
    const { genesis } = maker;
    const source = new ChainSource(maker);
    const store: Store = await openLevelStore({
      folder: join(dataDir, chainFolder),
      chainIdHex: toHex(chainIdOf(genesis)),
    });
    const log = await openRecordLog({ file: join(dataDir, recordsFile), onTornTail: () => {} });
    let halt: (error: unknown) => void = () => {};
    const fatal = new Promise<never>((_, reject) => {
      halt = reject;
    });
    const verifier = new WorkerVerifier({ onFallback: reason => halt(new Error(reason)) });
    const node = await Node.open(
      {
        genesis,
        signer: signerOf(new Uint8Array(32).fill(1)),
        onFatal: halt,
        onFault: halt,
        onTrace: () => {},
        pruning: null,
      },
      { network: source, store, log, clock: systemClock, random: systemRandom, verifier, miner: noMiner },
    );
    await node.start();
    const closers = [() => node.stop(), () => verifier.close(), () => log.close(), () => store.close()];
    return new ImportingNode(node, { source, closers, fatal });
  }

  /** Fetches and applies all that the maker has by now. Milliseconds until the last block is on stable storage. */
  async catchUp(height: number): Promise<number> {
    const begin = performance.now();
    const reached = new Promise<void>(resolve => {
      const stop = this.node.events.subscribe(event => {
        if (event.type !== 'head' || event.height < height) return;
        stop();
        resolve();
      });
    });
    this.#source.appear();
    await Promise.race([reached, this.#fatal]);
    return performance.now() - begin;
  }

  async close(): Promise<void> {
    for (const close of this.#closers) await close();
  }
}

/** The network of a node whose only peer has the maker's chain. */
class ChainSource implements Network {
  readonly self: PeerId = 'self';
  readonly #maker: ChainMaker;
  readonly #genesis: Genesis;
  #handlers: NetworkHandlers | null = null;
  #peers = 0;

  constructor(maker: ChainMaker) {
    this.#maker = maker;
    this.#genesis = maker.genesis;
  }

  async start(handlers: NetworkHandlers): Promise<void> {
    this.#handlers = handlers;
  }

  /** A new peer that claims more work than anybody; the one before is gone. */
  appear(): void {
    const handlers = this.#handlers;
    if (handlers === null) throw new Error('the network is not started');
    if (this.#peers > 0) handlers.onPeerGone(`peer ${this.#peers}`);
    this.#peers += 1;
    const peer = `peer ${this.#peers}`;
    const status = encodeStatus({
      chainId: chainIdOf(this.#genesis),
      engine: 'pow',
      headHash: new Uint8Array(32),
      headHeight: this.#maker.height,
      work: workToBytes(2n ** 200n),
      finalHeight: 0,
      blocksFrom: 1,
      addresses: [],
      memberProof: null,
      certificate: null,
    });
    if (handlers.onStatus(peer, status) !== null) throw new Error('the source is refused');
    handlers.onPeer(peer);
  }

  async request(_peer: PeerId, data: Uint8Array): Promise<Uint8Array> {
    const request = decodeRequest(data);
    if (!request.ok || isSnapshotRequest(request.value)) throw new Error('the node asks for what is not here');
    return serve(this.#maker.chain, request.value);
  }

  penalize(_peer: PeerId, code: string, detail: string): void {
    throw new Error(`the source is penalised: ${code} ${detail}`);
  }

  strangers() {
    return 0;
  }
  async addPeer(): Promise<PeerId> {
    return this.self;
  }

  async publish(): Promise<void> {}
  send(): void {}
  peers() {
    return [];
  }
  addresses() {
    return [];
  }
  async removePeer(): Promise<void> {}
  async stop(): Promise<void> {}
}
