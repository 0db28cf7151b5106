/** One cell of the experiment about scale: the same things measured on a network of so many daemons. */
import { setTimeout as pause } from 'node:timers/promises';
import { percentilesOf } from '../demo/percentiles.ts';
import { comeToRest } from '../scenarios/at-rest.ts';
import { until } from '../until.ts';
import { BlockSpread } from './block-spread.ts';
import { numberIn, type Row } from './experiment.ts';
import { read } from './get-cases.ts';
import { type LoadedNetwork, loadAll, onLoadedNetwork, submission, untilIncluded } from './loaded-network.ts';
import { loopbackTraffic, trafficSince } from './loopback-traffic.ts';
import { putCases } from './put-cases.ts';
import { putUntil } from './put-run.ts';

const keys = 1_000;
const valueBytes = 100;
/** Blocks whose traffic is counted, while few calls are made. */
const countedBlocks = 15;
const quietMs = 120_000;
const lookMs = 500;
const watchedMs = 20_000;
const loadMs = 5_000;
/** Daemons that are loaded at once; more would measure the clients. */
const loadedMax = 4;
const connections = 64;
/** Puts whose traffic is counted. */
const countedPuts = 500;
const hands = 4;
const putsMax = 10_000;

export function runScale(cell: Row): Promise<Row> {
  const order = { engine: String(cell.engine), nodes: numberIn(cell, 'nodes'), keys, valueBytes };
  return onLoadedNetwork({ ...order, intervalMs: numberIn(cell, 'targetMs') }, async loaded => ({
    ...(await traffic(loaded)),
    ...(await blocks(loaded)),
    ...(await rates(loaded)),
    ...(await ending(loaded)),
  }));
}

/** Without puts, and then what puts add to it. */
async function traffic({ clients, putters }: LoadedNetwork): Promise<Row> {
  const [client] = clients;
  const height = async () => (await client?.call('chain_status', {}))?.height ?? 0;
  const [fromHeight, before, quietFromMs] = [await height(), loopbackTraffic(), performance.now()];
  await until('some blocks', quietMs, async () => {
    await pause(lookMs);
    return (await height()) >= fromHeight + countedBlocks;
  });
  const empty = trafficSince(before);
  const tookMs = performance.now() - quietFromMs;
  const [beganMs, beforePuts] = [performance.now(), loopbackTraffic()];
  await client?.submitMany(putters[0]?.puts(countedPuts) ?? [], { timeoutMs: 30_000 });
  await untilIncluded(clients.slice(0, 1));
  const withPuts = trafficSince(beforePuts);
  const expected = (empty.bytes / tookMs) * (performance.now() - beganMs);
  return {
    kilobytesPerBlock: empty.bytes / 1_000 / countedBlocks,
    packetsPerBlock: empty.packets / countedBlocks,
    kilobytesPerPut: (withPuts.bytes - expected) / 1_000 / countedPuts,
  };
}

/** How blocks spread, and how long puts wait for one, while a few clients put. */
async function blocks(loaded: LoadedNetwork): Promise<Row> {
  const { clients } = loaded;
  const spread = new BlockSpread(clients);
  const endMs = performance.now() + watchedMs;
  const putCase = putCases.usual;
  if (putCase === undefined) throw new Error('no usual case of puts');
  const putting = Array.from({ length: hands }, (_, account) =>
    putUntil(loaded, { putCase, account, valueBytes, endMs }),
  );
  let latencies: readonly (readonly number[])[];
  try {
    latencies = await Promise.all(putting);
  } finally {
    await spread.stop();
  }
  return {
    half: percentilesOf(spread.timesTo(0.5)).p50,
    most: percentilesOf(spread.timesTo(0.95)).p50,
    inclusionMs: percentilesOf(latencies.flat()).p50,
  };
}

async function rates({ clients, putters, names }: LoadedNetwork): Promise<Row> {
  const loaded = clients.slice(0, loadedMax);
  const reads = names.map(name => read(name));
  const load = { durationMs: loadMs };
  const gets = await loadAll(loaded, connections, () => ({ ...load, requests: reads, repeats: true }));
  const each = Math.floor(putsMax / loaded.length);
  const puts = putters.slice(0, loadedMax).map(putter => putter.puts(each).map(submission));
  const accepted = await loadAll(loaded, connections, node => ({
    ...load,
    requests: puts[node] ?? [],
    repeats: false,
  }));
  await untilIncluded(clients);
  const putsPerSecond = (1_000 * accepted.answers) / (Date.now() - accepted.beganAt);
  return { getsPerSecond: gets.perSecond, putsPerSecond };
}

/** The blocks that lost, of all that were found. */
async function ending({ clients }: LoadedNetwork): Promise<Row> {
  const standings = await comeToRest(clients, []);
  const found = await Promise.all(clients.map(async client => (await client.call('miner_status', {})).blocksFound));
  const all = found.reduce((sum, each) => sum + each, 0);
  const roots = new Set(standings.map(({ stateRoot }) => stateRoot)).size;
  return { orphanRate: all === 0 ? 0 : (all - (standings[0]?.height ?? 0)) / all, roots };
}
