/** Vectors of what peers say to each other: handshake, gossip, sync and peer exchange. */
import { bodyCodec } from '../../chain/block.ts';
import { concat, toHex } from '../../chain/bytes.ts';
import { encode, encodeItem, type Item } from '../../chain/codec.ts';
import { assert, type ErrorCode } from '../../chain/errors.ts';
import { type Genesis, membersMax } from '../../chain/genesis.ts';
import { signerOf } from '../../chain/transaction.ts';
import { proveMember } from '../../daemon/member-proof.ts';
import { encodeAnswer, encodeExchangeAnswer, encodeQuestion, protocolNames } from '../../daemon/network/wire.ts';
import {
  encodeBatch,
  encodeBodies,
  encodeCompactBlock,
  encodeHeaders,
  encodeRequest,
  encodeStatus,
  encodeTransactions,
  type MemberProof,
  type SyncRequest,
  wireLimits,
  workToBytes,
} from '../../daemon/wire.ts';
import { alice, block0, block1, bob, exampleChainId, exampleGenesis } from './example-chain.ts';
import { type Json, showFields } from './show.ts';
import { refusedSnapshotRows, snapshotRows } from './snapshot.ts';

/** The kinds of messages, by which a reader of the vectors finds the decoder. */
export type MessageKind =
  | 'status'
  | 'batch'
  | 'compactBlock'
  | 'request'
  | 'headers'
  | 'bodies'
  | 'transactions'
  | 'offers'
  | 'parts'
  | 'answer'
  | 'exchangeQuestion'
  | 'exchangeAnswer';

/** A message as fields and bytes. `good` rows decode and encode again to the same bytes; `refused` rows do not decode, with their code. */
export function networkVectors(): Json {
  const { topics, ...protocols } = protocolNames(toHex(exampleChainId));
  return {
    chainId: toHex(exampleChainId),
    names: { ...protocols, ...topics },
    good: [...handshake(), ...gossip(), ...sync(), ...snapshot(), ...answers(), ...exchange()],
    refused: refused().map(([kind, name, bytes, code]) => ({ kind, name, hex: toHex(bytes), code })),
  };
}

function row(kind: MessageKind, name: string, fields: Json, bytes: Uint8Array): Json {
  return { kind, name, fields, hex: toHex(bytes) };
}

const status = {
  chainId: exampleChainId,
  engine: 'pow',
  headHash: block1.hash,
  headHeight: 1,
  work: workToBytes(513n),
  finalHeight: 0,
  blocksFrom: 0,
  addresses: ['/ip4/192.0.2.7/tcp/9645'],
  memberProof: null,
};

const memberPeer = '12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5';
const memberStatus = { ...status, engine: 'paxos', memberProof: memberProof() };

/** Of bob, were he member 1 of the same chain under the engine paxos. */
function memberProof(): MemberProof {
  const members = [alice, bob].map(({ name, publicKey }) => ({ name, publicKey }));
  const genesis: Genesis = { ...exampleGenesis, engine: 'paxos', members };
  const proof = proveMember({ genesis, chainId: exampleChainId }, memberPeer, signerOf(bob.secretKey));
  assert(proof !== null, 'bob is a member');
  return proof;
}

function handshake(): readonly Json[] {
  const fields = { version: 1, ...showFields(status), addresses: status.addresses, memberProof: null };
  const young = { ...status, headHash: block0.hash, headHeight: 0, work: workToBytes(0n), addresses: [] };
  const youngFields = { version: 1, ...showFields(young), addresses: [], memberProof: null };
  const proof = memberProof();
  const memberFields = {
    ...fields,
    engine: 'paxos',
    memberProof: { ...proof, signature: toHex(proof.signature) },
    identity: memberPeer,
    publicKey: toHex(bob.publicKey),
  };
  return [
    row('status', 'of a node at block 1', fields, encodeStatus(status)),
    row('status', 'of a node at block 0 that listens nowhere', youngFields, encodeStatus(young)),
    row(
      'status',
      'of member 1, with the identity and the key that its proof is of',
      memberFields,
      encodeStatus(memberStatus),
    ),
  ];
}

function gossip(): readonly Json[] {
  const { transactions } = block1;
  const witnessIds = transactions.map(({ witnessId }) => witnessId);
  const compact = { hash: block1.hashHex, witnessIds: witnessIds.map(toHex) };
  const ids = { ids: transactions.map(({ idHex }) => idHex) };
  return [
    row('batch', 'the transactions of block 1', ids, encodeBatch(transactions)),
    row('batch', 'of nothing', { ids: [] }, encodeBatch([])),
    row('compactBlock', 'block 1', compact, encodeCompactBlock(block1, witnessIds)),
  ];
}

function sync(): readonly Json[] {
  const [first] = block1.transactions;
  if (first === undefined) throw new Error('assertion failed: block 1 has transactions');
  const unknown = new Uint8Array(32).fill(0xee);
  const body = encode(bodyCodec, block1.transactions);
  const request = (name: string, asked: SyncRequest) => row('request', name, showRequest(asked), encodeRequest(asked));
  return [
    request('headers after block 0', { type: 'getHeaders', locator: [block0.hash], limit: 500 }),
    request('bodies', { type: 'getBodies', hashes: [block1.hash, unknown] }),
    request('a transaction', { type: 'getTransactions', block: block1.hash, witnessIds: [first.witnessId] }),
    row('headers', 'block 1', { hashes: [block1.hashHex] }, encodeHeaders([block1])),
    row('headers', 'no more', { hashes: [] }, encodeHeaders([])),
    row('bodies', 'one held, one not', { bodies: [toHex(body), null] }, encodeBodies([body, null])),
    row('transactions', 'one held, one not', { ids: [first.idHex, null] }, encodeTransactions([first, null])),
  ];
}

function snapshot(): readonly Json[] {
  const request = (name: string, asked: SyncRequest) => row('request', name, showRequest(asked), encodeRequest(asked));
  return [
    request('the snapshots that there are', { type: 'getSnapshots' }),
    request('a state under three prefixes', { type: 'getState', block: block1.hash, prefixes: ['', '0', 'a1'] }),
    ...snapshotRows().map(({ kind, name, fields, bytes }) => row(kind, name, fields, bytes)),
  ];
}

function showRequest(request: SyncRequest): Json {
  switch (request.type) {
    case 'getHeaders':
      return { type: request.type, locator: request.locator.map(toHex), limit: request.limit };
    case 'getBodies':
      return { type: request.type, hashes: request.hashes.map(toHex) };
    case 'getSnapshots':
      return { type: request.type };
    case 'getState':
      return { type: request.type, block: toHex(request.block), prefixes: [...request.prefixes] };
    default:
      return { type: request.type, block: toHex(request.block), witnessIds: request.witnessIds.map(toHex) };
  }
}

function answers(): readonly Json[] {
  const data = encodeHeaders([]);
  const refusal = { code: 'WRONG_NETWORK', detail: 'another chain' } as const;
  return [
    row(
      'answer',
      'nothing, which ends a handshake',
      { data: '' },
      encodeAnswer({ type: 'data', data: Uint8Array.of() }),
    ),
    row('answer', 'no headers', { data: toHex(data) }, encodeAnswer({ type: 'data', data })),
    row('answer', 'a refusal', { ...refusal }, encodeAnswer({ type: 'refusal', ...refusal })),
  ];
}

function exchange(): readonly Json[] {
  const ports = [9645];
  const addresses = ['/ip4/192.0.2.7/tcp/9645/p2p/12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5'];
  return [
    row('exchangeQuestion', 'one port', { ports }, encodeQuestion({ ports })),
    row('exchangeQuestion', 'of a node that listens nowhere', { ports: [] }, encodeQuestion({ ports: [] })),
    row('exchangeAnswer', 'one address', { addresses }, encodeExchangeAnswer({ addresses })),
  ];
}

function refused(): readonly (readonly [MessageKind, string, Uint8Array, ErrorCode])[] {
  const good = encodeStatus(status);
  const proofOf = (member: number, length: number) =>
    encodeStatus({ ...status, memberProof: { member, signature: new Uint8Array(length) } });
  const hashes = (count: number): Item => Array.from({ length: count }, () => block1.hash);
  const { locatorMax, bodiesMax, headersMax, statusBytesMax } = wireLimits;
  return [
    ['status', 'one byte long', concat(good, Uint8Array.of(0)), 'BAD_ENCODING'],
    ['status', 'one byte short', good.slice(0, -1), 'BAD_ENCODING'],
    ['status', 'of a later version', encodeItem([2, 'all else is new']), 'BAD_VERSION'],
    ['status', 'of an earlier version', encodeItem([0]), 'BAD_VERSION'],
    ['status', 'of a member above the last that there can be', proofOf(membersMax, 64), 'TOO_LARGE'],
    ['status', 'with a signature of 63 bytes', proofOf(1, 63), 'BAD_ENCODING'],
    ['status', 'over its limit', new Uint8Array(statusBytesMax + 1), 'TOO_LARGE'],
    ['batch', 'a transaction that is none', encodeItem([0]), 'BAD_ENCODING'],
    ['batch', 'the head of the array in two bytes', Uint8Array.of(0x98, 0x00), 'BAD_ENCODING'],
    ['compactBlock', 'two places instead of four', encodeItem([[], new Uint8Array(32)]), 'BAD_ENCODING'],
    ['request', 'of an unknown kind', encodeItem([5, []]), 'BAD_MESSAGE'],
    ['request', 'without fields', encodeItem([1]), 'BAD_ENCODING'],
    ['request', 'a locator too long', encodeItem([0, [hashes(locatorMax + 1), 1]]), 'TOO_LARGE'],
    ['request', 'more headers than there may be', encodeItem([0, [hashes(1), headersMax + 1]]), 'TOO_LARGE'],
    ['request', 'too many bodies', encodeItem([1, [hashes(bodiesMax + 1)]]), 'TOO_LARGE'],
    ['request', 'a hash of 31 bytes', encodeItem([1, [[new Uint8Array(31)]]]), 'BAD_ENCODING'],
    ...refusedSnapshotRows(),
    ['bodies', 'an empty body', encodeItem([Uint8Array.of()]), 'TOO_LARGE'],
    ['answer', 'of an unknown kind', encodeItem([2, Uint8Array.of()]), 'BAD_ENCODING'],
    ['answer', 'a refusal with an unknown code', encodeItem([1, 65_535, 'no']), 'BAD_VERSION'],
    ['answer', 'a length in more bytes than it needs', Uint8Array.of(0x82, 0x00, 0x58, 0x01, 0x07), 'BAD_ENCODING'],
    ['exchangeQuestion', 'port 65,536', encodeItem([[65_536]]), 'TOO_LARGE'],
    ['exchangeQuestion', 'five ports', encodeItem([[1, 2, 3, 4, 5]]), 'TOO_LARGE'],
    ['exchangeAnswer', 'an empty address', encodeItem([['']]), 'TOO_LARGE'],
  ];
}
