/** The rules and the state of the little ledger: accounts, keys with their versions, one block's execution, and the state tree over both. */
import { equalBytes, toHex, toUtf8 } from '../../chain/bytes.ts';
import { encode } from '../../chain/codec.ts';
import type { ErrorCode } from '../../chain/errors.ts';
import type { Genesis, Params } from '../../chain/genesis.ts';
import { sha256 } from '../../chain/hash.ts';
import { addressOf, publicKeyOf } from '../../chain/keys.ts';
import type { Operation } from '../../chain/operation.ts';
import { defaultParams } from '../../chain/params.ts';
import type { Receipt } from '../../chain/receipt.ts';
import {
  accountCodec,
  accountStateKey,
  type HistoryEntry,
  type KeyRecord,
  keyRecordCodec,
  keyStateKey,
  pathOf,
  payloadHashOf,
} from '../../chain/state.ts';
import { StateTree } from '../../chain/state-tree.ts';
import { bitsForLeadingZeros } from '../../chain/target.ts';
import type { Transaction } from '../../chain/transaction.ts';

export const producerKey: Uint8Array = sha256(toUtf8('little producer'));
export const aliceKey: Uint8Array = sha256(toUtf8('alice'));
export const bobKey: Uint8Array = sha256(toUtf8('bob'));

export function littleGenesis(given: Partial<Params> = {}): Genesis {
  const bits = bitsForLeadingZeros(2);
  const params = defaultParams('pow', {
    addressPrefix: 'kvt',
    testNetwork: 1,
    retarget: 'fixed',
    bits,
    maxTargetBits: bits,
    targetMs: 10_000,
    ...given,
  });
  return {
    version: 1,
    name: 'little',
    engine: 'pow',
    time: 1_700_000_000_000,
    schedule: [{ height: 0, params }],
    members: [],
    minters: [],
    allocations: [{ address: addressOf(publicKeyOf(aliceKey)), balance: 1_000_000n }],
  };
}

export interface KeyState {
  readonly record: KeyRecord;
  readonly entries: readonly HistoryEntry[];
}

export interface State {
  readonly keys: ReadonlyMap<string, KeyState>;
  readonly accounts: ReadonlyMap<string, { readonly nonce: number; readonly balance: bigint }>;
}

/** One block's execution on a copy of its parent's state. */
export class Run {
  readonly #keys: Map<string, KeyState>;
  readonly #accounts: Map<string, { readonly nonce: number; readonly balance: bigint }>;
  readonly #height: number;
  readonly changes: HistoryEntry[] = [];

  constructor(parent: State, height: number) {
    this.#keys = new Map(parent.keys);
    this.#accounts = new Map(parent.accounts);
    this.#height = height;
  }

  get state(): State {
    return { keys: this.#keys, accounts: this.#accounts };
  }

  apply(transaction: Transaction): Receipt {
    const sender = transaction.senderHex;
    const { nonce, balance } = this.#account(sender);
    this.#accounts.set(sender, { nonce: nonce + 1, balance: balance - transaction.body.fee });
    for (const [index, operation] of transaction.body.operations.entries()) {
      const code = this.#operate(operation, transaction);
      if (code !== null) return { id: transaction.id, status: 'failed', code, index, results: [] };
    }
    return {
      id: transaction.id,
      status: 'applied',
      code: null,
      index: null,
      results: transaction.body.operations.map(() => null),
    };
  }

  #operate(operation: Operation, transaction: Transaction): ErrorCode | null {
    if (operation.type === 'transfer') return this.#transfer(operation.to, operation.amount, transaction);
    if (operation.type !== 'put' && operation.type !== 'delete') return 'BAD_OPERATION';
    const held = this.#keys.get(operation.key);
    if (held !== undefined && !equalBytes(held.record.owner, transaction.senderAddress)) return 'NOT_OWNER';
    const version = (held?.record.version ?? 0) + 1;
    const isPut = operation.type === 'put';
    if (isPut && operation.expectedVersion !== null && operation.expectedVersion !== version - 1)
      return 'VERSION_CONFLICT';
    if (!isPut && (held === undefined || held.record.valueHash === null)) return 'NO_KEY';
    const entry: HistoryEntry = {
      key: operation.key,
      version,
      valueVersion: isPut ? version : 0,
      height: this.#height,
      transactionId: transaction.id,
      operation: operation.type,
      owner: transaction.senderAddress,
      contentType: isPut ? operation.contentType : '',
      value: isPut ? operation.value : null,
    };
    const record: KeyRecord = {
      version,
      owner: transaction.senderAddress,
      valueHash: isPut ? sha256(operation.value) : null,
      valueVersion: isPut ? version : 0,
      contentType: entry.contentType,
      height: this.#height,
    };
    this.#keys.set(operation.key, { record, entries: [...(held?.entries ?? []), entry] });
    this.changes.push(entry);
    return null;
  }

  #transfer(to: Uint8Array, amount: bigint, { senderAddress }: Transaction): ErrorCode | null {
    const from = this.#account(toHex(senderAddress));
    if (from.balance < amount) return 'INSUFFICIENT_BALANCE';
    this.#accounts.set(toHex(senderAddress), { ...from, balance: from.balance - amount });
    const target = this.#account(toHex(to));
    this.#accounts.set(toHex(to), { ...target, balance: target.balance + amount });
    return null;
  }

  #account(address: string): { readonly nonce: number; readonly balance: bigint } {
    return this.#accounts.get(address) ?? { nonce: 0, balance: 0n };
  }
}

/** The state tree of a state, built anew. */
export function treeOf(state: State): StateTree {
  const tree = new StateTree();
  const keys = [...state.keys].map(([key, { record }]) => [keyStateKey(key), encode(keyRecordCodec, record)] as const);
  const accounts = [...state.accounts].map(([address, account]) => {
    return [accountStateKey(Uint8Array.from(Buffer.from(address, 'hex'))), encode(accountCodec, account)] as const;
  });
  tree.update(
    [...keys, ...accounts].map(([stateKey, record]) => ({
      path: pathOf(stateKey),
      payloadHash: payloadHashOf(record),
    })),
  );
  return tree;
}
