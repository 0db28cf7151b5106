/** What is put, and what is done before and meanwhile, in each case of the experiments with puts: the usual one, the best and the worst ones. */
import type { Transaction } from '../../chain/transaction.ts';
import type { LoadSigner } from '../bench/load-signer.ts';
import { growApart, healAndSeeReorg } from './get-cases.ts';
import { type LoadedNetwork, submitPuts } from './loaded-network.ts';
import { intervalMs } from './rate-cells.ts';

export interface PutCase {
  readonly meaning: string;
  /** Of one transaction. */
  readonly putsEach: number;
  /** Before the measurement. */
  prepare(loaded: LoadedNetwork): Promise<void>;
  /** Begun with the measurement; it is waited for. */
  beside(loaded: LoadedNetwork): Promise<void>;
  /** The `number`-th transaction of a hand that has this account. */
  put(signer: LoadSigner, order: PutOrder): Transaction;
}

export interface PutOrder {
  readonly account: number;
  readonly number: number;
  readonly valueBytes: number;
}

/** In the mempool before the first put of the measurement. */
const waiting = 20_000;
const manyPuts = 100;
/** Keys of one account that are written again and again. */
const rewritten = 10;

const nothing = async (): Promise<void> => {};
const newKey = (signer: LoadSigner, { account, number, valueBytes }: PutOrder) =>
  signer.put(account, { first: number, count: 1, valueBytes });
const usual = { putsEach: 1, prepare: nothing, beside: nothing, put: newKey };

export const putCases: Readonly<Record<string, PutCase>> = {
  usual: { ...usual, meaning: 'a new key in each transaction' },
  'many in one': {
    ...usual,
    meaning: `${manyPuts} new keys in each transaction: the best case`,
    putsEach: manyPuts,
    put: (signer, { account, number, valueBytes }) =>
      signer.put(account, { first: number * manyPuts, count: manyPuts, valueBytes }),
  },
  'same keys': {
    ...usual,
    meaning: `each sender writes its ${rewritten} keys again and again, so that their histories grow`,
    put: (signer, { account, number, valueBytes }) =>
      signer.put(account, { first: number % rewritten, count: 1, valueBytes }),
  },
  'full mempool': {
    ...usual,
    meaning: `${waiting.toLocaleString('en')} transactions of others wait already when the first is submitted`,
    prepare: fillMempool,
    beside: async ({ clients }) => {
      const status = await clients[0]?.call('chain_status', {});
      // Where members make the blocks nothing was stopped.
      if (status?.engine !== 'paxos') await clients[0]?.call('miner_start', {});
    },
  },
  reorg: {
    ...usual,
    meaning: 'two halves of the network, both with blocks of puts, become one again meanwhile',
    prepare: growApart,
    beside: healAndSeeReorg,
  },
};

/** The only daemon does not mine any more, and holds puts of others. */
async function fillMempool({ clients, signer }: LoadedNetwork): Promise<void> {
  const [client] = clients;
  if (client === undefined) throw new Error('a network without daemons');
  await client.call('miner_stop', {});
  await submitPuts(client, signer, waiting);
}

/** What theory says of the wait for the next block: the percentile of an exponential distribution whose mean is the interval. */
export function waitForBlockMs(share: number): number {
  return -Math.log(1 - share) * intervalMs;
}
