/** Networks on loopback for the tests of this folder: real sockets, a clock that can be moved, handlers that remember. */

import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { equalBytes, toUtf8 } from '../../chain/bytes.ts';
import type { ErrorCode } from '../../chain/errors.ts';
import type { Clock, GossipVerdict, NetworkHandlers, PeerId, Topic } from '../ports.ts';
import { createLibp2pNetwork, type Libp2pNetwork, type NetworkOptions } from './network.ts';

export const chainA: string = 'aa'.repeat(32);
export const chainB: string = 'bb'.repeat(32);

/** Real time, which a test may move forward without waiting. */
export class MovableClock implements Clock {
  #offsetMs = 0;

  now(): number {
    return Date.now() + this.#offsetMs;
  }

  monotonic(): number {
    return performance.now() + this.#offsetMs;
  }

  setTimer(afterMs: number, callback: () => void): () => void {
    const timer = setTimeout(callback, afterMs);
    return () => clearTimeout(timer);
  }

  move(ms: number): void {
    this.#offsetMs += ms;
  }
}

export interface Received {
  readonly from: PeerId;
  readonly data: Uint8Array;
}

/** What a node's handlers saw, and what they answer. */
export class TestNode {
  readonly network: Libp2pNetwork;
  readonly clock: MovableClock;
  readonly logged: { readonly level: string; readonly data: object; readonly message: string }[];
  readonly present = new Set<PeerId>();
  readonly events: string[] = [];
  readonly gossip: (Received & { readonly topic: Topic })[] = [];
  readonly messages: Received[] = [];
  verdict: (data: Uint8Array) => GossipVerdict | Promise<GossipVerdict> = () => 'accept';
  answer: (data: Uint8Array, peer: PeerId) => Promise<Uint8Array> = async data => data;
  status: Uint8Array;
  refusal: ErrorCode = 'WRONG_NETWORK';

  constructor(network: Libp2pNetwork, clock: MovableClock, logged: TestNode['logged'], status: string) {
    this.network = network;
    this.clock = clock;
    this.logged = logged;
    this.status = toUtf8(status);
  }

  get id(): PeerId {
    return this.network.self;
  }

  get address(): string {
    const [address = ''] = this.network.addresses();
    return address;
  }

  handlers(): NetworkHandlers {
    return {
      localStatus: () => this.status,
      onStatus: (_peer, status) =>
        equalBytes(status, this.status) ? null : { code: this.refusal, detail: 'the chainId differs' },
      onPeer: peer => {
        this.events.push(`came ${peer}`);
        this.present.add(peer);
      },
      onPeerGone: peer => {
        this.events.push(`went ${peer}`);
        this.present.delete(peer);
      },
      onGossip: async (topic, from, data) => {
        this.gossip.push({ topic, from, data });
        return await this.verdict(data);
      },
      onRequest: (peer, data) => this.answer(data, peer),
      onMessage: (from, data) => {
        this.messages.push({ from, data });
      },
    };
  }
}

const running: TestNode[] = [];

/** A started node on a free port of 127.0.0.1; its status is its chainId. */
export async function startNode(options: Partial<NetworkOptions> = {}): Promise<TestNode> {
  const clock = new MovableClock();
  const logged: TestNode['logged'] = [];
  const write = (level: string) => (data: object, message: string) => {
    logged.push({ level, data, message });
  };
  const chainIdHex = options.chainIdHex ?? chainA;
  const network = await createLibp2pNetwork({
    identity: randomBytes(32),
    listen: ['/ip4/127.0.0.1/tcp/0'],
    bootstrap: [],
    isMdnsOn: false,
    isPrivateAllowed: true,
    addressBook: { load: async () => [], save: async () => {} },
    clock,
    random: { bytes: length => randomBytes(length) },
    log: { debug: write('debug'), info: write('info'), warn: write('warn') },
    ...options,
    chainIdHex,
  });
  const node = new TestNode(network, clock, logged, chainIdHex);
  await network.start(node.handlers());
  running.push(node);
  return node;
}

/** Ends every node that a test started; to be called after each. */
export async function stopNodes(): Promise<void> {
  await Promise.all(running.splice(0).map(node => node.network.stop()));
}

/** Resolves when `condition` holds; fails after `withinMs`. */
export async function until(what: string, condition: () => boolean, withinMs = 10_000): Promise<void> {
  const endMs = performance.now() + withinMs;
  while (!condition()) {
    if (performance.now() > endMs) throw new Error(`not within ${withinMs} ms: ${what}`);
    await new Promise(resolve => setTimeout(resolve, 5));
  }
}

/** Connects two nodes and waits until both know. */
export async function connect(from: TestNode, to: TestNode): Promise<void> {
  await from.network.addPeer(to.address);
  await until('both are peers', () => from.present.has(to.id) && to.present.has(from.id));
}
