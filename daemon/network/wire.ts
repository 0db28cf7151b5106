/** What travels on the network's own protocols: their names, and the frames of handshake, request and peer exchange. */
import {
  byteString,
  type Codec,
  decodeBytes,
  encode,
  expectArray,
  fail,
  list,
  struct,
  text,
  uint,
} from '../../chain/codec.ts';
import { type ErrorCode, errorCodeOf, errorRow, type Result } from '../../chain/errors.ts';
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
  return encode(answerCodec, answer);
}

/** Errors: BAD_ENCODING, TOO_LARGE. A refusal with a number that this version does not know is INTERNAL. */
export function decodeAnswer(bytes: Uint8Array, bytesMax: number): Result<Answer> {
  return decodeBytes(answerCodec, bytes, bytesMax);
}

const data = byteString(0, networkLimits.answerBytesMax);
const detail = text(0, 3 * detailCharactersMax);
const codeNumber = uint(0xffff);

const answerCodec: Codec<Answer> = {
  toItem: answer =>
    answer.type === 'data' ? [0, answer.data] : [1, errorRow(answer.code).number, cutDetail(answer.detail)],
  fromItem: item => {
    const [kind, ...rest] = expectArray(item);
    if (kind === 0 && rest.length === 1) return { type: 'data', data: data.fromItem(rest[0]) };
    if (kind !== 1 || rest.length !== 2) return fail('BAD_ENCODING', 'an answer is [0, data] or [1, code, detail]');
    const number = codeNumber.fromItem(rest[0]);
    const code = errorCodeOf(number);
    if (code === null)
      return fail('BAD_VERSION', `the peer refused with error ${number}, which this version does not know`);
    return { type: 'refusal', code, detail: detail.fromItem(rest[1]) };
  },
};

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
