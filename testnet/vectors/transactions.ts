/** Vectors of keys, signatures, operations, transactions and receipts. */
import { concat, toHex, toUtf8 } from '../../chain/bytes.ts';
import { encode, encodeItem, type Item } from '../../chain/codec.ts';
import type { ErrorCode } from '../../chain/errors.ts';
import { sha256 } from '../../chain/hash.ts';
import { formatAddress, sign } from '../../chain/keys.ts';
import { type Operation, operationCodec } from '../../chain/operation.ts';
import { receiptCodec, receiptHash } from '../../chain/receipt.ts';
import {
  bodyBytes,
  signingDigest,
  signTransaction,
  type Transaction,
  transactionCodec,
} from '../../chain/transaction.ts';
import { alice, bob, exampleAccounts, exampleChainId, exampleTransactions, receipts1 } from './example-chain.ts';
import { type Json, showBody, showOperation, showReceipt } from './show.ts';

/** The order of the curve's group: s and order - s both verify in plain ECDSA, and only the lower one here. */
const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

/** Keys, addresses, and signatures of 32-byte digests. */
export function keyVectors(): Json {
  const digest = sha256(toUtf8('a digest'));
  const signature = sign(digest, alice.secretKey);
  const refuse = (
    name: string,
    changed: { digest?: Uint8Array; signature?: Uint8Array; publicKey?: Uint8Array },
  ): Json => {
    const check = { digest, signature, publicKey: alice.publicKey, ...changed };
    return { name, digest: toHex(check.digest), signature: toHex(check.signature), publicKey: toHex(check.publicKey) };
  };
  const zero = new Uint8Array(32);
  const [r, s] = [signature.slice(0, 32), signature.slice(32)];
  return {
    accounts: exampleAccounts.map(account => ({
      name: account.name,
      secretKey: toHex(account.secretKey),
      publicKey: toHex(account.publicKey),
      address: toHex(account.address),
      addressText: formatAddress(account.address, 'kv'),
      testAddressText: formatAddress(account.address, 'kvt'),
    })),
    badSecretKeys: [toHex(zero), order.toString(16), 'ff'.repeat(32), '01'.repeat(31), '01'.repeat(33)],
    badPublicKeys: [
      '00'.repeat(33),
      `04${toHex(alice.publicKey).slice(2)}`,
      `02${'ff'.repeat(32)}`,
      `02${'00'.repeat(31)}05`,
      toHex(alice.publicKey).slice(2),
      `${toHex(alice.publicKey)}00`,
    ],
    badAddresses: badAddresses(),
    signatures: exampleAccounts.map(account => ({
      secretKey: toHex(account.secretKey),
      publicKey: toHex(account.publicKey),
      digest: toHex(digest),
      signature: toHex(sign(digest, account.secretKey)),
    })),
    refusedSignatures: [
      refuse('the high s of the same signature', { signature: concat(r, toBytes(order - toInteger(s))) }),
      refuse('r is zero', { signature: concat(zero, s) }),
      refuse('s is zero', { signature: concat(r, zero) }),
      refuse('s is the order of the group', { signature: concat(r, toBytes(order)) }),
      refuse('r is the order of the group', { signature: concat(toBytes(order), s) }),
      refuse('one byte short', { signature: signature.slice(0, 63) }),
      refuse('one byte long', { signature: concat(signature, Uint8Array.of(0)) }),
      refuse('nothing', { signature: new Uint8Array(0) }),
      refuse('DER instead of r || s', {
        signature: concat(Uint8Array.of(0x30, 0x44, 2, 32), r, Uint8Array.of(2, 32), s),
      }),
      refuse('another digest', { digest: sha256(digest) }),
      refuse('another key', { publicKey: bob.publicKey }),
      refuse('a key that is not on the curve', { publicKey: concat(Uint8Array.of(2), toBytes(5n)) }),
    ],
  };
}

function badAddresses(): Json {
  const text = formatAddress(alice.address, 'kv');
  return [
    ['empty', ''],
    ['another network', formatAddress(alice.address, 'kvt')],
    ['a wrong letter', `${text.slice(0, -1)}${text.endsWith('q') ? 'p' : 'q'}`],
    ['mixed case', `${text.slice(0, -1)}${text.slice(-1).toUpperCase()}`],
    ['19 bytes', formatAddress(alice.address.slice(1), 'kv')],
    ['21 bytes', formatAddress(concat(alice.address, Uint8Array.of(0)), 'kv')],
    ['bech32 instead of bech32m', 'kv1w508d6qejxtdg4y5r3zarvary0c5xw7k3h9ezu'],
    ['a space after it', `${text} `],
  ].map(([name = '', address = '']) => ({ name, address, prefix: 'kv', code: 'BAD_ADDRESS' }));
}

/** Every operation with its bytes, and bytes that are none. */
export function operationVectors(): Json {
  const long = 'x'.repeat(256);
  const good: readonly Operation[] = [
    { type: 'put', key: 'k', value: toUtf8('v'), contentType: '', expectedVersion: null },
    { type: 'put', key: 'k', value: new Uint8Array(0), contentType: 'text/plain', expectedVersion: 0 },
    {
      type: 'put',
      key: long,
      value: new Uint8Array(300),
      contentType: long.slice(0, 64),
      expectedVersion: 4_294_967_296,
    },
    ...['\u0000', '__proto__', '../../etc/passwd', '\u202ekey', '\ufeffkey', '水/😀', 'a\nb'].map(
      key => ({ type: 'delete', key }) as const,
    ),
    { type: 'get', key: 'k' },
    { type: 'transferKey', key: 'k', to: bob.address },
    { type: 'createMoney', to: bob.address, amount: 1n },
    { type: 'transfer', to: bob.address, amount: 9_007_199_254_740_993n },
    { type: 'transfer', to: bob.address, amount: 2n ** 64n - 1n },
  ];
  return {
    good: good.map(operation => ({
      operation: showOperation(operation),
      hex: toHex(encode(operationCodec, operation)),
    })),
    refused: refusedOperations.map(([name, item, code]) => ({ name, hex: toHex(encodeItem(item)), code })),
  };
}

const refusedOperations: readonly (readonly [name: string, item: Item, code: ErrorCode])[] = [
  ['no array', 1, 'BAD_ENCODING'],
  ['an empty array', [], 'BAD_OPERATION'],
  ['the number that is kept for storeFile', [6, 'k'], 'BAD_OPERATION'],
  ['an unknown number', [255, 'k'], 'BAD_OPERATION'],
  ['a number above 2^53', [2n ** 60n, 'k'], 'BAD_OPERATION'],
  ['a name instead of a number', ['put', 'k'], 'BAD_OPERATION'],
  ['a place too few', [0, 'k', new Uint8Array(1), ''], 'BAD_ENCODING'],
  ['a place too many', [2, 'k', null], 'BAD_ENCODING'],
  ['an empty key', [2, ''], 'BAD_KEY'],
  ['a key of 257 bytes', [2, 'x'.repeat(257)], 'BAD_KEY'],
  ['a key of 129 characters, 258 bytes', [2, 'ü'.repeat(129)], 'BAD_KEY'],
  ['a key of bytes', [2, Uint8Array.of(107)], 'BAD_ENCODING'],
  ['a key of nothing', [2, null], 'BAD_ENCODING'],
  ['a value of 65,537 bytes', [0, 'k', new Uint8Array(65_537), '', null], 'BAD_VALUE'],
  ['a value of text', [0, 'k', 'v', '', null], 'BAD_ENCODING'],
  ['a content type of 65 bytes', [0, 'k', new Uint8Array(1), 'x'.repeat(65), null], 'BAD_VALUE'],
  ['an expected version above 2^53 - 1', [0, 'k', new Uint8Array(1), '', 2n ** 53n], 'BAD_ENCODING'],
  ['an expected version of text', [0, 'k', new Uint8Array(1), '', '1'], 'BAD_ENCODING'],
  ['an address of 19 bytes', [3, 'k', new Uint8Array(19)], 'BAD_ADDRESS'],
  ['an address of 21 bytes', [5, new Uint8Array(21), 1], 'BAD_ADDRESS'],
  ['an address of text', [5, formatAddress(bob.address, 'kv'), 1], 'BAD_ENCODING'],
  ['an amount of text', [5, bob.address, '1'], 'BAD_AMOUNT'],
  ['an amount of nothing', [5, bob.address, null], 'BAD_AMOUNT'],
  ['a negative amount', [5, bob.address, -1], 'BAD_AMOUNT'],
];

/** Signed transactions; bytes that do not decode; transactions that decode and break a rule. */
export function transactionVectors(): Json {
  return {
    good: exampleTransactions.map(({ name, sender, transaction }) => ({
      name,
      secretKey: toHex(sender.secretKey),
      body: showBody(transaction.body),
      bodyHex: toHex(bodyBytes(transaction)),
      id: transaction.idHex,
      digest: toHex(signingDigest(bodyBytes(transaction))),
      signature: toHex(transaction.signature),
      hex: toHex(transaction.bytes),
      witnessId: transaction.witnessIdHex,
    })),
    refused: refusedTransactions().map(([name, hex, code]) => ({ name, hex, code })),
    invalid: invalidTransactions(),
  };
}

/** Changes to the example's places, each with what its bytes are refused for. */
function refusedTransactions(): readonly (readonly [name: string, hex: string, code: ErrorCode])[] {
  const transaction = firstTransaction();
  const [body, signature] = transactionCodec.toItem(transaction) as readonly [readonly Item[], Item];
  const hex = toHex(transaction.bytes);
  const withPlace = (place: number, item: Item) => toHex(encodeItem([body.with(place, item), signature]));
  return [
    ['one byte short', hex.slice(0, -2), 'BAD_ENCODING'],
    ['one byte long', `${hex}00`, 'BAD_ENCODING'],
    ['twice', hex + hex, 'BAD_ENCODING'],
    ['the body alone', toHex(bodyBytes(transaction)), 'BAD_ENCODING'],
    ['the version in two bytes', hex.replace('828801', '82881801'), 'BAD_ENCODING'],
    ['the next version', withPlace(0, 2), 'BAD_VERSION'],
    ['the next version, with a place more', toHex(encodeItem([[2, ...body.slice(1), null], signature])), 'BAD_VERSION'],
    ['a negative version', withPlace(0, -1), 'BAD_ENCODING'],
    ['a place more', toHex(encodeItem([[...body, null], signature])), 'BAD_ENCODING'],
    ['a place fewer', toHex(encodeItem([body.slice(0, -1), signature])), 'BAD_ENCODING'],
    ['a chainId of 31 bytes', withPlace(1, new Uint8Array(31)), 'BAD_ENCODING'],
    ['an uncompressed public key', withPlace(2, new Uint8Array(65)), 'BAD_PUBLIC_KEY'],
    ['a nonce of 2^53', withPlace(3, 2n ** 53n), 'BAD_ENCODING'],
    ['a negative nonce', withPlace(3, -1), 'BAD_ENCODING'],
    ['a negative fee', withPlace(4, -1), 'BAD_AMOUNT'],
    ['a fee of text', withPlace(4, '1'), 'BAD_AMOUNT'],
    ['an expiry of text', withPlace(5, '9'), 'BAD_ENCODING'],
    ['a memo of 65 bytes', withPlace(6, new Uint8Array(65)), 'TOO_LARGE'],
    [
      '1,001 operations',
      withPlace(
        7,
        Array.from({ length: 1_001 }, () => [2, 'k']),
      ),
      'TOO_LARGE',
    ],
    ['an unknown operation', withPlace(7, [[9, 'k']]), 'BAD_OPERATION'],
    ['operations of nothing', withPlace(7, null), 'BAD_ENCODING'],
    ['a signature of 63 bytes', toHex(encodeItem([body, new Uint8Array(63)])), 'BAD_SIGNATURE'],
    ['a signature of text', toHex(encodeItem([body, 'x'.repeat(64)])), 'BAD_ENCODING'],
  ];
}

/** `signed` is false where only the signature is wrong; `params` are those that differ from the example's network. */
function invalidTransactions(): Json {
  const sign = (operations: readonly Operation[], chainId: Uint8Array = exampleChainId) =>
    signTransaction(
      { chainId, nonce: 0, fee: 0n, expiresAt: null, memo: new Uint8Array(0), operations },
      alice.secretKey,
    );
  const get: Operation = { type: 'get', key: 'k' };
  const transfer: Operation = { type: 'transfer', to: bob.address, amount: 0n };
  const cases: readonly (readonly [name: string, Transaction, ErrorCode, Json])[] = [
    ['signed for another chain', sign([get], new Uint8Array(32)), 'WRONG_CHAIN', {}],
    ['no operations', sign([]), 'BAD_OPERATION', {}],
    ['a transfer of 0', sign([get, transfer]), 'BAD_AMOUNT', {}],
    ['money of 0', sign([{ ...transfer, type: 'createMoney' }]), 'BAD_AMOUNT', {}],
    [
      'a key handed over where keys are open',
      sign([{ type: 'transferKey', key: 'k', to: bob.address }]),
      'BAD_OPERATION',
      { keyOwnership: 'open' },
    ],
    ['no fee where bytes cost', sign([get]), 'FEE_TOO_LOW', { feePerByteMin: '1' }],
    ['over the bytes of the network', sign([get]), 'TOO_LARGE', { transactionBytesMax: 100 }],
    ['over the operations of the network', sign([get, get]), 'TOO_LARGE', { transactionOperationsMax: 1 }],
  ];
  const good = firstTransaction();
  const s = toInteger(good.signature.slice(32));
  const highS = concat(good.signature.slice(0, 32), toBytes(order - s));
  const resigned: readonly (readonly [name: string, signature: Uint8Array])[] = [
    ['the high s of a good signature', highS],
    ['a signature of zeros', new Uint8Array(64)],
    ["another key's signature", signFor(good, bob.secretKey)],
    ['a signature over the body without the tag', signOver(sha256(bodyBytes(good)))],
  ];
  return [
    ...cases.map(([name, transaction, code, params]) => ({ name, hex: toHex(transaction.bytes), params, code })),
    ...resigned.map(([name, signature]) => {
      const hex = toHex(concat(good.bytes.slice(0, -64), signature));
      return { name, hex, params: {}, code: 'BAD_SIGNATURE' };
    }),
  ];
}

/** The example's receipts with their hashes, and bytes that are none. */
export function receiptVectors(): Json {
  const id = new Uint8Array(32);
  const refused: readonly (readonly [name: string, item: Item])[] = [
    ['an unknown status', [id, 2, null, null, []]],
    ['failed without a code', [id, 0, null, null, []]],
    ['failed without an index', [id, 0, 16, null, []]],
    ['failed with results', [id, 0, 16, 0, [null]]],
    ['applied with a code', [id, 1, 16, 0, []]],
    ['an unknown error number', [id, 0, 65_535, 0, []]],
    ['an id of 31 bytes', [id.slice(1), 1, null, null, []]],
    ['a result of one place', [id, 1, null, null, [[1]]]],
    ['a place too few', [id, 1, null, null]],
  ];
  return {
    good: receipts1.map(receipt => ({
      receipt: showReceipt(receipt),
      hex: toHex(encode(receiptCodec, receipt)),
      hash: toHex(receiptHash(receipt)),
    })),
    refused: refused.map(([name, item]) => ({ name, hex: toHex(encodeItem(item)), code: 'BAD_ENCODING' })),
  };
}

function firstTransaction(): Transaction {
  const [first] = exampleTransactions;
  if (first === undefined) throw new Error('assertion failed: the example has transactions');
  return first.transaction;
}

function signFor(transaction: Transaction, secretKey: Uint8Array): Uint8Array {
  return sign(signingDigest(bodyBytes(transaction)), secretKey);
}

function signOver(digest: Uint8Array): Uint8Array {
  return sign(digest, alice.secretKey);
}

function toInteger(bytes: Uint8Array): bigint {
  return BigInt(`0x${toHex(bytes)}`);
}

function toBytes(value: bigint): Uint8Array {
  const bytes = new Uint8Array(32);
  for (let place = 0; place < 32; place++) bytes[31 - place] = Number((value >> BigInt(8 * place)) & 0xffn);
  return bytes;
}
