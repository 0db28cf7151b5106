/**
 * The road of a write: a signed transaction as it came, or a plain form that the daemon's own account signs; then submit, then wait.
 */
import { fromHex } from '../../chain/bytes.ts';
import { accept, assert, type Result, reject } from '../../chain/errors.ts';
import { addressOf } from '../../chain/keys.ts';
import type { Operation } from '../../chain/operation.ts';
import { decodeTransaction, signTransaction, type Transaction } from '../../chain/transaction.ts';
import type { NodeApi, TransactionStatus } from '../node-api.ts';
import type { CallContext, DaemonAccount } from './context.ts';
import { take } from './result.ts';
import type { TransactionState } from './schemas.ts';
import { signWithLeastFee } from './sign.ts';
import { checkTarget, transactionStateJson, waitForTransaction } from './wait.ts';
import { parseWait } from './wait-target.ts';

/** What every write may say. */
interface WriteFields {
  readonly fee?: string | undefined;
  readonly expiresAt?: number | null | undefined;
  readonly transaction?: string | undefined;
  readonly wait: string;
  readonly timeoutMs: number;
}

interface WriteForm {
  /** What a signed form must hold when the caller named a key beside it. */
  readonly keys?: { readonly type: 'put' | 'delete'; readonly key: string | undefined };
  /** The plain form's operation. */
  build(): Result<Operation>;
}

/** Submits a write of either form and waits as it says. The answer is where the transaction is. */
export async function write(
  fields: WriteFields,
  context: CallContext,
  form: WriteForm,
): Promise<Result<TransactionState>> {
  const target = parseWait(fields.wait);
  take(checkTarget(context.host.node, target));
  const status =
    fields.transaction === undefined
      ? await submitPlain(fields, context, take(form.build()))
      : await submit(take(readSigned(fields.transaction, form.keys)), context);
  if (target.kind === 'none') return accept(transactionStateJson(status));
  const waited = await waitForTransaction(context.host.node, status.id, {
    target,
    timeoutMs: remainingMs(fields.timeoutMs, context),
    signal: context.signal,
    // With no place to wait in, the answer is where the transaction is now: it is submitted already.
    places: context.waiting,
  });
  return waited.ok ? accept(transactionStateJson(waited.value.status)) : waited;
}

/** Decodes a transaction in hex. Errors: BAD_ENCODING and those of decoding. */
export function readTransaction(text: string): Result<Transaction> {
  const bytes = fromHex(text);
  return bytes === null ? reject('BAD_ENCODING', 'the transaction is not hexadecimal') : decodeTransaction(bytes);
}

/** What is left of the wanted time within the call's own deadline. */
export function remainingMs(wantedMs: number, context: CallContext): number {
  return Math.max(0, Math.min(wantedMs, context.deadlineMs - performance.now()));
}

function readSigned(text: string, keys: WriteForm['keys']): Result<Transaction> {
  const decoded = readTransaction(text);
  if (!decoded.ok || keys?.key === undefined) return decoded;
  const { type, key } = keys;
  const isThere = decoded.value.body.operations.some(operation => operation.type === type && operation.key === key);
  return isThere ? decoded : reject('INVALID_PARAMS', `transaction: does not ${type} the key ${JSON.stringify(key)}`);
}

async function submit(transaction: Transaction, { host, caller }: CallContext): Promise<TransactionStatus> {
  const [result] = await host.node.submit([transaction], `rpc:${caller.name}`);
  assert(result !== undefined, 'the node answers for each transaction');
  return take(result);
}

/** One at a time for each account, so that two plain writes never take the same nonce. */
const signing = new WeakMap<DaemonAccount, Promise<unknown>>();

function submitPlain(fields: WriteFields, context: CallContext, operation: Operation): Promise<TransactionStatus> {
  const { account, node } = context.host;
  if (account === null) {
    take(reject('ACCOUNT_LOCKED', 'the daemon has no account to sign with: sign yourself and use tx_submit'));
  }
  assert(account !== null, 'a locked account was refused');
  const before = signing.get(account) ?? Promise.resolve();
  const submitted = before.then(async () => submit(await signPlain(fields, { account, node }, operation), context));
  signing.set(
    account,
    submitted.catch(() => null),
  );
  return submitted;
}

async function signPlain(
  fields: WriteFields,
  signer: { readonly account: DaemonAccount; readonly node: NodeApi },
  operation: Operation,
): Promise<Transaction> {
  const { account, node } = signer;
  const { pendingNonce } = await node.readAccount(addressOf(account.publicKey));
  const body = {
    chainId: node.chainId,
    nonce: pendingNonce,
    expiresAt: fields.expiresAt ?? null,
    memo: new Uint8Array(0),
    operations: [operation],
  };
  if (fields.fee !== undefined) return signTransaction({ ...body, fee: BigInt(fields.fee) }, account.secretKey);
  return signWithLeastFee(body, account.secretKey, node.mempoolInfo().feePerByteMin);
}
