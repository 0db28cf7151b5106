/** The methods of transactions and accounts: tx_ and wallet_. */
import { z } from '../zod.ts';
import { signedOrPlain, writeFields } from './api-keys.ts';
import {
  exampleAddress,
  exampleHash,
  exampleId,
  examplePending,
  exampleState,
  exampleTransaction,
  exampleTransactionJson,
} from './examples.ts';
import { method } from './method.ts';
import * as s from './schemas.ts';

/** The most transactions in one tx_submit. */
const submitTransactionsMax = 1_000;

const submitErrors = [
  'BAD_ENCODING',
  'BAD_SIGNATURE',
  'WRONG_CHAIN',
  'BAD_NONCE',
  'EXPIRED',
  'FEE_TOO_LOW',
  'POOL_FULL',
] as const;

export const transactionMethods = {
  tx_prepare: method({
    scope: 'read',
    doc: 'Tells what a transaction of an account needs: chainId, next nonce, a fee and an expiry that will do.',
    params: z.strictObject({
      address: s.address,
      bytes: z.int().min(1).max(262_144).default(512).meta({ description: 'size of the transaction, for the fee' }),
    }),
    result: z.object({
      chainId: s.hash,
      nonce: s.count.meta({ description: 'the next one after what the mempool holds of the account' }),
      feePerByte: s.amount.meta({ description: 'from which a transaction is taken now' }),
      fee: s.amount.meta({ description: 'feePerByte for `bytes`' }),
      expiresAt: s.height.meta({ description: 'about an hour of blocks ahead, at least 100' }),
      height: s.height,
      addressPrefix: z.string(),
    }),
    errors: ['BAD_ADDRESS'],
    routes: [{ verb: 'GET', path: '/v1/wallets/{address}/prepare' }],
    example: {
      params: { address: exampleAddress },
      result: {
        chainId: exampleHash,
        nonce: 0,
        feePerByte: '0',
        fee: '0',
        expiresAt: 1564,
        height: 1204,
        addressPrefix: 'kv',
      },
    },
  }),

  tx_submit: method({
    scope: 'submit',
    doc: 'Takes one signed transaction, or up to 1,000 with an answer for each, in their order.',
    params: z
      .strictObject({
        transaction: s.hex.min(2).optional(),
        transactions: z.array(s.hex.min(2)).min(1).max(submitTransactionsMax).optional(),
      })
      .superRefine((params, context) => {
        if ((params.transaction === undefined) !== (params.transactions === undefined)) return;
        const message = 'give either transaction or transactions';
        context.addIssue({ code: 'custom', path: ['transaction'], message });
      }),
    result: z.union([s.transactionState, z.object({ results: z.array(z.union([s.transactionState, s.refusal])) })]),
    errors: submitErrors,
    routes: [
      { verb: 'POST', path: '/v1/transactions' },
      { verb: 'POST', path: '/new_transaction' },
    ],
    example: { params: { transaction: exampleTransaction }, result: examplePending },
  }),

  tx_get: method({
    scope: 'read',
    doc: 'Tells where a transaction is, with its receipt and its content.',
    params: z.strictObject({ id: s.hash }),
    result: s.transactionState.extend({ receipt: s.receipt.nullable(), transaction: s.transaction.nullable() }),
    errors: ['NOT_FOUND'],
    routes: [{ verb: 'GET', path: '/v1/transactions/{id}' }],
    example: {
      params: { id: exampleId },
      result: {
        ...exampleState,
        receipt: { id: exampleId, status: 'applied', code: null, index: null, results: [null] },
        transaction: exampleTransactionJson,
      },
    },
  }),

  tx_wait: method({
    scope: 'read',
    doc: 'Waits, at most 25 s, until a transaction is included, confirmed, final, failed or dropped, and tells where it is.',
    params: z.strictObject({
      id: s.hash,
      wait: s.waitUntil.default('included'),
      timeoutMs: s.timeoutMs.default(20_000),
    }),
    result: s.transactionState.extend({
      reached: z.boolean().meta({ description: 'false: the time was up first; ask again' }),
    }),
    errors: ['NOT_FOUND', 'FINALITY_UNAVAILABLE', 'RATE_EXCEEDED', 'STOPPING'],
    routes: [{ verb: 'GET', path: '/v1/transactions/{id}', when: { wait: 'given' } }],
    example: { params: { id: exampleId, wait: 'confirmed:6' }, result: { ...exampleState, reached: true } },
  }),

  tx_decode: method({
    scope: 'read',
    doc: 'Shows what a signed transaction says, without sending it.',
    params: z.strictObject({ transaction: s.hex.min(2) }),
    result: s.transaction,
    errors: ['BAD_ENCODING'],
    routes: [{ verb: 'POST', path: '/v1/transactions/decode' }],
    example: { params: { transaction: exampleTransaction }, result: exampleTransactionJson },
  }),

  wallet_get: method({
    scope: 'read',
    doc: "Tells an account's balance and nonces; without an address those of the daemon's own account.",
    params: z.strictObject({ address: s.address.optional() }),
    result: z.object({
      address: s.address,
      balance: s.amount,
      nonce: s.count,
      pendingNonce: s.count.meta({ description: 'the next one after what the mempool holds of the account' }),
    }),
    errors: ['BAD_ADDRESS', 'ACCOUNT_LOCKED'],
    routes: [{ verb: 'GET', path: '/v1/wallets/{address}' }],
    example: {
      params: { address: exampleAddress },
      result: { address: exampleAddress, balance: '5000', nonce: 3, pendingNonce: 3 },
    },
  }),

  wallet_transfer: method({
    scope: 'submit',
    plainScope: 'admin',
    doc: 'Moves money to an account: as a signed transaction, or plainly, signed by the account of the daemon.',
    params: z
      .strictObject({ to: s.address.optional(), amount: s.amount.optional(), ...writeFields })
      .superRefine(signedOrPlain(['to', 'amount'])),
    result: s.transactionState,
    errors: ['BAD_ADDRESS', 'BAD_AMOUNT', 'INSUFFICIENT_BALANCE', 'ACCOUNT_LOCKED', 'FINALITY_UNAVAILABLE'],
    routes: [{ verb: 'POST', path: '/v1/transfers' }],
    example: { params: { to: exampleAddress, amount: '100' }, result: examplePending },
  }),
};
