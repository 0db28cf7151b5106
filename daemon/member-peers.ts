/** Which connected peer is which member of the genesis, so that an engine may speak of members alone. */
import type { MemberIndex } from '../consensus/engine.ts';
import type { Network, PeerId } from './ports.ts';

export class MemberPeers {
  readonly #network: Pick<Network, 'send'>;
  readonly #peers = new Map<MemberIndex, PeerId>();

  constructor(network: Pick<Network, 'send'>) {
    this.#network = network;
  }

  /** The peer has proved to be this member. One peer a member is spoken to, the newest: a member has one machine, which came back. */
  remember(peer: PeerId, member: MemberIndex): void {
    this.#peers.set(member, peer);
  }

  forget(peer: PeerId): void {
    const member = this.indexOf(peer);
    if (member !== null) this.#peers.delete(member);
  }

  /** Null for a peer that is no member, or no longer the newest of its member. */
  indexOf(peer: PeerId): MemberIndex | null {
    for (const [member, known] of this.#peers) if (known === peer) return member;
    return null;
  }

  /** Null for a member that is not connected. */
  peerOf(member: MemberIndex): PeerId | null {
    return this.#peers.get(member) ?? null;
  }

  /** Lost when the member is not connected. */
  send(to: MemberIndex, message: Uint8Array): void {
    const peer = this.peerOf(to);
    if (peer !== null) this.#network.send(peer, message);
  }

  /** The members that `broadcast` reaches. */
  connected(): readonly MemberIndex[] {
    return [...this.#peers.keys()];
  }

  broadcast(message: Uint8Array): void {
    for (const peer of this.#peers.values()) this.#network.send(peer, message);
  }
}
