/**
 * What must hold of finality at every moment (PROTOCOLS 4.1), judged from outside: from what the members have on disk and what they say. That no
 * final block is undone or another one elsewhere, the simulator asks of every machine, members and others (testnet/sim/agreement.ts).
 */
import { toHex } from '../../chain/bytes.ts';
import { type Codec, decodeBytes } from '../../chain/codec.ts';
import type { MemberIndex } from '../engine.ts';
import { Breach, type Oracle, type OracleContext } from '../oracle.ts';
import type { Acceptance, Certificate } from './certificate.ts';
import { type Checkpoint, checkpointOf, firstCheckpoint, idOf } from './checkpoint.ts';
import { type Message, messageCodec } from './messages.ts';
import { type LogRecord, recordCodec } from './records.ts';

/** As long as a record or a message may be. */
const bytesMax = 1_048_576;

/** What a member has had on stable storage. */
interface Known {
  /** Each acceptance; none is taken back by a crash. */
  readonly accepted: Set<string>;
  /** The number of the highest final checkpoint. */
  final: number;
}

export function finalityOracle({ members, genesisHeader }: OracleContext): Oracle {
  const oracle = new FinalityOracle(members, firstCheckpoint(genesisHeader));
  const onDurable = (member: MemberIndex, records: readonly Uint8Array[]) => {
    for (const record of records) oracle.onDurable(member, decode(recordCodec, record));
  };
  const onReplaced = (member: MemberIndex, records: readonly Uint8Array[]) =>
    oracle.onReplaced(
      member,
      records.map(record => decode(recordCodec, record)),
    );
  return {
    onDurable,
    onReplaced,
    // What was under way when it died may be there; what was durable must be.
    onStart: (member, records) => {
      onDurable(member, records);
      onReplaced(member, records);
    },
    onSent: (member, message) => oracle.onSent(member, decode(messageCodec, message)),
    describe: message => wordsOf(decode(messageCodec, message)),
    // A ledger of mined blocks stands on much that is not final.
    onApplied: () => {},
  };
}

class FinalityOracle {
  readonly #members: readonly Known[];
  /** By number: the checkpoint that somebody knew to be final first. */
  readonly #final = new Map<number, Checkpoint>();

  constructor(members: number, first: Checkpoint) {
    this.#members = Array.from({ length: members }, () => ({ accepted: new Set<string>(), final: 0 }));
    this.#final.set(0, first);
  }

  onDurable(member: MemberIndex, record: LogRecord): void {
    const known = this.#known(member);
    if (record.type === 'paxos') {
      if (record.paxos.type !== 'accepted') return;
      const { ballot, headers } = record.paxos;
      for (const checkpoint of headers.map(checkpointOf))
        if (checkpoint !== null) known.accepted.add(keyOf({ checkpoint, ballot }));
      return;
    }
    const checkpoint = finalOf(record);
    this.#checkFinal(member, checkpoint);
    known.final = Math.max(known.final, checkpoint.number);
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
    if (message.type === 'vote' && !known.accepted.has(keyOf(message.vote)))
      throw new Breach(`F-4: member ${member} voted for what it has not accepted on its disk`);
    if (message.type !== 'certificate') return;
    const { checkpoint } = message.certificate;
    this.#checkCertificate(member, message.certificate);
    if (known.final < checkpoint.number)
      throw new Breach(`F-I5: member ${member} tells of checkpoint ${checkpoint.number}, which its disk does not have`);
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

function finalOf(record: Exclude<LogRecord, { type: 'paxos' }>): Checkpoint {
  return record.type === 'final' ? record.checkpoint : record.certificate.checkpoint;
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

function decode<T>(codec: Codec<T>, bytes: Uint8Array): T {
  const decoded = decodeBytes(codec, bytes, bytesMax);
  if (!decoded.ok) throw new Breach(`F-4: bytes of a member that mean nothing: ${decoded.error.detail}`);
  return decoded.value;
}
