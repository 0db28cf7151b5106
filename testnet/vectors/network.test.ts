/** Reads docs/protocol/vectors/network.json as another implementation would: every row through the decoder of its kind. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { blockTransactionsCap } from '../../chain/block.ts';
import { fromHex, toHex } from '../../chain/bytes.ts';
import { accept, type Result } from '../../chain/errors.ts';
import { networkLimits } from '../../daemon/network/limits.ts';
import {
  decodeAnswer,
  decodeExchangeAnswer,
  decodeQuestion,
  encodeAnswer,
  encodeExchangeAnswer,
  encodeQuestion,
} from '../../daemon/network/wire.ts';
import { decodeOffers, decodeParts, encodeOffers, encodeParts } from '../../daemon/snapshot-wire.ts';
import { syncLimits } from '../../daemon/sync.ts';
import {
  decodeBatch,
  decodeBodies,
  decodeCompactBlock,
  decodeHeaders,
  decodeRequest,
  decodeStatus,
  decodeTransactions,
  encodeBatch,
  encodeBodies,
  encodeCompactBlock,
  encodeHeaders,
  encodeRequest,
  encodeStatus,
  encodeTransactions,
  wireLimits,
} from '../../daemon/wire.ts';
import { vectorFolder } from '../vectors.ts';
import type { MessageKind } from './network.ts';

type Row = { readonly kind: MessageKind; readonly name: string; readonly hex: string; readonly code?: string };

const vectors: { readonly good: readonly Row[]; readonly refused: readonly Row[] } = JSON.parse(
  readFileSync(join(vectorFolder(), 'network.json'), 'utf8'),
);

/** Decodes, and encodes again what came out. */
const roundTrips: { readonly [K in MessageKind]: (bytes: Uint8Array) => Result<Uint8Array> } = {
  status: bytes => again(decodeStatus(bytes), encodeStatus),
  batch: bytes => again(decodeBatch(bytes), encodeBatch),
  compactBlock: bytes =>
    again(decodeCompactBlock(bytes), ({ sealed, witnessIds }) => encodeCompactBlock(sealed, witnessIds)),
  request: bytes => again(decodeRequest(bytes), encodeRequest),
  headers: bytes => again(decodeHeaders(bytes), encodeHeaders),
  bodies: bytes => again(decodeBodies(bytes), encodeBodies),
  transactions: bytes => again(decodeTransactions(bytes), encodeTransactions),
  offers: bytes => again(decodeOffers(bytes), encodeOffers),
  parts: bytes => again(decodeParts(bytes), encodeParts),
  answer: bytes => again(decodeAnswer(bytes), encodeAnswer),
  exchangeQuestion: bytes => again(decodeQuestion(bytes), encodeQuestion),
  exchangeAnswer: bytes => again(decodeExchangeAnswer(bytes), encodeExchangeAnswer),
};

describe('the vectors of the network', () => {
  it('have a good and a refused row of each kind that has bounds of its own', () => {
    const kinds = Object.keys(roundTrips);
    expect(kinds.filter(kind => !vectors.good.some(row => row.kind === kind))).toEqual([]);
    const withoutRefusals = kinds.filter(kind => !vectors.refused.some(row => row.kind === kind));
    expect(withoutRefusals).toEqual(['headers', 'transactions']);
  });

  it.each(vectors.good.map(row => [row.kind, row.name, row] as const))(
    '%s, %s: decodes and is canonical',
    (...[kind, , { hex }]) => {
      const result = roundTrips[kind](bytesOf(hex));
      expect(result.ok && toHex(result.value)).toBe(hex);
    },
  );

  it.each(vectors.refused.map(row => [row.kind, row.name, row] as const))(
    '%s, %s: is refused',
    (...[kind, , { hex, code }]) => {
      const result = roundTrips[kind](bytesOf(hex));
      expect(result.ok ? null : result.error.code).toBe(code);
    },
  );
});

describe('the page of the network', () => {
  const page = readFileSync(join(vectorFolder(), '..', 'network.md'), 'utf8');
  const { gossipBytesMax, gossipFrameBytesMax, requestBytesMax, answerBytesMax, messageBytesMax } = networkLimits;
  const bytes = { gossipBytesMax, gossipFrameBytesMax, requestBytesMax, answerBytesMax, messageBytesMax };
  const { statusBytesMax, batchBytesMax } = wireLimits;

  it.each(Object.entries({ ...bytes, statusBytesMax, batchBytesMax }))('gives %s as it is', (_, value) => {
    expect(page).toContain(`${value.toLocaleString('en-US')}`);
  });

  it.each([
    `list(transaction, ${wireLimits.batchTransactionsMax})`,
    `locator list(hash, ${wireLimits.locatorMax}), limit uint up to ${wireLimits.headersMax}`,
    `hashes list(hash, ${wireLimits.bodiesMax})`,
    `witnessIds list(hash, ${blockTransactionsCap})`,
    `addresses list(text(1..${networkLimits.addressBytesMax}), ${networkLimits.exchangeAddressesMax})`,
    `more than ${networkLimits.requestsPerSecond} a second in the long run, or ${networkLimits.requestsBurst} at once`,
    `More than ${networkLimits.exchangesPerSecond} question a second in the long run, or ${networkLimits.exchangesBurst} at once`,
    `after ${networkLimits.handshakeTimeoutMs / 1_000} s without that`,
    `${networkLimits.frameTimeoutMs / 1_000} s after its first byte`,
    `banned for ${networkLimits.banMs / 60_000} minutes`,
    `the code's penalty, and ${networkLimits.rejectedGossipPenalty} points`,
    `within ${syncLimits.requestTimeoutMs / 1_000} s pays`,
  ])('says: %s', text => {
    expect(page).toContain(text);
  });
});

function again<T>(decoded: Result<T>, encode: (value: T) => Uint8Array): Result<Uint8Array> {
  return decoded.ok ? accept(encode(decoded.value)) : decoded;
}

function bytesOf(hex: string): Uint8Array {
  const bytes = fromHex(hex);
  if (bytes === null) throw new Error(`not hexadecimal: ${hex}`);
  return bytes;
}
