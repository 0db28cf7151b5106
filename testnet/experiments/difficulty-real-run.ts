/** Difficulty on real daemons, which try real nonces at the rate that they are given: intervals by the times of the headers. */
import type { KvchainClient } from '../../daemon/rpc/client.ts';
import { planOf } from '../networks/network-file.ts';
import { comeToRest } from '../scenarios/at-rest.ts';
import { clientOf, inLaboratory } from '../scenarios/laboratory.ts';
import { until } from '../until.ts';

const headersAtOnce = 500;
/** How much longer than expected a run may take. */
const patience = 4;
const restMs = 60_000;

export interface RealMining {
  readonly engine: string;
  readonly nodes: number;
  readonly targetMs: number;
  /** Leading zero bits that stay; null: they follow the interval. */
  readonly bits: number | null;
  /** Trials a second of all daemons together, and by what it is multiplied after `changeAt` blocks. */
  readonly hashRate: number;
  readonly factor: number;
  readonly changeAt: number;
  readonly height: number;
}

export interface RealChain {
  /** Of the headers from height 1 on. */
  readonly times: readonly number[];
  readonly orphans: number;
  readonly reorgDepthMax: number;
  /** log2 of the trials that the next block needs. */
  readonly finalBits: number;
}

export function mineReally(mining: RealMining): Promise<RealChain> {
  const { engine, nodes: count, targetMs, bits, hashRate, factor } = mining;
  const each = Math.round(hashRate / count);
  const nodes = Array.from({ length: count }, () => ({ hashRate: each }));
  const plan = planOf({ name: 'difficulty', engine, intervalMs: Math.max(250, targetMs), difficulty: bits, nodes });
  return inLaboratory(plan, async network => {
    const clients = network.members.map(({ index }) => clientOf(network, index));
    await untilHeight(clients, mining.changeAt, mining);
    if (factor !== 1) {
      await Promise.all(clients.map(client => client.call('miner_start', { threads: 1, rate: each * factor })));
    }
    await untilHeight(clients, mining.height, mining);
    return chainOf(clients);
  });
}

async function untilHeight(clients: readonly KvchainClient[], height: number, { targetMs }: RealMining): Promise<void> {
  const [client] = clients;
  await until(`block ${height}`, restMs + patience * height * targetMs, async () => {
    const standing = await client?.call('chain_status', {});
    return standing !== undefined && standing.height >= height;
  });
}

/** What they mined, once all have come to rest. */
async function chainOf(clients: readonly KvchainClient[]): Promise<RealChain> {
  const [first] = clients;
  if (first === undefined) throw new Error('a network without daemons');
  const [standing] = await comeToRest(clients, []);
  const miners = await Promise.all(clients.map(client => client.call('miner_status', {})));
  const found = miners.reduce((sum, { blocksFound }) => sum + blocksFound, 0);
  const times = await timesOf(first);
  const depths = await Promise.all(clients.map(deepestReorg));
  return {
    times,
    orphans: found - (standing?.height ?? 0),
    reorgDepthMax: Math.max(...depths),
    finalBits: miners[0]?.difficultyBits ?? 0,
  };
}

async function timesOf(client: KvchainClient): Promise<readonly number[]> {
  const times: number[] = [];
  for (;;) {
    const { headers } = await client.call('chain_getHeaders', { from: times.length + 1, limit: headersAtOnce });
    if (headers.length === 0) return times;
    times.push(...headers.map(({ time }) => time));
  }
}

/** The bucket of its metric in which the deepest reorganisation lies, by its upper bound; up to 4 that is the depth itself. */
async function deepestReorg({ url }: KvchainClient): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const buckets = [...text.matchAll(/^kvchain_chain_reorg_depth_blocks_bucket\{le="([\d.]+)"\} (\d+)$/gm)];
  const counts = buckets.map(([, bound, count]) => ({ bound: Number(bound), count: Number(count) }));
  const all = counts.at(-1)?.count ?? 0;
  return all === 0 ? 0 : (counts.find(({ count }) => count === all)?.bound ?? 0);
}
