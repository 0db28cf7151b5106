import type { ErrorCode } from './errors.ts';
import type { Params } from './genesis.ts';
import { genesisChanges } from './genesis-block.ts';
import { type Applied, BlockExecution, touchedBy } from './ledger.ts';
import {
  type Actor,
  actors,
  alice,
  bob,
  genesisWith,
  LoadedState,
  MemoryState,
  minter,
  paramsWith,
  producer,
} from './ledger-fixture.suite.ts';
import type { Operation } from './operation.ts';
import type { Transaction } from './transaction.ts';

const rich: readonly (readonly [Actor, bigint])[] = [
  [alice, 1_000n],
  [bob, 500n],
  [minter, 10n],
];

/** A chain of one block after another on a state in memory. */
export class Chain {
  readonly params: Params;
  readonly state = new MemoryState();
  readonly genesis: ReturnType<typeof genesisWith>;
  height = 0;

  constructor(params: Partial<Params> = {}, balances: readonly (readonly [Actor, bigint])[] = rich) {
    this.params = paramsWith(params);
    this.genesis = genesisWith(this.params, balances);
    this.state.write(genesisChanges(this.genesis));
  }

  execution(transactions: readonly Transaction[]): BlockExecution {
    const state = new LoadedState(this.state, touchedBy(transactions, producer.publicKey));
    const { genesis, params } = this;
    return new BlockExecution({ genesis, params, height: this.height + 1, producer: producer.publicKey, state });
  }

  /** Executes a block of transactions that may all be in it. */
  block(...transactions: readonly Transaction[]): Applied {
    const execution = this.execution(transactions);
    for (const transaction of transactions) {
      const added = execution.add(transaction);
      if (!added.ok) throw new Error(`${added.error.code}: ${added.error.detail}`);
    }
    const applied = execution.finish();
    this.state.write(applied.changes);
    this.height++;
    return applied;
  }

  balance(of: Actor): bigint {
    return this.state.view().account(of.address).balance;
  }

  total(): bigint {
    return actors.reduce((sum, one) => sum + this.balance(one), 0n);
  }
}

export function outcome(applied: Applied, index = 0): ErrorCode | 'applied' | undefined {
  const receipt = applied.receipts[index];
  return (receipt?.code ?? receipt?.status === 'applied') ? (receipt?.code ?? 'applied') : undefined;
}

export const del = (key: string): Operation => ({ type: 'delete', key });
export const get = (key: string): Operation => ({ type: 'get', key });
export const transferKey = (key: string, to: Actor): Operation => ({ type: 'transferKey', key, to: to.address });
export const transfer = (to: Actor, amount: bigint): Operation => ({ type: 'transfer', to: to.address, amount });
export const createMoney = (to: Actor, amount: bigint): Operation => ({ type: 'createMoney', to: to.address, amount });
