/**
 * How a node joins from a snapshot instead of executing every block: before there is a ledger or an engine, it follows the headers,
 * takes the state at a block that is deep enough under their end, and leaves a store at which the node opens as one that has pruned
 * all below (docs/decisions/0018-snapshot-sync.md). What goes wrong on the way is taken away and begun again.
 */
import type { SealedHeader } from '../chain/block.ts';
import { equalBytes } from '../chain/bytes.ts';
import { KvchainError } from '../chain/errors.ts';
import { type Genesis, type Params, paramsAt } from '../chain/genesis.ts';
import { makeGenesisBlock } from '../chain/genesis-block.ts';
import type { HeightHash } from '../chain/layout.ts';
import { createEngine } from '../consensus/registry.ts';
import { ChainStore } from './chain-store.ts';
import { createChain } from './genesis-store.ts';
import type { NodePorts } from './node.ts';
import type { PeerId } from './ports.ts';
import { fetchState } from './snapshot-fetch.ts';
import { SnapshotHeaders, type Summit } from './snapshot-headers.ts';
import { SnapshotPeers } from './snapshot-peers.ts';
import { snapshotDepth, snapshotInterval } from './snapshot-shelf.ts';
import { discardSnapshot, isFresh, SnapshotStore } from './snapshot-store.ts';
import { decodeOffers } from './snapshot-wire.ts';

/** How long to wait before all begins again. */
const againMs = 10_000;

export type JoinStage = 'headers' | 'state' | 'again';

export interface JoinOrder {
  readonly genesis: Genesis;
  /** The network is started and stopped here: the node that follows needs one of its own. */
  readonly ports: Pick<NodePorts, 'network' | 'store' | 'clock' | 'verifier'>;
  readonly signal: AbortSignal;
  /** Told how far it has come: heights of headers, the share of the state in percent, or in words why all begins again. */
  readonly onProgress: (stage: JoinStage, at: number | string) => void;
}

export type JoinOutcome =
  /** The store stands at a snapshot now. */
  | { readonly type: 'joined'; readonly height: number }
  /** Nothing was done: the store holds a chain, or that of the network is too short for a snapshot. */
  | { readonly type: 'not needed'; readonly because: 'chain held' | 'short chain' };

/** Errors: BAD_CONFIG (an engine whose headers prove nothing), STOPPING, and what the store throws. */
export async function joinFromSnapshot(order: JoinOrder): Promise<JoinOutcome> {
  const chain = new ChainStore(order.ports.store);
  await discardSnapshot(chain);
  if (!(await isFresh(chain))) return { type: 'not needed', because: 'chain held' };
  const { genesis, signal } = order;
  const { network, clock } = order.ports;
  const peers = new SnapshotPeers({ genesis, network, clock, signal });
  const join = new SnapshotJoin(order, chain, peers);
  await peers.start();
  try {
    for (;;) {
      const outcome = await join.attempt();
      if (typeof outcome !== 'string') return outcome;
      order.onProgress('again', outcome);
      await discardSnapshot(chain);
      await peers.sleep(againMs);
      peers.forgive();
    }
  } finally {
    await network.stop();
  }
}

class SnapshotJoin {
  readonly #order: JoinOrder;
  readonly #chain: ChainStore;
  readonly #peers: SnapshotPeers;
  readonly #params: Params;
  readonly #headers: SnapshotHeaders;

  constructor(order: JoinOrder, chain: ChainStore, peers: SnapshotPeers) {
    const { genesis, ports, onProgress } = order;
    const { clock, verifier } = ports;
    const engine = createEngine(genesis.engine);
    if (!engine.ok) throw new KvchainError(engine.error.code, engine.error.detail);
    const { headerChain } = engine.value;
    if (headerChain === null) {
      throw new KvchainError('BAD_CONFIG', `--snapshot-sync: headers of engine ${genesis.engine} prove no chain`);
    }
    this.#order = order;
    this.#chain = chain;
    this.#peers = peers;
    this.#params = paramsAt(genesis, 0);
    this.#headers = new SnapshotHeaders({
      genesis,
      engine: engine.value,
      headerChain,
      clock,
      verifier,
      peers,
      recentMax: 4 * snapshotDepth(this.#params),
      onProgress: height => onProgress('headers', height),
    });
  }

  /** In words why it has to begin again, else what came of it. */
  async attempt(): Promise<JoinOutcome | string> {
    await this.#peers.gather();
    const summit = await this.#headers.heaviest();
    if (summit === null) return 'no peer gave headers';
    const needed = snapshotDepth(this.#params) + snapshotInterval(this.#params);
    if (summit.height < needed) return { type: 'not needed', because: 'short chain' };
    const offer = await this.#bestOffer(summit);
    if (offer === null) return 'no peer offers a snapshot that is deep enough; a node keeps none of before its start';
    const store = new SnapshotStore(this.#chain);
    const pivot = await this.#fetchHeaders(summit, offer.block, store);
    if (pivot === null) return `no peer gives the headers up to block ${offer.block.height}`;
    const isWhole = await fetchState({
      peers: this.#peers,
      store,
      pivot,
      sources: offer.sources,
      onProgress: share => this.#order.onProgress('state', Math.floor(100 * share)),
    });
    if (!isWhole) return `no peer gives the rest of the state at block ${pivot.header.height}`;
    await store.end(pivot);
    return { type: 'joined', height: pivot.header.height };
  }

  /** From whoever showed the chain, else from any other peer: the hash of its last block says which chain it is. */
  async #fetchHeaders({ peer }: Summit, block: HeightHash, store: SnapshotStore): Promise<SealedHeader | null> {
    const { genesis } = this.#order;
    for (const other of [peer, ...this.#peers.list.filter(id => id !== peer)]) {
      await discardSnapshot(this.#chain);
      if ((await this.#chain.tip()) === null) await createChain(this.#chain, genesis, makeGenesisBlock(genesis));
      await store.begin();
      const pivot = await this.#headers.fetch(other, block, store);
      if (pivot !== null) return pivot;
      this.#peers.avoid(other);
    }
    return null;
  }

  /** The highest block of the measured chain, among those that are deep enough, whose state somebody offers; and all who do. */
  async #bestOffer({ height, recent }: Summit): Promise<Offer | null> {
    const highest = height - snapshotDepth(this.#params);
    const request = { type: 'getSnapshots' } as const;
    const asked = this.#peers.list;
    const answers = await Promise.all(asked.map(peer => this.#peers.ask(peer, request, decodeOffers)));
    const offered = new Map<number, Offer>();
    for (const [index, peer] of asked.entries()) {
      for (const block of answers[index] ?? []) {
        const measured = recent.get(block.height);
        const isOurs = measured !== undefined && equalBytes(measured, block.hash);
        if (!isOurs || block.height > highest) continue;
        const sources = offered.get(block.height)?.sources ?? [];
        offered.set(block.height, { block, sources: [...sources, peer] });
      }
    }
    return [...offered.values()].reduce<Offer | null>(
      (best, one) => (best === null || one.block.height > best.block.height ? one : best),
      null,
    );
  }
}

interface Offer {
  readonly block: HeightHash;
  readonly sources: readonly PeerId[];
}
