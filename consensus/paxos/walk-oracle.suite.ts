/**
 * What must hold of a network of members at every moment (PROTOCOLS 3.7), judged from outside: from what they have on disk, what they
 * said, and what their states claim. A breach throws with the id of the invariant.
 */
import type { SealedHeader } from '../../chain/block.ts';
import { equalBytes, toHex } from '../../chain/bytes.ts';
import { type Ballot, compareBallots, noBallot, type Point } from './ballot.ts';
import type { Accept, Message } from './messages.ts';
import type { LogRecord } from './records.ts';
import type { PaxosState } from './state.ts';

export class Breach extends Error {}

interface Vote {
  readonly ballot: Ballot;
  readonly hex: string;
  readonly members: Set<number>;
}

/** What one member told the world. No crash takes a promise back; of what is decided a crash leaves what was applied. */
interface Told {
  promised: Ballot;
  decided: number;
}

export class Oracle {
  readonly #quorum: number;
  readonly #blocks = new Map<string, SealedHeader>();
  /** By height: the block that was decided. */
  readonly #decided = new Map<number, string>();
  /** By height: what members accepted durably. */
  readonly #votes = new Map<number, Vote[]>();
  /** By height: what was proposed, in which ballot. */
  readonly #proposed = new Map<number, Map<string, { readonly ballot: Ballot; readonly hex: string }>>();
  readonly #chosen = new Map<number, Vote>();
  readonly #told: readonly Told[];
  /** Puts up to this height may have been acknowledged. */
  #acknowledged = 0;
  /** By read: what was acknowledged when it began. */
  readonly #reads: number[] = [];

  constructor(members: number, genesis: SealedHeader) {
    this.#quorum = Math.floor(members / 2) + 1;
    this.#told = Array.from({ length: members }, () => ({ promised: noBallot, decided: 0 }));
    this.#blocks.set(genesis.hashHex, genesis);
    this.#decided.set(0, genesis.hashHex);
  }

  /** The highest height that anyone knows to be decided. */
  get height(): number {
    return Math.max(...this.#decided.keys());
  }

  addBlock(sealed: SealedHeader): void {
    this.#blocks.set(sealed.hashHex, sealed);
  }

  block(hex: string): SealedHeader {
    const sealed = this.#blocks.get(hex);
    if (sealed === undefined) throw new Breach(`B-I2: nobody made block ${hex}`);
    return sealed;
  }

  /** A record is on stable storage, and no crash can take it back. */
  onDurable(member: number, record: LogRecord, hasBody: (hex: string) => boolean): void {
    if (record.type !== 'accepted') return;
    for (const { header, hashHex } of record.headers) {
      if (!hasBody(hashHex)) throw new Breach(`B-I7: member ${member} accepted ${hashHex} without its body`);
      this.#vote(header.height, record.ballot, hashHex, member);
    }
  }

  /** A message leaves a member, whose durable records are `log`. */
  onSent(member: number, message: Message, log: readonly LogRecord[]): void {
    const told = this.#told[member];
    if (told === undefined) throw new Error('a member of the network');
    if (message.type === 'accept') this.#propose(message);
    if (message.type === 'accepted') this.#checkAccepted(member, message, log);
    this.#checkDecided(message.decided, member);
    told.decided = Math.max(told.decided, message.decided.height);
    const isPromise = message.type === 'promise' || message.type === 'accepted' || message.type === 'prepare';
    if (isPromise && compareBallots(message.ballot, told.promised) > 0) told.promised = message.ballot;
  }

  onAcknowledged(height: number): void {
    this.#acknowledged = Math.max(this.#acknowledged, height);
  }

  /** Gives the number of a new read. */
  beginRead(): number {
    return this.#reads.push(this.#acknowledged) - 1;
  }

  /** A member answers a read from its ledger. */
  onRead(member: number, read: number, height: number): void {
    const least = this.#reads[read] ?? 0;
    if (height < least)
      throw new Breach(
        `B-Q2: member ${member} answered a read at ${height}, and ${least} was acknowledged before it began`,
      );
  }

  onCrash(member: number, applied: number): void {
    const told = this.#told[member];
    if (told !== undefined) told.decided = applied;
  }

  /** The ledger of a member carries out an order. */
  onApply(applied: Point, ancestor: Uint8Array, apply: readonly Uint8Array[]): void {
    if (!equalBytes(ancestor, applied.hash)) throw new Breach('B-I8: a switch that does not begin at the applied tip');
    let parent = ancestor;
    for (const [index, hash] of apply.entries()) {
      const { header } = this.block(toHex(hash));
      if (header.height !== applied.height + index + 1 || !equalBytes(header.parent, parent)) {
        throw new Breach('B-I2: a switch whose blocks are no chain');
      }
      parent = hash;
    }
    this.#decide({ height: applied.height + apply.length, hash: parent });
  }

  /** After every step of a member, and after its recovery. */
  check(member: number, state: PaxosState): void {
    const told = this.#told[member];
    if (told === undefined) throw new Error('a member of the network');
    if (compareBallots(state.promised, told.promised) < 0)
      throw new Breach(`B-I3: member ${member} promised less than before`);
    if (state.log.decided.height < told.decided) throw new Breach(`B-I10: member ${member} forgot what was decided`);
    this.#decide(state.log.decided);
    let parent = state.log.decided;
    let above: Ballot | null = null;
    for (const { sealed, ballot } of state.log.tentative) {
      const isNext = sealed.header.height === parent.height + 1 && equalBytes(sealed.header.parent, parent.hash);
      if (!isNext) throw new Breach(`B-I2: the log of member ${member} is no chain`);
      // B-LM: lower blocks have no lower ballot, and are those that the leader of this ballot proposed.
      if (above !== null && compareBallots(above, ballot) < 0) throw new Breach(`B-I6: member ${member} holds a gap`);
      above = ballot;
      parent = { height: sealed.header.height, hash: sealed.hash };
    }
    for (const { ballot } of state.log.tentative.slice(-1)) this.#checkMatching(member, state, ballot);
  }

  #checkMatching(member: number, state: PaxosState, ballot: Ballot): void {
    for (const { sealed } of state.log.tentative) {
      const theirs = this.#proposed.get(sealed.header.height)?.get(keyOf(ballot));
      if (theirs !== undefined && theirs.hex !== sealed.hashHex)
        throw new Breach(`B-I6: member ${member} mixes leaders`);
    }
  }

  #propose({ ballot, headers }: Accept): void {
    for (const { header, hashHex } of headers) {
      const proposed = this.#proposed.get(header.height) ?? new Map();
      this.#proposed.set(header.height, proposed);
      const earlier = proposed.get(keyOf(ballot));
      if (earlier !== undefined && earlier.hex !== hashHex)
        throw new Breach(`B-I4: two blocks of one ballot at ${header.height}`);
      proposed.set(keyOf(ballot), { ballot, hex: hashHex });
      const chosen = this.#chosen.get(header.height);
      if (chosen !== undefined) checkLater(chosen, { ballot, hex: hashHex }, header.height);
    }
  }

  #checkAccepted(member: number, message: Extract<Message, { type: 'accepted' }>, log: readonly LogRecord[]): void {
    for (let height = message.decided.height + 1; height <= message.upTo; height++) {
      const isHeld = log.some(
        record =>
          record.type === 'accepted' &&
          compareBallots(record.ballot, message.ballot) === 0 &&
          record.headers.some(({ header }) => header.height === height),
      );
      if (!isHeld) throw new Breach(`B-I7: member ${member} told of a vote that is not on its disk`);
    }
  }

  #vote(height: number, ballot: Ballot, hex: string, member: number): void {
    const votes = this.#votes.get(height) ?? [];
    this.#votes.set(height, votes);
    let vote = votes.find(other => other.hex === hex && compareBallots(other.ballot, ballot) === 0);
    if (vote === undefined) {
      vote = { ballot, hex, members: new Set() };
      votes.push(vote);
    }
    vote.members.add(member);
    if (vote.members.size < this.#quorum) return;
    const chosen = this.#chosen.get(height);
    if (chosen !== undefined && chosen.hex !== hex) throw new Breach(`B-I1: two blocks chosen at height ${height}`);
    if (chosen === undefined || compareBallots(ballot, chosen.ballot) < 0) this.#chosen.set(height, vote);
    for (const other of this.#proposed.get(height)?.values() ?? []) checkLater(vote, other, height);
  }

  /** Nobody tells that a block is decided before a majority holds it. */
  #checkDecided({ height, hash }: Point, member: number): void {
    if (height === 0) return;
    if (this.#chosen.get(height)?.hex === toHex(hash)) return;
    // A part of a switch may be the tip after a crash: then a block above it was chosen.
    const isBelow = [...this.#chosen.keys()].some(other => other > height) && this.#decided.get(height) === toHex(hash);
    if (!isBelow)
      throw new Breach(`B-I7: member ${member} told that height ${height} is decided, and no majority holds it`);
  }

  #decide({ height, hash }: Point): void {
    let hex = toHex(hash);
    for (let next = height; ; next--) {
      const known = this.#decided.get(next);
      if (known === hex) return;
      if (known !== undefined || next === 0) throw new Breach(`B-I1: two blocks decided at height ${next}`);
      const { header } = this.block(hex);
      if (header.height !== next) throw new Breach(`B-I2: block ${hex} decided at height ${next}`);
      this.#decided.set(next, hex);
      hex = toHex(header.parent);
    }
  }
}

/** B-I5 (P2c of Paxos): whatever is proposed in a higher ballot is what was chosen. */
function checkLater(chosen: Vote, later: { readonly ballot: Ballot; readonly hex: string }, height: number): void {
  if (compareBallots(later.ballot, chosen.ballot) > 0 && later.hex !== chosen.hex) {
    throw new Breach(`B-I5: another block than the chosen one proposed at height ${height}`);
  }
}

function keyOf({ number, member }: Ballot): string {
  return `${number}:${member}`;
}
