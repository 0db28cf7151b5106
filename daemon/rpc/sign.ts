/** Signs a transaction with the least fee that is taken. */
import { signTransaction, type Transaction, type TransactionBody } from '../../chain/transaction.ts';

export type Unsigned = Omit<TransactionBody, 'version' | 'sender' | 'fee'>;

/** The fee is `feePerByte` times the size; its own digits make the transaction longer, so it is signed until the fee fits. */
export function signWithLeastFee(body: Unsigned, secretKey: Uint8Array, feePerByte: bigint): Transaction {
  let signed = signTransaction({ ...body, fee: 0n }, secretKey);
  while (signed.body.fee < feePerByte * BigInt(signed.bytes.length)) {
    signed = signTransaction({ ...body, fee: feePerByte * BigInt(signed.bytes.length) }, secretKey);
  }
  return signed;
}
