/** What the servers of a classroom hold after a scenario: whether it is the same, whether anything stands there twice, and what is wrong with it. */
import type { KvchainClient, ResultOf } from '../../daemon/rpc/client.ts';
import type { RunningNetwork } from '../networks/network.ts';
import { until } from '../until.ts';

/** Of a classroom. */
export const servers = 5;
/** More blocks than all scenarios make, and keys. */
const pageMax = 1_000;
const agreeMs = 60_000;

export interface ScenarioRow {
  readonly scenario: string;
  /** Servers whose chain was the longest one before anything was mended. */
  readonly blocksEqualOn: number;
  /** Servers with one chain at the end. */
  readonly afterHealEqualOn: number;
  readonly kvEqual: boolean;
  /** Operations that stand on the chain more than once. */
  readonly duplicates: number;
  readonly linearizable: boolean;
}

export interface Standing {
  /** Hashes of the blocks, from depth 1 on. */
  readonly blocks: readonly string[];
  /** Ids of the transactions in them, in order. */
  readonly operations: readonly string[];
  readonly store: string;
}

/** What is wrong with a row, in sentences; none when all is as it must be. */
export function faultsOf({
  scenario,
  afterHealEqualOn,
  kvEqual,
  duplicates,
  linearizable,
}: ScenarioRow): readonly string[] {
  const faults = [
    afterHealEqualOn === servers ? null : `${afterHealEqualOn} of ${servers} servers have one chain at the end`,
    kvEqual ? null : 'the dictionaries of the servers differ',
    duplicates === 0 ? null : `${duplicates} operations stand on the chain more than once`,
    linearizable ? null : 'no order of the operations explains what the clients were told',
  ];
  return faults.filter(fault => fault !== null).map(fault => `${scenario}: ${fault}`);
}

/** How many of the running servers hold the longest chain of all. */
export async function equalNow(network: RunningNetwork): Promise<number> {
  const chains = (await Promise.all(clientsOf(network).map(blocksOf))).map(blocks => blocks.join());
  const longest = chains.reduce((best, chain) => (chain.length > best.length ? chain : best), '');
  return chains.filter(chain => chain === longest).length;
}

/** The standings of all running servers once their chains are one. Error thrown: TIMED_OUT. */
export async function standingsAtOneHead(network: RunningNetwork): Promise<readonly Standing[]> {
  const clients = clientsOf(network);
  return until('one chain on all servers', agreeMs, async () => {
    const standings = await Promise.all(clients.map(standingOf));
    return new Set(standings.map(({ blocks }) => blocks.join())).size === 1 ? standings : null;
  });
}

/** Operations that stand on a chain more than once. */
export function duplicatesIn({ operations }: Standing): number {
  return operations.length - new Set(operations).size;
}

function clientsOf({ members }: RunningNetwork): readonly KvchainClient[] {
  return members.flatMap(({ client }) => client ?? []);
}

async function blocksOf(client: KvchainClient): Promise<readonly string[]> {
  const { headers } = await client.call('chain_getHeaders', { from: 1, limit: pageMax });
  return headers.map(({ hash }) => hash);
}

/** What this server holds. Error thrown: also when it lacks one of its own blocks. */
export async function standingOf(client: KvchainClient): Promise<Standing> {
  const blocks = await blocksOf(client);
  const operations: string[] = [];
  for (let at = 0; at < blocks.length; at += batchMax) {
    const calls = blocks
      .slice(at, at + batchMax)
      .map(id => ({ method: 'chain_getBlock' as const, params: { id, detail: 'ids' as const } }));
    for (const answer of await client.batch(calls)) {
      if (!answer.ok) throw answer.error;
      operations.push(...answer.value.transactionIds);
    }
  }
  const page: ResultOf<'kv_scan'> = await client.call('kv_scan', { prefix: '', limit: pageMax });
  const store = JSON.stringify(page.items.map(({ key, value, version }) => [key, value, version]));
  return { blocks, operations, store };
}

/** Calls in one request. */
const batchMax = 100;
