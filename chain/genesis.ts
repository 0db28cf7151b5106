/**
 * The genesis: everything that the nodes of one network agree on before the first block. Its CBOR is hashed into the chainId; people
 * write it as JSON (genesis-file.ts).
 */
import { amount, byteString, type Codec, encode, fail, fixedBytes, list, struct, text, uint } from './codec.ts';
import { sha256 } from './hash.ts';
import { addressLength, publicKeyLength } from './keys.ts';

/**
 * The names that a genesis may give to its engine: a constant of the protocol, so that a genesis reads the same in every program. Which
 * of them a program has built in, its registry knows (consensus/registry.ts).
 */
export type EngineName = 'pow' | 'pow-paxos' | 'paxos' | 'bft' | 'leaderless';
/** All of them. */
export const engineNames: readonly EngineName[] = ['pow', 'pow-paxos', 'paxos', 'bft', 'leaderless'];

export type KeyOwnership = 'first-writer' | 'open';
export type Retarget = 'asert' | 'fixed';

/** The rules of a network that may differ from one network to another. Times in ms, sizes in bytes, amounts in the smallest unit. */
export interface Params {
  readonly keyOwnership: KeyOwnership;
  /** Prefix of the text form of addresses: 1 to 16 lower-case letters and digits. */
  readonly addressPrefix: string;
  /** Commands that make faults on purpose (net_failLink, node_crash ...) exist only where this is 1. */
  readonly testNetwork: number;
  /** Target block interval, 250 ms to 10 min. */
  readonly targetMs: number;
  /** `asert` adjusts the target to hold targetMs; `fixed` keeps the first bits. */
  readonly retarget: Retarget;
  /** ASERT half-life. */
  readonly tauMs: number;
  /** Compact form of the first target. */
  readonly bits: number;
  /** Compact form of the easiest target that is allowed. */
  readonly maxTargetBits: number;
  /** A block whose time is further ahead of the clock waits. */
  readonly maxDriftMs: number;
  /** New money for the producer of a block, halved every `halvingBlocks` (0: never), cut to what `supplyMax` leaves. */
  readonly subsidy: bigint;
  readonly halvingBlocks: number;
  readonly supplyMax: bigint;
  readonly feePerByteMin: bigint;
  readonly blockBytesMax: number;
  readonly blockTransactionsMax: number;
  readonly blockOperationsMax: number;
  readonly transactionBytesMax: number;
  readonly transactionOperationsMax: number;
  /** Confirmations from which a reader may treat a block as safe. */
  readonly safeConfirmations: number;
  /** Blocks that can be undone; a deeper reorg stops the node with a message. */
  readonly undoBlocksMax: number;
  /** The engine's own parameters: canonical CBOR, empty for proof of work. */
  readonly engineParams: Uint8Array;
}

export interface Member {
  readonly name: string;
  readonly publicKey: Uint8Array;
}

export interface Allocation {
  readonly address: Uint8Array;
  readonly balance: bigint;
}

/** Parameters in force from a height on. Entry 0 starts at height 0 and is the only one in the chainId. */
export interface ScheduleEntry {
  readonly height: number;
  readonly params: Params;
}

export interface Genesis {
  readonly version: number;
  readonly name: string;
  readonly engine: EngineName;
  readonly time: number;
  readonly schedule: readonly ScheduleEntry[];
  readonly members: readonly Member[];
  /** Addresses that may create money. */
  readonly minters: readonly Uint8Array[];
  readonly allocations: readonly Allocation[];
}

export const genesisVersion = 1;
export const membersMax = 1_000;
export const mintersMax = 1_000;
export const allocationsMax = 100_000;

/** A closed set of texts. */
function oneOf<T extends string>(values: readonly T[]): Codec<T> {
  return {
    toItem: value => value,
    fromItem: item =>
      values.find(value => value === item) ?? fail('BAD_GENESIS', `expected one of ${values.join(', ')}`),
  };
}

const paramsCodec: Codec<Params> = struct<Params>({
  keyOwnership: oneOf<KeyOwnership>(['first-writer', 'open']),
  addressPrefix: text(1, 16),
  testNetwork: uint(1),
  targetMs: uint(),
  retarget: oneOf<Retarget>(['asert', 'fixed']),
  tauMs: uint(),
  bits: uint(0xffffffff),
  maxTargetBits: uint(0xffffffff),
  maxDriftMs: uint(),
  subsidy: amount,
  halvingBlocks: uint(),
  supplyMax: amount,
  feePerByteMin: amount,
  blockBytesMax: uint(),
  blockTransactionsMax: uint(),
  blockOperationsMax: uint(),
  transactionBytesMax: uint(),
  transactionOperationsMax: uint(),
  safeConfirmations: uint(),
  undoBlocksMax: uint(),
  engineParams: byteString(0, 4096),
});

interface HashedGenesis extends Omit<Genesis, 'schedule'> {
  readonly params: Params;
}

const hashedGenesisCodec: Codec<HashedGenesis> = struct<HashedGenesis>({
  version: uint(),
  name: text(1, 64),
  engine: oneOf(engineNames),
  time: uint(),
  params: paramsCodec,
  members: list(struct<Member>({ name: text(1, 64), publicKey: fixedBytes(publicKeyLength) }), membersMax),
  minters: list(fixedBytes(addressLength), mintersMax),
  allocations: list(struct<Allocation>({ address: fixedBytes(addressLength), balance: amount }), allocationsMax),
});

/** The bytes that the chainId is the hash of: [version, name, engine, time, params, members, minters, allocations]. */
export function encodeGenesis(genesis: Genesis): Uint8Array {
  return encode(hashedGenesisCodec, { ...genesis, params: paramsAt(genesis, 0) });
}

/** SHA-256 of the encoded genesis; 32 bytes. */
export function chainIdOf(genesis: Genesis): Uint8Array {
  return sha256(encodeGenesis(genesis));
}

/** The parameters in force for the block at `height`. */
export function paramsAt(genesis: Genesis, height: number): Params {
  const entry = genesis.schedule.findLast(candidate => candidate.height <= height);
  return entry?.params ?? fail('BAD_GENESIS', 'the schedule has no entry for height 0');
}
