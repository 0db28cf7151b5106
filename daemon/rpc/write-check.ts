/** What a write must be before it is signed: nothing is sent that the network would refuse, or that could never be waited for. */

import { isWellFormed, toUtf8 } from '../../chain/bytes.ts';
import { KvchainError } from '../../chain/errors.ts';
import { isSecretKey } from '../../chain/keys.ts';
import { contentTypeBytesMax, keyBytesMax, type Operation, type Put, valueBytesMax } from '../../chain/operation.ts';
import { z } from '../zod.ts';
import type { Draft } from './outbox.ts';
import { waitUntil } from './schemas.ts';

/**
 * Errors thrown: USAGE for a target that there is not, FINALITY_UNAVAILABLE for `final` on a network whose engine makes nothing final.
 * The node is asked, by `canFinalize`, only for `final`.
 */
export async function checkWait(wait: string, canFinalize: () => Promise<boolean>): Promise<void> {
  if (!waitUntil.safeParse(wait).success) {
    throw new KvchainError('USAGE', `wait ${JSON.stringify(wait)}, expected none, included, confirmed:<n> or final`);
  }
  if (wait !== 'final' || (await canFinalize())) return;
  throw new KvchainError('FINALITY_UNAVAILABLE', 'the engine makes nothing final; wait for confirmed:<n>');
}

const bytes = z.instanceof(Uint8Array, { error: 'expected a Uint8Array' });
const whole = z.int().min(0);
const operationShape = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('put'),
    key: z.string(),
    value: bytes,
    contentType: z.string(),
    expectedVersion: whole.nullable(),
  }),
  z.object({ type: z.literal('delete'), key: z.string() }),
  z.object({ type: z.literal('get'), key: z.string() }),
  z.object({ type: z.literal('transferKey'), key: z.string(), to: bytes }),
  z.object({ type: z.literal('createMoney'), to: bytes, amount: z.bigint() }),
  z.object({ type: z.literal('transfer'), to: bytes, amount: z.bigint() }),
]) satisfies z.ZodType<Operation>;

const draftShape = z.object({
  operations: z.array(operationShape),
  fee: z.bigint().nullable(),
  expiresAt: whole.nullable(),
  memo: bytes,
});

/**
 * What is to be signed, from a caller whom no compiler may have checked. A string may hold half a surrogate pair, which UTF-8 cannot
 * say: it would be stored as another text. Errors thrown: USAGE for a wrong type, BAD_KEY, BAD_VALUE.
 */
export function checkDraft(draft: Draft): void {
  const { error } = draftShape.safeParse(draft);
  const [issue] = error?.issues ?? [];
  if (issue !== undefined) throw wrongType(issue.path.join('.'), issue.message);
  for (const operation of draft.operations) {
    if ('key' in operation) checkKey(operation.key);
    if (operation.type === 'put') checkValue(operation);
  }
}

function checkKey(key: string): void {
  if (!isWellFormed(key)) throw new KvchainError('BAD_KEY', `the key ${JSON.stringify(key)} holds half a character`);
  const { length } = toUtf8(key);
  if (length >= 1 && length <= keyBytesMax) return;
  throw new KvchainError('BAD_KEY', `a key of ${length} bytes, expected UTF-8 of 1 to ${keyBytesMax}`);
}

function checkValue({ value, contentType }: Put): void {
  if (value.length > valueBytesMax) {
    throw new KvchainError('BAD_VALUE', `a value of ${value.length} bytes, at most ${valueBytesMax}`);
  }
  if (!isWellFormed(contentType)) throw new KvchainError('BAD_VALUE', 'the content type holds half a character');
  const { length } = toUtf8(contentType);
  if (length <= contentTypeBytesMax) return;
  throw new KvchainError('BAD_VALUE', `a content type of ${length} bytes, at most ${contentTypeBytesMax}`);
}

/** The bytes of a value. Errors thrown: USAGE for what is neither text nor bytes, BAD_VALUE. */
export function valueBytes(value: string | Uint8Array): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (typeof value !== 'string') throw wrongType('value', 'expected a string or a Uint8Array');
  if (isWellFormed(value)) return toUtf8(value);
  throw new KvchainError('BAD_VALUE', 'the value holds half a character');
}

/** Error thrown: USAGE for what is no secret key. */
export function checkSecretKey(secretKey: Uint8Array): void {
  if (!(secretKey instanceof Uint8Array) || !isSecretKey(secretKey)) {
    throw wrongType('signer.secretKey', 'expected 32 bytes that are a secp256k1 secret key');
  }
}

/** Error thrown: USAGE for what is not bytes. */
export function checkBytes(name: string, value: Uint8Array): void {
  if (!(value instanceof Uint8Array)) throw wrongType(name, 'expected a Uint8Array');
}

function wrongType(place: string, message: string): KvchainError {
  return new KvchainError('USAGE', `${place}: ${message.replace(/^Invalid input: /, '')}`);
}
