/**
 * What must hold of a network of members at every moment (PROTOCOLS 3.7), judged from outside: from what they have on disk, what they
 * said, and what their states claim. A breach throws with the id of the invariant.
 */
import type { SealedHeader } from '../../chain/block.ts';
import { equalBytes, toHex } from '../../chain/bytes.ts';
import { unreachable } from '../../chain/errors.ts';
import { withAllRules } from '../../chain/rules.ts';
import type { MemberIndex } from '../engine.ts';
import { Breach, decoderFor, type Oracle, type OracleContext } from '../oracle.ts';
import { type Ballot, compareBallots, noBallot, type Point } from './ballot.ts';
import { acceptedUpTo, type BlockLog, continues, raise, write } from './block-log.ts';
import { type Accept, type Accepted, type Entry, type Message, messageCodec } from './messages.ts';
import { type AcceptedRecord, type LogRecord, recordCodec } from './records.ts';

const decode = decoderFor('B-I2');

interface Vote {
  readonly ballot: Ballot;
  readonly hex: string;
  readonly members: Set<MemberIndex>;
}

/** What a member holds: in its state, or on its disk. */
export interface Standing {
  promised: Ballot;
  log: BlockLog;
}

/** One member, as the world knows it. */
interface Known {
  /** The fold of its durable records. */
  disk: Standing;
  /** What it told the world. No crash takes a promise back; of what is decided a crash leaves what was applied. */
  promised: Ballot;
  decided: number;
}

export class PaxosOracle {
  readonly #quorum: number;
  readonly #genesis: Point;
  readonly #hasBody: OracleContext['hasBody'];
  readonly #blocks = new Map<string, SealedHeader>();
  /** By height: the block that was decided. */
  readonly #decided = new Map<number, string>();
  /** By height: what members accepted durably. */
  readonly #votes = new Map<number, Vote[]>();
  /** By height: what was proposed, in which ballot. */
  readonly #proposed = new Map<number, Map<string, { readonly ballot: Ballot; readonly hex: string }>>();
  readonly #chosen = new Map<number, Vote>();
  #chosenTop = 0;
  readonly #members: readonly Known[];
  /** Puts up to this height may have been acknowledged. */
  #acknowledged = 0;
  /** By read: what was acknowledged when it began. */
  readonly #reads: number[] = [];

  constructor({ members, genesisHeader, hasBody }: OracleContext) {
    this.#quorum = Math.floor(members / 2) + 1;
    this.#genesis = { height: 0, hash: genesisHeader.hash };
    this.#hasBody = hasBody;
    this.#members = Array.from({ length: members }, () => ({
      disk: this.#emptyDisk(),
      promised: noBallot,
      decided: 0,
    }));
    this.#blocks.set(genesisHeader.hashHex, genesisHeader);
    this.#decided.set(0, genesisHeader.hashHex);
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
  onDurable(member: MemberIndex, record: LogRecord): void {
    const { disk } = this.#known(member);
    if (record.type === 'accepted') this.#accept(member, disk, record);
    if (record.type !== 'decided' && compareBallots(record.ballot, disk.promised) < 0)
      throw new Breach(`B-I3: member ${member} wrote a ballot below its promise`);
    foldRecord(disk, record);
    this.#countVotes(member);
    if (record.type === 'decided') this.#checkDecided(record.point, member);
  }

  /** Other records stand in the place of all that were there: they must keep every promise. */
  onReplaced(member: MemberIndex, records: readonly LogRecord[]): void {
    const known = this.#known(member);
    const disk = this.#emptyDisk();
    for (const record of records) foldRecord(disk, record);
    const { promised, log } = known.disk;
    // A decision is written with what comes next, so these may be the first to tell of it.
    raiseBy(log, disk.log.decided);
    const isKept =
      disk.log.tentative.length === log.tentative.length &&
      disk.log.tentative.every((entry, index) => isSameEntry(entry, log.tentative[index]));
    const isSame = compareBallots(disk.promised, promised) === 0 && equalBytes(disk.log.decided.hash, log.decided.hash);
    if (!isSame || !isKept)
      throw new Breach(`B-I3: member ${member} replaced its records by others than they stood for`);
    known.disk = disk;
  }

  /** A message leaves a member. What it says of ballots and votes is on its disk (W1). */
  onSent(member: MemberIndex, message: Message): void {
    const known = this.#known(member);
    const { disk } = known;
    this.#countVotes(member);
    // A decision is on the disk with what is written next.
    raiseBy(disk.log, message.decided);
    // Whoever leads has dropped what was not chosen, of which no record is made.
    if (message.type === 'heartbeat') {
      const { decided, tentative } = disk.log;
      disk.log.tentative = tentative.slice(0, acceptedUpTo(disk.log, message.ballot) - decided.height);
    }
    if (message.type === 'accept') this.#propose(message);
    if (message.type === 'accepted') this.#checkAccepted(member, disk, message);
    if (message.type === 'promise') this.#checkReport(member, disk, message);
    this.#checkDecided(message.decided, member);
    known.decided = Math.max(known.decided, message.decided.height);
    const isPromise = message.type === 'promise' || message.type === 'accepted' || message.type === 'prepare';
    if (!isPromise) return;
    if (compareBallots(message.ballot, disk.promised) > 0)
      throw new Breach(`B-I3: member ${member} told of a ballot that is not on its disk`);
    if (compareBallots(message.ballot, known.promised) < 0)
      throw new Breach(`B-I3: member ${member} takes a promise back`);
    known.promised = message.ballot;
  }

  /**
   * A member starts with all that is on its disk: also what it had dropped as a leader, of which no record is made. What is applied is
   * decided, whether a record says so or not.
   */
  onStart(member: MemberIndex, records: readonly LogRecord[], applied: Point): void {
    const disk = this.#emptyDisk();
    disk.log.decided = applied;
    for (const record of records) foldRecord(disk, record);
    // A vote whose body the crash took was never told.
    const lacking = disk.log.tentative.findIndex(({ sealed }) => !this.#hasBody(member, sealed.hash));
    if (lacking >= 0) disk.log.tentative = disk.log.tentative.slice(0, lacking);
    this.#known(member).disk = disk;
  }

  onCrash(member: MemberIndex, applied: number): void {
    this.#known(member).decided = applied;
  }

  onAcknowledged(height: number): void {
    this.#acknowledged = Math.max(this.#acknowledged, height);
  }

  /** Gives the number of a new read. */
  beginRead(): number {
    return this.#reads.push(this.#acknowledged) - 1;
  }

  /** A member answers a read from its ledger. */
  onRead(member: MemberIndex, read: number, height: number): void {
    const least = this.#reads[read] ?? 0;
    if (height < least)
      throw new Breach(
        `B-Q2: member ${member} answered a read at ${height}, and ${least} was acknowledged before it began`,
      );
  }

  /** The ledger of a member carries out an order. */
  onApply(member: MemberIndex, applied: Point, ancestor: Uint8Array, apply: readonly Uint8Array[]): void {
    if (!equalBytes(ancestor, applied.hash)) throw new Breach('B-I8: a switch that does not begin at the applied tip');
    let parent = ancestor;
    for (const [index, hash] of apply.entries()) {
      const { header } = this.block(toHex(hash));
      if (header.height !== applied.height + index + 1 || !equalBytes(header.parent, parent)) {
        throw new Breach('B-I2: a switch whose blocks are no chain');
      }
      parent = hash;
    }
    this.onApplied(member, { height: applied.height + apply.length, hash: parent });
  }

  /** A block is applied, so whoever asks is told that it is final. */
  onApplied(member: MemberIndex, point: Point): void {
    this.#countVotes(member);
    this.#checkDecided(point, member);
    this.#decide(point);
  }

  /** After every step of a member, and after its recovery. */
  check(member: MemberIndex, { promised, log }: Standing): void {
    const known = this.#known(member);
    if (compareBallots(promised, known.promised) < 0)
      throw new Breach(`B-I3: member ${member} promised less than before`);
    if (log.decided.height < known.decided) throw new Breach(`B-I10: member ${member} forgot what was decided`);
    // What it takes for decided may rest on its own vote on the way to its disk: that is judged when it tells of it or applies it.
    this.#checkChain(member, log.decided, log.tentative);
    for (const { ballot } of log.tentative.slice(-1)) this.#checkMatching(member, log, ballot);
  }

  /** B-LM: each block stands on the one below; lower ones have no lower ballot. */
  #checkChain(member: MemberIndex, decided: Point, tentative: readonly Entry[]): void {
    let parent = decided;
    let above: Ballot | null = null;
    for (const { sealed, ballot } of tentative) {
      const isNext = sealed.header.height === parent.height + 1 && equalBytes(sealed.header.parent, parent.hash);
      if (!isNext) throw new Breach(`B-I2: the log of member ${member} is no chain`);
      if (above !== null && compareBallots(above, ballot) < 0) throw new Breach(`B-I6: member ${member} holds a gap`);
      above = ballot;
      parent = { height: sealed.header.height, hash: sealed.hash };
    }
  }

  /** B-LM: what stands below the last entry is what the leader of its ballot proposed. */
  #checkMatching(member: MemberIndex, log: BlockLog, ballot: Ballot): void {
    for (const { sealed } of log.tentative) {
      const theirs = this.#proposed.get(sealed.header.height)?.get(keyOf(ballot));
      if (theirs !== undefined && theirs.hex !== sealed.hashHex)
        throw new Breach(`B-I6: member ${member} mixes leaders`);
    }
  }

  #accept(member: MemberIndex, { log }: Standing, { ballot, headers }: AcceptedRecord): void {
    if (!withAllRules(() => continues(log, ballot, headers)))
      throw new Breach(`B-I6: member ${member} accepted above a gap`);
    for (const sealed of headers) this.addBlock(sealed);
  }

  /** A vote is one when the body is on the disk too; then a message may speak of it. */
  #countVotes(member: MemberIndex): void {
    for (const { sealed, ballot } of this.#known(member).disk.log.tentative) {
      if (!this.#hasBody(member, sealed.hash)) return;
      this.#vote(sealed.header.height, ballot, sealed.hashHex, member);
    }
  }

  #propose({ ballot, headers }: Accept): void {
    for (const sealed of headers) {
      const { header, hashHex } = sealed;
      this.addBlock(sealed);
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

  #checkAccepted(member: MemberIndex, { log }: Standing, { ballot, upTo }: Accepted): void {
    if (upTo > acceptedUpTo(log, ballot))
      throw new Breach(`B-I7: member ${member} told of a vote that is not on its disk`);
    for (const { sealed } of log.tentative.slice(0, Math.max(0, upTo - log.decided.height))) {
      if (!this.#hasBody(member, sealed.hash))
        throw new Breach(`B-I7: member ${member} accepted ${sealed.hashHex} without its body`);
    }
  }

  /** B-P4: a promise tells all that is accepted on the disk. */
  #checkReport(member: MemberIndex, { log }: Standing, report: Extract<Message, { type: 'promise' }>): void {
    const { decided, tentative } = report;
    this.#checkChain(member, decided, tentative);
    for (const { sealed } of tentative) this.addBlock(sealed);
    const untold = log.tentative.find(entry => {
      const index = entry.sealed.header.height - decided.height - 1;
      return index >= 0 && !isSameEntry(entry, tentative[index]);
    });
    if (untold !== undefined)
      throw new Breach(
        `B-I3: member ${member} keeps what it accepted at ${untold.sealed.header.height} out of its promise`,
      );
  }

  #vote(height: number, ballot: Ballot, hex: string, member: MemberIndex): void {
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
    this.#chosenTop = Math.max(this.#chosenTop, height);
    if (chosen === undefined || compareBallots(ballot, chosen.ballot) < 0) this.#chosen.set(height, vote);
    for (const other of this.#proposed.get(height)?.values() ?? []) checkLater(vote, other, height);
  }

  /** Nobody tells that a block is decided before a majority holds it. */
  #checkDecided({ height, hash }: Point, member: MemberIndex): void {
    if (height === 0) return;
    if (this.#chosen.get(height)?.hex === toHex(hash)) return;
    // A part of a switch may be the tip after a crash: then a block above it was chosen.
    const isBelow = this.#chosenTop > height && this.#decided.get(height) === toHex(hash);
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

  #known(member: MemberIndex): Known {
    const known = this.#members[member];
    if (known === undefined) throw new Error(`member ${member} is none of the network`);
    return known;
  }

  #emptyDisk(): Standing {
    return { promised: noBallot, log: { decided: this.#genesis, tentative: [] } };
  }
}

/** B-I5 (P2c of Paxos): whatever is proposed in a higher ballot is what was chosen. */
function checkLater(chosen: Vote, later: { readonly ballot: Ballot; readonly hex: string }, height: number): void {
  if (compareBallots(later.ballot, chosen.ballot) > 0 && later.hex !== chosen.hex) {
    throw new Breach(`B-I5: another block than the chosen one proposed at height ${height}`);
  }
}

/** One record more on a disk, by all rules, whichever the members lack. */
function foldRecord(disk: Standing, record: LogRecord): void {
  withAllRules(() => {
    switch (record.type) {
      case 'promised':
        disk.promised = higherOf(disk.promised, record.ballot);
        break;
      case 'accepted':
        disk.promised = higherOf(disk.promised, record.ballot);
        if (continues(disk.log, record.ballot, record.headers)) write(disk.log, record.ballot, record.headers);
        break;
      case 'decided':
        raise(disk.log, record.point);
        break;
      default:
        unreachable(record);
    }
  });
}

function raiseBy(log: BlockLog, decided: Point): void {
  withAllRules(() => raise(log, decided));
}

function higherOf(a: Ballot, b: Ballot): Ballot {
  return compareBallots(a, b) > 0 ? a : b;
}

function isSameEntry(a: Entry, b: Entry | undefined): boolean {
  return b !== undefined && a.sealed.hashHex === b.sealed.hashHex && compareBallots(a.ballot, b.ballot) === 0;
}

function keyOf({ number, member }: Ballot): string {
  return `${number}:${member}`;
}

/** For whole nodes, of which nothing but bytes is seen. */
export function paxosOracle(context: OracleContext): Oracle {
  const oracle = new PaxosOracle(context);
  const logs = Array.from({ length: context.members }, (): Uint8Array[] => []);
  const onDurable = (member: MemberIndex, records: readonly Uint8Array[]) => {
    logs[member]?.push(...records);
    for (const record of records) oracle.onDurable(member, decode(recordCodec, record));
  };
  const onReplaced = (member: MemberIndex, records: readonly Uint8Array[]) => {
    logs[member] = [...records];
    oracle.onReplaced(member, records.map(decodeRecord));
  };
  return {
    onDurable,
    onReplaced,
    onStart: (member, records, applied) => {
      const before = logs[member] ?? [];
      // What was under way when it died may be there: the rest of an append, or a replacement.
      const isLonger = before.every((record, index) => equalBytes(record, records[index] ?? noBytes));
      if (isLonger) onDurable(member, records.slice(before.length));
      else onReplaced(member, records);
      oracle.onStart(member, records.map(decodeRecord), applied);
    },
    onSent: (member, message) => oracle.onSent(member, decode(messageCodec, message)),
    describe: message => wordsOf(decode(messageCodec, message)),
    onApplied: (member, point) => oracle.onApplied(member, point),
  };
}

/** Such as `accept 4.1 12`: the ballot, and the height that the message is about. */
function wordsOf(message: Message): string {
  const { type, ballot, decided } = message;
  const last = type === 'accept' ? message.headers.at(-1)?.header.height : undefined;
  const height = type === 'accepted' ? message.upTo : (last ?? decided.height);
  return `${type} ${ballot.number}.${ballot.member} ${height}`;
}

const noBytes = new Uint8Array();

function decodeRecord(bytes: Uint8Array): LogRecord {
  return decode(recordCodec, bytes);
}
