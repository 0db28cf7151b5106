/** The methods of the store: kv_. */
import { z } from '../zod.ts';
import { exampleAddress, exampleHash, exampleId, exampleKey, examplePending, exampleProof } from './examples.ts';
import { method } from './method.ts';
import * as s from './schemas.ts';

/** What a write may say besides its subject, when the daemon signs it; and the signed form. */
export const writeFields = {
  fee: s.amount.optional().meta({ description: 'fee; without one the least that the network takes' }),
  expiresAt: s.height
    .nullable()
    .optional()
    .meta({ description: 'last height at which it may be included; null: for ever' }),
  transaction: s.hex
    .min(2)
    .optional()
    .meta({ description: 'the signed form: an encoded transaction, and nothing else' }),
  wait: s.waitUntil.default('none'),
  timeoutMs: s.timeoutMs.default(20_000),
};

/** Either the signed form alone, or the plain form with everything that it needs; the message names the parameter. */
export function signedOrPlain(needed: readonly string[]): (params: object, context: z.core.$RefinementCtx) => void {
  const besideTransaction = new Set(['transaction', 'wait', 'timeoutMs', 'key']);
  return (params, context) => {
    const given = Object.entries(params).flatMap(([name, value]) => (value === undefined ? [] : [name]));
    const isSigned = given.includes('transaction');
    const wrong = isSigned
      ? given.find(name => !besideTransaction.has(name))
      : needed.find(name => !given.includes(name));
    if (wrong === undefined) return;
    const message = isSigned ? 'not allowed beside transaction' : 'required, or give a signed transaction';
    context.addIssue({ code: 'custom', path: [wrong], message });
  };
}

const writeErrors = [
  'BAD_KEY',
  'BAD_VALUE',
  'ACCOUNT_LOCKED',
  'NOT_OWNER',
  'VERSION_CONFLICT',
  'POOL_FULL',
  'FINALITY_UNAVAILABLE',
] as const;

export const keyMethods = {
  kv_put: method({
    scope: 'submit',
    plainScope: 'admin',
    doc: 'Writes a value: as a signed transaction, or plainly, signed by the account of the daemon.',
    params: z
      .strictObject({
        key: s.key.optional(),
        value: s.value.optional(),
        encoding: s.encoding.optional(),
        contentType: z.string().optional().meta({ description: 'media type, at most 64 bytes' }),
        expectedVersion: z.int().min(0).nullable().optional().meta({
          description: 'write only if the key is at this version; 0: never written',
        }),
        ...writeFields,
      })
      .superRefine(signedOrPlain(['key', 'value'])),
    result: s.transactionState,
    errors: writeErrors,
    routes: [{ verb: 'PUT', path: '/v1/kv/{key}' }],
    example: { params: { key: 'bash', value: '5.2.15-2', contentType: 'text/plain' }, result: examplePending },
  }),

  kv_get: method({
    scope: 'read',
    doc: 'Reads a key: its value, version and owner, and how final they are.',
    params: z.strictObject({
      key: s.key,
      at: s.height.optional().meta({ description: 'read the key as it stood after the block of this height' }),
      read: s.readMode.default('local'),
    }),
    result: s.readKeyState,
    errors: ['BAD_KEY', 'NO_KEY', 'NOT_CONFIRMED', 'FINALITY_UNAVAILABLE', 'HEIGHT_UNAVAILABLE'],
    routes: [{ verb: 'GET', path: '/v1/kv/{key}' }],
    example: { params: { key: 'bash' }, result: { ...exampleKey, read: 'local' } },
  }),

  kv_delete: method({
    scope: 'submit',
    plainScope: 'admin',
    doc: 'Deletes a key: a tombstone stays, with owner, version and history.',
    params: z.strictObject({ key: s.key.optional(), ...writeFields }).superRefine(signedOrPlain(['key'])),
    result: s.transactionState,
    errors: ['BAD_KEY', 'ACCOUNT_LOCKED', 'NOT_OWNER', 'NO_KEY', 'POOL_FULL', 'FINALITY_UNAVAILABLE'],
    routes: [{ verb: 'DELETE', path: '/v1/kv/{key}' }],
    example: { params: { key: 'bash' }, result: examplePending },
  }),

  kv_history: method({
    scope: 'read',
    doc: 'Tells the versions of a key, newest first, in pages.',
    params: z.strictObject({
      key: s.key,
      limit: z.int().min(1).max(1_000).default(100),
      cursor: s.cursor.optional(),
    }),
    result: z.object({
      entries: z.array(s.historyEntry),
      cursor: s.nextCursor,
      completeFrom: s.height.meta({
        description: 'versions that were overwritten below this height may lack: the node was pruned',
      }),
    }),
    errors: ['BAD_KEY', 'INVALID_PARAMS'],
    routes: [{ verb: 'GET', path: '/v1/kv/{key}/history' }],
    example: {
      params: { key: 'bash', limit: 1 },
      result: {
        entries: [
          {
            key: 'bash',
            version: 1,
            height: 1204,
            transactionId: exampleId,
            operation: 'put',
            owner: exampleAddress,
            contentType: 'text/plain',
            value: '5.2.15-2',
            encoding: 'utf8',
            valueVersion: 1,
          },
        ],
        cursor: null,
        completeFrom: 0,
      },
    },
  }),

  kv_scan: method({
    scope: 'read',
    doc: 'Lists the keys that start with a prefix and have a value, in the order of their bytes, in pages. A page that met many deleted keys has few items, or none, and yet a cursor.',
    params: z.strictObject({
      prefix: z.string().default('').meta({ description: 'what the keys start with; empty: all' }),
      limit: z.int().min(1).max(1_000).default(100),
      cursor: s.cursor.optional(),
    }),
    result: z.object({ items: z.array(s.keyState), cursor: s.nextCursor }),
    errors: ['INVALID_PARAMS'],
    routes: [{ verb: 'GET', path: '/v1/kv' }],
    example: { params: { prefix: 'ba', limit: 1 }, result: { items: [exampleKey], cursor: null } },
  }),

  kv_watch: method({
    scope: 'read',
    isSocketOnly: true,
    doc: "Sends every block's changes exactly once, and undone ones on a reorg, from now or from a resume point on; and, when it happens, that a branch or a certificate contradicts what is final.",
    params: z.strictObject({
      prefix: z.string().default('').meta({ description: 'only changes of keys that start with it' }),
      from: z
        .strictObject({ height: s.height, hash: s.hash })
        .optional()
        .meta({ description: 'the last block that was seen' }),
    }),
    result: z.object({
      subscription: z.string(),
      at: z.object({ height: s.height, hash: s.hash }).meta({ description: 'the first event follows this block' }),
    }),
    errors: ['RESUME_TOO_OLD', 'RATE_EXCEEDED'],
    routes: [],
    example: {
      params: { prefix: 'ba' },
      result: { subscription: '1', at: { height: 1204, hash: exampleHash } },
    },
  }),

  kv_unwatch: method({
    scope: 'read',
    isSocketOnly: true,
    doc: 'Ends a subscription of this connection.',
    params: z.strictObject({ subscription: z.string().max(20) }),
    result: z.object({ ended: z.boolean() }),
    errors: [],
    routes: [],
    example: { params: { subscription: '1' }, result: { ended: true } },
  }),

  kv_proof: method({
    scope: 'read',
    doc: 'Proves a value, or its absence, against the state root of a header.',
    params: z.strictObject({
      key: s.key,
      height: s.height
        .optional()
        .meta({ description: 'at most 128 below the head, and 5,000 changes of the state; default: the head' }),
    }),
    result: s.keyProof,
    errors: ['BAD_KEY', 'HEIGHT_UNAVAILABLE'],
    routes: [{ verb: 'GET', path: '/v1/kv/{key}/proof' }],
    example: { params: { key: 'bash' }, result: exampleProof },
  }),
};
