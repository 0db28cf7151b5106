/**
 * A network port with a curtain. While it is down the node behind it hears of no blocks and transactions, and what it makes itself is
 * kept from the others; whoever asks it is told that it knows nothing. To the peers it looks like a node that forwards and is behind.
 */
import { KvchainError } from '../../chain/errors.ts';
import type { Network, NetworkHandlers, PeerId, PeerInfo, Topic } from '../../daemon/ports.ts';

/** open: as any node. hidden: nothing in, nothing out. shown: what it makes goes out, and still nothing comes in. */
type Position = 'open' | 'hidden' | 'shown';

export class Curtain implements Network {
  readonly self: PeerId;
  readonly #wire: Network;
  #position: Position = 'open';
  #blocksHeard = 0;
  /** Blocks that were made behind it, in their order. */
  #withheld: Uint8Array[] = [];
  #statusBefore: Uint8Array = new Uint8Array();
  #localStatus: () => Uint8Array = () => new Uint8Array();

  constructor(wire: Network) {
    this.#wire = wire;
    this.self = wire.self;
  }

  /** Blocks of others that came by gossip, in front of the curtain or behind it. */
  get blocksHeard(): number {
    return this.#blocksHeard;
  }

  hide(): void {
    this.#statusBefore = this.#localStatus();
    this.#position = 'hidden';
  }

  /** Publishes what was made behind the curtain, oldest first, and from now on at once. */
  async show(): Promise<void> {
    this.#position = 'shown';
    for (const block of this.#withheld.splice(0)) await this.#wire.publish('blocks', block);
  }

  /** Ends it; what is still withheld is never told. */
  open(): void {
    this.#position = 'open';
    this.#withheld = [];
  }

  /** Past the curtain, as any peer may. */
  publishOpenly(topic: Topic, data: Uint8Array): Promise<void> {
    return this.#wire.publish(topic, data);
  }

  askOpenly(peer: PeerId, data: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    return this.#wire.request(peer, data, timeoutMs);
  }

  start(handlers: NetworkHandlers): Promise<void> {
    this.#localStatus = handlers.localStatus;
    return this.#wire.start({
      ...handlers,
      localStatus: () => (this.#position === 'hidden' ? this.#statusBefore : handlers.localStatus()),
      onGossip: async (topic, from, data) => {
        if (topic === 'blocks') this.#blocksHeard += 1;
        return this.#position === 'open' ? handlers.onGossip(topic, from, data) : 'accept';
      },
      onRequest: async (peer, data) => {
        if (this.#position === 'hidden') throw new KvchainError('NOT_FOUND', 'nothing of that is known here');
        return handlers.onRequest(peer, data);
      },
    });
  }

  async publish(topic: Topic, data: Uint8Array): Promise<void> {
    if (this.#position !== 'hidden') await this.#wire.publish(topic, data);
    else if (topic === 'blocks') this.#withheld.push(data);
  }

  async request(peer: PeerId, data: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    if (this.#position !== 'open') throw new KvchainError('NOT_FOUND', 'nothing is asked from behind the curtain');
    return this.#wire.request(peer, data, timeoutMs);
  }

  send(peer: PeerId, data: Uint8Array): void {
    this.#wire.send(peer, data);
  }

  penalize(...[peer, code, detail]: Parameters<Network['penalize']>): void {
    this.#wire.penalize(peer, code, detail);
  }

  peers(): readonly PeerInfo[] {
    return this.#wire.peers();
  }

  addresses(): readonly string[] {
    return this.#wire.addresses();
  }

  addPeer(address: string): Promise<PeerId> {
    return this.#wire.addPeer(address);
  }

  removePeer(peer: PeerId): Promise<void> {
    return this.#wire.removePeer(peer);
  }

  stop(): Promise<void> {
    return this.#wire.stop();
  }
}
