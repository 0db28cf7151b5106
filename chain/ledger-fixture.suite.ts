/** What the tests of ledger, batches and mempool share: a small genesis, accounts, signed transactions and a state in memory. */
import { toHex } from './bytes.ts';
import { encode } from './codec.ts';
import { chainIdOf, type Genesis, type Params } from './genesis.ts';
import { sha256 } from './hash.ts';
import { addressOf, publicKeyOf } from './keys.ts';
import type { StateKeys } from './ledger.ts';
import type { Operation } from './operation.ts';
import { type Account, accountCodec, accountStateKey, Overlay, type StateReader, type StateWrite } from './state.ts';
import { signTransaction, type Transaction } from './transaction.ts';

export interface Actor {
  readonly secret: Uint8Array;
  readonly publicKey: Uint8Array;
  readonly address: Uint8Array;
}

export function actor(name: string): Actor {
  const secret = sha256(new TextEncoder().encode(name));
  const publicKey = publicKeyOf(secret);
  return { secret, publicKey, address: addressOf(publicKey) };
}

export const alice: Actor = actor('alice');
export const bob: Actor = actor('bob');
export const carol: Actor = actor('carol');
export const minter: Actor = actor('minter');
export const producer: Actor = actor('producer');
export const actors: readonly Actor[] = [alice, bob, carol, minter, producer];

export function paramsWith(changes: Partial<Params> = {}): Params {
  return {
    keyOwnership: 'first-writer',
    addressPrefix: 'kvt',
    testNetwork: 1,
    targetMs: 1_000,
    retarget: 'fixed',
    tauMs: 60_000,
    bits: 0x207fffff,
    maxTargetBits: 0x207fffff,
    maxDriftMs: 12_000,
    subsidy: 0n,
    halvingBlocks: 0,
    supplyMax: 1_000_000n,
    feePerByteMin: 0n,
    blockBytesMax: 2_097_152,
    blockTransactionsMax: 8_000,
    blockOperationsMax: 20_000,
    transactionBytesMax: 262_144,
    transactionOperationsMax: 1_000,
    safeConfirmations: 6,
    undoBlocksMax: 10_000,
    engineParams: new Uint8Array(0),
    ...changes,
  };
}

export function genesisWith(params: Params, balances: readonly (readonly [Actor, bigint])[] = []): Genesis {
  return {
    version: 1,
    name: 'test',
    engine: 'pow',
    time: 1_700_000_000_000,
    schedule: [{ height: 0, params }],
    members: [],
    minters: [minter.address],
    allocations: balances.map(([{ address }, balance]) => ({ address, balance })),
  };
}

export interface TransactionFields {
  readonly nonce?: number;
  readonly fee?: bigint;
  readonly expiresAt?: number | null;
  readonly memo?: Uint8Array;
}

const chainId = chainIdOf(genesisWith(paramsWith()));

/** A transaction of `sender`, signed; nonce 0 and fee 0 unless told. */
export function transact(
  sender: Actor,
  operations: readonly Operation[],
  { nonce = 0, fee = 0n, expiresAt = null, memo = new Uint8Array(0) }: TransactionFields = {},
): Transaction {
  return signTransaction({ chainId, nonce, fee, expiresAt, memo, operations }, sender.secret);
}

export function put(key: string, value: string, expectedVersion: number | null = null): Operation {
  return { type: 'put', key, value: new TextEncoder().encode(value), contentType: 'text/plain', expectedVersion };
}

/** Records in memory. */
export class MemoryState implements StateReader {
  readonly records = new Map<string, Uint8Array>();

  read(hex: string): Uint8Array | null {
    return this.records.get(hex) ?? null;
  }

  write(changes: readonly StateWrite[]): void {
    for (const { stateKey, after } of changes) {
      if (after === null) this.records.delete(toHex(stateKey));
      else this.records.set(toHex(stateKey), after);
    }
  }

  /** The same records as text, in the order of their keys: for comparing two states. */
  snapshot(): readonly string[] {
    return [...this.records].map(([key, record]) => `${key}=${toHex(record)}`).sort();
  }

  view(): Overlay {
    return new Overlay(this);
  }

  fund(address: Uint8Array, account: Account): void {
    this.records.set(toHex(accountStateKey(address)), encode(accountCodec, account));
  }
}

/** Gives only the state keys that were declared, as a loaded state does; any other read is a failure of `touchedBy`. */
export class LoadedState implements StateReader {
  readonly #state: StateReader;
  readonly #loaded: StateKeys;

  constructor(state: StateReader, loaded: StateKeys) {
    this.#state = state;
    this.#loaded = loaded;
  }

  read(hex: string): Uint8Array | null {
    if (!this.#loaded.has(hex)) throw new Error(`state key ${hex} was not loaded`);
    return this.#state.read(hex);
  }
}
