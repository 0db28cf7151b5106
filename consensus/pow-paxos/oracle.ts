/**
 * What must hold of finality at every moment (PROTOCOLS 4.1), judged from outside: from what the members have on disk and what they say. That no
 * final block is undone or another one elsewhere, the simulator asks of every machine, members and others (testnet/sim/agreement.ts).
 */
import type { SealedHeader } from '../../chain/block.ts';
import { equalBytes, toHex } from '../../chain/bytes.ts';
import { encode } from '../../chain/codec.ts';
import { assert } from '../../chain/errors.ts';
import { decodeFinality, type FinalityParams } from '../../chain/finality-params.ts';
import type { MemberIndex } from '../engine.ts';
import { Breach, decoderFor, type Oracle, type OracleContext, type Point, type Standing } from '../oracle.ts';
import { type Message as PaxosMessage, messageCodec as paxosMessages } from '../paxos/messages.ts';
import { paxosOracle } from '../paxos/oracle.ts';
import { recordCodec as paxosRecords } from '../paxos/records.ts';
import type { Acceptance, Certificate } from './certificate.ts';
import { type Checkpoint, checkpointOf, firstCheckpoint, idOf, sealCheckpoint } from './checkpoint.ts';
import { type Message, messageCodec } from './messages.ts';
import { finalOf, type LogRecord, recordCodec } from './records.ts';

const decode = decoderFor('F-4');

/** What a member has had on stable storage. */
interface Known {
  /** Each acceptance; none is taken back by a crash. */
  readonly accepted: Set<string>;
  /** The number of the highest final checkpoint. */
  final: number;
  /** The highest block that its ledger ever stood on. */
  reached: number;
}

export function finalityOracle(context: OracleContext): Oracle {
  const oracle = new FinalityOracle(context);
  const committee = committeeOracle(context);
  return {
    onDurable: (member, encoded) => {
      const records = encoded.map(decodeRecord);
      for (const record of records) oracle.onDurable(member, record);
      committee.onDurable(member, records);
    },
    onReplaced: (member, encoded) => {
      const records = encoded.map(decodeRecord);
      oracle.onReplaced(member, records);
      committee.onReplaced(member, records);
    },
    // What was under way when it died may be there; what was durable must be.
    onStart: (member, encoded, applied) => {
      const records = encoded.map(decodeRecord);
      oracle.onApplied(member, applied);
      for (const record of records) oracle.onDurable(member, record);
      oracle.onReplaced(member, records);
      oracle.onStart(member, records, applied);
      committee.onStart(member, records);
    },
    onSent: (member, encoded) => {
      const message = decode(messageCodec, encoded);
      oracle.onSent(member, message);
      if (message.type === 'paxos') committee.onSent(member, message.paxos);
    },
    describe: message => wordsOf(decode(messageCodec, message)),
    onApplied: (member, point) => oracle.onApplied(member, point),
  };
}

/**
 * The invariants of Multi-Paxos (PROTOCOLS 3.7) over checkpoints. Their ledger is what is final: who knows it from a certificate may vote for
 * less, of which its Paxos has not heard that it is decided, and such votes count for nothing any more.
 */
function committeeOracle(context: OracleContext) {
  const first = firstCheckpoint(context.genesisHeader);
  // A checkpoint has no body but its block, at which the other oracle looks.
  const oracle = paxosOracle({ ...context, genesisHeader: sealCheckpoint(first), hasBody: () => true });
  const finals = Array.from({ length: context.members }, () => first);
  const inner = (member: MemberIndex, record: LogRecord): Uint8Array => {
    const final = finals[member] ?? first;
    if (record.type !== 'paxos') {
      const checkpoint = finalOf(record);
      if (checkpoint.number > final.number) finals[member] = checkpoint;
      return encode(paxosRecords, { type: 'decided', point: pointOf(checkpoint) });
    }
    if (record.paxos.type !== 'accepted') return encode(paxosRecords, record.paxos);
    const { ballot, headers } = record.paxos;
    const above = headers.filter(({ header }) => header.height > final.number);
    return encode(
      paxosRecords,
      above.length === 0 ? { type: 'promised', ballot } : { ...record.paxos, headers: above },
    );
  };
  const anew = (member: MemberIndex, records: readonly LogRecord[]) => {
    finals[member] = first;
    return records.map(record => inner(member, record));
  };
  return {
    onDurable: (member: MemberIndex, records: readonly LogRecord[]) =>
      oracle.onDurable(
        member,
        records.map(record => inner(member, record)),
      ),
    onReplaced: (member: MemberIndex, records: readonly LogRecord[]) =>
      oracle.onReplaced(member, anew(member, records)),
    onStart: (member: MemberIndex, records: readonly LogRecord[]) => {
      const encoded = anew(member, records);
      const final = finals[member] ?? first;
      oracle.onStart(member, encoded, { ...pointOf(final), finalHeight: final.number, hashAt: () => null });
    },
    onSent: (member: MemberIndex, message: PaxosMessage) => oracle.onSent(member, encode(paxosMessages, message)),
  };
}

function pointOf(checkpoint: Checkpoint): Point {
  return { height: checkpoint.number, hash: idOf(checkpoint) };
}

function decodeRecord(encoded: Uint8Array): LogRecord {
  return decode(recordCodec, encoded);
}

class FinalityOracle {
  readonly #members: readonly Known[];
  /** By number: the checkpoint that somebody knew to be final first. */
  readonly #final = new Map<number, Checkpoint>();
  /** By id: what was ever proposed. */
  readonly #proposed = new Map<string, Checkpoint>();
  readonly #params: FinalityParams;
  readonly #hasBody: OracleContext['hasBody'];

  constructor({ members, engineParams, genesisHeader, hasBody }: OracleContext) {
    this.#members = Array.from({ length: members }, () => ({ accepted: new Set<string>(), final: 0, reached: 0 }));
    const first = firstCheckpoint(genesisHeader);
    this.#final.set(0, first);
    this.#proposed.set(toHex(idOf(first)), first);
    const params = decodeFinality(engineParams);
    assert(params.ok, 'the engine took these parameters');
    this.#params = params.value;
    this.#hasBody = hasBody;
  }

  /** A ledger of mined blocks stands on much that is not final. */
  onApplied(member: MemberIndex, { height }: Point): void {
    const known = this.#known(member);
    known.reached = Math.max(known.reached, height);
  }

  onDurable(member: MemberIndex, record: LogRecord): void {
    const known = this.#known(member);
    if (record.type === 'paxos') {
      if (record.paxos.type !== 'accepted') return;
      const { ballot, headers } = record.paxos;
      for (const checkpoint of checkpointsIn(headers)) {
        this.#checkProposal(member, checkpoint);
        this.#checkBlock(member, checkpoint);
        known.accepted.add(keyOf({ checkpoint, ballot }));
      }
      return;
    }
    const checkpoint = finalOf(record);
    this.#checkFinal(member, checkpoint);
    known.final = Math.max(known.final, checkpoint.number);
  }

  /** F-I5: a final block on its disk, on its own chain, is final for it from the start of a run on. */
  onStart(member: MemberIndex, records: readonly LogRecord[], { finalHeight, hashAt }: Standing): void {
    for (const record of records) {
      if (record.type === 'paxos') continue;
      const { height, hash } = finalOf(record).block;
      const held = hashAt(height);
      if (finalHeight < height && held !== null && equalBytes(held, hash))
        throw new Breach(
          `F-I5: member ${member} begins with ${finalHeight} final, and block ${height} is on its disk as final`,
        );
    }
  }

  /** F-7: whatever stands in the place of all records, what was final is. */
  onReplaced(member: MemberIndex, records: readonly LogRecord[]): void {
    const known = this.#known(member);
    const numbers = records.map(record => (record.type === 'paxos' ? 0 : finalOf(record).number));
    const final = Math.max(0, ...numbers);
    if (final < known.final)
      throw new Breach(`F-I5: member ${member} knows of checkpoint ${final}, and ${known.final} was final on its disk`);
  }

  onSent(member: MemberIndex, message: Message): void {
    const known = this.#known(member);
    if (message.type === 'paxos' && message.paxos.type === 'accept')
      for (const checkpoint of checkpointsIn(message.paxos.headers)) this.#checkProposal(member, checkpoint);
    if (message.type === 'vote' && !known.accepted.has(keyOf(message.vote)))
      throw new Breach(`F-4: member ${member} voted for what it has not accepted on its disk`);
    if (message.type !== 'certificate') return;
    const { checkpoint } = message.certificate;
    this.#checkCertificate(member, message.certificate);
    if (known.final < checkpoint.number)
      throw new Breach(`F-I5: member ${member} tells of checkpoint ${checkpoint.number}, which its disk does not have`);
  }

  /** F-1: whoever has it first proposed it, and its block lay deep enough under what its ledger had reached. */
  #checkProposal(member: MemberIndex, checkpoint: Checkpoint): void {
    const { number, block, previous } = checkpoint;
    const key = toHex(idOf(checkpoint));
    if (this.#proposed.has(key)) return;
    this.#proposed.set(key, checkpoint);
    const { spacing, depth } = this.#params;
    const before = this.#proposed.get(toHex(previous));
    if (before === undefined || (block.height - before.block.height) % spacing !== 0)
      throw new Breach(`F-1: member ${member} proposed checkpoint ${number} at ${block.height}, out of the measure`);
    const { reached } = this.#known(member);
    if (reached < block.height + depth)
      throw new Breach(
        `F-1: member ${member} proposed checkpoint ${number} at ${block.height}, having reached ${reached}`,
      );
  }

  /** F-2: it is there to be given to whoever has to follow it. */
  #checkBlock(member: MemberIndex, { number, block }: Checkpoint): void {
    if (!this.#hasBody(member, block.hash))
      throw new Breach(`F-2: member ${member} accepted checkpoint ${number} without block ${block.height} on its disk`);
  }

  /** F-I4, and that each of these members did accept it. */
  #checkCertificate(member: MemberIndex, { checkpoint, ballot, signatures }: Certificate): void {
    const signers = new Set(signatures.map(signature => signature.member));
    if (signers.size !== signatures.length || 2 * signers.size <= this.#members.length)
      throw new Breach(`F-I4: member ${member} tells a certificate of ${signers.size} of ${this.#members.length}`);
    const stranger = [...signers].find(signer => !this.#known(signer).accepted.has(keyOf({ checkpoint, ballot })));
    if (stranger !== undefined)
      throw new Breach(`F-I4: a certificate has the signature of member ${stranger}, which did not accept it`);
    this.#checkFinal(member, checkpoint);
  }

  /** One sequence: of each number one checkpoint, higher than the one before it and linked to it (F-I1). */
  #checkFinal(member: MemberIndex, checkpoint: Checkpoint): void {
    const { number, block, previous } = checkpoint;
    const other = this.#final.get(number);
    if (other !== undefined && toHex(idOf(other)) !== toHex(idOf(checkpoint)))
      throw new Breach(`F-I1: checkpoint ${number} of member ${member} is another one elsewhere`);
    this.#final.set(number, checkpoint);
    const before = this.#final.get(number - 1);
    if (before !== undefined && (toHex(idOf(before)) !== toHex(previous) || before.block.height >= block.height))
      throw new Breach(`F-I1: checkpoint ${number} does not continue the one before it`);
  }

  #known(member: MemberIndex): Known {
    const known = this.#members[member];
    if (known === undefined) throw new Breach(`F-I4: there is no member ${member}`);
    return known;
  }
}

function checkpointsIn(headers: readonly SealedHeader[]): readonly Checkpoint[] {
  return headers.map(checkpointOf).filter(checkpoint => checkpoint !== null);
}

function keyOf({ checkpoint, ballot }: Acceptance): string {
  return `${toHex(idOf(checkpoint))} ${ballot.number}.${ballot.member}`;
}

/** Such as `vote 3` or `paxos accept 4.1`: the number of the checkpoint, or the ballot. */
function wordsOf(message: Message): string {
  switch (message.type) {
    case 'paxos':
      return `paxos ${message.paxos.type} ${message.paxos.ballot.number}.${message.paxos.ballot.member}`;
    case 'vote':
      return `vote ${message.vote.checkpoint.number}`;
    case 'certificate':
      return `certificate ${message.certificate.checkpoint.number}`;
    default:
      return message.type;
  }
}
