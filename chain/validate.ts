/**
 * Validation that needs no state, in the order of cost: lengths and counts first, hashes next, signatures last and apart, because the
 * daemon verifies those in batches off the main thread. Decoding has checked every field's own bounds; here are the rules between
 * fields and against the parameters of the network.
 *
 * Who is to blame follows from the code. BAD_TRANSACTIONS_ROOT: whoever sent this body; the header may still be good, so its hash must
 * not be marked invalid. Any other code of `validateBody` holds for every body with this root: the block itself is invalid.
 */
import { type Block, producerMessage, type SealedHeader, sealedHeaderCodec } from './block.ts';
import { equalBytes, toHex } from './bytes.ts';
import { encode, encodeArrayHead } from './codec.ts';
import { accept, type Result, reject, unreachable } from './errors.ts';
import type { Params } from './genesis.ts';
import { merkleRoot } from './merkle.ts';
import type { Operation } from './operation.ts';
import { isEnforced } from './rules.ts';
import { resultOf } from './steps.ts';
import { bodyBytes, signedMessage, type Transaction } from './transaction.ts';

/** What a network demands of what is sent to it: its identity (32 bytes), and its parameters at the height in question. */
export interface Rules {
  readonly chainId: Uint8Array;
  readonly params: Params;
}

/** One signature to verify: what was hashed and signed, the signature (64 bytes, low-S), the compressed public key (33 bytes). */
export interface SignatureCheck {
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
  readonly publicKey: Uint8Array;
}

/**
 * Everything about a decoded transaction that needs neither state nor its signature; the decoder has refused unknown versions. Errors:
 * WRONG_CHAIN, TOO_LARGE, BAD_OPERATION, BAD_AMOUNT, FEE_TOO_LOW.
 */
export function validateTransaction(transaction: Transaction, { chainId, params }: Rules): Result<null> {
  const { body, bytes } = transaction;
  if (isEnforced('chain id') && !equalBytes(body.chainId, chainId)) {
    return reject('WRONG_CHAIN', `transaction for chain ${toHex(body.chainId)}, this is ${toHex(chainId)}`);
  }
  if (bytes.length > params.transactionBytesMax) {
    return reject('TOO_LARGE', `transaction too large: ${bytes.length} bytes, at most ${params.transactionBytesMax}`);
  }
  const count = body.operations.length;
  if (count === 0) return reject('BAD_OPERATION', 'a transaction has at least 1 operation');
  if (count > params.transactionOperationsMax) {
    return reject('TOO_LARGE', `transaction of ${count} operations, at most ${params.transactionOperationsMax}`);
  }
  const feeMin = params.feePerByteMin * BigInt(bytes.length);
  if (body.fee < feeMin) {
    return reject('FEE_TOO_LOW', `fee ${body.fee}, at least ${feeMin} for ${bytes.length} bytes`);
  }
  for (const [index, operation] of body.operations.entries()) {
    const checked = validateOperation(operation, index, params);
    if (!checked.ok) return checked;
  }
  return accept(null);
}

/** The sender's signature, for the verifier. When it does not verify, the code is BAD_SIGNATURE. */
export function signatureCheck(transaction: Transaction): SignatureCheck {
  return {
    message: signedMessage(bodyBytes(transaction)),
    signature: transaction.signature,
    publicKey: transaction.body.sender,
  };
}

/**
 * Everything about a block's transactions that needs neither state nor signatures. Errors: BAD_TRANSACTIONS_ROOT (the sender's fault
 * alone), TOO_LARGE and BAD_TRANSACTION (the block is invalid).
 */
export function validateBody(block: Block, rules: Rules): Result<null> {
  return resultOf(validateBodyInSteps(block, rules));
}

/** As `validateBody`, with a pause after each transaction, in which a caller can let others work. */
export function* validateBodyInSteps(block: Block, rules: Rules): Generator<undefined, Result<null>, undefined> {
  const { header, transactions } = block;
  const root = merkleRoot(transactions.map(transaction => transaction.witnessId));
  if (isEnforced('A-B1 transactions') && !equalBytes(root, header.transactionsRoot)) {
    const said = toHex(header.transactionsRoot);
    return reject('BAD_TRANSACTIONS_ROOT', `transactionsRoot ${said}, the transactions give ${toHex(root)}`);
  }
  const sized = validateBlockSize(block, rules.params);
  if (!sized.ok) return sized;
  const seen = new Set<string>();
  for (const transaction of transactions) {
    const checked = validateTransaction(transaction, rules);
    if (!checked.ok) return badTransaction(transaction, `${checked.error.code}: ${checked.error.detail}`);
    const place = `${toHex(transaction.body.sender)} ${transaction.body.nonce}`;
    if (seen.has(place)) return badTransaction(transaction, `its nonce ${transaction.body.nonce} is used twice`);
    seen.add(place);
    yield;
  }
  return accept(null);
}

/** The length of the block's canonical encoding, which `blockBytesMax` limits: sealed header, head of the list, transactions. */
export function blockBytes(sealed: SealedHeader, transactions: readonly Transaction[]): number {
  const ends = encode(sealedHeaderCodec, sealed).length + encodeArrayHead(transactions.length).length;
  return transactions.reduce((sum, transaction) => sum + transaction.bytes.length, ends);
}

/**
 * What holds of a decoded header in every engine, beside what the decoder has checked: an unknown version was BAD_VERSION there ("upgrade",
 * not invalid). The key is a compressed one as far as its first byte shows; the signature shows the rest. Error: BAD_PUBLIC_KEY.
 */
export function validateHeaderShape({ header }: SealedHeader): Result<null> {
  const prefix = header.producer[0];
  if (prefix === 2 || prefix === 3) return accept(null);
  return reject('BAD_PUBLIC_KEY', `the producer's key begins with ${prefix}, expected 2 or 3`);
}

/** The producer's signature over the block hash, for the verifier. When it does not verify, the code is BAD_PRODUCER_SIGNATURE. */
export function producerCheck(chainId: Uint8Array, { header, hash, signature }: SealedHeader): SignatureCheck {
  return { message: producerMessage(chainId, hash), signature, publicKey: header.producer };
}

function validateOperation(operation: Operation, index: number, params: Params): Result<null> {
  switch (operation.type) {
    case 'createMoney':
    case 'transfer':
      if (operation.amount > 0n) return accept(null);
      return reject('BAD_AMOUNT', `operation ${index}: ${operation.type} of 0, at least 1`);
    case 'transferKey':
      if (params.keyOwnership === 'first-writer') return accept(null);
      return reject('BAD_OPERATION', `operation ${index}: keys have no owner on this network, so no transferKey`);
    case 'put':
    case 'delete':
    case 'get':
      return accept(null);
    default:
      return unreachable(operation);
  }
}

function validateBlockSize(block: Block, params: Params): Result<null> {
  const { transactions } = block;
  if (transactions.length > params.blockTransactionsMax) {
    return reject('TOO_LARGE', `block of ${transactions.length} transactions, at most ${params.blockTransactionsMax}`);
  }
  const operations = transactions.reduce((sum, transaction) => sum + transaction.body.operations.length, 0);
  if (operations > params.blockOperationsMax) {
    return reject('TOO_LARGE', `block of ${operations} operations, at most ${params.blockOperationsMax}`);
  }
  const bytes = blockBytes(block, transactions);
  if (bytes > params.blockBytesMax) {
    return reject('TOO_LARGE', `block too large: ${bytes} bytes, at most ${params.blockBytesMax}`);
  }
  return accept(null);
}

function badTransaction(transaction: Transaction, why: string): Result<null> {
  return reject('BAD_TRANSACTION', `transaction ${transaction.idHex}: ${why}`);
}
