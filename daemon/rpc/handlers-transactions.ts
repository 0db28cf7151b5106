/** What tx_ and wallet_ methods do. */
import { toHex } from '../../chain/bytes.ts';
import { accept, assert, type Result, reject } from '../../chain/errors.ts';
import { addressOf, formatAddress, parseAddress } from '../../chain/keys.ts';
import type { Transaction } from '../../chain/transaction.ts';
import type { TransactionStatus } from '../node-api.ts';
import type { transactionMethods } from './api-transactions.ts';
import { type CallContext, type Handlers, refusalOf } from './context.ts';
import { checkedHex } from './hex.ts';
import { take } from './result.ts';
import type { Refusal, TransactionState } from './schemas.ts';
import { receiptJson, transactionJson } from './views.ts';
import { transactionStateJson, waitForTransaction } from './wait.ts';
import { parseWait } from './wait-target.ts';
import { readTransaction, remainingMs, write } from './write.ts';

/** An expiry that is suggested lies about this far ahead. */
const expiryMs = 3_600_000;
const expiryBlocksMin = 100;

export const transactionHandlers: Handlers<keyof typeof transactionMethods> = {
  tx_prepare: async ({ address, bytes }, { host: { node } }) => {
    const params = node.params();
    const account = await node.readAccount(take(parseAddress(address, params.addressPrefix)));
    const { height } = node.status().head.header;
    const { feePerByteMin } = node.mempoolInfo();
    return accept({
      chainId: toHex(node.chainId),
      nonce: account.pendingNonce,
      feePerByte: String(feePerByteMin),
      fee: String(feePerByteMin * BigInt(bytes)),
      expiresAt: height + Math.max(expiryBlocksMin, Math.ceil(expiryMs / params.targetMs)),
      height,
      addressPrefix: params.addressPrefix,
    });
  },

  tx_submit: async ({ transaction, transactions }, context) => {
    if (transaction === undefined) return accept({ results: await submitMany(transactions ?? [], context) });
    const [submitted] = await context.host.node.submit(
      [take(readTransaction(transaction))],
      `rpc:${context.caller.name}`,
    );
    assert(submitted !== undefined, 'the node answers for each transaction');
    return submitted.ok ? accept(transactionStateJson(submitted.value)) : submitted;
  },

  tx_get: async ({ id }, context) => {
    const { node } = context.host;
    const status = await node.transaction(checkedHex(id));
    if (!status.ok) return status;
    const { receipt, transaction } = status.value;
    return accept({
      ...transactionStateJson(status.value),
      receipt: receipt && receiptJson(receipt),
      transaction: transaction && transactionJson(transaction, node.params().addressPrefix),
    });
  },

  tx_wait: async ({ id, wait, timeoutMs }, context) => {
    const waited = take(
      await waitForTransaction(context.host.node, checkedHex(id), {
        target: parseWait(wait),
        timeoutMs: remainingMs(timeoutMs, context),
        signal: context.signal,
        places: context.waiting,
      }),
    );
    if (waited.end === 'full') {
      const detail = `${context.waiting?.max} calls wait already: ask again in a second, or wait over a WebSocket`;
      return reject('RATE_EXCEEDED', detail);
    }
    return accept({ ...transactionStateJson(waited.status), reached: waited.end === 'reached' });
  },

  tx_decode: ({ transaction }, { host: { node } }) => {
    const decoded = readTransaction(transaction);
    return decoded.ok ? accept(transactionJson(decoded.value, node.params().addressPrefix)) : decoded;
  },

  wallet_get: async ({ address }, { host: { node, account } }) => {
    const prefix = node.params().addressPrefix;
    if (address === undefined && account === null) {
      return reject('ACCOUNT_LOCKED', 'the daemon has no account of its own: give an address');
    }
    const bytes =
      address === undefined && account !== null
        ? addressOf(account.publicKey)
        : take(parseAddress(address ?? '', prefix));
    const { balance, nonce, pendingNonce } = await node.readAccount(bytes);
    return accept({ address: formatAddress(bytes, prefix), balance: String(balance), nonce, pendingNonce });
  },

  wallet_transfer: (params, context) =>
    write(params, context, {
      build: () => {
        const to = parseAddress(params.to ?? '', context.host.node.params().addressPrefix);
        if (!to.ok) return to;
        const amount = BigInt(params.amount ?? '0');
        if (amount === 0n) return reject('BAD_AMOUNT', 'amount 0, at least 1');
        return accept({ type: 'transfer', to: to.value, amount });
      },
    }),
};

/** Decodes all, submits those that decode in one go, and answers in the order given. */
async function submitMany(texts: readonly string[], context: CallContext): Promise<(TransactionState | Refusal)[]> {
  const decoded = texts.map(readTransaction);
  const good = decoded.flatMap((result): readonly Transaction[] => (result.ok ? [result.value] : []));
  const submitted = good.length === 0 ? [] : await context.host.node.submit(good, `rpc:${context.caller.name}`);
  let next = 0;
  return decoded.map(result => answerOf(result.ok ? submitted[next++] : result));
}

function answerOf(result: Result<TransactionStatus> | undefined): TransactionState | Refusal {
  if (result === undefined) return refusalOf('INTERNAL', 'the node gave no answer for this transaction');
  return result.ok ? transactionStateJson(result.value) : refusalOf(result.error.code, result.error.detail);
}
