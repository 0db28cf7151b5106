/**
 * A curtain before a node. While it is down the node behind it hears of no blocks and transactions, and what it makes itself is kept from the
 * others; whoever asks it is told that it knows nothing. To the peers it looks like a node that forwards and is behind.
 */
import { KvchainError } from '../../chain/errors.ts';
import type { Node } from '../../daemon/node.ts';
import type { GossipVerdict, PeerId, PeerInfo, Topic } from '../../daemon/ports.ts';
import type { Policy, Publish, Voice } from './policy.ts';

/** open: as any node. hidden: nothing in, nothing out. shown: what it makes goes out, and still nothing comes in. */
type Position = 'open' | 'hidden' | 'shown';

const mute: Voice = {
  publish: async () => {},
  whisper: () => {},
  send: () => {},
  ask: async () => new Uint8Array(0),
  peers: () => [],
  status: () => new Uint8Array(0),
};

export class Curtain implements Policy {
  readonly #onBegin: (node: Node) => void;
  #voice = mute;
  #position: Position = 'open';
  #blocksHeard = 0;
  /** Blocks that were made behind it, in their order. */
  #withheld: Uint8Array[] = [];
  #statusBefore: Uint8Array = new Uint8Array();

  constructor(onBegin: (node: Node) => void = () => {}) {
    this.#onBegin = onBegin;
  }

  /** Blocks of others that came by gossip, in front of the curtain or behind it. */
  get blocksHeard(): number {
    return this.#blocksHeard;
  }

  hide(): void {
    this.#statusBefore = this.#voice.status();
    this.#position = 'hidden';
  }

  /** Publishes what was made behind the curtain, oldest first, and from now on at once. */
  async show(): Promise<void> {
    this.#position = 'shown';
    for (const block of this.#withheld.splice(0)) await this.#voice.publish('blocks', block);
  }

  /** Ends it; what is still withheld is never told. */
  open(): void {
    this.#position = 'open';
    this.#withheld = [];
  }

  /** Past the curtain, as any peer may. */
  publishOpenly(topic: Topic, data: Uint8Array): Promise<void> {
    return this.#voice.publish(topic, data);
  }

  askOpenly(peer: PeerId, data: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    return this.#voice.ask(peer, data, timeoutMs);
  }

  peers(): readonly PeerInfo[] {
    return this.#voice.peers();
  }

  begin(node: Node, voice: Voice): void {
    this.#voice = voice;
    this.#onBegin(node);
  }

  status(honestly: () => Uint8Array): Uint8Array {
    return this.#position === 'hidden' ? this.#statusBefore : honestly();
  }

  async gossip(topic: Topic, _data: Uint8Array, honestly: () => Promise<GossipVerdict>): Promise<GossipVerdict> {
    if (topic === 'blocks') this.#blocksHeard += 1;
    return this.#position === 'open' ? honestly() : 'accept';
  }

  /** Also what the others call final. */
  message(honestly: () => void): void {
    if (this.#position === 'open') honestly();
  }

  async request(_data: Uint8Array, honestly: () => Promise<Uint8Array>): Promise<Uint8Array> {
    if (this.#position === 'hidden') throw new KvchainError('NOT_FOUND', 'nothing of that is known here');
    return honestly();
  }

  async ask(honestly: () => Promise<Uint8Array>): Promise<Uint8Array> {
    if (this.#position !== 'open') throw new KvchainError('NOT_FOUND', 'nothing is asked from behind the curtain');
    return honestly();
  }

  async publish(topic: Topic, data: Uint8Array, openly: Publish): Promise<void> {
    if (this.#position !== 'hidden') await openly(topic, data);
    else if (topic === 'blocks') this.#withheld.push(data);
  }
}
