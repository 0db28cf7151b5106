/** The context that the tests of engines begin in: an easy genesis. Not a test itself; named so that it stays out of the pure projects. */
import { type Header, headerVersion, seal } from '../chain/block.ts';
import { type Genesis, genesisVersion, type Params } from '../chain/genesis.ts';
import { bitsForLeadingZeros } from '../chain/target.ts';
import { signerOf } from '../chain/transaction.ts';
import type { EngineContext } from './engine.ts';

export const genesisTime = 1_700_000_000_000;
export const targetMs = 10_000;

export const easyParams: Params = {
  keyOwnership: 'first-writer',
  addressPrefix: 'kvt',
  testNetwork: 1,
  targetMs,
  retarget: 'fixed',
  tauMs: 288 * targetMs,
  bits: bitsForLeadingZeros(1),
  maxTargetBits: bitsForLeadingZeros(0),
  maxDriftMs: 12 * targetMs,
  subsidy: 0n,
  halvingBlocks: 0,
  supplyMax: 0n,
  feePerByteMin: 0n,
  blockBytesMax: 2_097_152,
  blockTransactionsMax: 8_000,
  blockOperationsMax: 20_000,
  transactionBytesMax: 262_144,
  transactionOperationsMax: 1_000,
  safeConfirmations: 6,
  undoBlocksMax: 10_000,
  engineParams: new Uint8Array(),
};

/** A context whose genesis differs from the default by these parameters. */
export function contextWith(changes: Partial<Params> = {}): EngineContext {
  const params = { ...easyParams, ...changes };
  const genesis: Genesis = {
    version: genesisVersion,
    name: 'test',
    engine: 'pow',
    time: genesisTime,
    schedule: [{ height: 0, params }],
    members: [],
    minters: [],
    allocations: [],
  };
  const header: Header = { ...emptyHeader, height: 0, time: genesisTime, bits: params.bits };
  return {
    genesis,
    genesisHeader: seal(header, new Uint8Array(32), new Uint8Array(64)),
    self: null,
    signer: signerOf(new Uint8Array(32).fill(7)),
    seed: 7n,
  };
}

export const emptyHeader: Header = {
  version: headerVersion,
  height: 0,
  parent: new Uint8Array(32),
  transactionsRoot: new Uint8Array(32),
  receiptsRoot: new Uint8Array(32),
  stateRoot: new Uint8Array(32),
  time: 0,
  bits: 0,
  producer: new Uint8Array(33),
  extension: new Uint8Array(),
};
