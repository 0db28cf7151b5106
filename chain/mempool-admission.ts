/** What a transaction must fulfil to wait: limits of the pool, of its sender, and what it must pay to take the place of another. */
import type { Rejection } from './errors.ts';
import type { Entry, SenderQueue } from './mempool-sender.ts';
import { isEnforced } from './rules.ts';
import type { Account } from './state.ts';
import type { Transaction } from './transaction.ts';

/** Sizes in bytes of encoded transactions. */
export interface MempoolLimits {
  readonly transactionsMax: number;
  readonly bytesMax: number;
  /** Of one sender, without a gap. */
  readonly senderReadyMax: number;
  /** Of one sender, behind a gap. */
  readonly senderGappedMax: number;
  /** Of one sender, all together. */
  readonly senderBytesMax: number;
  /** Of all senders, behind gaps: what is not yet worth anything takes a tenth of the pool at most. */
  readonly gappedMax: number;
  readonly gappedBytesMax: number;
  /** How long a transaction waits behind a gap. */
  readonly gapWaitMs: number;
}

export const mempoolLimits: MempoolLimits = {
  transactionsMax: 100_000,
  bytesMax: 134_217_728,
  senderReadyMax: 10_000,
  senderGappedMax: 1_024,
  senderBytesMax: 16_777_216,
  gappedMax: 10_000,
  gappedBytesMax: 16_777_216,
  gapWaitMs: 60_000,
};

/** Where a newcomer comes from and what it is judged by. */
export interface Arrival {
  /** The peer or credential that brought it: `peer:<id>`, `rpc:<name>`. */
  readonly source: string;
  /** Milliseconds of any clock that never jumps, always of the same one. */
  readonly now: number;
  /** Of the next block. */
  readonly height: number;
  readonly feePerByteMin: bigint;
  /** The sender's at the head. Used for a sender of whom nothing waits; else the pool knows better than a read that may be late. */
  readonly account: Account;
}

export function entryOf(transaction: Transaction, arrival: Pick<Arrival, 'source' | 'now'>, order: number): Entry {
  return {
    transaction,
    source: arrival.source,
    arrival: order,
    addedAtMs: arrival.now,
    rate: Number(transaction.body.fee) / transaction.bytes.length,
    outgoing: outgoingOf(transaction),
    waitingSinceMs: null,
  };
}

/** Why no block from the next one on can hold it, or null. */
export function admissionRefusal(transaction: Transaction, account: Account, arrival: Arrival): Rejection | null {
  const { nonce, fee, expiresAt } = transaction.body;
  if (nonce < account.nonce) return { code: 'BAD_NONCE', detail: `nonce ${nonce} is used, expected ${account.nonce}` };
  if (expiresAt !== null && arrival.height > expiresAt) {
    return { code: 'EXPIRED', detail: `the next height is ${arrival.height}, expires at ${expiresAt}` };
  }
  const feeMin = arrival.feePerByteMin * BigInt(transaction.bytes.length);
  return fee < feeMin ? { code: 'FEE_TOO_LOW', detail: `fee ${fee}, at least ${feeMin}` } : null;
}

/** Why it may not wait beside what waits of its sender, or null. */
export function queueRefusal(transaction: Transaction, queue: SenderQueue, limits: MempoolLimits): Rejection | null {
  const before = queue.at(transaction.body.nonce);
  const refusal = before ? replacementRefusal(transaction, before) : countRefusal(transaction, queue, limits);
  if (refusal !== null) return refusal;
  const bytes = queue.bytes + transaction.bytes.length - (before?.transaction.bytes.length ?? 0);
  if (bytes > limits.senderBytesMax) {
    return {
      code: 'SENDER_LIMIT',
      detail: `${bytes} bytes of the sender would wait, at most ${limits.senderBytesMax}`,
    };
  }
  return paymentRefusal(transaction, queue, before);
}

function replacementRefusal(transaction: Transaction, before: Entry): Rejection | null {
  const { fee } = transaction.body;
  const old = before.transaction;
  // At least 110 % of the old fee per byte, without division; above 0 also where the old one is free.
  const isEnough = fee * BigInt(old.bytes.length) * 10n >= old.body.fee * BigInt(transaction.bytes.length) * 11n;
  if (isEnough && fee > 0n) return null;
  const held = `fee ${old.body.fee} for ${old.bytes.length} bytes`;
  return {
    code: 'REPLACEMENT_UNDERPRICED',
    detail: `fee ${fee} for ${transaction.bytes.length} bytes is not 10 % per byte above that of ${old.idHex}: ${held}`,
  };
}

function countRefusal(transaction: Transaction, queue: SenderQueue, limits: MempoolLimits): Rejection | null {
  if (transaction.body.nonce > queue.nextNonce) {
    if (!isEnforced('mempool gap') || queue.gapped.size < limits.senderGappedMax) return null;
    const expected = `the next nonce is ${queue.nextNonce}`;
    return { code: 'GAP_LIMIT', detail: `${queue.gapped.size} transactions wait behind a gap; ${expected}` };
  }
  if (queue.ready.length < limits.senderReadyMax) return null;
  return { code: 'SENDER_LIMIT', detail: `${queue.ready.length} transactions of the sender wait, the limit` };
}

/**
 * The balance must cover the fees of everything that waits of the sender, with what the transfers among it may take before (DETER: a
 * transfer of everything, then thousands whose fees nobody can pay). Its own transfers count when something waits above it. Without any
 * fee there is nothing to pay for, and a transfer that is too large fails in its block, where its sender can see it.
 */
function paymentRefusal(transaction: Transaction, queue: SenderQueue, before: Entry | undefined): Rejection | null {
  const { fee, nonce } = transaction.body;
  const fees = queue.fees - (before?.transaction.body.fee ?? 0n) + fee;
  if (fees === 0n) return null;
  const others = queue.outgoing - (before?.outgoing ?? 0n);
  const outgoing = others + (queue.hasAbove(nonce) ? outgoingOf(transaction) : 0n);
  if (fees + outgoing <= queue.account.balance) return null;
  const waiting = `fees of ${fees} and transfers of ${outgoing} wait`;
  return { code: 'FEE_UNPAYABLE', detail: `${waiting}, the balance is ${queue.account.balance}` };
}

function outgoingOf(transaction: Transaction): bigint {
  let sum = 0n;
  for (const operation of transaction.body.operations) if (operation.type === 'transfer') sum += operation.amount;
  return sum;
}
