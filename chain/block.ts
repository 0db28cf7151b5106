/**
 * Headers and blocks. contentHash = SHA-256("kvchain/header/v1" || header); block hash = SHA-256(contentHash || nonce), so one trial of
 * proof of work is one SHA-256 of exactly 64 bytes. The producer's signature is a witness: it signs the hash and is not part of it.
 */
import { concat, toHex } from './bytes.ts';
import {
  byteString,
  type Codec,
  decodeBytes,
  decodeListInSteps,
  encode,
  encodeArrayHead,
  fixedBytes,
  hash32,
  list,
  struct,
  uint,
  versioned,
} from './codec.ts';
import { accept, type Result } from './errors.ts';
import { sha256, tagged, taggedHash } from './hash.ts';
import { publicKeyLength, signatureLength } from './keys.ts';
import { resultOf } from './steps.ts';
import { type Transaction, transactionCodec } from './transaction.ts';

export const headerVersion = 1;
const extensionBytesMax = 256;
/** What any decoder accepts before it knows the parameters of the network, which may be lower. */
export const blockBytesCap = 4_194_304;
/** More than fit: the shortest transaction has 147 bytes. Their ids must fit one gossip message and one request (daemon/wire.ts). */
export const blockTransactionsCap = 28_672;
/** A sealed header's encoding is never longer. */
export const sealedHeaderBytesMax = 768;

export interface Header {
  readonly version: number;
  readonly height: number;
  /** The parent's block hash; the chainId at height 0. */
  readonly parent: Uint8Array;
  readonly transactionsRoot: Uint8Array;
  readonly receiptsRoot: Uint8Array;
  /** The state after this block. */
  readonly stateRoot: Uint8Array;
  /** Unix milliseconds. */
  readonly time: number;
  /** Compact form of the target. */
  readonly bits: number;
  /** Compressed public key of the producer, who gets subsidy and fees. */
  readonly producer: Uint8Array;
  /** The engine's; empty for proof of work. */
  readonly extension: Uint8Array;
}

/** A header with what seals it, and its hash, computed once. */
export interface SealedHeader {
  readonly header: Header;
  readonly nonce: Uint8Array;
  /** The producer's; 64 bytes, zeros at height 0. */
  readonly signature: Uint8Array;
  readonly hash: Uint8Array;
  readonly hashHex: string;
}

export interface Block extends SealedHeader {
  readonly transactions: readonly Transaction[];
}

export const headerCodec: Codec<Header> = versioned(
  headerVersion,
  struct<Header>({
    version: uint(),
    height: uint(),
    parent: hash32,
    transactionsRoot: hash32,
    receiptsRoot: hash32,
    stateRoot: hash32,
    time: uint(),
    bits: uint(0xffffffff),
    producer: fixedBytes(publicKeyLength, 'BAD_PUBLIC_KEY'),
    extension: byteString(0, extensionBytesMax),
  }),
);

interface Seal {
  readonly header: Header;
  readonly nonce: Uint8Array;
  readonly signature: Uint8Array;
}

const sealFields = { header: headerCodec, nonce: hash32, signature: fixedBytes(signatureLength, 'BAD_SIGNATURE') };
const sealCodec: Codec<Seal> = struct<Seal>(sealFields);

/** [header, nonce, signature]: what headers-first sync and proofs carry. */
export const sealedHeaderCodec: Codec<SealedHeader> = {
  toItem: sealed => sealCodec.toItem(sealed),
  fromItem: item => {
    const { header, nonce, signature } = sealCodec.fromItem(item);
    return seal(header, nonce, signature);
  },
};

interface BlockFields extends Seal {
  readonly transactions: readonly Transaction[];
}

const blockFieldsCodec: Codec<BlockFields> = struct<BlockFields>({
  ...sealFields,
  transactions: list(transactionCodec, blockTransactionsCap),
});

/** [header, nonce, signature, transactions]. */
const blockCodec: Codec<Block> = {
  toItem: block => blockFieldsCodec.toItem(block),
  fromItem: item => {
    const { header, nonce, signature, transactions } = blockFieldsCodec.fromItem(item);
    return { ...seal(header, nonce, signature), transactions };
  },
};

/** The transactions alone, as the store keeps a body and as peers send it: an array of transactions. */
export const bodyCodec: Codec<readonly Transaction[]> = {
  ...list(transactionCodec, blockTransactionsCap),
  encode: encodeBody,
};

/** Decodes a body of at most `blockBytesCap` bytes, with a pause after each transaction. */
export function decodeBodyInSteps(bytes: Uint8Array): Generator<undefined, Result<readonly Transaction[]>, undefined> {
  return decodeListInSteps(transactionCodec, bytes, { max: blockTransactionsCap, bytesMax: blockBytesCap });
}

/** As `decodeBodyInSteps` in one go, of what was checked before; null when it is no body. */
export function decodeBody(bytes: Uint8Array): readonly Transaction[] | null {
  const decoded = resultOf(decodeBodyInSteps(bytes));
  return decoded.ok ? decoded.value : null;
}

/** The block's canonical bytes, joined from the transactions' own. */
export function encodeBlock(block: Block): Uint8Array {
  const sealed = encode(sealedHeaderCodec, block);
  return concat(blockHead, sealed.subarray(1), encodeBody(block.transactions));
}

/** The body's canonical bytes, joined from the transactions' own. */
export function encodeBody(transactions: readonly Transaction[]): Uint8Array {
  return concat(encodeArrayHead(transactions.length), ...transactions.map(transaction => transaction.bytes));
}

/** Decodes a whole block of at most `bytesMax` bytes. */
export function decodeBlock(bytes: Uint8Array, bytesMax: number = blockBytesCap): Result<Block> {
  const decoded = decodeBytes(blockCodec, bytes, bytesMax);
  return decoded.ok ? accept(decoded.value) : decoded;
}

/** SHA-256("kvchain/header/v1" || header): what is mined over. */
export function contentHash(header: Header): Uint8Array {
  return taggedHash('kvchain/header/v1', encode(headerCodec, header));
}

/** SHA-256(contentHash || nonce); read as a big-endian integer it must not be above the target. */
export function blockHash(content: Uint8Array, nonce: Uint8Array): Uint8Array {
  return sha256(concat(content, nonce));
}

/** Puts header, nonce and signature together and computes the hash. */
export function seal(header: Header, nonce: Uint8Array, signature: Uint8Array): SealedHeader {
  const hash = blockHash(contentHash(header), nonce);
  return { header, nonce, signature, hash, hashHex: toHex(hash) };
}

/** The digest that the producer signs: SHA-256("kvchain/block/v1" || chainId || hash). */
export function producerDigest(chainId: Uint8Array, hash: Uint8Array): Uint8Array {
  return sha256(producerMessage(chainId, hash));
}

/** What is hashed for the digest. */
export function producerMessage(chainId: Uint8Array, hash: Uint8Array): Uint8Array {
  return tagged('kvchain/block/v1', chainId, hash);
}

const blockHead = Uint8Array.of(0x84);
