/**
 * What each operation does to the state. Every function here answers with what it found and wrote, or with the code for which its
 * transaction fails; it may leave writes behind then, so the caller gives it an overlay of the transaction's own and drops that.
 */
import { equalBytes, toHex } from './bytes.ts';
import { amountMax } from './codec.ts';
import { accept, assert, type Result, reject, unreachable } from './errors.ts';
import type { Params } from './genesis.ts';
import { sha256 } from './hash.ts';
import type { CreateMoney, Delete, Get, Operation, Put, Transfer, TransferKey } from './operation.ts';
import type { ReadResult } from './receipt.ts';
import type { HistoryEntry, KeyRecord, Overlay } from './state.ts';

/** For whom, where and under which rules an operation runs. */
export interface OperationContext {
  readonly state: Overlay;
  readonly params: Params;
  /** Addresses in hexadecimal that may create money. */
  readonly minters: ReadonlySet<string>;
  readonly height: number;
  readonly transactionId: Uint8Array;
  /** The address that signed. */
  readonly sender: Uint8Array;
}

/** What an operation found (`get` alone) and the version that it made (put, delete and transferKey). */
export interface Outcome {
  readonly read: ReadResult | null;
  readonly history: HistoryEntry | null;
}

const nothing: Outcome = { read: null, history: null };

/**
 * Runs one operation on `context.state`. Errors: NOT_OWNER, VERSION_CONFLICT, NO_KEY, BAD_OPERATION (transferKey where keys are open),
 * NOT_MINTER, SUPPLY_EXCEEDED, BAD_AMOUNT (0), INSUFFICIENT_BALANCE.
 */
export function executeOperation(operation: Operation, context: OperationContext): Result<Outcome> {
  switch (operation.type) {
    case 'put':
      return put(operation, context);
    case 'delete':
      return deleteKey(operation, context);
    case 'get':
      return get(operation, context);
    case 'transferKey':
      return transferKey(operation, context);
    case 'createMoney':
      return createMoney(operation, context);
    case 'transfer':
      return transfer(operation, context);
    default:
      return unreachable(operation);
  }
}

/** Takes `amount` from an account that is known to hold it. */
function debit(state: Overlay, address: Uint8Array, amount: bigint): void {
  const account = state.account(address);
  assert(account.balance >= amount, 'a debit was checked against the balance');
  state.setAccount(address, { nonce: account.nonce, balance: account.balance - amount });
}

/** Gives `amount` to an account. It cannot overflow: balances add up to the supply, which is an amount itself. */
export function credit(state: Overlay, address: Uint8Array, amount: bigint): void {
  const account = state.account(address);
  const balance = account.balance + amount;
  assert(balance <= amountMax, 'balances add up to the supply');
  state.setAccount(address, { nonce: account.nonce, balance });
}

function put(operation: Put, context: OperationContext): Result<Outcome> {
  const record = context.state.keyRecord(operation.key);
  if (record && !mayWrite(record, context)) return notOwner(operation.key);
  const current = record?.version ?? 0;
  if (operation.expectedVersion !== null && operation.expectedVersion !== current) {
    const found = `key ${quote(operation.key)} is at version ${current}`;
    return reject('VERSION_CONFLICT', `${found}, expected ${operation.expectedVersion}`);
  }
  const version = current + 1;
  const next: KeyRecord = {
    version,
    // Where keys have owners, only the owner comes this far; where they are open, this names the last writer.
    owner: context.sender,
    valueHash: sha256(operation.value),
    valueVersion: version,
    contentType: operation.contentType,
    height: context.height,
  };
  return write(operation, next, context);
}

/** A tombstone keeps its owner: who deletes a key does not give it away. */
function deleteKey(operation: Delete, context: OperationContext): Result<Outcome> {
  const record = context.state.keyRecord(operation.key);
  if (record === null || record.valueHash === null) return noKey(operation.key);
  if (!mayWrite(record, context)) return notOwner(operation.key);
  const next: KeyRecord = {
    version: record.version + 1,
    owner: record.owner,
    valueHash: null,
    valueVersion: 0,
    contentType: '',
    height: context.height,
  };
  return write(operation, next, context);
}

function get(operation: Get, context: OperationContext): Result<Outcome> {
  const record = context.state.keyRecord(operation.key);
  if (record === null || record.valueHash === null) return accept(nothing);
  return accept({ read: { version: record.version, valueHash: record.valueHash }, history: null });
}

/** The value stays where it was written; a key without a value cannot be handed over, so that a handover is never of nothing. */
function transferKey(operation: TransferKey, context: OperationContext): Result<Outcome> {
  if (context.params.keyOwnership === 'open') {
    return reject('BAD_OPERATION', 'transferKey: keys of this network have no owner');
  }
  const record = context.state.keyRecord(operation.key);
  if (record === null || record.valueHash === null) return noKey(operation.key);
  if (!mayWrite(record, context)) return notOwner(operation.key);
  const next: KeyRecord = {
    ...record,
    version: record.version + 1,
    owner: operation.to,
    height: context.height,
  };
  return write(operation, next, context);
}

function createMoney(operation: CreateMoney, context: OperationContext): Result<Outcome> {
  if (!context.minters.has(toHex(context.sender))) {
    return reject('NOT_MINTER', `${toHex(context.sender)} is not a minter of the genesis`);
  }
  if (operation.amount === 0n) return reject('BAD_AMOUNT', 'createMoney of 0');
  const supply = context.state.supply() + operation.amount;
  if (supply > context.params.supplyMax) {
    return reject('SUPPLY_EXCEEDED', `supply would be ${supply}, at most ${context.params.supplyMax}`);
  }
  context.state.setSupply(supply);
  credit(context.state, operation.to, operation.amount);
  return accept(nothing);
}

/** Debit before credit, each on the account as the other left it: a transfer to oneself changes nothing (CVE-2010-5139's family). */
function transfer(operation: Transfer, context: OperationContext): Result<Outcome> {
  if (operation.amount === 0n) return reject('BAD_AMOUNT', 'transfer of 0');
  const { balance } = context.state.account(context.sender);
  if (operation.amount > balance) {
    return reject('INSUFFICIENT_BALANCE', `transfer of ${operation.amount}, balance ${balance}`);
  }
  debit(context.state, context.sender, operation.amount);
  credit(context.state, operation.to, operation.amount);
  return accept(nothing);
}

function write(operation: Put | Delete | TransferKey, next: KeyRecord, context: OperationContext): Result<Outcome> {
  context.state.setKeyRecord(operation.key, next);
  const history: HistoryEntry = {
    key: operation.key,
    version: next.version,
    height: context.height,
    transactionId: context.transactionId,
    operation: operation.type,
    owner: next.owner,
    contentType: next.contentType,
    value: operation.type === 'put' ? operation.value : null,
    valueVersion: next.valueVersion,
  };
  return accept({ read: null, history });
}

function mayWrite(record: KeyRecord, context: OperationContext): boolean {
  return context.params.keyOwnership === 'open' || equalBytes(record.owner, context.sender);
}

function noKey(key: string): Result<never> {
  return reject('NO_KEY', `key ${quote(key)} has no value`);
}

function notOwner(key: string): Result<never> {
  return reject('NOT_OWNER', `key ${quote(key)} belongs to another account`);
}

function quote(key: string): string {
  return JSON.stringify(key);
}
