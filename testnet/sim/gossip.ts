/** Flooding with the rules of gossipsub that the node counts on: each message once, passed on only when the node accepted it. */
import { toHex } from '../../chain/bytes.ts';
import { sha256 } from '../../chain/hash.ts';
import type { NetworkHandlers, PeerId, Topic } from '../../daemon/ports.ts';
import type { Connections, Session } from './connections.ts';
import type { Life } from './life.ts';
import type { Packet } from './packet.ts';

/** How long a message is known again, as in gossipsub. */
const seenMs = 120_000;
const seenMax = 100_000;

export interface GossipParts {
  readonly life: Life;
  readonly nowMs: () => number;
  readonly connections: Connections;
  readonly handlers: NetworkHandlers;
  readonly send: (session: Session, packet: Packet) => void;
  readonly onReject: (peer: PeerId) => void;
  readonly onBlock: (data: Uint8Array) => void;
  readonly onFault: (error: unknown) => void;
}

export class Gossip {
  readonly #parts: GossipParts;
  /** SHA-256 of a message -> when it was first seen; the oldest first. */
  readonly #seen = new Map<string, number>();

  constructor(parts: GossipParts) {
    this.#parts = parts;
  }

  /** Without peers nothing is sent, nor remembered as sent. */
  publish(topic: Topic, data: Uint8Array): void {
    if (this.#parts.connections.open().length === 0 || !this.#isNew(data)) return;
    this.#flood(topic, data, null);
  }

  receive({ peer }: Session, topic: Topic, data: Uint8Array): void {
    if (!this.#isNew(data)) return;
    const { handlers, life, onReject, onFault } = this.#parts;
    handlers.onGossip(topic, peer, data).then(verdict => {
      if (!life.isAlive) return;
      if (verdict === 'accept') this.#flood(topic, data, peer);
      else if (verdict === 'reject') onReject(peer);
    }, onFault);
  }

  #flood(topic: Topic, data: Uint8Array, except: PeerId | null): void {
    if (topic === 'blocks') this.#parts.onBlock(data);
    for (const session of this.#parts.connections.open()) {
      if (session.peer === except) continue;
      this.#parts.send(session, { carriage: 'lossy', type: 'gossip', session: session.id, topic, data });
    }
  }

  #isNew(data: Uint8Array): boolean {
    const nowMs = this.#parts.nowMs();
    for (const [hash, atMs] of this.#seen) {
      if (nowMs - atMs <= seenMs && this.#seen.size <= seenMax) break;
      this.#seen.delete(hash);
    }
    const hash = toHex(sha256(data));
    if (this.#seen.has(hash)) return false;
    this.#seen.set(hash, nowMs);
    return true;
  }
}
