/**
 * A network of real daemons for an experiment with rates: it mines, holds keys that were put in the ordinary way, and is asked by
 * processes of their own.
 */
import { toHex } from '../../chain/bytes.ts';
import type { Transaction } from '../../chain/transaction.ts';
import { readGenesis } from '../../daemon/data-folder.ts';
import type { KvchainClient } from '../../daemon/rpc/client.ts';
import { type LoadPlan, type LoadReport, runLoad } from '../bench/http-plan.ts';
import { LoadSigner } from '../bench/load-signer.ts';
import type { RunningNetwork } from '../networks/network.ts';
import { planOf } from '../networks/network-file.ts';
import { clientOf, inLaboratory, untilOneHead } from '../scenarios/laboratory.ts';
import { until } from '../until.ts';

/** Of all daemons together: little, so that the cores are there for the calls. */
const hashRate = 4_000;
const accounts = 100;
const settleMs = 120_000;
/** In one call. */
const putsAtOnce = 250;
/** Of a transaction that fills the network. */
const fillOperations = 1_000;
const fillBytes = 200_000;
/** Beside its value, at most. */
const operationBytes = 64;

export interface NetworkOrder {
  readonly engine: string;
  readonly nodes: number;
  readonly intervalMs: number;
  /** Put before the work begins. */
  readonly keys: number;
  readonly valueBytes: number;
}

export interface LoadedNetwork {
  readonly network: RunningNetwork;
  readonly clients: readonly KvchainClient[];
  /** Of the keys. */
  readonly signer: LoadSigner;
  /** Of what is put at each daemon during the experiment: no two depend on each other. */
  readonly putters: readonly LoadSigner[];
  /** The names of the keys that were put. */
  readonly names: readonly string[];
}

/** Runs `work` on a network as it was ordered. */
export async function onLoadedNetwork<T>(order: NetworkOrder, work: (loaded: LoadedNetwork) => Promise<T>): Promise<T> {
  const { engine, nodes: count, intervalMs } = order;
  // Unequal, so that one branch of a network that was cut in two is the heavier one.
  const shares = count === 1 ? [1] : [0.4, ...Array.from({ length: count - 1 }, () => 0.6 / (count - 1))];
  const nodes = shares.map(share => ({
    hashRate: Math.round(share * hashRate),
    flags: ['--rpc-rate', '1000000', '--log-level', 'warn'],
  }));
  return inLaboratory(planOf({ name: 'rates', engine, intervalMs, nodes }), async network => {
    const clients = network.members.map(({ index }) => clientOf(network, index));
    await untilOneHead(clients);
    const genesis = await readGenesis(network.member(0).dataDir);
    const signer = new LoadSigner(genesis, accounts);
    const putters = clients.map((_, index) => new LoadSigner(genesis, accounts, index + 1));
    const loaded = { network, clients, signer, putters, names: [] };
    return work({ ...loaded, names: await fill(loaded, order) });
  });
}

/** Puts the keys, as many in a transaction as fit; gives their names once all daemons have them. */
async function fill(
  { clients, signer }: LoadedNetwork,
  { keys, valueBytes }: NetworkOrder,
): Promise<readonly string[]> {
  const [client] = clients;
  const each = Math.max(1, Math.min(fillOperations, Math.floor(fillBytes / (valueBytes + operationBytes))));
  const names: string[] = [];
  for (let first = 0; first < keys; first += each) {
    const count = Math.min(each, keys - first);
    await client?.call('tx_submit', { transaction: toHex(signer.put(first, { first, count, valueBytes }).bytes) });
    for (let key = first; key < first + count; key++) names.push(signer.keyName(first, key));
  }
  await untilIncluded(clients);
  return names;
}

/** Resolves when no transaction waits anywhere. Error thrown: TIMED_OUT. */
export async function untilIncluded(clients: readonly KvchainClient[]): Promise<void> {
  await until('all transactions to be included', settleMs, async () => {
    const pools = await Promise.all(clients.map(client => client.call('mempool_info', {})));
    return pools.every(({ transactions }) => transactions === 0);
  });
}

/** Puts so many keys, a key in a transaction; resolves when they are in the daemon's mempool. */
export async function submitPuts(client: KvchainClient, signer: LoadSigner, count: number): Promise<void> {
  for (let put = 0; put < count; put += putsAtOnce) {
    await client.submitMany(signer.puts(Math.min(putsAtOnce, count - put)), { timeoutMs: 30_000 });
  }
}

/** The request that submits one transaction. */
export function submission(transaction: Transaction): LoadPlan['requests'][number] {
  return { method: 'POST', path: '/v1/transactions', body: JSON.stringify({ transaction: toHex(transaction.bytes) }) };
}

/** The same load on every daemon at once, the connections shared among them; rates are added, latencies those of the slowest. */
export async function loadAll(
  clients: readonly KvchainClient[],
  connections: number,
  plan: (node: number) => Omit<LoadPlan, 'url' | 'connections'>,
): Promise<LoadReport> {
  const each = Math.max(1, Math.round(connections / clients.length));
  const reports = await Promise.all(clients.map(({ url }, node) => runLoad({ ...plan(node), url, connections: each })));
  const sum = (read: (report: LoadReport) => number) => reports.reduce((total, report) => total + read(report), 0);
  return {
    answers: sum(({ answers }) => answers),
    beganAt: Math.min(...reports.map(({ beganAt }) => beganAt)),
    perSecond: sum(({ perSecond }) => perSecond),
    p50: Math.max(...reports.map(({ p50 }) => p50)),
    p99: Math.max(...reports.map(({ p99 }) => p99)),
    answerBytes: sum(({ answerBytes }) => answerBytes) / reports.length,
    cpuShare: sum(({ cpuShare }) => cpuShare),
    firstRefusal: null,
  };
}
