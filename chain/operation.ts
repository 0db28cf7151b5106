/** What a transaction does to the store and to the accounts: seven operations, each an array whose first place names it. */
import {
  amount,
  byteString,
  type Codec,
  expectArray,
  fail,
  fixedBytes,
  type Item,
  nullable,
  type StructCodec,
  struct,
  text,
  uint,
} from './codec.ts';
import { addressLength } from './keys.ts';

export const keyBytesMax = 256;
export const valueBytesMax = 65_536;
export const contentTypeBytesMax = 64;

/** Writes a value. `expectedVersion` makes it conditional: 0 means never written, null means whatever it is. */
export interface Put {
  readonly type: 'put';
  readonly key: string;
  readonly value: Uint8Array;
  readonly contentType: string;
  readonly expectedVersion: number | null;
}

/** Leaves a tombstone: owner, version and history stay. */
export interface Delete {
  readonly type: 'delete';
  readonly key: string;
}

/** A read that takes its place in the order; the receipt holds what it saw. */
export interface Get {
  readonly type: 'get';
  readonly key: string;
}

/** Hands a key to another account (20-byte address). */
export interface TransferKey {
  readonly type: 'transferKey';
  readonly key: string;
  readonly to: Uint8Array;
}

/** Brings new money to an account; for the minters of the genesis only. */
export interface CreateMoney {
  readonly type: 'createMoney';
  readonly to: Uint8Array;
  readonly amount: bigint;
}

/** Moves money of the sender to an account. */
export interface Transfer {
  readonly type: 'transfer';
  readonly to: Uint8Array;
  readonly amount: bigint;
}

export type Operation = Put | Delete | Get | TransferKey | CreateMoney | Transfer;

const key = text(1, keyBytesMax, 'BAD_KEY');
const address = fixedBytes(addressLength, 'BAD_ADDRESS');

/** By type, what an operation holds beside it. */
type Fields = { readonly [T in Operation['type']]: Omit<Extract<Operation, { readonly type: T }>, 'type'> };

interface Shape<T extends keyof Fields> {
  readonly number: number;
  readonly fields: StructCodec<Fields[T]>;
}

/** The number in an operation's first place, and the shape of the rest. Numbers are never used again; 6 is kept for storeFile. */
const shapes: { readonly [T in keyof Fields]: Shape<T> } = {
  put: {
    number: 0,
    fields: struct<Omit<Put, 'type'>>({
      key,
      value: byteString(0, valueBytesMax, 'BAD_VALUE'),
      contentType: text(0, contentTypeBytesMax, 'BAD_VALUE'),
      expectedVersion: nullable(uint()),
    }),
  },
  delete: { number: 1, fields: struct<Omit<Delete, 'type'>>({ key }) },
  get: { number: 2, fields: struct<Omit<Get, 'type'>>({ key }) },
  transferKey: { number: 3, fields: struct<Omit<TransferKey, 'type'>>({ key, to: address }) },
  createMoney: { number: 4, fields: struct<Omit<CreateMoney, 'type'>>({ to: address, amount }) },
  transfer: { number: 5, fields: struct<Omit<Transfer, 'type'>>({ to: address, amount }) },
};

const typesByNumber = ['put', 'delete', 'get', 'transferKey', 'createMoney', 'transfer'] as const;

export const operationCodec: Codec<Operation> = {
  toItem: operation => itemOf(operation.type, operation),
  fromItem: item => {
    const [number, ...fields] = expectArray(item);
    const type = typeof number === 'number' ? typesByNumber[number] : undefined;
    if (type === undefined) return fail('BAD_OPERATION', `unknown operation number: ${String(number).slice(0, 20)}`);
    return { type, ...shapes[type].fields.fromItem(fields) } as Operation;
  },
};

function itemOf<T extends keyof Fields>(type: T, fields: Fields[T]): readonly Item[] {
  const shape: Shape<T> = shapes[type];
  return [shape.number, ...shape.fields.toItem(fields)];
}
