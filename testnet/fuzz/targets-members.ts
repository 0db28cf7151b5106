/** The decoders of what members say to each other and write down, of certificates of finality among it. */
import { decodeBlock, encodeBody, type SealedHeader } from '../../chain/block.ts';
import { type Codec, decodeBytes, encode } from '../../chain/codec.ts';
import { signatureLength } from '../../chain/keys.ts';
import { type Message, messageCodec } from '../../consensus/paxos/messages.ts';
import { type LogRecord, recordCodec } from '../../consensus/paxos/records.ts';
import type { Acceptance } from '../../consensus/pow-paxos/certificate.ts';
import {
  type Message as FinalityMessage,
  messageCodec as finalityMessages,
} from '../../consensus/pow-paxos/messages.ts';
import { type LogRecord as FinalityRecord, recordCodec as finalityRecords } from '../../consensus/pow-paxos/records.ts';
import {
  decodeHeaders,
  decodeMemberFrame,
  decodeWholeBlock,
  encodeMemberFrame,
  encodeWholeBlock,
} from '../../daemon/wire.ts';
import { hexSeeds } from './seeds.ts';
import type { Target } from './target.ts';
import { outcomeOf } from './targets-chain.ts';

const headers = hexSeeds('network', 'hex', ({ kind }) => kind === 'headers').flatMap(sealedHeaders);
const ballot = { number: 3, member: 1 };
const decided = { height: 7, hash: new Uint8Array(32) };
const said = { ballot, decided };

const messages: readonly Message[] = [
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
const records: readonly LogRecord[] = [
  { type: 'promised', ballot },
  { type: 'accepted', ballot, headers },
  { type: 'decided', point: decided },
];

const checkpoint = { number: 2, block: decided, previous: new Uint8Array(32) };
const acceptance: Acceptance = { checkpoint, ballot };
const signature = new Uint8Array(signatureLength);
const certificate = { ...acceptance, signatures: [0, 1, 2].map(member => ({ member, signature })) };
const ofFinality: readonly FinalityMessage[] = [
  ...messages.map(paxos => ({ type: 'paxos' as const, paxos })),
  { type: 'vote', vote: { ...acceptance, signature } },
  { type: 'certificate', certificate },
  { type: 'wantCertificate' },
  { type: 'wantBranch', block: decided.hash },
  { type: 'branch', headers },
];
const writtenOfFinality: readonly FinalityRecord[] = [
  ...records.map(paxos => ({ type: 'paxos' as const, paxos })),
  { type: 'final', checkpoint },
  { type: 'certificate', certificate },
];

const wholeBlocks = hexSeeds('block').flatMap(bytes => {
  const block = decodeBlock(bytes);
  return block.ok ? [encodeWholeBlock({ sealed: block.value, body: encodeBody(block.value.transactions) })] : [];
});

export const memberTargets: readonly Target[] = [
  codecTarget('paxos-message', messageCodec, messages),
  codecTarget('paxos-record', recordCodec, records),
  codecTarget('pow-paxos-message', finalityMessages, ofFinality),
  codecTarget('pow-paxos-record', finalityRecords, writtenOfFinality),
  {
    name: 'member-frame',
    shape: 'bytes',
    encoding: 'exact',
    testCases: 300,
    seeds: messages.map(message => encodeMemberFrame({ kind: 'engine', content: encode(messageCodec, message) })),
    run: bytes => outcomeOf(decodeMemberFrame(bytes), encodeMemberFrame),
  },
  {
    name: 'whole-block',
    shape: 'bytes',
    encoding: 'exact',
    testCases: 1_000,
    seeds: wholeBlocks,
    run: bytes => outcomeOf(decodeWholeBlock(bytes), encodeWholeBlock),
  },
];

function codecTarget<T>(name: string, codec: Codec<T>, values: readonly T[]): Target {
  const seeds = values.map(value => encode(codec, value));
  const run: Target['run'] = bytes => outcomeOf(decodeBytes(codec, bytes, bytes.length), value => encode(codec, value));
  return { name, shape: 'cbor', encoding: 'exact', testCases: 1_000, seeds, run };
}

function sealedHeaders(bytes: Uint8Array): readonly SealedHeader[] {
  const decoded = decodeHeaders(bytes);
  return decoded.ok ? decoded.value : [];
}
