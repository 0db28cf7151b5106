/** One message and one record of each kind, those of the committee's Paxos among them. */
import { signatureLength } from '../../chain/keys.ts';
import { messagesWith, recordsWith } from '../paxos/specimens.ts';
import { type SpecimenMaker, specimensOf } from '../specimen.ts';
import type { Acceptance, Certificate } from './certificate.ts';
import { type Message, messageCodec } from './messages.ts';
import { type LogRecord, recordCodec } from './records.ts';

const hash = new Uint8Array(32);
const checkpoint = { number: 2, block: { height: 7, hash }, previous: hash };
const acceptance: Acceptance = { checkpoint, ballot: { number: 3, member: 1 } };
const signature = new Uint8Array(signatureLength);
const certificate: Certificate = { ...acceptance, signatures: [0, 1, 2].map(member => ({ member, signature })) };

export const finalitySpecimens: SpecimenMaker = headers => {
  const messages: readonly Message[] = [
    ...messagesWith(headers).map(paxos => ({ type: 'paxos' as const, paxos })),
    { type: 'vote', vote: { ...acceptance, signature } },
    { type: 'certificate', certificate },
    { type: 'wantCertificate' },
    { type: 'wantBranch', block: hash },
    { type: 'branch', headers },
  ];
  const records: readonly LogRecord[] = [
    ...recordsWith(headers).map(paxos => ({ type: 'paxos' as const, paxos })),
    { type: 'final', checkpoint },
    { type: 'certificate', certificate },
  ];
  return [
    specimensOf('pow-paxos-message', messageCodec, messages),
    specimensOf('pow-paxos-record', recordCodec, records),
  ];
};
