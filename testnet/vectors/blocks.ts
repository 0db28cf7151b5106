/** Vectors of headers and blocks. */
import {
  contentHash,
  encodeBlock,
  headerCodec,
  producerDigest,
  type SealedHeader,
  sealedHeaderCodec,
} from '../../chain/block.ts';
import { concat, toHex } from '../../chain/bytes.ts';
import { encode, encodeItem, type Item } from '../../chain/codec.ts';
import type { ErrorCode } from '../../chain/errors.ts';
import { receiptHash } from '../../chain/receipt.ts';
import { block0, block1, exampleChainId, receipts1 } from './example-chain.ts';
import { type Json, showHeader } from './show.ts';

/** Sealed headers with all their hashes, and bytes that are none. */
export function headerVectors(): Json {
  const headers = [
    { name: 'block 0', sealed: block0 },
    { name: 'block 1', sealed: block1 },
  ];
  return {
    good: headers.map(({ name, sealed }) => ({ name, ...showSealed(sealed) })),
    refused: refusedHeaders().map(([name, item, code]) => ({ name, hex: toHex(encodeItem(item)), code })),
  };
}

/** A sealed header with all that is hashed and signed on the way. */
export function showSealed(sealed: SealedHeader): { readonly [name: string]: Json } {
  return {
    chainId: toHex(exampleChainId),
    header: showHeader(sealed.header),
    headerHex: toHex(encode(headerCodec, sealed.header)),
    contentHash: toHex(contentHash(sealed.header)),
    nonce: toHex(sealed.nonce),
    hash: sealed.hashHex,
    producerDigest: toHex(producerDigest(exampleChainId, sealed.hash)),
    signature: toHex(sealed.signature),
    hex: toHex(encode(sealedHeaderCodec, sealed)),
  };
}

function refusedHeaders(): readonly (readonly [name: string, item: Item, code: ErrorCode])[] {
  const header = headerCodec.toItem(block1.header) as readonly Item[];
  const { nonce, signature } = block1;
  const changed = (place: number, item: Item): Item => [header.with(place, item), nonce, signature];
  return [
    ['the next version', changed(0, 2), 'BAD_VERSION'],
    ['the next version, with a place more', [[2, ...header.slice(1), 0], nonce, signature], 'BAD_VERSION'],
    ['a place more', [[...header, 0], nonce, signature], 'BAD_ENCODING'],
    ['a place fewer', [header.slice(0, -1), nonce, signature], 'BAD_ENCODING'],
    ['a height of 2^53', changed(1, 2n ** 53n), 'BAD_ENCODING'],
    ['a negative height', changed(1, -1), 'BAD_ENCODING'],
    ['a parent of 31 bytes', changed(2, new Uint8Array(31)), 'BAD_ENCODING'],
    ['a state root of text', changed(5, 'x'.repeat(32)), 'BAD_ENCODING'],
    ['a time of nothing', changed(6, null), 'BAD_ENCODING'],
    ['bits of 2^32', changed(7, 2 ** 32), 'TOO_LARGE'],
    ['a producer of 32 bytes', changed(8, new Uint8Array(32)), 'BAD_PUBLIC_KEY'],
    ['an extension of 257 bytes', changed(9, new Uint8Array(257)), 'TOO_LARGE'],
    ['a nonce of 31 bytes', [header, new Uint8Array(31), signature], 'BAD_ENCODING'],
    ['a signature of 65 bytes', [header, nonce, new Uint8Array(65)], 'BAD_SIGNATURE'],
    ['no signature', [header, nonce], 'BAD_ENCODING'],
  ];
}

/** A block with what its roots are made of; blocks whose bytes do not decode; blocks that decode and break a rule. */
export function blockVectors(): Json {
  const [first, ...others] = block1.transactions;
  if (first === undefined) throw new Error('assertion failed: block 1 has transactions');
  const hex = toHex(encodeBlock(block1));
  const withTransactions = (transactions: typeof block1.transactions) =>
    toHex(encodeBlock({ ...block1, transactions }));
  const unpaired = toHex(concat(encodeBlock(block1).slice(0, -1)));
  return {
    good: [
      {
        ...showSealed(block1),
        hex,
        transactions: block1.transactions.map(transaction => transaction.witnessIdHex),
        receipts: receipts1.map(receipt => toHex(receiptHash(receipt))),
      },
    ],
    refused: [
      { name: 'one byte short', hex: unpaired, code: 'BAD_ENCODING' },
      { name: 'one byte long', hex: `${hex}00`, code: 'BAD_ENCODING' },
      { name: 'a sealed header alone', hex: toHex(encode(sealedHeaderCodec, block1)), code: 'BAD_ENCODING' },
      { name: 'the head of the array in two bytes', hex: `9804${hex.slice(2)}`, code: 'BAD_ENCODING' },
    ],
    invalid: [
      { name: 'no transactions', hex: withTransactions([]), code: 'BAD_TRANSACTIONS_ROOT' },
      { name: 'one transaction fewer', hex: withTransactions(others), code: 'BAD_TRANSACTIONS_ROOT' },
      { name: 'another order', hex: withTransactions([...others, first]), code: 'BAD_TRANSACTIONS_ROOT' },
      {
        name: 'the last transaction twice',
        hex: withTransactions([...block1.transactions, ...others.slice(-1)]),
        code: 'BAD_TRANSACTIONS_ROOT',
      },
    ],
  };
}
