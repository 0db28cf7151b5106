/**
 * The road between members: messages of the engine and, where members alone make the blocks and do nothing worse than crash, whole blocks
 * from the leader and transactions for it. What one of them verified the others take on its word. Beside it, what members announce to the
 * nodes that are none.
 */
import { encodeBody } from '../chain/block.ts';
import { unreachable } from '../chain/errors.ts';
import type { MemberIndex } from '../consensus/engine.ts';
import type { BlockImport } from './block-import.ts';
import type { ChainStore } from './chain-store.ts';
import type { Driver } from './driver.ts';
import type { EngineMail } from './engine-mail.ts';
import type { MemberPeers } from './member-peers.ts';
import type { Pipeline } from './pipeline.ts';
import type { Network, PeerId } from './ports.ts';
import type { Route } from './transaction-relay.ts';
import { decodeMemberFrame, encodeMemberFrame, encodeWholeBlock, type MemberFrame } from './wire.ts';

export interface MemberRoadParts {
  readonly network: Pick<Network, 'send' | 'penalize'> & { peers(): readonly { readonly id: PeerId }[] };
  readonly chain: Pick<ChainStore, 'freshBlock'>;
  readonly driver: { readonly engine: Pick<Driver['engine'], 'leader'> };
  readonly members: MemberPeers;
  readonly mail: Pick<EngineMail, 'receive'>;
  readonly blocks: Pick<BlockImport, 'given'>;
  readonly pipeline: Pick<Pipeline, 'given'>;
  /** This node's place among the members; null for none. */
  readonly self: MemberIndex | null;
  /** Members alone make the blocks, and do nothing worse than crash. */
  readonly areTrusted: boolean;
  /** Whether transactions are gossiped while nobody is known to lead. */
  readonly gossips: boolean;
  /** Told of each frame that a member sent. */
  readonly onHeard: (member: MemberIndex, frame: MemberFrame) => void;
  /** Watches over work that reads or writes the disk. */
  readonly onDisk: (work: Promise<unknown>) => void;
}

export class MemberRoad {
  readonly #parts: MemberRoadParts;
  #announced: Uint8Array | null = null;

  constructor(parts: MemberRoadParts) {
    this.#parts = parts;
  }

  /** A frame from a peer. */
  onFrame(from: PeerId, data: Uint8Array): void {
    const { network, members, blocks, pipeline, areTrusted, onDisk, onHeard } = this.#parts;
    const frame = decodeMemberFrame(data);
    if (!frame.ok) {
      network.penalize(from, frame.error.code, frame.error.detail);
      return;
    }
    const { kind, content } = frame.value;
    const member = members.indexOf(from);
    if (member !== null) onHeard(member, frame.value);
    // A message of the engine may convince whoever sends it: the engine says whom it hears.
    else if (kind !== 'engine') {
      network.penalize(from, 'BAD_MESSAGE', 'a frame between members from a peer that is none');
      return;
    }
    switch (kind) {
      case 'engine':
        onDisk(this.hear(from, content));
        break;
      case 'block':
        if (areTrusted) onDisk(blocks.given(content, from));
        break;
      case 'transactions':
        if (areTrusted) onDisk(pipeline.given(content, from));
        break;
      case 'words':
        break; // For the person who watches.
      default:
        unreachable(kind);
    }
  }

  /** The engine's message that was announced last, in its turn, so that what it rests on is on stable storage: handshakes tell it. */
  get announced(): Uint8Array | null {
    return this.#announced;
  }

  /** A message of the engine. Resolves when it was told, or dropped. */
  hear(from: PeerId, message: Uint8Array): Promise<void> {
    return this.#parts.mail.receive(from, message);
  }

  /** Gives a block to all members at once, so that it comes before the messages that speak of it. One that is not at hand is asked for. */
  give(hash: Uint8Array): void {
    const { chain, members } = this.#parts;
    const block = chain.freshBlock(hash);
    if (block === null) return;
    const content = encodeWholeBlock({ sealed: block, body: encodeBody(block.transactions) });
    members.broadcast({ kind: 'block', content });
  }

  announce(message: Uint8Array): void {
    const { network, members } = this.#parts;
    this.#announced = message;
    for (const { id } of network.peers()) if (members.indexOf(id) === null) this.welcome(id);
  }

  /** Tells a peer that has come what was announced last, perhaps since its handshake: a member too, which was told of it while it was away. */
  welcome(peer: PeerId): void {
    if (this.#announced === null) return;
    this.#parts.network.send(peer, encodeMemberFrame({ kind: 'engine', content: this.#announced }));
  }

  /** The way of transactions now. Where they are not gossiped they wait for a leader, who is sent them when it is known. */
  route(): Route {
    const { driver, members, self, areTrusted, gossips } = this.#parts;
    const nowhere = gossips ? 'everybody' : 'here';
    const leader = areTrusted && self !== null ? driver.engine.leader() : null;
    if (leader === null) return nowhere;
    if (leader === self) return 'here';
    if (members.peerOf(leader) === null) return nowhere;
    return content => members.send(leader, { kind: 'transactions', content });
  }
}
