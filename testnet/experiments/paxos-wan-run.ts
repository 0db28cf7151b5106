/** Members of paxos in regions of the world: whole nodes on simulated ports, of which one is asked to lead, and clients beside one of them. */
import { toHex, toUtf8 } from '../../chain/bytes.ts';
import { chainIdOf, type Genesis } from '../../chain/genesis.ts';
import { defaultParams } from '../../chain/params.ts';
import { signTransactionWith, type Transaction } from '../../chain/transaction.ts';
import { Deeds } from '../attackers/deeds.ts';
import { type Percentiles, percentilesOf } from '../demo/percentiles.ts';
import { type Account, accountOf } from '../sim/accounts.ts';
import type { Chance } from '../sim/chance.ts';
import { SharedVerifier } from '../sim/shared-verifier.ts';
import { schemeOf } from '../sim/signatures.ts';
import { type NodeWatch, producerKey, SimulatedNode } from '../sim/simulated-node.ts';
import { rest, VirtualTime } from '../sim/virtual-time.ts';
import { Wires } from '../sim/wires.ts';

/** By the numbers of their regions; `leader` and `client` are two of them, or one. */
export interface WanNetwork {
  readonly regions: readonly number[];
  readonly leader: number;
  readonly client: number;
}

/** From the client to the member beside it. */
export const clientWayMs = 0.25;
/** More than ten of the longest round trips: nobody takes a leader far away for a dead one. */
const electionMs = 5_000;
const startMs = 1_800_000_000_000;
const patienceMs = 60_000;
/** Between two puts of a client; with what chance adds they meet the leader at any moment of its heartbeat. */
const pauseMs = 1_000;
/** All puts of a client that makes one a pause, twice over. */
const putsMs = (puts: number) => 4 * pauseMs * puts + patienceMs;
const calm = { delayMs: 0, jitterMs: 0, lossProbability: 0, duplicationProbability: 0, lateProbability: 0 };
const scheme = schemeOf('real');

export interface WanLoad {
  /** Each with an account of its own. */
  readonly clients: number;
  /** Of each client, one after the other. */
  readonly puts: number;
}

/** Lets the puts be made; gives their times in virtual milliseconds. */
export async function measurePuts(network: WanNetwork, load: WanLoad, chance: Chance): Promise<Percentiles> {
  const world = new WanWorld(network, load.clients, chance);
  await world.elect();
  return percentilesOf(await world.putAll(load.puts));
}

class WanWorld {
  readonly #time = new VirtualTime();
  readonly #chance: Chance;
  readonly #genesis: Genesis;
  readonly #nodes: readonly SimulatedNode[];
  readonly #leader: SimulatedNode;
  readonly #home: SimulatedNode;
  readonly #clients: readonly Account[];
  #fault: unknown = null;

  constructor({ regions, leader, client }: WanNetwork, clients: number, chance: Chance) {
    const names = regions.map(region => `region-${region}`);
    const time = this.#time;
    const regionOf = new Map(names.map((name, member) => [name, regions[member] ?? 0]));
    const roads = { regionOf, bytesPerMs: null, slowMs: new Map() };
    this.#clients = Array.from({ length: clients }, (_, index) => accountOf(`client ${index}`));
    const genesis = genesisOf(names, this.#clients);
    const surroundings = {
      genesis,
      time,
      wires: new Wires(time, chance.stream('wires'), calm, roads),
      deeds: new Deeds(),
      verifier: new SharedVerifier(scheme.verify),
      signerOf: scheme.signerOf,
      memberSignerOf: scheme.memberSignerOf,
      isDisorderly: false,
      syncLimits: {},
      watch: this.#watch(),
    };
    this.#chance = chance;
    this.#genesis = genesis;
    this.#nodes = names.map((name, member) => {
      const plan = {
        name,
        identity: name,
        member,
        attacker: null,
        rate: 0,
        clock: { startMs, rate: 1 },
        bootstrap: names.slice(member + 1),
        disk: { syncMs: [0, 0], honesty: 'keeps its word' },
      } as const;
      return new SimulatedNode(plan, { ...surroundings, chance: chance.stream(name) });
    });
    this.#leader = this.#nodeIn(leader);
    this.#home = this.#nodeIn(client);
  }

  /** All run, are linked, and have the wanted leader. */
  async elect(): Promise<void> {
    for (const node of this.#nodes) node.boot();
    await this.#until('links', patienceMs, () =>
      this.#nodes.every(({ node }) => node?.ports.network.peers().length === this.#nodes.length - 1),
    );
    this.#leader.node?.lead();
    await this.#until('the leader', patienceMs, () => this.#nodes.every(node => this.#follows(node)));
  }

  /** Every client makes so many puts; gives the times of all, each from the client to the client. */
  async putAll(puts: number): Promise<readonly number[]> {
    const latencies: number[] = [];
    let busy = this.#clients.length;
    for (const client of this.#clients) {
      const done = this.#putEach(client, puts, latencies).then(() => {
        busy -= 1;
      });
      done.catch(this.#fail);
    }
    await this.#until('the puts', putsMs(puts), () => busy === 0);
    return latencies;
  }

  async #putEach(client: Account, puts: number, latencies: number[]): Promise<void> {
    for (let nonce = 0; nonce < puts; nonce++) {
      await this.#passed(pauseMs * (1 + this.#chance.fraction()));
      const began = this.#time.nowMs;
      await this.#passed(clientWayMs);
      await this.#put(this.#sign(client, nonce));
      latencies.push(this.#time.nowMs - began + clientWayMs);
    }
  }

  /** Resolves when the member beside the clients has applied it. */
  async #put(transaction: Transaction): Promise<void> {
    const { node } = this.#home;
    if (node === null) throw new Error(`${this.#home.name} does not run`);
    const included = new Promise<void>(resolve => {
      const unsubscribe = node.events.subscribe(event => {
        if (event.type !== 'head' || node.mempool.has(transaction.idHex)) return;
        unsubscribe();
        resolve();
      });
    });
    const [outcome] = await node.pipeline.submitted([transaction], 'client');
    if (outcome?.ok !== true) throw new Error(`refused: ${outcome?.error.code}`);
    await included;
  }

  #nodeIn(region: number): SimulatedNode {
    const node = this.#nodes.find(({ name }) => name === `region-${region}`);
    if (node === undefined) throw new Error(`no member in region ${region}`);
    return node;
  }

  #follows(node: SimulatedNode): boolean {
    return node.node?.engine.leader() === this.#leader.plan.member;
  }

  #passed(ms: number): Promise<void> {
    return new Promise(resolve => this.#time.after(ms, resolve));
  }

  readonly #fail = (error: unknown): void => {
    this.#fault = error;
  };

  async #until(what: string, withinMs: number, isTrue: () => boolean): Promise<void> {
    const endMs = this.#time.nowMs + withinMs;
    // What was set going before does as much as it can at this moment.
    await rest();
    while (!isTrue()) {
      if (!(await this.#time.step()) || this.#time.nowMs > endMs)
        throw new Error(`${what} did not come in ${withinMs} ms`);
      if (this.#fault !== null) throw this.#fault;
    }
  }

  #sign({ secretKey, address }: Account, nonce: number): Transaction {
    const operation = {
      type: 'put',
      key: `key ${nonce} of ${toHex(address)}`,
      value: toUtf8('value'),
      contentType: '',
      expectedVersion: null,
    } as const;
    const fields = { chainId: chainIdOf(this.#genesis), nonce, fee: 0n, expiresAt: null, memo: new Uint8Array(0) };
    return signTransactionWith({ ...fields, operations: [operation] }, scheme.signerOf(secretKey));
  }

  #watch(): NodeWatch {
    const onFault = (_: string, error: unknown) => this.#fail(error);
    const nothing = () => {};
    return {
      onOpen: async () => {},
      onUp: nothing,
      onPenalty: (_, peer, { code, detail }) => {
        this.#fault = new Error(`${peer} is blamed: ${code} ${detail}`);
      },
      onAttack: nothing,
      onAsk: nothing,
      onBlock: nothing,
      onMessage: nothing,
      onStatus: nothing,
      onRecords: nothing,
      onRule: nothing,
      onFault,
      onFatal: onFault,
    };
  }
}

function genesisOf(names: readonly string[], clients: readonly Account[]): Genesis {
  const params = defaultParams('paxos', { testNetwork: 1, targetMs: electionMs });
  return {
    version: 1,
    name: 'paxos-wan',
    engine: 'paxos',
    time: startMs - 10_000,
    schedule: [{ height: 0, params }],
    members: names.map(name => ({ name, publicKey: scheme.memberSignerOf(producerKey(name)).publicKey })),
    minters: [],
    allocations: clients.map(({ address }) => ({ address, balance: 1_000_000n })),
  };
}
