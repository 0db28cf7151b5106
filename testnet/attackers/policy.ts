/**
 * What an attacker does otherwise than a node. It is a whole node whose network port is not honest (attacker-network.ts), so it needs no
 * code of the node and speaks the public wire; the same policies attack simulated nodes and real daemons.
 */

import type { Genesis } from '../../chain/genesis.ts';
import type { Signer } from '../../chain/transaction.ts';
import type { Node } from '../../daemon/node.ts';
import type { Clock, GossipVerdict, Network, NetworkHandlers, PeerId, PeerInfo, Topic } from '../../daemon/ports.ts';
import type { Chance } from '../sim/chance.ts';
import type { Deeds } from './deeds.ts';

/** What a world gives to a policy. */
export interface AttackerParts {
  readonly self: PeerId;
  /** Signs its blocks and its transactions. */
  readonly signer: Signer;
  /** Of a further account with this secret key. */
  readonly signerOf: (secretKey: Uint8Array) => Signer;
  readonly genesis: Genesis;
  readonly chance: Chance;
  /** Its timers end with the attacker. */
  readonly clock: Clock;
  readonly deeds: Deeds;
  /**
   * Starts a further identity of the attacker on the wire: it dials the first of those whom the attacker dials, and these addresses, and
   * ends with the attacker. Null where it has one alone, as in the simulator.
   */
  readonly openIdentity: ((friends: readonly string[], handlers: NetworkHandlers) => Promise<Network>) | null;
  /** Told of each attack, in a word or two. */
  readonly onAttack: (what: string) => void;
}

/** Each place where an attacker may do otherwise; `honestly` does what the node would have done. */
export interface Policy {
  /** The node is up. */
  begin?(node: Node, voice: Voice): void;
  /** The clock that its node goes by. */
  clock?(clock: Clock): Clock;
  /** What a peer is told in a handshake. */
  status?(honestly: () => Uint8Array): Uint8Array;
  gossip?(topic: Topic, data: Uint8Array, honestly: () => Promise<GossipVerdict>): Promise<GossipVerdict>;
  /** The answer to a peer's question. */
  request?(data: Uint8Array, honestly: () => Promise<Uint8Array>): Promise<Uint8Array>;
  /** A message that members, or all, are told by a peer. */
  message?(honestly: () => void): void;
  /** A question of its node. */
  ask?(honestly: () => Promise<Uint8Array>): Promise<Uint8Array>;
  publish?(topic: Topic, data: Uint8Array, publish: Publish): Promise<void>;
}

export type Publish = (topic: Topic, data: Uint8Array) => Promise<void>;

/** How an attacker speaks past its node. */
export interface Voice {
  readonly publish: Publish;
  /** Gossip to one peer alone where the wire can do that, else to all. */
  whisper(peer: PeerId, topic: Topic, data: Uint8Array): void;
  /** As the members of a committee speak, and as all are told what is final. */
  send(peer: PeerId, data: Uint8Array): void;
  ask(peer: PeerId, data: Uint8Array, timeoutMs: number): Promise<Uint8Array>;
  peers(): readonly PeerInfo[];
  /** What its node would say in a handshake now. */
  status(): Uint8Array;
}

/** Calls `act` again and again, with pauses of up to `pauseMs`, until the attacker ends. */
export function keepAttacking(parts: AttackerParts, pauseMs: number, act: () => Promise<void>): void {
  const { chance, clock } = parts;
  clock.setTimer(pauseMs * (0.5 + chance.fraction() / 2), () => {
    // An attack that fails has failed: the next one comes.
    act().catch(() => {});
    keepAttacking(parts, pauseMs, act);
  });
}
