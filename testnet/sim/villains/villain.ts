/**
 * A villain is a whole node on a machine of its own whose network port is not honest: what it says is changed on the way out, and what
 * it hears on the way in. So it needs no code of the node, and speaks the public wire.
 */
import type { Node } from '../../../daemon/node.ts';
import type { GossipVerdict, Network, NetworkHandlers, PeerId, Topic } from '../../../daemon/ports.ts';
import type { Chance } from '../chance.ts';
import type { Life, SimulatedClock } from '../life.ts';
import type { Poison } from '../poison.ts';

export interface VillainParts {
  readonly self: PeerId;
  readonly secretKey: Uint8Array;
  readonly chance: Chance;
  readonly life: Life;
  readonly clock: SimulatedClock;
  readonly poison: Poison;
  /** Told of each attack, in a word or two. */
  readonly onAttack: (what: string) => void;
}

/** Each place where a villain may do otherwise; `honestly` does what the node would have done. */
export interface Villain {
  gossip?(topic: Topic, honestly: () => Promise<GossipVerdict>): Promise<GossipVerdict>;
  request?(data: Uint8Array, honestly: () => Promise<Uint8Array>): Promise<Uint8Array>;
  publish?(topic: Topic, data: Uint8Array, publish: Publish): Promise<void>;
  /** The node is up and has told itself of its peers. */
  begin?(node: Node, voice: Voice): void;
  /** What the node hears of peers; a villain that wants to know nothing of them leaves it out. */
  readonly isDeaf?: boolean;
}

/** How a villain speaks past its node. */
export interface Voice {
  readonly publish: Publish;
  /** Gossip to one peer alone. */
  whisper(peer: PeerId, topic: Topic, data: Uint8Array): void;
}

export type Publish = (topic: Topic, data: Uint8Array) => Promise<void>;

/** The network as a villain's node sees it, and as the villain is seen. */
export class VillainNetwork implements Network {
  readonly self: PeerId;
  readonly #network: Network;
  readonly #villain: Villain;

  constructor(network: Network, villain: Villain) {
    this.self = network.self;
    this.#network = network;
    this.#villain = villain;
  }

  start(handlers: NetworkHandlers): Promise<void> {
    const villain = this.#villain;
    return this.#network.start({
      localStatus: () => handlers.localStatus(),
      onStatus: (peer, status) => handlers.onStatus(peer, status),
      onPeer: peer => villain.isDeaf || handlers.onPeer(peer),
      onPeerGone: peer => handlers.onPeerGone(peer),
      onGossip: (topic, from, data) => {
        const honestly = () => handlers.onGossip(topic, from, data);
        return villain.gossip?.(topic, honestly) ?? honestly();
      },
      onRequest: (peer, data) => {
        const honestly = () => handlers.onRequest(peer, data);
        return villain.request?.(data, honestly) ?? honestly();
      },
      onMessage: (peer, data) => handlers.onMessage(peer, data),
    });
  }

  publish(topic: Topic, data: Uint8Array): Promise<void> {
    const publish: Publish = (on, bytes) => this.#network.publish(on, bytes);
    return this.#villain.publish?.(topic, data, publish) ?? publish(topic, data);
  }

  request(peer: PeerId, data: Uint8Array, timeoutMs: number) {
    return this.#network.request(peer, data, timeoutMs);
  }

  send(peer: PeerId, data: Uint8Array): void {
    this.#network.send(peer, data);
  }

  /** A villain blames nobody: it wants to be heard. */
  penalize(): void {}

  peers() {
    return this.#network.peers();
  }

  addresses() {
    return this.#network.addresses();
  }

  addPeer(address: string) {
    return this.#network.addPeer(address);
  }

  removePeer(peer: PeerId) {
    return this.#network.removePeer(peer);
  }

  stop(): Promise<void> {
    return this.#network.stop();
  }
}

/** Calls `act` again and again, with pauses of up to `pauseMs`, until the life of the machine ends. */
export function keepAttacking(parts: VillainParts, pauseMs: number, act: () => Promise<void>): void {
  const { chance, life } = parts;
  life.after(pauseMs * (0.5 + chance.fraction() / 2), () => {
    // An attack that fails has failed: the next one comes.
    act().catch(() => {});
    keepAttacking(parts, pauseMs, act);
  });
}
