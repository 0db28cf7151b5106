/**
 * What this node says to the other members and hears from them beside the engine's own words: transactions for a leader, words for a person; and
 * what of all that a person may watch (`node_trace`).
 */
import type { Block } from '../chain/block.ts';
import { KvchainError } from '../chain/errors.ts';
import { type Genesis, paramsAt } from '../chain/genesis.ts';
import type { MemberIndex, TransactionRoad } from '../consensus/engine.ts';
import type { EngineInstance } from '../consensus/instance.ts';
import type { MemberPeers } from './member-peers.ts';
import type { Clock, Network, PeerId } from './ports.ts';
import { TraceBook } from './trace-book.ts';
import { encodeRequest, type MemberRequest } from './wire.ts';

/** How long another member may take to take something. */
const requestMs = 5_000;

export interface MemberTalkParts {
  readonly genesis: Genesis;
  readonly network: Pick<Network, 'publish' | 'request'>;
  readonly clock: Clock;
  readonly engine: EngineInstance;
  readonly members: MemberPeers;
  /** Takes a batch of transactions that another member passed on to this one. */
  readonly onForwarded: (batch: Uint8Array, from: PeerId) => Promise<void>;
}

export class MemberTalk {
  readonly trace: TraceBook;
  /** Whom transactions are passed on to. */
  readonly road: TransactionRoad;
  readonly #parts: MemberTalkParts;

  constructor(parts: MemberTalkParts) {
    this.#parts = parts;
    this.trace = new TraceBook(parts.clock);
    this.road = parts.engine.transactionRoad(paramsAt(parts.genesis, 0));
  }

  /** The engine's message to one member, lost when it is not connected. */
  send(member: MemberIndex, message: Uint8Array): void {
    this.#note('sent', member, message);
    this.#parts.members.send(member, message);
  }

  broadcast(message: Uint8Array): void {
    for (const member of this.#parts.members.connected()) this.#note('sent', member, message);
    this.#parts.members.broadcast(message);
  }

  heard(member: MemberIndex, message: Uint8Array): void {
    this.#note('received', member, message);
  }

  /**
   * A batch of transactions on its road: to everybody, or to whoever leads as far as this node knows. There it may be lost: a client that has no
   * answer asks again.
   */
  async passOn(batch: Uint8Array): Promise<void> {
    const { network, members, engine } = this.#parts;
    if (this.road === 'everybody') {
      await network.publish('transactions', batch);
      return;
    }
    const { leader = null } = engine.view();
    const peer = leader === null ? null : members.peerOf(leader);
    if (leader === null || peer === null) return;
    this.trace.add('sent', this.#nameOf(leader), () => ({ type: 'forward' }));
    await network.request(peer, encodeRequest({ type: 'submit', batch }), requestMs).catch(error => {
      if (!(error instanceof KvchainError)) throw error;
    });
  }

  /** What another member gives. Error thrown: BAD_MESSAGE from who is none, and for transactions that travel by gossip. */
  async take(peer: PeerId, request: MemberRequest): Promise<void> {
    const member = this.#parts.members.indexOf(peer);
    if (member === null) throw new KvchainError('BAD_MESSAGE', `${request.type} from a peer that is no member`);
    if (request.type === 'say') {
      this.trace.add('said', this.#nameOf(member), () => ({ text: request.text }));
      return;
    }
    if (this.road !== 'leader') throw new KvchainError('BAD_MESSAGE', 'transactions travel by gossip here');
    this.trace.add('received', this.#nameOf(member), () => ({ type: 'forward' }));
    await this.#parts.onForwarded(request.batch, peer);
  }

  /** Says something to the person at a peer. Errors thrown: NOT_FOUND, PEER_TIMEOUT, and what the peer refuses with. */
  async say(peer: PeerId, text: string): Promise<void> {
    await this.#parts.network.request(peer, encodeRequest({ type: 'say', text }), requestMs);
  }

  /** The nonce of a block of this node's was found. */
  found(block: Block): void {
    this.trace.add('nonce', null, () => this.sealTexts(block));
  }

  committed(block: Block): void {
    this.trace.add('committed', null, () => ({ depth: block.header.height, ...this.sealTexts(block) }));
  }

  /** What a block's header says of its body, as texts; null where it says nothing but the roots. */
  sealTexts({ header, transactions }: Block): Readonly<Record<string, string>> | null {
    const { engine, genesis } = this.#parts;
    return engine.bodySeal(paramsAt(genesis, header.height))?.texts(header, transactions) ?? null;
  }

  #note(what: 'sent' | 'received', member: MemberIndex, message: Uint8Array): void {
    this.trace.add(what, this.#nameOf(member), () => this.#parts.engine.describe(message));
  }

  #nameOf(member: MemberIndex): string | null {
    return this.#parts.genesis.members[member]?.name ?? null;
  }
}
