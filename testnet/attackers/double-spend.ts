/** Transactions that contradict each other: one account writes a key, and writes it otherwise, with the same nonce. */

import { toUtf8 } from '../../chain/bytes.ts';
import { chainIdOf, type Genesis } from '../../chain/genesis.ts';
import { type Signer, signTransactionWith, type Transaction } from '../../chain/transaction.ts';

/** Two transactions of one account with the same nonce. */
export interface DoubleSpend {
  readonly payment: Transaction;
  readonly conflict: Transaction;
}

/** Of a new account, which needs no money where writes are free. The victim reads `paid` of a payment that stands, else `not paid`. */
export function makeDoubleSpend(genesis: Genesis, key: string, account: Signer): DoubleSpend {
  const put = (value: string) => {
    const operation = { type: 'put' as const, key, value: toUtf8(value), contentType: '', expectedVersion: null };
    const fields = { chainId: chainIdOf(genesis), nonce: 0, fee: 0n, expiresAt: null, memo: new Uint8Array(0) };
    return signTransactionWith({ ...fields, operations: [operation] }, account);
  };
  return { payment: put('paid'), conflict: put('not paid') };
}
