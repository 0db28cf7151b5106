/**
 * The blocks of the classroom ("CS 171: Introduction to Distributed Systems, Final Project", 2.1): one operation, a nonce for it by formula
 * (2), and the hash pointer to the block before by formula (1). Texts are joined as they are printed, so that `sha256sum` gives the same.
 * A network is a classroom when its genesis has parameters for this engine.
 */
import type { Header } from '../../chain/block.ts';
import { equalBytes, fromUtf8, toHex, toUtf8 } from '../../chain/bytes.ts';
import { decodeBytes, encode, hash32, struct, text, uint } from '../../chain/codec.ts';
import { accept, type Result, reject } from '../../chain/errors.ts';
import type { Params } from '../../chain/genesis.ts';
import { sha256, zeroHash } from '../../chain/hash.ts';
import type { Operation } from '../../chain/operation.ts';
import type { Transaction } from '../../chain/transaction.ts';
import type { BodySeal } from '../engine.ts';
import { Random } from '../random.ts';

/** What the genesis says of a classroom (`engineParams`). */
export interface Classroom {
  /** So many digits at the end of h must each be 0, 1 or 2; the assignment has 1, and each more takes 5.33 times as many trials. */
  readonly nonceDigits: number;
}

/** The header's extension: [nonce, pointer, hash]. */
interface ClassroomSeal {
  /** Random characters. */
  readonly nonce: string;
  /** The parent's hash by formula (1); zeros for the first block. */
  readonly pointer: Uint8Array;
  /** SHA-256(operation || nonce || pointer), the pointer as 64 digits: what the next block points to. */
  readonly hash: Uint8Array;
}

const nonceLength = 8;
/** Characters of a nonce that others found. */
const nonceLengthMax = 64;
const nonceBase = 36;
const nonceParts = nonceBase ** (nonceLength / 2);
/** Digits that a classroom's genesis may demand of h; nine are one in 3.5 million, seconds of one thread. */
const nonceDigitsMax = 9;
/** What is decoded of a header's extension. */
const extensionBytesMax = 256;

const classroomCodec = struct<Classroom>({ nonceDigits: uint(nonceDigitsMax) });
const sealCodec = struct<ClassroomSeal>({ nonce: text(1, nonceLengthMax), pointer: hash32, hash: hash32 });

export function encodeClassroom(classroom: Classroom): Uint8Array {
  return encode(classroomCodec, classroom);
}

/** Null where blocks are those of the throughput mode. Checked before (`checkParams`). */
export function classroomOf({ engineParams }: Params): Classroom | null {
  if (engineParams.length === 0) return null;
  const decoded = decodeBytes(classroomCodec, engineParams, engineParams.length);
  return decoded.ok && decoded.value.nonceDigits > 0 ? decoded.value : null;
}

/** The engine's parameters are none, or a classroom's with one operation a block. Code: BAD_GENESIS. */
export function checkParams(params: Params): Result<null> {
  if (params.engineParams.length === 0) return accept(null);
  if (classroomOf(params) === null) {
    return reject('BAD_GENESIS', `engineParams: expected none, or [digits] from 1 to ${nonceDigitsMax} of a classroom`);
  }
  if (params.blockOperationsMax === 1) return accept(null);
  return reject('BAD_GENESIS', `blockOperationsMax: ${params.blockOperationsMax}, a classroom has 1`);
}

/** What a header of this network says of its body; null where it says nothing. */
export function bodySealOf(params: Params): BodySeal | null {
  const classroom = classroomOf(params);
  if (classroom === null) return null;
  return {
    search: (template, transactions, seed) => search(classroom, operationOf(transactions), template.extension, seed),
    check: (header, transactions) => checkOperation(classroom, header, operationOf(transactions)),
    texts: ({ extension }, transactions) => textsOf(readSeal(extension), operationOf(transactions)),
  };
}

/** Whether the extension has the form of a seal; what it says is looked at with the body and with the parent. Code: BAD_HEADER. */
export function checkExtension(extension: Uint8Array): Result<null> {
  if (readSeal(extension) !== null) return accept(null);
  return reject('BAD_HEADER', `extension of ${extension.length} bytes, a classroom has [nonce, pointer, hash]`);
}

/** What the next block on this one points to. */
export function pointerTo({ extension }: Header): Uint8Array {
  return readSeal(extension)?.hash ?? zeroHash;
}

/** B-A6, formula (1): the header points to the block before it. */
export function pointsTo({ extension }: Header, parent: Header): boolean {
  const seal = readSeal(extension);
  return seal !== null && equalBytes(seal.pointer, pointerTo(parent));
}

/** The operation as it is hashed and printed: the only one, as `blockOperationsMax` says; empty for a block of none. */
function operationOf(transactions: readonly Transaction[]): string {
  const [operation] = transactions.flatMap(({ body }) => body.operations);
  return operation === undefined ? '' : operationText(operation);
}

/** One operation as JSON without spaces, but for those of a value that is JSON itself: its bytes stand as they are. */
export function operationText(operation: Operation): string {
  switch (operation.type) {
    case 'put':
      return `{"op":"put","key":${JSON.stringify(operation.key)},"value":${valueText(operation.value)}}`;
    case 'get':
    case 'delete':
      return JSON.stringify({ op: operation.type, key: operation.key });
    case 'transferKey':
      return JSON.stringify({ op: operation.type, key: operation.key, to: toHex(operation.to) });
    default:
      return JSON.stringify({ op: operation.type, to: toHex(operation.to), amount: String(operation.amount) });
  }
}

/** The bytes themselves when they are JSON, else the text as a JSON string, else "0x" and hexadecimal. */
function valueText(value: Uint8Array): string {
  const string = fromUtf8(value);
  if (string === null) return JSON.stringify(`0x${toHex(value)}`);
  return isJson(string) ? string : JSON.stringify(string);
}

function isJson(string: string): boolean {
  try {
    JSON.parse(string);
    return true;
  } catch {
    return false;
  }
}

/** Formula (2): random nonces until h ends in digits from 0 to 2. */
function* search(
  { nonceDigits }: Classroom,
  operation: string,
  pointer: Uint8Array,
  seed: bigint,
): Generator<undefined, Uint8Array, undefined> {
  const random = new Random(seed);
  let nonce = randomNonce(random);
  for (; !isAcceptable(hashOf(operation, nonce), nonceDigits); nonce = randomNonce(random)) yield;
  return encode(sealCodec, { nonce, pointer, hash: hashOf(operation, nonce, toHex(pointer)) });
}

/** B-A6: h by formula (2) is acceptable, and the hash that the next block points to is that of formula (1). Code: BAD_HEADER. */
function checkOperation({ nonceDigits }: Classroom, { extension }: Header, operation: string): Result<null> {
  const seal = readSeal(extension);
  if (seal === null) return checkExtension(extension);
  if (operation === '') return reject('BAD_HEADER', 'a block of no operation, a classroom has one in each');
  const h = hashOf(operation, seal.nonce);
  if (!isAcceptable(h, nonceDigits)) {
    const place = nonceDigits === 1 ? 'its last digit' : `its last ${nonceDigits} digits`;
    return reject('BAD_HEADER', `nonce ${seal.nonce} gives ${toHex(h)}, expected 0, 1 or 2 as ${place}`);
  }
  const hash = hashOf(operation, seal.nonce, toHex(seal.pointer));
  if (equalBytes(hash, seal.hash)) return accept(null);
  return reject('BAD_HEADER', `hash ${toHex(seal.hash)}, operation, nonce and pointer give ${toHex(hash)}`);
}

function textsOf(seal: ClassroomSeal | null, operation: string): Readonly<Record<string, string>> {
  if (seal === null) return {};
  const { nonce, pointer, hash } = seal;
  return { operation, nonce, h: toHex(hashOf(operation, nonce)), pointer: toHex(pointer), hash: toHex(hash) };
}

function readSeal(extension: Uint8Array): ClassroomSeal | null {
  const decoded = decodeBytes(sealCodec, extension, extensionBytesMax);
  return decoded.ok ? decoded.value : null;
}

function hashOf(...texts: readonly string[]): Uint8Array {
  return sha256(toUtf8(texts.join('')));
}

function isAcceptable(h: Uint8Array, digits: number): boolean {
  for (let place = 0; place < digits; place++) {
    const byte = h[h.length - 1 - (place >> 1)] ?? 0;
    const digit = place % 2 === 0 ? byte & 15 : byte >> 4;
    if (digit > 2) return false;
  }
  return true;
}

/** Letters and digits: the digits of random numbers, for a draw of each character would be most of a search. */
function randomNonce(random: Random): string {
  const part = () =>
    random
      .below(nonceParts)
      .toString(nonceBase)
      .padStart(nonceLength / 2, '0');
  return `${part()}${part()}`;
}
