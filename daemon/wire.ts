/**
 * What nodes say to each other, byte for byte (docs/protocol/network.md): the handshake's status, gossip's transaction batches and
 * compact blocks, and the sync protocol's requests with their answers (those of a snapshot: snapshot-wire.ts). Canonical CBOR, bounded,
 * nothing compressed.
 */
import {
  blockBytesCap,
  blockTransactionsCap,
  type Header,
  headerCodec,
  type SealedHeader,
  seal,
  sealedHeaderBytesMax,
  sealedHeaderCodec,
} from '../chain/block.ts';
import { concat, fromHex, toHex } from '../chain/bytes.ts';
import {
  byteString,
  type Codec,
  decodeBytes,
  decodeListInSteps,
  encode,
  encodeArrayHead,
  expectArray,
  fail,
  fixedBytes,
  hash32,
  list,
  nullable,
  struct,
  text,
  uint,
  versioned,
} from '../chain/codec.ts';
import { accept, type Result, reject, unreachable } from '../chain/errors.ts';
import { membersMax } from '../chain/genesis.ts';
import { signatureLength } from '../chain/keys.ts';
import { resultOf } from '../chain/steps.ts';
import { type Transaction, transactionCodec } from '../chain/transaction.ts';
import type { MemberIndex } from '../consensus/engine.ts';
import { getSnapshotsCodec, getStateCodec, type SnapshotRequest } from './snapshot-wire.ts';

/** A hash of 32 bytes in a list takes 34; the largest messages are lists of one for each transaction of the largest block. */
export const wireLimits = {
  /** A status message: its addresses take at most 4,200 bytes. */
  statusBytesMax: 8_192,
  /** A certificate in it: 32 signatures of 63 members. */
  certificateBytesMax: 3_072,
  /** Of one gossip message of transactions, in bytes and in transactions. */
  batchBytesMax: 262_144 + 16,
  batchTransactionsMax: 1_000,
  /** A compact block, the largest gossip message: a sealed header and an id a transaction. */
  compactBlockBytesMax: sealedHeaderBytesMax + 34 * blockTransactionsCap + 16,
  /** Headers in one answer. */
  headersMax: 2_000,
  /** Hashes in a locator. */
  locatorMax: 64,
  /** Bodies in one request; the answer stops early at `answerBytesMax`. */
  bodiesMax: 16,
  /** A request on the sync protocol, the largest of which asks for all transactions of a block. */
  requestBytesMax: 34 * blockTransactionsCap + 64,
  /** A frame from member to member: the largest block, with room for what surrounds it. */
  memberFrameBytesMax: blockBytesCap + 65_536,
  /** An answer on the sync protocol: the largest block, or headers, with room for what surrounds them. */
  answerBytesMax: blockBytesCap + 65_536,
} as const;

const statusVersion = 1;

export interface StatusMessage {
  readonly version: number;
  readonly chainId: Uint8Array;
  readonly engine: string;
  readonly headHash: Uint8Array;
  readonly headHeight: number;
  /** Cumulative work of the head, big-endian without leading zeros. */
  readonly work: Uint8Array;
  readonly finalHeight: number;
  /** Bodies are served from this height on; above 0 when the sender was pruned. */
  readonly blocksFrom: number;
  readonly addresses: readonly string[];
  /** Null from who is no member, as everyone with proof of work. */
  readonly memberProof: MemberProof | null;
  /** The engine's message that shows what is final; null where none exists. */
  readonly certificate: Uint8Array | null;
}

/** By whom a peer says to be trusted with a vote, and that member's signature over the peer's identity (member-proof.ts). */
export interface MemberProof {
  readonly member: MemberIndex;
  readonly signature: Uint8Array;
}

const memberProofCodec: Codec<MemberProof> = struct<MemberProof>({
  member: uint(membersMax - 1),
  signature: fixedBytes(signatureLength),
});

const statusCodec: Codec<StatusMessage> = versioned(
  statusVersion,
  struct<StatusMessage>({
    version: uint(),
    chainId: hash32,
    engine: text(1, 32),
    headHash: hash32,
    headHeight: uint(),
    work: byteString(0, 32),
    finalHeight: uint(),
    blocksFrom: uint(),
    addresses: list(text(1, 256), 16),
    memberProof: nullable(memberProofCodec),
    certificate: nullable(byteString(1, wireLimits.certificateBytesMax)),
  }),
);

export function encodeStatus(status: Omit<StatusMessage, 'version'>): Uint8Array {
  return encode(statusCodec, { ...status, version: statusVersion, addresses: status.addresses.slice(0, 16) });
}

export function decodeStatus(bytes: Uint8Array): Result<StatusMessage> {
  return decodeBytes(statusCodec, bytes, wireLimits.statusBytesMax);
}

/** A gossip message of transactions, joined from their own bytes. */
export function encodeBatch(transactions: readonly Transaction[]): Uint8Array {
  return concat(encodeArrayHead(transactions.length), ...transactions.map(transaction => transaction.bytes));
}

export function decodeBatch(bytes: Uint8Array): Result<readonly Transaction[]> {
  return resultOf(decodeBatchInSteps(bytes));
}

/** As `decodeBatch`, with a pause after each transaction. */
export function decodeBatchInSteps(bytes: Uint8Array): Generator<undefined, Result<readonly Transaction[]>, undefined> {
  const { batchTransactionsMax, batchBytesMax } = wireLimits;
  return decodeListInSteps(transactionCodec, bytes, { max: batchTransactionsMax, bytesMax: batchBytesMax });
}

/** A block without its transactions' bytes: whoever holds them in the mempool needs no more. */
export interface CompactBlock {
  readonly sealed: SealedHeader;
  readonly witnessIds: readonly Uint8Array[];
}

interface CompactFields {
  readonly header: Header;
  readonly nonce: Uint8Array;
  readonly signature: Uint8Array;
  readonly witnessIds: readonly Uint8Array[];
}

const compactCodec: Codec<CompactFields> = struct<CompactFields>({
  header: headerCodec,
  nonce: hash32,
  signature: byteString(signatureLength, signatureLength),
  witnessIds: list(hash32, blockTransactionsCap),
});

export function encodeCompactBlock(sealed: SealedHeader, witnessIds: readonly Uint8Array[]): Uint8Array {
  return encode(compactCodec, { header: sealed.header, nonce: sealed.nonce, signature: sealed.signature, witnessIds });
}

export function decodeCompactBlock(bytes: Uint8Array): Result<CompactBlock> {
  const decoded = decodeBytes(compactCodec, bytes, wireLimits.compactBlockBytesMax);
  if (!decoded.ok) return decoded;
  const { header, nonce, signature, witnessIds } = decoded.value;
  return { ok: true, value: { sealed: seal(header, nonce, signature), witnessIds } };
}

/**
 * A frame from member to member: a message of the engine, and where members are trusted also a whole block, ahead of the messages that
 * speak of it, and transactions for the leader, as gossip batches them.
 */
export interface MemberFrame {
  readonly kind: 'engine' | 'block' | 'transactions' | 'words';
  readonly content: Uint8Array;
}

/** The first byte of a frame is a kind's place here. */
const frameKinds: readonly MemberFrame['kind'][] = ['engine', 'block', 'transactions', 'words'];

export function encodeMemberFrame({ kind, content }: MemberFrame): Uint8Array {
  return concat(Uint8Array.of(frameKinds.indexOf(kind)), content);
}

/** Error: BAD_MESSAGE for a kind that there is not. */
export function decodeMemberFrame(bytes: Uint8Array): Result<MemberFrame> {
  const kind = frameKinds[bytes[0] ?? frameKinds.length];
  if (kind === undefined) return reject('BAD_MESSAGE', `a member's frame of kind ${bytes[0] ?? 'none'}`);
  return accept({ kind, content: bytes.subarray(1) });
}

/** A block whose body is still encoded. */
export interface WholeBlock {
  readonly sealed: SealedHeader;
  readonly body: Uint8Array;
}

/** The length of the sealed header in two bytes, the sealed header, and the body. */
export function encodeWholeBlock({ sealed, body }: WholeBlock): Uint8Array {
  const header = encode(sealedHeaderCodec, sealed);
  return concat(Uint8Array.of(header.length >> 8, header.length & 255), header, body);
}

/** Errors: BAD_MESSAGE where the header is said to be longer than all of it, and those of a sealed header. */
export function decodeWholeBlock(bytes: Uint8Array): Result<WholeBlock> {
  const [high = 0, low = 0] = bytes;
  const end = 2 + 256 * high + low;
  if (end > bytes.length) return reject('BAD_MESSAGE', `a header of ${end - 2} bytes in a frame of ${bytes.length}`);
  const sealed = decodeBytes(sealedHeaderCodec, bytes.subarray(2, end), sealedHeaderBytesMax);
  return sealed.ok ? accept({ sealed: sealed.value, body: bytes.slice(end) }) : sealed;
}

/** What a node asks of one peer. */
export type SyncRequest = ChainRequest | SnapshotRequest;

/** What is answered from the chain as it stands. */
export type ChainRequest =
  /** Headers after the first hash of the locator that the peer has on its canonical chain. */
  | { readonly type: 'getHeaders'; readonly locator: readonly Uint8Array[]; readonly limit: number }
  | { readonly type: 'getBodies'; readonly hashes: readonly Uint8Array[] }
  /** Transactions of one block, by witnessId. */
  | { readonly type: 'getTransactions'; readonly block: Uint8Array; readonly witnessIds: readonly Uint8Array[] };

type GetHeaders = Extract<SyncRequest, { type: 'getHeaders' }>;
type GetBodies = Extract<SyncRequest, { type: 'getBodies' }>;
type GetTransactions = Extract<SyncRequest, { type: 'getTransactions' }>;

const getHeadersCodec = struct<Omit<GetHeaders, 'type'>>({
  locator: list(hash32, wireLimits.locatorMax),
  limit: uint(wireLimits.headersMax),
});
const getBodiesCodec = struct<Omit<GetBodies, 'type'>>({ hashes: list(hash32, wireLimits.bodiesMax) });
const getTransactionsCodec = struct<Omit<GetTransactions, 'type'>>({
  block: hash32,
  witnessIds: list(hash32, blockTransactionsCap),
});

const requestCodec: Codec<SyncRequest> = {
  toItem: request => {
    switch (request.type) {
      case 'getHeaders':
        return [0, getHeadersCodec.toItem(request)];
      case 'getBodies':
        return [1, getBodiesCodec.toItem(request)];
      case 'getTransactions':
        return [2, getTransactionsCodec.toItem(request)];
      case 'getSnapshots':
        return [3, getSnapshotsCodec.toItem(request)];
      case 'getState':
        return [4, getStateCodec.toItem(request)];
      default:
        return unreachable(request);
    }
  },
  fromItem: item => {
    const [number, fields] = expectArray(item, 2);
    switch (number) {
      case 0:
        return { type: 'getHeaders', ...getHeadersCodec.fromItem(fields) };
      case 1:
        return { type: 'getBodies', ...getBodiesCodec.fromItem(fields) };
      case 2:
        return { type: 'getTransactions', ...getTransactionsCodec.fromItem(fields) };
      case 3:
        return { type: 'getSnapshots', ...getSnapshotsCodec.fromItem(fields) };
      case 4:
        return { type: 'getState', ...getStateCodec.fromItem(fields) };
      default:
        return fail('BAD_MESSAGE', `unknown sync request: ${String(number).slice(0, 20)}`);
    }
  },
};

export function encodeRequest(request: SyncRequest): Uint8Array {
  return encode(requestCodec, request);
}

export function decodeRequest(bytes: Uint8Array): Result<SyncRequest> {
  return decodeBytes(requestCodec, bytes, wireLimits.requestBytesMax);
}

const headersAnswer = list(sealedHeaderCodec, wireLimits.headersMax);
/** A body travels as the bytes that the store holds; null where the peer has none. */
const bodiesAnswer = list(nullable(byteString(1, blockBytesCap)), wireLimits.bodiesMax);
const transactionsAnswer = list(nullable(transactionCodec), blockTransactionsCap);

export function encodeHeaders(headers: readonly SealedHeader[]): Uint8Array {
  return encode(headersAnswer, headers);
}

export function decodeHeaders(bytes: Uint8Array): Result<readonly SealedHeader[]> {
  return decodeBytes(headersAnswer, bytes, wireLimits.answerBytesMax);
}

export function encodeBodies(bodies: readonly (Uint8Array | null)[]): Uint8Array {
  return encode(bodiesAnswer, bodies);
}

export function decodeBodies(bytes: Uint8Array): Result<readonly (Uint8Array | null)[]> {
  return decodeBytes(bodiesAnswer, bytes, wireLimits.answerBytesMax);
}

export function encodeTransactions(transactions: readonly (Transaction | null)[]): Uint8Array {
  return encode(transactionsAnswer, transactions);
}

export function decodeTransactions(bytes: Uint8Array): Result<readonly (Transaction | null)[]> {
  return decodeBytes(transactionsAnswer, bytes, wireLimits.answerBytesMax);
}

/** Work as bytes, big-endian without leading zeros; zero is empty. */
export function workToBytes(work: bigint): Uint8Array {
  if (work === 0n) return new Uint8Array(0);
  const digits = work.toString(16);
  return fromHex(digits.padStart(digits.length + (digits.length % 2), '0')) ?? new Uint8Array(0);
}

export function workFromBytes(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt(`0x${toHex(bytes)}`);
}
