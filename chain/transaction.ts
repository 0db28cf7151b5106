/**
 * A transaction: what one account asks for, signed. Its id covers the body alone, so nobody can change the id by changing the
 * signature; its witnessId covers both, so a copy with a bad signature is never taken for the good one.
 */
import { concat, toHex, toUtf8 } from './bytes.ts';
import {
  amount,
  byteString,
  type Codec,
  decodeBytes,
  encode,
  expectArray,
  fixedBytes,
  hash32,
  type Item,
  list,
  nullable,
  struct,
  uint,
  versioned,
} from './codec.ts';
import { accept, type Result } from './errors.ts';
import { sha256 } from './hash.ts';
import { addressOf, publicKeyLength, publicKeyOf, sign, signatureLength } from './keys.ts';
import { type Operation, operationCodec } from './operation.ts';

const transactionVersion = 1;
const signingTag = toUtf8('kvchain/tx/v1');
export const memoBytesMax = 64;
/** What any decoder accepts before it knows the parameters of the network, which may be lower. */
export const transactionBytesCap = 262_144;
export const transactionOperationsCap = 1_000;

export interface TransactionBody {
  readonly version: number;
  readonly chainId: Uint8Array;
  /** Compressed public key, 33 bytes. */
  readonly sender: Uint8Array;
  readonly nonce: number;
  readonly fee: bigint;
  /** The last height at which it may be included; null means for ever. */
  readonly expiresAt: number | null;
  readonly memo: Uint8Array;
  readonly operations: readonly Operation[];
}

/** A decoded transaction with what is derived from its bytes once: nothing is encoded or hashed a second time. */
export interface Transaction {
  readonly body: TransactionBody;
  readonly signature: Uint8Array;
  /** The canonical encoding [body, signature]. */
  readonly bytes: Uint8Array;
  /** SHA-256(body); what users see. */
  readonly id: Uint8Array;
  /** SHA-256(body || signature). */
  readonly witnessId: Uint8Array;
  readonly senderAddress: Uint8Array;
  /** In hexadecimal, as keys of maps. */
  readonly idHex: string;
  readonly witnessIdHex: string;
  readonly senderHex: string;
}

const bodyCodec: Codec<TransactionBody> = versioned(
  transactionVersion,
  struct<TransactionBody>({
    version: uint(),
    chainId: hash32,
    sender: fixedBytes(publicKeyLength, 'BAD_PUBLIC_KEY'),
    nonce: uint(),
    fee: amount,
    expiresAt: nullable(uint()),
    memo: byteString(0, memoBytesMax),
    operations: list(operationCodec, transactionOperationsCap),
  }),
);

const signatureCodec = fixedBytes(signatureLength, 'BAD_SIGNATURE');

/** Inside a block a transaction is this item. */
export const transactionCodec: Codec<Transaction> = {
  encode: transaction => transaction.bytes,
  toItem: transaction =>
    [bodyCodec.toItem(transaction.body), signatureCodec.toItem(transaction.signature)] as readonly Item[],
  fromItem: item => {
    const [body, signature] = expectArray(item, 2);
    return assemble(bodyCodec.fromItem(body), signatureCodec.fromItem(signature));
  },
  fromEncoded: (item, bytes) => {
    const [body, signature] = expectArray(item, 2);
    // A copy: what is kept must not keep the whole message that it came in.
    return derive(bodyCodec.fromItem(body), signatureCodec.fromItem(signature), bytes.slice());
  },
};

/** Decodes one transaction of at most 256 KiB. Its signature is not checked here: see validate.ts. */
export function decodeTransaction(bytes: Uint8Array): Result<Transaction> {
  const decoded = decodeBytes(transactionCodec, bytes, transactionBytesCap);
  return decoded.ok ? accept(decoded.value) : decoded;
}

/** The digest that the sender signs: SHA-256("kvchain/tx/v1" || body). */
export function signingDigest(body: Uint8Array): Uint8Array {
  return sha256(signedMessage(body));
}

/** What is hashed for the digest. */
export function signedMessage(body: Uint8Array): Uint8Array {
  return concat(signingTag, body);
}

/** The body's bytes inside the encoding. */
export function bodyBytes(transaction: Transaction): Uint8Array {
  return bodyOf(transaction.bytes);
}

/** Who signs: a secret key in the caller's hands, a native library, a device. */
export interface Signer {
  /** Compressed, 33 bytes. */
  readonly publicKey: Uint8Array;
  /** The 64-byte low-S signature of a 32-byte digest. */
  sign(digest: Uint8Array): Uint8Array;
}

/** The holder of a secret key, 32 bytes. */
export function signerOf(secretKey: Uint8Array): Signer {
  return { publicKey: publicKeyOf(secretKey), sign: digest => sign(digest, secretKey) };
}

export type UnsignedFields = Omit<TransactionBody, 'version' | 'sender'>;

/** Signs a body. The secret key must be the sender's. */
export function signTransaction(fields: UnsignedFields, secretKey: Uint8Array): Transaction {
  return signTransactionWith(fields, signerOf(secretKey));
}

/** As `signTransaction`, by whoever holds the key. What comes back is not verified. */
export function signTransactionWith(fields: UnsignedFields, signer: Signer): Transaction {
  const body: TransactionBody = {
    version: transactionVersion,
    chainId: fields.chainId,
    sender: signer.publicKey,
    nonce: fields.nonce,
    fee: fields.fee,
    expiresAt: fields.expiresAt,
    memo: fields.memo,
    operations: fields.operations,
  };
  return assemble(body, signer.sign(signingDigest(encode(bodyCodec, body))));
}

function assemble(body: TransactionBody, signature: Uint8Array): Transaction {
  return derive(body, signature, concat(pairHead, encode(bodyCodec, body), signatureHead, signature));
}

/** `bytes` are those of the pair. */
function derive(body: TransactionBody, signature: Uint8Array, bytes: Uint8Array): Transaction {
  const encodedBody = bodyOf(bytes);
  const id = sha256(encodedBody);
  const witnessId = sha256(concat(encodedBody, signature));
  const senderAddress = addressOf(body.sender);
  return {
    body,
    signature,
    bytes,
    id,
    witnessId,
    senderAddress,
    idHex: toHex(id),
    witnessIdHex: toHex(witnessId),
    senderHex: toHex(senderAddress),
  };
}

/** Between the head of the pair and the signature with its own. */
function bodyOf(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(pairHead.length, bytes.length - signatureHead.length - signatureLength);
}

const pairHead = Uint8Array.of(0x82);
const signatureHead = Uint8Array.of(0x58, signatureLength);
