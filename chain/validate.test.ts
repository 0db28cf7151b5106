import { describe, expect, it } from 'vitest';
import { secretKey } from './arbitraries.suite.ts';
import { type Block, decodeBlock, encodeBlock, seal } from './block.ts';
import { chainIdOf, type Genesis, type Params, paramsAt } from './genesis.ts';
import { parseGenesis } from './genesis-file.ts';
import { sha256 } from './hash.ts';
import { publicKeyOf, sign, verify } from './keys.ts';
import { merkleRoot } from './merkle.ts';
import type { Operation } from './operation.ts';
import { decodeTransaction, signTransaction, type Transaction } from './transaction.ts';
import {
  blockBytes,
  producerCheck,
  type Rules,
  signatureCheck,
  validateBody,
  validateHeaderShape,
  validateTransaction,
} from './validate.ts';
import { accepted, bytesOf, expectCode, readVectors } from './vectors.suite.ts';

interface InvalidTransaction {
  readonly name: string;
  readonly hex: string;
  readonly params: Readonly<Record<string, string | number>>;
  readonly code: string;
}

const transactionVectors = readVectors<{
  readonly good: readonly { readonly name: string; readonly hex: string }[];
  readonly invalid: readonly InvalidTransaction[];
}>('transaction');
const blockVectors = readVectors<{
  readonly good: readonly { readonly hex: string }[];
  readonly invalid: readonly { readonly name: string; readonly hex: string; readonly code: string }[];
}>('block');
const genesisVectors = readVectors<{ readonly good: readonly { readonly file: object }[] }>('genesis');

const genesis: Genesis = accepted(parseGenesis(JSON.stringify(genesisVectors.good[0]?.file)));
const chainId = chainIdOf(genesis);
const rules = rulesWith({});
const get: Operation = { type: 'get', key: 'k' };

function rulesWith(params: Partial<Params>): Rules {
  return { chainId, params: { ...paramsAt(genesis, 1), ...params } };
}

function readParams(shown: InvalidTransaction['params']): Partial<Params> {
  const { feePerByteMin, ...others } = shown;
  return feePerByteMin === undefined ? others : { ...others, feePerByteMin: BigInt(feePerByteMin) };
}

function transact(nonce: number, operations: readonly Operation[], fee = 0n): Transaction {
  return signTransaction({ chainId, nonce, fee, expiresAt: null, memo: new Uint8Array(0), operations }, secretKey);
}

/** A block of height 1 whose transactionsRoot is that of its transactions. */
function blockOf(transactions: readonly Transaction[]): Block {
  const [first] = blockVectors.good;
  const { header, nonce, signature } = accepted(decodeBlock(bytesOf(first?.hex ?? '')));
  const transactionsRoot = merkleRoot(transactions.map(transaction => transaction.witnessId));
  return { ...seal({ ...header, transactionsRoot }, nonce, signature), transactions };
}

function verifies({ message, signature, publicKey }: ReturnType<typeof signatureCheck>): boolean {
  return verify(sha256(message), signature, publicKey);
}

describe('validateTransaction', () => {
  it.each(transactionVectors.good)('accepts $name', ({ hex }) => {
    const transaction = accepted(decodeTransaction(bytesOf(hex)));
    expect(validateTransaction(transaction, rules)).toEqual({ ok: true, value: null });
    expect(verifies(signatureCheck(transaction))).toBe(true);
  });

  it.each(transactionVectors.invalid)('refuses $name', ({ hex, params, code }) => {
    const transaction = accepted(decodeTransaction(bytesOf(hex)));
    const checked = validateTransaction(transaction, rulesWith(readParams(params)));
    if (code !== 'BAD_SIGNATURE') expectCode(checked, code);
    else expect([checked.ok, verifies(signatureCheck(transaction))]).toEqual([true, false]);
  });

  it('takes exactly the least fee, and not one less', () => {
    const bytes = transact(0, [get], 100n).bytes.length;
    const params = rulesWith({ feePerByteMin: 1n });
    expect(validateTransaction(transact(0, [get], BigInt(bytes)), params).ok).toBe(true);
    expectCode(validateTransaction(transact(0, [get], BigInt(bytes - 1)), params), 'FEE_TOO_LOW');
  });

  it('C16: takes exactly the largest size and count, and not one more', () => {
    const transaction = transact(0, [get, get]);
    const bytes = transaction.bytes.length;
    const largest = rulesWith({ transactionBytesMax: bytes, transactionOperationsMax: 2 });
    expect(validateTransaction(transaction, largest).ok).toBe(true);
    expectCode(validateTransaction(transaction, rulesWith({ transactionBytesMax: bytes - 1 })), 'TOO_LARGE');
    expectCode(validateTransaction(transaction, rulesWith({ transactionOperationsMax: 1 })), 'TOO_LARGE');
  });

  it('names the thing, the value and the limit', () => {
    const checked = validateTransaction(transact(0, [get]), rulesWith({ transactionBytesMax: 100 }));
    expect(checked).toMatchObject({
      ok: false,
      error: { detail: expect.stringMatching(/^transaction too large: \d+ bytes, at most 100$/) },
    });
  });
});

describe('validateBody', () => {
  it('accepts the block of the vectors', () => {
    const block = accepted(decodeBlock(bytesOf(blockVectors.good[0]?.hex ?? '')));
    expect(validateBody(block, rules)).toEqual({ ok: true, value: null });
  });

  it.each(blockVectors.invalid)('refuses $name', ({ hex, code }) => {
    expectCode(validateBody(accepted(decodeBlock(bytesOf(hex))), rules), code);
  });

  it('accepts an empty block', () => {
    expect(validateBody(blockOf([]), rules).ok).toBe(true);
  });

  it('C7: blames the sender for a false body before it looks at anything in it', () => {
    const good = blockOf([transact(0, [get])]);
    const oversized = { ...good, transactions: [transact(0, []), transact(0, [])] };
    expectCode(validateBody(oversized, rulesWith({ blockTransactionsMax: 1 })), 'BAD_TRANSACTIONS_ROOT');
  });

  it('refuses one signature in place of another: the root is over witnessIds', () => {
    const transaction = transact(0, [get]);
    const copy = accepted(decodeTransaction(transaction.bytes.with(-1, (transaction.bytes.at(-1) ?? 0) ^ 1)));
    expect(copy.idHex).toBe(transaction.idHex);
    expectCode(validateBody({ ...blockOf([transaction]), transactions: [copy] }, rules), 'BAD_TRANSACTIONS_ROOT');
  });

  const two = [transact(0, [get, get]), transact(1, [get])];
  const limits: readonly (readonly [name: string, params: Partial<Params>])[] = [
    ['transactions', { blockTransactionsMax: 1 }],
    ['operations', { blockOperationsMax: 2 }],
    ['bytes', { blockBytesMax: encodeBlock(blockOf(two)).length - 1 }],
  ];
  it.each(limits)('C16: refuses a block over its %s', (_name, params) => {
    expectCode(validateBody(blockOf(two), rulesWith(params)), 'TOO_LARGE');
  });

  it('accepts a block that is exactly as large as it may be', () => {
    const blockBytesMax = encodeBlock(blockOf(two)).length;
    const params = { blockTransactionsMax: 2, blockOperationsMax: 3, blockBytesMax };
    expect(validateBody(blockOf(two), rulesWith(params)).ok).toBe(true);
  });

  it.each([0, 1, 23, 24, 256])('counts the bytes of a block of %i transactions as its encoding does', count => {
    const transaction = transact(0, [get]);
    const block = blockOf(Array.from({ length: count }, () => transaction));
    expect(blockBytes(block, block.transactions)).toBe(encodeBlock(block).length);
  });

  const inside: readonly (readonly [name: string, transactions: readonly Transaction[]])[] = [
    ['one nonce used twice', [transact(0, [get]), transact(0, [get, get])]],
    ['the same transaction twice', [transact(0, [get]), transact(0, [get])]],
    ['a transaction without operations', [transact(0, [])]],
    ['a transfer of 0', [transact(0, [{ type: 'transfer', to: new Uint8Array(20), amount: 0n }])]],
  ];
  it.each(inside)('C12, C13: refuses a block with %s', (_name, transactions) => {
    expectCode(validateBody(blockOf(transactions), rules), 'BAD_TRANSACTION');
  });

  it('T1: refuses a block with a transaction of another chain', () => {
    const foreign = { chainId: new Uint8Array(32), params: rules.params };
    expectCode(validateBody(blockOf(two), foreign), 'BAD_TRANSACTION');
  });
});

describe('headers', () => {
  const block = accepted(decodeBlock(bytesOf(blockVectors.good[0]?.hex ?? '')));

  it('have a compressed key', () => {
    expect(validateHeaderShape(block).ok).toBe(true);
    for (const prefix of [0, 1, 4, 0xff]) {
      const producer = block.header.producer.with(0, prefix);
      expectCode(validateHeaderShape({ ...block, header: { ...block.header, producer } }), 'BAD_PUBLIC_KEY');
    }
  });

  it("carry the producer's signature over chainId and hash", () => {
    expect(verifies(producerCheck(chainId, block))).toBe(true);
    expect(verifies(producerCheck(new Uint8Array(32), block))).toBe(false);
    expect(verifies(producerCheck(chainId, { ...block, hash: new Uint8Array(32) }))).toBe(false);
  });

  it('are not taken for transactions: what is signed begins with its purpose', () => {
    const transaction = transact(0, [get]);
    const { message } = signatureCheck(transaction);
    const signature = sign(sha256(message), secretKey);
    const disguised = { ...block, signature, header: { ...block.header, producer: publicKeyOf(secretKey) } };
    expect(verifies(producerCheck(chainId, disguised))).toBe(false);
  });
});
