/** How the node's data looks in JSON: hashes in hex, amounts as decimal strings, values as text or base64. */
import type { SealedHeader } from '../../chain/block.ts';
import { toHex } from '../../chain/bytes.ts';
import { unreachable } from '../../chain/errors.ts';
import { formatAddress } from '../../chain/keys.ts';
import type { Operation } from '../../chain/operation.ts';
import { formatValue } from '../../chain/proof.ts';
import type { Receipt } from '../../chain/receipt.ts';
import type { HistoryEntry } from '../../chain/state.ts';
import type { Transaction } from '../../chain/transaction.ts';
import type { HeaderJson, HistoryJson, OperationJson, ReceiptJson, TransactionJson } from './schemas.ts';

export function headerJson({ header, nonce, signature, hashHex }: SealedHeader): HeaderJson {
  return {
    hash: hashHex,
    version: header.version,
    height: header.height,
    parent: toHex(header.parent),
    transactionsRoot: toHex(header.transactionsRoot),
    receiptsRoot: toHex(header.receiptsRoot),
    stateRoot: toHex(header.stateRoot),
    time: header.time,
    bits: header.bits,
    producer: toHex(header.producer),
    extension: toHex(header.extension),
    nonce: toHex(nonce),
    signature: toHex(signature),
  };
}

export function transactionJson(transaction: Transaction, prefix: string): TransactionJson {
  const { body } = transaction;
  return {
    id: transaction.idHex,
    witnessId: transaction.witnessIdHex,
    sender: formatAddress(transaction.senderAddress, prefix),
    publicKey: toHex(body.sender),
    nonce: body.nonce,
    fee: String(body.fee),
    expiresAt: body.expiresAt,
    memo: toHex(body.memo),
    operations: body.operations.map(operation => operationJson(operation, prefix)),
    signature: toHex(transaction.signature),
    bytes: transaction.bytes.length,
  };
}

function operationJson(operation: Operation, prefix: string): OperationJson {
  switch (operation.type) {
    case 'put': {
      const { type, key, contentType, expectedVersion } = operation;
      return { type, key, ...formatValue(operation.value), contentType, expectedVersion };
    }
    case 'delete':
    case 'get':
      return { type: operation.type, key: operation.key };
    case 'transferKey':
      return { type: operation.type, key: operation.key, to: formatAddress(operation.to, prefix) };
    case 'createMoney':
    case 'transfer':
      return { type: operation.type, to: formatAddress(operation.to, prefix), amount: String(operation.amount) };
    default:
      return unreachable(operation);
  }
}

export function receiptJson(receipt: Receipt): ReceiptJson {
  return {
    id: toHex(receipt.id),
    status: receipt.status,
    code: receipt.code,
    index: receipt.index,
    results: receipt.results.map(result => result && { version: result.version, valueHash: toHex(result.valueHash) }),
  };
}

export function historyJson(entry: HistoryEntry, prefix: string): HistoryJson {
  return {
    key: entry.key,
    version: entry.version,
    height: entry.height,
    transactionId: entry.transactionId && toHex(entry.transactionId),
    operation: entry.operation,
    owner: formatAddress(entry.owner, prefix),
    contentType: entry.contentType,
    valueVersion: entry.valueVersion,
    ...(entry.value === null ? { value: null, encoding: 'utf8' as const } : formatValue(entry.value)),
  };
}
