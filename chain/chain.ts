/**
 * What the package exports as "kvchain/chain": what a client needs to make, sign, read and check the data of a chain without trusting a
 * node. It runs in a browser as well. Names are added here on purpose, one by one: what is not here may change.
 */
export {
  type Block,
  blockHash,
  contentHash,
  decodeBlock,
  encodeBlock,
  type Header,
  headerCodec,
  type SealedHeader,
  seal,
  sealedHeaderBytesMax,
  sealedHeaderCodec,
} from './block.ts';
export { compareBytes, equalBytes, fromHex, fromUtf8, toHex, toUtf8 } from './bytes.ts';
export { type Codec, decodeBytes, encode } from './codec.ts';
export type { ErrorRow } from './error-table.ts';
export {
  type ErrorCode,
  errorCodeOf,
  errorCodes,
  errorRow,
  isErrorCode,
  KvchainError,
  type Rejection,
  type Result,
} from './errors.ts';
export {
  type Allocation,
  chainIdOf,
  type EngineName,
  type Genesis,
  type Member,
  type Params,
  paramsAt,
  type ScheduleEntry,
} from './genesis.ts';
export { makeGenesisBlock } from './genesis-block.ts';
export { formatGenesis, genesisFormat, parseGenesis } from './genesis-file.ts';
export { sha256 } from './hash.ts';
export {
  addressLength,
  addressOf,
  formatAddress,
  isPublicKey,
  isSecretKey,
  parseAddress,
  publicKeyOf,
  sign,
  verify,
} from './keys.ts';
export { type MerkleClaim, merkleRoot, verifyMerkleProof } from './merkle.ts';
export {
  contentTypeBytesMax,
  keyBytesMax,
  type Operation,
  operationCodec,
  valueBytesMax,
} from './operation.ts';
export { defaultParams } from './params.ts';
export {
  formatValue,
  type KeyClaim,
  type ProofFile,
  type ProvenClaim,
  parseValue,
  proofFormat,
  type ValueText,
  verifyProof,
  verifyProofText,
} from './proof.ts';
export { type ReadResult, type Receipt, receiptCodec, receiptHash } from './receipt.ts';
export {
  type Account,
  accountCodec,
  accountStateKey,
  type KeyRecord,
  keyRecordCodec,
  keyStateKey,
  pathOf,
  payloadHashOf,
  supplyCodec,
  supplyStateKey,
} from './state.ts';
export { decodeStateProof, type StateClaim, type StateProof, verifyStateProof } from './state-tree-proof.ts';
export { bitsForLeadingZeros, decodeBits, encodeBits, hashMeetsTarget, workOf } from './target.ts';
export {
  decodeTransaction,
  memoBytesMax,
  signingDigest,
  signTransaction,
  type Transaction,
  type TransactionBody,
  transactionBytesCap,
  transactionOperationsCap,
} from './transaction.ts';
export { type Rules, type SignatureCheck, signatureCheck, validateTransaction } from './validate.ts';
