/**
 * The ledger: what a block makes of the state before it. Pure and synchronous: the records that a block touches are loaded first
 * (`touchedBy`), then it is executed here, then its changes are written in one batch (layout.ts).
 *
 * A transaction that fails is part of the block all the same: its fee is taken and its nonce used, its operations leave nothing. Only
 * a transaction that could not even pay, or whose nonce or expiry is wrong, makes a block invalid. So the sum of all balances is the
 * supply before and after every block.
 */

import type { Header } from './block.ts';
import { equalBytes, toHex } from './bytes.ts';
import { accept, type Rejection, type Result, reject, unreachable } from './errors.ts';
import { credit, executeOperation, type OperationContext } from './execute.ts';
import type { Genesis, Params } from './genesis.ts';
import { addressOf } from './keys.ts';
import { merkleRoot } from './merkle.ts';
import type { Operation } from './operation.ts';
import { type ReadResult, type Receipt, receiptHash } from './receipt.ts';
import { isEnforced } from './rules.ts';
import {
  accountStateKey,
  type HistoryEntry,
  keyStateKey,
  Overlay,
  type StateChange,
  type StateReader,
  supplyStateKey,
} from './state.ts';
import { resultOf } from './steps.ts';
import type { Transaction } from './transaction.ts';

/** What executing a block gives. */
export interface Applied {
  /** One a transaction, in their order. */
  readonly receipts: readonly Receipt[];
  /** In the order of state keys. */
  readonly changes: readonly StateChange[];
  /** In the order in which the versions were made. */
  readonly history: readonly HistoryEntry[];
  readonly receiptsRoot: Uint8Array;
}

export interface ExecutionContext {
  readonly genesis: Genesis;
  /** Those in force at `height`. */
  readonly params: Params;
  readonly height: number;
  /** Public key of the producer, 33 bytes. */
  readonly producer: Uint8Array;
  /** The state after the parent; total for `touchedBy` of every transaction that is added. */
  readonly state: StateReader;
}

/** State keys, each once and in order, under their hexadecimal. */
export type StateKeys = ReadonlyMap<string, Uint8Array>;

/** The state keys that executing these transactions reads or writes; `producer` is a public key. */
export function touchedBy(transactions: readonly Transaction[], producer: Uint8Array): StateKeys {
  return resultOf(touchedInSteps(transactions, producer));
}

/** As `touchedBy`, with a pause after each transaction, in which a caller can let others work. */
export function* touchedInSteps(
  transactions: readonly Transaction[],
  producer: Uint8Array,
): Generator<undefined, StateKeys, undefined> {
  const keys = new Map<string, Uint8Array>();
  const touch = (stateKey: Uint8Array) => keys.set(toHex(stateKey), stateKey);
  touch(supplyStateKey);
  touch(accountStateKey(addressOf(producer)));
  for (const transaction of transactions) {
    touch(accountStateKey(transaction.senderAddress));
    for (const operation of transaction.body.operations) touch(touchedByOperation(operation));
    yield;
  }
  // The order of bytes is that of their hexadecimal, which is compared faster.
  return new Map([...keys].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/**
 * Executes one block, transaction by transaction: a template adds what its producer picked and leaves out what is refused, a node that
 * checks a block refuses it whole. Adding one transaction is a matter of microseconds an operation, so a caller can pause in between.
 */
export class BlockExecution {
  readonly #context: ExecutionContext;
  readonly #minters: ReadonlySet<string>;
  readonly #state: Overlay;
  readonly #receipts: Receipt[] = [];
  readonly #receiptHashes: Uint8Array[] = [];
  readonly #history: HistoryEntry[] = [];
  #fees = 0n;

  constructor(context: ExecutionContext) {
    this.#context = context;
    this.#minters = new Set(context.genesis.minters.map(toHex));
    this.#state = new Overlay(context.state);
  }

  /**
   * Executes the next transaction, which is valid without state (validate.ts). Errors: BAD_NONCE, EXPIRED, FEE_TOO_LOW, FEE_UNPAYABLE:
   * it may not be in this block, and nothing was changed. Everything else that goes wrong is in the receipt.
   */
  add(transaction: Transaction): Result<Receipt> {
    const refusal = this.#refusal(transaction);
    if (refusal !== null) return { ok: false, error: refusal };
    const { fee } = transaction.body;
    this.#takeFee(transaction);
    this.#fees += fee;
    const receipt = this.#execute(transaction);
    this.#receipts.push(receipt);
    this.#receiptHashes.push(receiptHash(receipt));
    return accept(receipt);
  }

  /** Pays the producer and gives the result. The last call. */
  finish(): Applied {
    this.#payProducer();
    return {
      receipts: this.#receipts,
      changes: this.#state.changes(),
      history: this.#history,
      receiptsRoot: merkleRoot(this.#receiptHashes),
    };
  }

  /** Why the transaction may not be in this block, or null. */
  #refusal(transaction: Transaction): Rejection | null {
    const { nonce, fee, expiresAt } = transaction.body;
    const { height, params } = this.#context;
    const account = this.#state.account(transaction.senderAddress);
    if (isEnforced('ledger nonce') && nonce !== account.nonce) {
      return { code: 'BAD_NONCE', detail: `nonce ${nonce}, expected ${account.nonce}` };
    }
    if (isEnforced('ledger expiry') && expiresAt !== null && height > expiresAt) {
      return { code: 'EXPIRED', detail: `height ${height}, expires at ${expiresAt}` };
    }
    const feeMin = params.feePerByteMin * BigInt(transaction.bytes.length);
    if (fee < feeMin) return { code: 'FEE_TOO_LOW', detail: `fee ${fee}, at least ${feeMin}` };
    if (fee > account.balance) return { code: 'FEE_UNPAYABLE', detail: `fee ${fee}, balance ${account.balance}` };
    return null;
  }

  #takeFee(transaction: Transaction): void {
    const { nonce, balance } = this.#state.account(transaction.senderAddress);
    this.#state.setAccount(transaction.senderAddress, {
      nonce: nonce + 1,
      balance: balance - transaction.body.fee,
    });
  }

  /** Runs the operations in order, all or none. */
  #execute(transaction: Transaction): Receipt {
    const state = new Overlay(this.#state);
    const context: OperationContext = {
      state,
      params: this.#context.params,
      minters: this.#minters,
      height: this.#context.height,
      transactionId: transaction.id,
      sender: transaction.senderAddress,
    };
    const results: (ReadResult | null)[] = [];
    const history: HistoryEntry[] = [];
    for (const [index, operation] of transaction.body.operations.entries()) {
      const outcome = executeOperation(operation, context);
      if (!outcome.ok) return { id: transaction.id, status: 'failed', code: outcome.error.code, index, results: [] };
      results.push(outcome.value.read);
      if (outcome.value.history !== null) history.push(outcome.value.history);
    }
    this.#state.merge(state);
    this.#history.push(...history);
    return { id: transaction.id, status: 'applied', code: null, index: null, results };
  }

  /** Subsidy and fees come after the last transaction: nobody spends in a block what that block brings. */
  #payProducer(): void {
    const { params, height, producer } = this.#context;
    const supply = this.#state.supply();
    const subsidy = subsidyAt(params, height, supply);
    if (subsidy > 0n) this.#state.setSupply(supply + subsidy);
    const reward = subsidy + this.#fees;
    if (reward > 0n) credit(this.#state, addressOf(producer), reward);
  }
}

/** The new money of the block at `height`: halved every `halvingBlocks` (0: never), cut to what `supplyMax` leaves. */
export function subsidyAt(params: Params, height: number, supply: bigint): bigint {
  const halvings = params.halvingBlocks === 0 ? 0 : Math.floor(height / params.halvingBlocks);
  const full = params.subsidy >> BigInt(halvings);
  const left = params.supplyMax > supply ? params.supplyMax - supply : 0n;
  return full < left ? full : left;
}

export interface BlockToApply {
  readonly genesis: Genesis;
  readonly params: Params;
  readonly block: { readonly header: Header; readonly transactions: readonly Transaction[] };
  readonly state: StateReader;
}

/**
 * Executes a block that is valid without state. Errors: BAD_TRANSACTION (one may not be in it: the detail says which and why),
 * BAD_RECEIPTS_ROOT. The state root is compared with the tree's (`checkStateRoot`), which the ledger does not hold.
 */
export function applyBlock(order: BlockToApply): Result<Applied> {
  return resultOf(applyBlockInSteps(order));
}

/** As `applyBlock`, with a pause after each transaction, in which a caller can let others work. */
export function* applyBlockInSteps(order: BlockToApply): Generator<undefined, Result<Applied>, undefined> {
  const { genesis, params, block, state } = order;
  const { height, producer, receiptsRoot } = block.header;
  const execution = new BlockExecution({ genesis, params, height, producer, state });
  for (const [index, transaction] of block.transactions.entries()) {
    const added = execution.add(transaction);
    if (!added.ok) {
      const cause = `${added.error.code}: ${added.error.detail}`;
      return reject('BAD_TRANSACTION', `transaction ${index} (${transaction.idHex}): ${cause}`);
    }
    yield;
  }
  const applied = execution.finish();
  // A-B1
  if (isEnforced('A-B1 receipts') && !equalBytes(applied.receiptsRoot, receiptsRoot)) {
    const given = `header has receiptsRoot ${toHex(receiptsRoot)}`;
    return reject('BAD_RECEIPTS_ROOT', `${given}, execution gives ${toHex(applied.receiptsRoot)}`);
  }
  return accept(applied);
}

/** Compares the state tree's root after the block's changes with the header. Error: BAD_STATE_ROOT. */
export function checkStateRoot(header: Header, root: Uint8Array): Result<null> {
  if (!isEnforced('A-B1 state') || equalBytes(header.stateRoot, root)) return accept(null);
  return reject('BAD_STATE_ROOT', `header has stateRoot ${toHex(header.stateRoot)}, execution gives ${toHex(root)}`);
}

function touchedByOperation(operation: Operation): Uint8Array {
  switch (operation.type) {
    case 'put':
    case 'delete':
    case 'get':
    // The new owner's account is not read: it need not exist.
    case 'transferKey':
      return keyStateKey(operation.key);
    case 'createMoney':
    case 'transfer':
      return accountStateKey(operation.to);
    default:
      return unreachable(operation);
  }
}
