/** One message and one record of each kind. */
import type { SealedHeader } from '../../chain/block.ts';
import { type SpecimenMaker, specimensOf } from '../specimen.ts';
import { type Message, messageCodec } from './messages.ts';
import { type LogRecord, recordCodec } from './records.ts';

const ballot = { number: 3, member: 1 };
const decided = { height: 7, hash: new Uint8Array(32) };
const said = { ballot, decided };

export const paxosSpecimens: SpecimenMaker = headers => [
  specimensOf('paxos-message', messageCodec, messagesWith(headers)),
  specimensOf('paxos-record', recordCodec, recordsWith(headers)),
];

export function messagesWith(headers: readonly SealedHeader[]): readonly Message[] {
  return [
    { type: 'prepare', ...said },
    { type: 'promise', ...said, tentative: headers.map(sealed => ({ sealed, ballot })) },
    { type: 'nack', ...said, promised: ballot },
    { type: 'accept', ...said, headers },
    { type: 'accepted', ...said, upTo: 8, round: 0 },
    { type: 'decide', ...said },
    { type: 'heartbeat', ...said, round: 2 },
    { type: 'ask', ...said, id: 1 },
    { type: 'index', ...said, id: 1, height: null },
  ];
}

export function recordsWith(headers: readonly SealedHeader[]): readonly LogRecord[] {
  return [
    { type: 'promised', ballot },
    { type: 'accepted', ballot, headers },
    { type: 'decided', point: decided },
  ];
}
