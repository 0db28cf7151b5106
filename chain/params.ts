/**
 * The parameters of a network: what they are by default, and what they may be. The rules stand in one table, in the order in which they
 * are checked; docs/protocol/genesis.md has the same table in words.
 */
import { blockBytesCap, blockTransactionsCap, sealedHeaderBytesMax } from './block.ts';
import { accept, type Result, reject } from './errors.ts';
import type { EngineName, Params } from './genesis.ts';
import { bitsForLeadingZeros, decodeBits } from './target.ts';
import { transactionBytesCap, transactionOperationsCap } from './transaction.ts';

/** True for the engines whose blocks need proof of work; in the others a committee decides, and there is no subsidy. */
export function minesBlocks(engine: EngineName): boolean {
  return engine === 'pow' || engine === 'pow-paxos';
}

/** True for the engines in which members of the genesis vote. */
export function hasMembers(engine: EngineName): boolean {
  return engine !== 'pow';
}

/** Of a network whose members are on one LAN: in so long they notice that their leader is gone, and stand for election. */
const electionMs = 300;

/**
 * The parameters of a network whose genesis names none. Those that follow from another one follow from what is `given`: tauMs and
 * maxDriftMs from targetMs, the address prefix from testNetwork.
 */
export function defaultParams(engine: EngineName, given: Partial<Params> = {}): Params {
  const targetMs = given.targetMs ?? (engine === 'paxos' ? electionMs : 10_000);
  return {
    keyOwnership: 'first-writer',
    addressPrefix: given.testNetwork === 1 ? 'kvt' : 'kv',
    testNetwork: 0,
    targetMs,
    retarget: minesBlocks(engine) ? 'asert' : 'fixed',
    tauMs: 288 * targetMs,
    bits: bitsForLeadingZeros(minesBlocks(engine) ? 20 : 0),
    maxTargetBits: bitsForLeadingZeros(0),
    maxDriftMs: Math.min(Math.max(12 * targetMs, 2_000), 7_200_000),
    subsidy: minesBlocks(engine) ? 5_000_000_000n : 0n,
    halvingBlocks: minesBlocks(engine) ? 210_000 : 0,
    supplyMax: 2_100_000_000_000_000n,
    feePerByteMin: 0n,
    blockBytesMax: 2_097_152,
    blockTransactionsMax: 8_000,
    blockOperationsMax: 20_000,
    transactionBytesMax: 262_144,
    transactionOperationsMax: 1_000,
    safeConfirmations: 6,
    undoBlocksMax: 10_000,
    engineParams: new Uint8Array(0),
    ...given,
  };
}

/** Checks each parameter's range and what holds between them. Error: BAD_GENESIS with `path`, the value and what was expected. */
export function validateParams(params: Params, engine: EngineName, path: string): Result<null> {
  for (const { field, expected, holds } of rules) {
    if (!holds(params, engine))
      return reject('BAD_GENESIS', `${path}.${field}: ${shown(params, field)}, expected ${expected}`);
  }
  return accept(null);
}

interface Rule {
  readonly field: keyof Params;
  readonly expected: string;
  holds(params: Params, engine: EngineName): boolean;
}

type NumberField = { [K in keyof Params]: Params[K] extends number ? K : never }[keyof Params];

/** The head of the list of transactions takes at most this much of a block, beside the sealed header. */
const listHeadBytesMax = 5;
const blockOverheadBytes = sealedHeaderBytesMax + listHeadBytesMax;

const rules: readonly Rule[] = [
  {
    field: 'addressPrefix',
    expected: '1 to 16 lower-case letters and digits',
    holds: ({ addressPrefix }) => /^[a-z0-9]{1,16}$/.test(addressPrefix),
  },
  range('testNetwork', 0, 1),
  range('targetMs', 250, 600_000),
  {
    field: 'tauMs',
    expected: 'targetMs to 1,000,000 times targetMs',
    holds: ({ tauMs, targetMs }) => tauMs >= targetMs && tauMs <= 1_000_000 * targetMs,
  },
  {
    field: 'maxTargetBits',
    expected: 'the compact form of a target from 1 to 2^256-1',
    holds: ({ maxTargetBits }) => decodeBits(maxTargetBits) !== null,
  },
  {
    field: 'bits',
    expected: 'the compact form of a target from 1 to that of maxTargetBits',
    holds: ({ bits, maxTargetBits }) => (decodeBits(bits) ?? maxTarget) <= (decodeBits(maxTargetBits) ?? 0n),
  },
  range('maxDriftMs', 1_000, 86_400_000),
  {
    field: 'subsidy',
    expected: 'at most supplyMax, and 0 where a committee makes the blocks',
    holds: ({ subsidy, supplyMax }, engine) => subsidy <= supplyMax && (subsidy === 0n || minesBlocks(engine)),
  },
  range('transactionBytesMax', 512, transactionBytesCap),
  range('transactionOperationsMax', 1, transactionOperationsCap),
  {
    field: 'blockBytesMax',
    expected: `transactionBytesMax + ${blockOverheadBytes} to ${blockBytesCap}`,
    holds: ({ blockBytesMax, transactionBytesMax }) =>
      blockBytesMax >= transactionBytesMax + blockOverheadBytes && blockBytesMax <= blockBytesCap,
  },
  range('blockTransactionsMax', 1, blockTransactionsCap),
  {
    field: 'blockOperationsMax',
    expected: 'transactionOperationsMax to 1000000',
    holds: ({ blockOperationsMax, transactionOperationsMax }) =>
      blockOperationsMax >= transactionOperationsMax && blockOperationsMax <= 1_000_000,
  },
  range('undoBlocksMax', 1, 1_000_000),
  {
    field: 'safeConfirmations',
    expected: '1 to undoBlocksMax',
    holds: ({ safeConfirmations, undoBlocksMax }) => safeConfirmations >= 1 && safeConfirmations <= undoBlocksMax,
  },
  {
    field: 'engineParams',
    expected: 'at most 4096 bytes, none for the engine pow',
    holds: ({ engineParams }, engine) => engineParams.length <= (engine === 'pow' ? 0 : 4_096),
  },
];

/** Above every target: what bits that do not decode are compared as. */
const maxTarget = 2n ** 256n;

function range(field: NumberField, min: number, max: number): Rule {
  return { field, expected: `${min} to ${max}`, holds: params => params[field] >= min && params[field] <= max };
}

function shown(params: Params, field: keyof Params): string {
  const value = params[field];
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (field === 'bits' || field === 'maxTargetBits') return value.toString(16).padStart(8, '0');
  return typeof value === 'string' ? JSON.stringify(value) : value.toString();
}
