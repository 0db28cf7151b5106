/** A network that comes to rest, and what has become by then of the puts that it acknowledged. */
import type { KvchainClient, TransactionState } from '../../daemon/rpc/client.ts';
import { until } from '../until.ts';
import { untilOneHead } from './laboratory.ts';

const settleMs = 120_000;
/** Calls in one request. */
const callsMax = 100;

/** What was acknowledged, by its transaction. */
export interface Written {
  readonly id: string;
}

/**
 * Waits until nothing of what was acknowledged waits in a mempool, and stops the miners. One goes on until all follow it: two that stop at
 * the same time may leave a tie, which nothing would ever decide. Error thrown: TIMED_OUT.
 */
export async function comeToRest(clients: readonly KvchainClient[], written: readonly Written[]) {
  for (const client of clients) await untilSettled(client, written);
  const [last, ...others] = clients;
  await Promise.all(others.map(client => client.call('miner_stop', {})));
  await untilOneHead(clients);
  // The last of the others' branches may have been undone, and what it held returned.
  if (last !== undefined) await untilSettled(last, written);
  await last?.call('miner_stop', {});
  return untilOneHead(clients);
}

/** Waits for what a reorg returned to be mined again. */
async function untilSettled(client: KvchainClient, written: readonly Written[]): Promise<void> {
  await until('all puts to be on the chain again', settleMs, async () => {
    const standings = await standingsOf(client, written);
    return standings.every(standing => standing?.status !== 'pending');
  });
}

/** How many no daemon has included: their senders let nothing expire and replace nothing, so at rest whatever else became of them is a loss. */
export async function countLost(clients: readonly KvchainClient[], written: readonly Written[]): Promise<number> {
  let missing = written;
  for (const client of clients) {
    const standings = await standingsOf(client, missing);
    missing = missing.filter((_, index) => standings[index]?.status !== 'included');
  }
  return missing.length;
}

type Standing = Pick<TransactionState, 'status'>;

/** Null: the daemon knows nothing of it. */
async function standingsOf(client: KvchainClient, written: readonly Written[]): Promise<readonly (Standing | null)[]> {
  const standings: (Standing | null)[] = [];
  for (let start = 0; start < written.length; start += callsMax) {
    const part = written.slice(start, start + callsMax);
    const answers = await client.batch(part.map(({ id }) => ({ method: 'tx_get' as const, params: { id } })));
    for (const answer of answers) {
      if (!answer.ok && answer.error.code !== 'NOT_FOUND') throw answer.error;
      standings.push(answer.ok ? answer.value : null);
    }
  }
  return standings;
}
