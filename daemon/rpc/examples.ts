/** The values that the examples of the method table share; real ones, so that every example passes its schema. */
import type { HeaderJson, KeyState, TransactionJson, TransactionState } from './schemas.ts';

export const exampleHash = '5d3c1f0b7a9e4d26c8b1a0f3e5d7c9b2a4f6081c3e5a7092b4d6f8113355779a';
export const exampleId = '9b1c5d7e3f2a4b6c8d0e1f3a5b7c9d2e4f60718293a4b5c6d7e8f90a1b2c3d4e';
export const exampleAddress = 'kv1qyqszqgpqyqszqgpqyqszqgpqyqszqgpc9w6uj';
const examplePublicKey = '0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798';
export const exampleTransaction = '828801';

export const exampleState: TransactionState = {
  id: exampleId,
  status: 'included',
  height: 1204,
  blockHash: exampleHash,
  index: 0,
  confirmations: 1,
  finality: 'included',
};

export const examplePending: TransactionState = {
  id: exampleId,
  status: 'pending',
  height: null,
  blockHash: null,
  index: null,
  confirmations: 0,
  finality: 'pending',
};

export const exampleKey: KeyState = {
  key: 'bash',
  value: '5.2.15-2',
  encoding: 'utf8',
  contentType: 'text/plain',
  version: 1,
  owner: exampleAddress,
  height: 1204,
  confirmations: 1,
  finality: 'included',
};

export const exampleHeader: HeaderJson = {
  hash: exampleHash,
  version: 1,
  height: 1204,
  parent: exampleId,
  transactionsRoot: exampleId,
  receiptsRoot: exampleId,
  stateRoot: exampleId,
  time: 1_767_225_600_000,
  bits: 0x1f00ffff,
  producer: examplePublicKey,
  extension: '',
  nonce: exampleHash,
  signature: `${exampleHash}${exampleId}`,
};

export const exampleTransactionJson: TransactionJson = {
  id: exampleId,
  witnessId: exampleHash,
  sender: exampleAddress,
  publicKey: examplePublicKey,
  nonce: 0,
  fee: '0',
  expiresAt: null,
  memo: '',
  operations: [
    { type: 'put', key: 'bash', value: '5.2.15-2', encoding: 'utf8', contentType: 'text/plain', expectedVersion: null },
  ],
  signature: `${exampleHash}${exampleId}`,
  bytes: 190,
};

export const exampleProof = {
  format: 'kvchain-proof' as const,
  version: 1 as const,
  kind: 'key' as const,
  chainId: exampleHash,
  claim: { key: 'no-such-package', absent: true },
  header: '8a01',
  nonce: exampleHash,
  proof: '0000',
};
