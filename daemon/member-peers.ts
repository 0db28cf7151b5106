/** Which connected peer is which member of the genesis, so that an engine may speak of members alone. */
import type { MemberIndex } from '../consensus/engine.ts';
import type { Network, PeerId } from './ports.ts';
import { encodeMemberFrame, type MemberFrame } from './wire.ts';

export class MemberPeers {
  readonly #network: Pick<Network, 'send'>;
  readonly #onSent: (member: MemberIndex, frame: MemberFrame) => void;
  readonly #peers = new Map<MemberIndex, PeerId>();

  /** `onSent` is told of each frame that is on its way to a member. */
  constructor(network: Pick<Network, 'send'>, onSent: (member: MemberIndex, frame: MemberFrame) => void = () => {}) {
    this.#network = network;
    this.#onSent = onSent;
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
  send(to: MemberIndex, frame: MemberFrame): void {
    const peer = this.peerOf(to);
    if (peer === null) return;
    this.#onSent(to, frame);
    this.#network.send(peer, encodeMemberFrame(frame));
  }

  broadcast(frame: MemberFrame): void {
    const message = encodeMemberFrame(frame);
    for (const [member, peer] of this.#peers) {
      this.#onSent(member, frame);
      this.#network.send(peer, message);
    }
  }
}
