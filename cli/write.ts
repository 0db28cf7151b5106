/**
 * A write from its options to its answer. What can be refused is refused before the key is opened; the id is told before the wait, and
 * whoever stops waiting is told how to look again. A transaction that was included as failed is a failure.
 */
import { errorRow, isErrorCode, KvchainError } from '../chain/errors.ts';
import type { KvchainClient, TransactionState, WriteOptions } from '../daemon/rpc/client.ts';
import { chooseKey, openAccount } from './account.ts';
import type { SigningOptions } from './command.ts';
import { CommandError } from './failure.ts';
import { untilInterrupted } from './interrupt.ts';
import type { Session } from './session.ts';
import { shellQuoted } from './shell-word.ts';

type Send = (client: KvchainClient, write: WriteOptions) => Promise<TransactionState>;

/** Opens the key, lets `send` write with it, and prints where the transaction is. Exit code 1 when it failed. */
export async function carryOutWrite(session: Session, options: SigningOptions, send: Send): Promise<void> {
  const { fee, timeout = 120, wait = 'included' } = options;
  await chooseKey(session, options.account);
  const client = await session.client({ signs: true });
  await client.checkWait(wait);
  const { secret } = await openAccount(session, options);
  const sent: TransactionState[] = [];
  const onSubmitted = (state: TransactionState): void => {
    sent.push(state);
    if (wait !== 'none') session.output.note(`sent transaction ${state.id}, waiting: ${wait}`);
  };
  const write = { signer: { secretKey: secret }, fee, wait, timeoutMs: timeout * 1_000, onSubmitted };
  const state = await untilInterrupted(
    () => send(client, write).catch(error => Promise.reject(stillSent(session, error, sent[0]))),
    () => tellInterrupted(session, sent[0]),
  );
  show(session, state);
}

/** Errors of a wait that the transaction may outlive. */
const waitCodes: ReadonlySet<string> = new Set(['TIMED_OUT', 'UNREACHABLE', 'STOPPING']);

function stillSent(session: Session, error: unknown, sent: TransactionState | undefined): unknown {
  if (sent === undefined || !(error instanceof KvchainError) || !waitCodes.has(error.code)) return error;
  return new CommandError(error.code, error.message, lookAgain(session, sent), { facts: { id: sent.id } });
}

/** For programs the answer is what was known last. */
function tellInterrupted(session: Session, sent: TransactionState | undefined): void {
  if (sent === undefined) return;
  if (session.output.isJson) session.output.answer(writeDocument(sent), '');
  session.output.note(lookAgain(session, sent));
}

function lookAgain(session: Session, { id }: TransactionState): string {
  const params = shellQuoted(JSON.stringify({ id }));
  return `The transaction was sent all the same. \`${session.commandLine(`rpc tx_get ${params}`)}\` tells where it is.`;
}

function show(session: Session, state: TransactionState): void {
  session.output.answer(writeDocument(state), sentence(state));
  if (state.status !== 'failed') return;
  session.exitCode = 1;
  const code = state.code ?? 'INTERNAL';
  if (isErrorCode(code)) session.output.note(`what to do: ${errorRow(code).meaning} ${errorRow(code).action}`);
}

/** The shape that other programs may count on. */
function writeDocument({ id, status, code, height, blockHash, confirmations, finality }: TransactionState): object {
  return { id, status, ...(code === undefined ? {} : { code }), height, blockHash, confirmations, finality };
}

function sentence({ id, status, code, height, confirmations, finality }: TransactionState): string {
  const place = height === null ? '' : ` in block ${height}`;
  const isFinal = finality === 'final' ? ', final' : '';
  const depth = confirmations > 1 ? `, ${confirmations} confirmations` : '';
  return `${status}${code === undefined ? '' : ` (${code})`}${place}${isFinal}${depth}\ntransaction ${id}`;
}
