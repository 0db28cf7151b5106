/** Which connected peers are which members of the genesis, so that an engine may speak of members alone. */
import type { MemberIndex } from '../consensus/engine.ts';
import type { Network, PeerId } from './ports.ts';

export class MemberPeers {
  readonly #network: Pick<Network, 'send'>;
  readonly #indexes = new Map<PeerId, MemberIndex>();

  constructor(network: Pick<Network, 'send'>) {
    this.#network = network;
  }

  /** The peer has proved to be this member. */
  remember(peer: PeerId, member: MemberIndex): void {
    this.#indexes.set(peer, member);
  }

  forget(peer: PeerId): void {
    this.#indexes.delete(peer);
  }

  /** Null for a peer that is no member. */
  indexOf(peer: PeerId): MemberIndex | null {
    return this.#indexes.get(peer) ?? null;
  }

  /** Lost when the member is not connected. */
  send(to: MemberIndex, message: Uint8Array): void {
    for (const [peer, member] of this.#indexes) if (member === to) this.#network.send(peer, message);
  }

  broadcast(message: Uint8Array): void {
    for (const peer of this.#indexes.keys()) this.#network.send(peer, message);
  }
}
