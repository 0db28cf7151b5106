/** Members of paxos in regions of the world: whole nodes on simulated ports, of which one is asked to lead, and a client beside one of them. */

import { toUtf8 } from '../../chain/bytes.ts';
import { chainIdOf, type Genesis } from '../../chain/genesis.ts';
import { defaultParams } from '../../chain/params.ts';
import { signTransactionWith, type Transaction } from '../../chain/transaction.ts';
import { Deeds } from '../attackers/deeds.ts';
import { type Percentiles, percentilesOf } from '../demo/percentiles.ts';
import { accounts } from '../sim/accounts.ts';
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
/** Between two puts; with what chance adds they meet the leader at any moment of its heartbeat. */
const pauseMs = 1_000;
const calm = { delayMs: 0, jitterMs: 0, lossProbability: 0, duplicationProbability: 0, lateProbability: 0 };
const scheme = schemeOf('real');

/** Lets so many puts be made one after the other; gives their times in virtual milliseconds. */
export async function measurePuts(network: WanNetwork, puts: number, chance: Chance): Promise<Percentiles> {
  const world = new WanWorld(network, chance);
  await world.elect();
  const latencies: number[] = [];
  for (let put = 0; put < puts; put++) latencies.push(await world.put(put));
  return percentilesOf(latencies);
}

class WanWorld {
  readonly #time = new VirtualTime();
  readonly #chance: Chance;
  readonly #genesis: Genesis;
  readonly #nodes: readonly SimulatedNode[];
  readonly #leader: SimulatedNode;
  readonly #home: SimulatedNode;
  #fault: unknown = null;

  constructor({ regions, leader, client }: WanNetwork, chance: Chance) {
    const names = regions.map(region => `region-${region}`);
    const time = this.#time;
    const regionOf = new Map(names.map((name, member) => [name, regions[member] ?? 0]));
    const roads = { regionOf, bytesPerMs: null, slowMs: new Map() };
    const genesis = genesisOf(names);
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
    await this.#until('links', () =>
      this.#nodes.every(({ node }) => node?.ports.network.peers().length === this.#nodes.length - 1),
    );
    this.#leader.node?.lead();
    await this.#until('the leader', () => this.#nodes.every(node => this.#follows(node)));
  }

  /** Makes the put and gives the time from the client to the client. */
  async put(number: number): Promise<number> {
    const { node } = this.#home;
    if (node === null) throw new Error(`${this.#home.name} does not run`);
    await this.#pass(pauseMs * (1 + this.#chance.fraction()));
    const transaction = this.#sign(number);
    const began = this.#time.nowMs;
    await this.#pass(clientWayMs);
    let isIncluded = false;
    const unsubscribe = node.events.subscribe(event => {
      if (event.type === 'head') isIncluded = true;
    });
    node.pipeline.submitted([transaction], 'client').then(
      ([outcome]) => {
        if (outcome?.ok !== true) this.#fault = new Error(`refused: ${outcome?.error.code}`);
      },
      (error: unknown) => {
        this.#fault = error;
      },
    );
    await this.#until('the put', () => isIncluded);
    unsubscribe();
    return this.#time.nowMs - began + clientWayMs;
  }

  #nodeIn(region: number): SimulatedNode {
    const node = this.#nodes.find(({ name }) => name === `region-${region}`);
    if (node === undefined) throw new Error(`no member in region ${region}`);
    return node;
  }

  #follows(node: SimulatedNode): boolean {
    return node.node?.engine.leader() === this.#leader.plan.member;
  }

  async #pass(ms: number): Promise<void> {
    let isOver = false;
    this.#time.after(ms, () => {
      isOver = true;
    });
    await this.#until('time', () => isOver);
  }

  async #until(what: string, isTrue: () => boolean): Promise<void> {
    const endMs = this.#time.nowMs + patienceMs;
    // What was set going before does as much as it can at this moment.
    await rest();
    while (!isTrue()) {
      if (!(await this.#time.step()) || this.#time.nowMs > endMs)
        throw new Error(`${what} did not come in ${patienceMs} ms`);
      if (this.#fault !== null) throw this.#fault;
    }
  }

  #sign(nonce: number): Transaction {
    const [account] = accounts;
    if (account === undefined) throw new Error('no accounts');
    const operation = {
      type: 'put',
      key: `key ${nonce}`,
      value: toUtf8('value'),
      contentType: '',
      expectedVersion: null,
    } as const;
    const fields = { chainId: chainIdOf(this.#genesis), nonce, fee: 0n, expiresAt: null, memo: new Uint8Array(0) };
    return signTransactionWith({ ...fields, operations: [operation] }, scheme.signerOf(account.secretKey));
  }

  #watch(): NodeWatch {
    const onFault = (_: string, error: unknown) => {
      this.#fault = error;
    };
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
      onRecords: nothing,
      onRule: nothing,
      onFault,
      onFatal: onFault,
    };
  }
}

function genesisOf(names: readonly string[]): Genesis {
  const params = defaultParams('paxos', { testNetwork: 1, targetMs: electionMs });
  return {
    version: 1,
    name: 'paxos-wan',
    engine: 'paxos',
    time: startMs - 10_000,
    schedule: [{ height: 0, params }],
    members: names.map(name => ({ name, publicKey: scheme.memberSignerOf(producerKey(name)).publicKey })),
    minters: [],
    allocations: accounts.map(({ address }) => ({ address, balance: 1_000_000n })),
  };
}
