/**
 * kvchain with the engine `paxos` beside etcd, 3 and 5 members of each on this machine, one after the other in the same run: how many puts
 * and gets a second, how long one takes, and how long there is no service after the leader was killed. kvchain's puts are signed, executed
 * under a state root and linked by hashes; etcd's are not.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { EtcdCluster } from './etcd.ts';
import { type Effort, type Figure, figure, median } from './figure.ts';
import { inFolder } from './folder.ts';
import { type LoadReport, type PlannedRequest, runLoad } from './http-plan.ts';
import { PaxosNetwork } from './paxos-network.ts';
import { loadPuts } from './put-load.ts';
import type { GetMode, ReplicatedStore } from './replicated-store.ts';

const membersCounts = [3, 5];
const valueBytes = 100;
const clients = 64;
/** Of those that the first load has put. */
const keysReadMax = 200;
/** A client that lost its leader asks every member that is left, so often. */
const askAgainMs = 20;
const serviceMs = 30_000;
/** After a member came back, before the next leader is killed. */
const settleMs = 2_000;

interface Plan {
  readonly durationMs: number;
  readonly failovers: number;
}

interface Measured {
  readonly one: LoadReport;
  readonly many: LoadReport;
  readonly cpuPerPut: number;
  readonly gets: Readonly<Record<GetMode, LoadReport>>;
  readonly failoverMs: number;
}

export async function benchPaxosEtcd(effort: Effort): Promise<readonly Figure[]> {
  const plan = effort === 'full' ? { durationMs: 4_000, failovers: 7 } : { durationMs: 1_500, failovers: 1 };
  const figures: Figure[] = [];
  for (const count of membersCounts) {
    const etcd = await withStore(
      folder => EtcdCluster.start(count, folder),
      store => measure(store, plan),
    );
    const ours = await withStore(
      folder => PaxosNetwork.start(count, folder),
      store => measure(store, plan),
    );
    const strict = await withStore(
      folder => PaxosNetwork.start(count, folder, 1),
      store => load(store, clients, plan),
    );
    figures.push(...compare(`${count} members`, { etcd, ours, strict }));
  }
  return figures;
}

function withStore<S extends ReplicatedStore, T>(
  start: (folder: string) => Promise<S>,
  work: (store: S) => Promise<T>,
): Promise<T> {
  return inFolder(async folder => {
    const store = await start(folder);
    try {
      return await work(store);
    } finally {
      await store.stop();
    }
  });
}

async function measure(store: ReplicatedStore, plan: Plan): Promise<Measured> {
  // The first second of a process is that of its compiler.
  const first = await load(store, clients, plan);
  // Of the last keys some were under way when it ended.
  const keys = Math.min(keysReadMax, Math.max(1, first.answers - clients));
  const one = await load(store, 1, plan);
  const before = store.cpuMicroseconds();
  const many = await load(store, clients, plan);
  const cpuPerPut = (store.cpuMicroseconds() - before) / many.answers;
  const local = await loadGets(store, 'local', keys, plan);
  const linearizable = await loadGets(store, 'linearizable', keys, plan);
  const failovers: number[] = [];
  for (let round = 0; round < plan.failovers; round++) failovers.push(await failover(store));
  return { one, many, cpuPerPut, gets: { local, linearizable }, failoverMs: median(failovers) };
}

/** Puts at the leader, each connection one after the other. */
function load(store: ReplicatedStore, connections: number, { durationMs }: Plan): Promise<LoadReport> {
  return loadPuts(store, { connections, durationMs, valueBytes });
}

async function loadGets(
  store: ReplicatedStore,
  mode: GetMode,
  keys: number,
  { durationMs }: Plan,
): Promise<LoadReport> {
  const requests = store.gets(keys, mode);
  return runLoad({ url: await store.leaderUrl(), connections: clients, durationMs, requests, repeats: true });
}

/** Milliseconds from the death of the leader until a put is acknowledged again. The one that died comes back afterwards. */
async function failover(store: ReplicatedStore): Promise<number> {
  const [put] = store.puts(1, valueBytes);
  if (put === undefined) throw new Error('no put to give');
  const urls = await store.killLeader();
  const began = performance.now();
  await firstAnswer(urls, put);
  const tookMs = performance.now() - began;
  await store.restartKilled();
  await pause(settleMs);
  return tookMs;
}

async function firstAnswer(urls: readonly string[], put: PlannedRequest): Promise<void> {
  const answered = new AbortController();
  const signal = AbortSignal.any([answered.signal, AbortSignal.timeout(serviceMs)]);
  while (!signal.aborted) {
    for (const url of urls) {
      // A refusal is an answer, too: it does not reject.
      void ask(url, put, signal).then(isDone => {
        if (isDone) answered.abort();
      });
    }
    await pause(askAgainMs, undefined, { signal }).catch(() => {});
  }
  if (!answered.signal.aborted)
    throw new Error(`no put was acknowledged for ${serviceMs} ms after the leader was killed`);
}

async function ask(url: string, { method, path, body }: PlannedRequest, signal: AbortSignal): Promise<boolean> {
  try {
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${url}${path}`, { method, body: body ?? null, headers, signal });
    await answer.arrayBuffer();
    return answer.ok;
  } catch {
    return false;
  }
}

interface Compared {
  readonly etcd: Measured;
  readonly ours: Measured;
  readonly strict: LoadReport;
}

function compare(of: string, { etcd, ours, strict }: Compared): readonly Figure[] {
  const rate = (name: string, value: LoadReport, reference: LoadReport, goal: number): Figure =>
    figure({
      name: `${of}, ${name} at ${clients} clients`,
      value: value.perSecond,
      unit: 'requests/s',
      reference: { name: 'etcd', value: reference.perSecond },
      rule: 'ratio at least',
      goal,
    });
  return [
    rate('puts', ours.many, etcd.many, 1),
    rate('puts in blocks of one', strict, etcd.many, 0.05),
    rate('local gets', ours.gets.local, etcd.gets.local, 1),
    rate('linearizable gets', ours.gets.linearizable, etcd.gets.linearizable, 1),
    figure({
      name: `${of}, CPU of all members for a put`,
      value: ours.cpuPerPut,
      unit: 'us',
      reference: { name: 'etcd', value: etcd.cpuPerPut },
      rule: 'ratio at most',
      goal: 4,
    }),
    figure({
      name: `${of}, a put at one client, p50`,
      value: ours.one.p50,
      unit: 'ms',
      reference: { name: 'etcd', value: etcd.one.p50 },
      rule: 'value at most',
      goal: 3,
    }),
    figure({
      name: `${of}, no service after the leader is killed, median`,
      value: ours.failoverMs,
      unit: 'ms',
      reference: { name: 'etcd', value: etcd.failoverMs },
      rule: 'value at most',
      goal: 700,
    }),
  ];
}
