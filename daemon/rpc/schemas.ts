/**
 * The shapes that several methods of the API share, as schemas: hashes in hex, amounts as decimal strings, what is told of a header, a
 * transaction, a key. Parameters are strict (an unknown one is an error), results are open (a newer node may say more).
 */

import { amountMax } from '../../chain/codec.ts';
import { errorCodes } from '../../chain/errors.ts';
import { z } from '../zod.ts';

export const hash = z
  .string()
  .regex(/^[0-9a-fA-F]{64}$/, 'expected 64 hexadecimal digits')
  .meta({ description: '32 bytes in hexadecimal' });
export const hex = z
  .string()
  .regex(/^(?:[0-9a-fA-F]{2})*$/, 'expected hexadecimal digits, two a byte')
  .meta({ description: 'bytes in hexadecimal' });
export const amount = z
  .string()
  .regex(/^(?:0|[1-9][0-9]{0,19})$/, { error: 'expected a decimal string', abort: true })
  .refine(text => BigInt(text) <= amountMax, 'expected an amount of at most 2^64-1')
  .meta({ description: 'amount as a decimal string, 0 to 2^64-1' });
export const bigNumber = z
  .string()
  .regex(/^[0-9]+$/)
  .meta({ description: 'whole number as a decimal string' });
export const count = z.int().min(0);
export const height = count.meta({ description: 'height of a block; the genesis block has 0' });
export const time = count.meta({ description: 'Unix milliseconds' });
export const key = z.string().meta({ description: 'key: UTF-8, 1 to 256 bytes' });
export const address = z.string().max(100).meta({ description: 'address of an account, bech32m' });
export const encoding = z.enum(['utf8', 'base64']);
const errorCode = z.enum(errorCodes()).meta({ description: 'code of the error table' });
export const finality = z
  .enum(['pending', 'included', 'safe', 'final'])
  .meta({ description: 'safe: at least safeConfirmations of the network; final: the engine never takes it back' });
export const confirmations = count.meta({ description: 'the head has 1; 0 is not on the chain' });
export const value = z
  .string()
  .meta({ description: 'the value as text, or base64 where `encoding` says so (at most 65,536 bytes)' });

export const readMode = z
  .string()
  .regex(
    /^(?:local|final|linearizable|confirmed:[1-9][0-9]{0,5})$/,
    'expected local, confirmed:<n>, final or linearizable',
  )
  .meta({ description: 'how sure the read must be: local, confirmed:<n>, final or linearizable' });
export const waitUntil = z
  .string()
  .regex(/^(?:none|included|final|confirmed:[1-9][0-9]{0,5})$/, 'expected none, included, confirmed:<n> or final')
  .meta({ description: 'what to wait for: none, included, confirmed:<n> or final' });
export const waitMsMax = 25_000;
export const timeoutMs = z.int().min(0).max(waitMsMax).meta({ description: 'longest wait in ms, at most 25,000' });
export const cursor = z.string().max(2_048).meta({ description: 'where the page before ended; opaque' });
export const nextCursor = cursor.nullable().meta({ description: 'give it to get the next page; null at the end' });
export const blockId = z
  .union([
    count,
    z.string().regex(/^(?:head|[0-9]{1,15}|[0-9a-fA-F]{64})$/, 'expected a height, a block hash or "head"'),
  ])
  .meta({ description: 'height, block hash or "head"' });

export const header = z.object({
  hash,
  version: count,
  height,
  parent: hash,
  transactionsRoot: hash,
  receiptsRoot: hash,
  stateRoot: hash,
  time,
  bits: count.meta({ description: 'compact form of the target' }),
  producer: hex.meta({ description: 'compressed public key of the producer' }),
  extension: hex,
  nonce: hash,
  signature: hex,
});
export type HeaderJson = z.output<typeof header>;

export const operation = z.object({
  type: z.enum(['put', 'delete', 'get', 'transferKey', 'createMoney', 'transfer']),
  key: key.optional(),
  value: value.optional(),
  encoding: encoding.optional(),
  contentType: z.string().optional(),
  expectedVersion: count.nullable().optional(),
  to: address.optional(),
  amount: amount.optional(),
});
export type OperationJson = z.output<typeof operation>;

export const transaction = z.object({
  id: hash,
  witnessId: hash,
  sender: address,
  publicKey: hex,
  nonce: count,
  fee: amount,
  expiresAt: height.nullable(),
  memo: hex,
  operations: z.array(operation),
  signature: hex,
  bytes: count.meta({ description: 'size of the encoded transaction' }),
});
export type TransactionJson = z.output<typeof transaction>;

export const receipt = z.object({
  id: hash,
  status: z.enum(['applied', 'failed']),
  code: errorCode.nullable(),
  index: count.nullable().meta({ description: 'the operation that failed, from 0' }),
  results: z.array(z.object({ version: count, valueHash: hash }).nullable()),
});
export type ReceiptJson = z.output<typeof receipt>;

/** Where a transaction is: what put, submit, transfer and wait answer. */
export const transactionState = z.object({
  id: hash,
  status: z.enum(['pending', 'included', 'failed', 'dropped']),
  code: errorCode.optional().meta({ description: 'why it failed or was dropped' }),
  height: height.nullable(),
  blockHash: hash.nullable(),
  index: count.nullable().meta({ description: 'place in its block' }),
  confirmations,
  finality,
});
export type TransactionState = z.output<typeof transactionState>;

/** A key as it is read. */
export const keyState = z.object({
  key,
  value,
  encoding,
  contentType: z.string(),
  version: count,
  owner: address,
  height: height.meta({ description: 'height of the block that wrote this version' }),
  confirmations,
  finality,
});
export type KeyState = z.output<typeof keyState>;

/** The same, with what was asked of the read: a local one may be behind what others were told. */
export const readKeyState = keyState.extend({ read: readMode });
export type ReadKeyState = z.output<typeof readKeyState>;

export const historyEntry = z.object({
  key,
  version: count,
  height,
  transactionId: hash.nullable().meta({ description: 'null for a version that came with a snapshot' }),
  operation: z.enum(['put', 'delete', 'transferKey']),
  owner: address,
  contentType: z.string(),
  value: value.nullable().meta({ description: 'what a put wrote; null for delete and transferKey' }),
  encoding,
  valueVersion: count.meta({ description: "the version that holds the key's value after this one; 0 after a delete" }),
});
export type HistoryJson = z.output<typeof historyEntry>;

/** A refusal inside a list of answers. */
export const refusal = z.object({ code: errorCode, message: z.string(), action: z.string() });
export type Refusal = z.output<typeof refusal>;

export const miner = z.object({
  running: z.boolean().meta({
    description: 'nonces may be searched; without proof of work a member makes its blocks all the same',
  }),
  threads: count,
  hashRate: z.number().meta({ description: 'hashes per second, all threads' }),
  rateMax: z.number().nullable().meta({ description: 'the throttle in hashes per second; null: none' }),
  bits: count,
  difficultyBits: z.number().meta({ description: 'log2 of the expected trials; 0 without proof of work' }),
  target: hash,
  expectedTrials: bigNumber,
  blocksFound: count,
});

/** A proof file, as chain/proof.ts writes and checks it. */
export const keyProof = z.object({
  format: z.literal('kvchain-proof'),
  version: z.literal(1),
  kind: z.literal('key'),
  chainId: hash,
  claim: z.looseObject({ key }).meta({ description: 'the value and its record, or {key, absent: true}' }),
  header: hex.meta({ description: 'the encoded header' }),
  nonce: hash,
  proof: hex.meta({ description: 'the encoded state proof' }),
  certificate: hex.optional(),
});
