/** What travels on the network's own protocols: their names, and the frames of handshake, request and peer exchange. */
import { concat, equalBytes } from '../../chain/bytes.ts';
import { decodeBytes, encode, encodeArrayHead, list, struct, text, uint } from '../../chain/codec.ts';
import { accept, type ErrorCode, errorCodeOf, errorRow, type Result, reject } from '../../chain/errors.ts';
import type { Topic } from '../ports.ts';
import { networkLimits } from './limits.ts';

/** Protocol and topic names; all but handshake and exchange carry the chainId, so that chains cannot mix. */
export interface ProtocolNames {
  readonly status: string;
  readonly peers: string;
  readonly sync: string;
  readonly consensus: string;
  readonly topics: { readonly [T in Topic]: string };
}

/** `chainIdHex` is 64 hexadecimal digits. */
export function protocolNames(chainIdHex: string): ProtocolNames {
  return {
    status: '/kvchain/status/1',
    peers: '/kvchain/peers/1',
    sync: `/kvchain/${chainIdHex}/sync/1`,
    consensus: `/kvchain/${chainIdHex}/consensus/1`,
    topics: { transactions: `/kvchain/${chainIdHex}/tx/1`, blocks: `/kvchain/${chainIdHex}/block/1` },
  };
}

/** [0, data], or [1, number of the error, detail]: how a handshake and a request are answered. */
export type Answer =
  | { readonly type: 'data'; readonly data: Uint8Array }
  | { readonly type: 'refusal'; readonly code: ErrorCode; readonly detail: string };

/** A refusal's sentence is cut to this many characters, each at most 3 bytes. */
const detailCharactersMax = 300;

export function encodeAnswer(answer: Answer): Uint8Array {
  if (answer.type === 'data') return concat(dataPrefix, byteStringHead(answer.data.length), answer.data);
  return encode(refusalCodec, { kind: 1, number: errorRow(answer.code).number, detail: cutDetail(answer.detail) });
}

/**
 * The data of an answer is a view into `bytes`: a whole block is neither copied nor encoded again to be compared. Errors:
 * BAD_ENCODING, TOO_LARGE, BAD_VERSION (a refusal with a number that this version does not know).
 */
export function decodeAnswer(bytes: Uint8Array): Result<Answer> {
  const [head, kind] = bytes;
  if (head === dataPrefix[0] && kind === dataPrefix[1]) return decodeData(bytes.subarray(dataPrefix.length));
  const refusal = decodeBytes(refusalCodec, bytes, refusalBytesMax);
  if (!refusal.ok) return refusal;
  const { kind: one, number, detail } = refusal.value;
  if (one !== 1) return reject('BAD_ENCODING', 'an answer is [0, data] or [1, code, detail]');
  const code = errorCodeOf(number);
  if (code !== null) return accept({ type: 'refusal', code, detail });
  return reject('BAD_VERSION', `the peer refused with error ${number}, which this version does not know`);
}

/** An array of two places, and 0 in the first. */
const dataPrefix: Uint8Array = Uint8Array.of(0x82, 0x00);
const refusalBytesMax = 16 + 3 * detailCharactersMax;
const refusalCodec = struct<{ readonly kind: number; readonly number: number; readonly detail: string }>({
  kind: uint(1),
  number: uint(0xffff),
  detail: text(0, 3 * detailCharactersMax),
});

function decodeData(bytes: Uint8Array): Result<Answer> {
  const size = byteStringHeadSizes.get(bytes[0] ?? 0) ?? 1;
  const data = bytes.subarray(size);
  // One comparison says that it is a byte string, in the shortest form, and ends where the frame ends.
  if (equalBytes(bytes.subarray(0, size), byteStringHead(data.length))) return accept({ type: 'data', data });
  return reject('BAD_ENCODING', 'the data of an answer is not one canonical byte string');
}

/** The size of a byte string's head by its first byte, where it is not 1. */
const byteStringHeadSizes: ReadonlyMap<number, number> = new Map([
  [0x58, 2],
  [0x59, 3],
  [0x5a, 5],
]);

/** CBOR's head of a byte string: that of an array, with another major type. */
function byteStringHead(length: number): Uint8Array {
  const head = encodeArrayHead(length);
  head[0] = ((head[0] ?? 0) & 0x1f) | 0x40;
  return head;
}

/** A cut may leave half of a surrogate pair, which has no UTF-8. */
function cutDetail(sentence: string): string {
  return sentence.slice(0, detailCharactersMax).replace(/[\uD800-\uDFFF]/g, '?');
}

/** A question for addresses: the ports on which the asker listens, at the address from which it is seen to come. */
export interface ExchangeQuestion {
  readonly ports: readonly number[];
}

/** Addresses of the peers of the one who answers. */
export interface ExchangeAnswer {
  readonly addresses: readonly string[];
}

const portsMax = 4;
/** Frame sizes of the exchange: heads of arrays and texts take at most 5 bytes each. */
export const exchangeQuestionBytesMax: number = 5 + 5 * portsMax;
export const exchangeAnswerBytesMax: number =
  10 + networkLimits.exchangeAddressesMax * (networkLimits.addressBytesMax + 5);

const questionCodec = struct<ExchangeQuestion>({ ports: list(uint(0xffff), portsMax) });
const exchangeAnswerCodec = struct<ExchangeAnswer>({
  addresses: list(text(1, networkLimits.addressBytesMax), networkLimits.exchangeAddressesMax),
});

export function encodeQuestion(question: ExchangeQuestion): Uint8Array {
  return encode(questionCodec, { ports: question.ports.slice(0, portsMax) });
}

export function decodeQuestion(bytes: Uint8Array): Result<ExchangeQuestion> {
  return decodeBytes(questionCodec, bytes, exchangeQuestionBytesMax);
}

export function encodeExchangeAnswer(answer: ExchangeAnswer): Uint8Array {
  return encode(exchangeAnswerCodec, answer);
}

export function decodeExchangeAnswer(bytes: Uint8Array): Result<ExchangeAnswer> {
  return decodeBytes(exchangeAnswerCodec, bytes, exchangeAnswerBytesMax);
}
