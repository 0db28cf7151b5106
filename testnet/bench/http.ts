/** The API under load: transactions one by one and in batches, and gets, beside a bare server of node:http under the same requests. */
import { toHex } from '../../chain/bytes.ts';
import type { DaemonProcess } from '../daemon-process.ts';
import { BareServer } from './bare-server-process.ts';

import { benchGenesis, ChainMaker } from './chain-maker.ts';
import { type Effort, type Figure, figure, median } from './figure.ts';
import { inFolder } from './folder.ts';
import { type LoadPlan, type LoadReport, type PlannedRequest, runLoad } from './http-plan.ts';
import { ImportingNode } from './importing-node.ts';
import { LoadSigner } from './load-signer.ts';
import { startDaemon } from './started-daemon.ts';

const accounts = 100;
const keys = 10_000;
const connections = 64;
/** Transactions in one request; hexadecimal of 1,000 would be near the limit of a request. */
const batchSize = 500;
/** Batches on their way at a time. */
const batchConnections = 4;

interface Compared {
  readonly ours: LoadReport;
  readonly bare: LoadReport;
}

export async function benchHttp(effort: Effort): Promise<readonly Figure[]> {
  const rounds = effort === 'full' ? 3 : 1;
  const durationMs = effort === 'full' ? 4_000 : 1_000;
  return inFolder(async folder => {
    const genesis = benchGenesis('http');
    const signer = new LoadSigner(genesis, accounts);
    const maker = await ChainMaker.create(genesis, `${folder}/maker`);
    for (let written = 0; written < keys; written += 1_000) await maker.grow(signer.puts(1_000));
    const importing = await ImportingNode.open(`${folder}/node`, maker);
    await importing.catchUp(maker.height);
    await importing.close();
    await maker.close();
    const daemon = await startDaemon({ dataDir: `${folder}/node`, genesis });
    const bare = await BareServer.start();
    try {
      const names = Array.from({ length: keys }, (_, index) => signer.keyName(index, index));
      const servers = { daemon, bare, rounds };
      return [
        ...(await benchGets(servers, { names, durationMs })),
        ...(await benchSubmits(servers, { signer, singles: 2 * durationMs, batches: (2 * durationMs) / 100 })),
      ];
    } finally {
      await bare.stop();
      await daemon.stop();
    }
  });
}

interface Servers {
  readonly daemon: DaemonProcess;
  readonly bare: BareServer;
  readonly rounds: number;
}

async function benchGets(
  servers: Servers,
  { names, durationMs }: { readonly names: readonly string[]; readonly durationMs: number },
): Promise<readonly Figure[]> {
  const requests = names.map(name => ({ method: 'GET', path: `/v1/kv/${encodeURIComponent(name)}` }) as const);
  const plan = (each: number) => ({ connections: each, durationMs, requests: () => requests, repeats: true });
  const many = await compare(servers, plan(connections));
  const one = await compare(servers, plan(1));
  return [
    rate(`get by HTTP at ${connections} connections`, many, { calls: 1, goal: 10_000 }),
    latency(`get by HTTP at ${connections} connections, p99`, many, { of: 'p99', goal: 10 }),
    latency('get by HTTP at one connection, p50', one, { of: 'p50', goal: 0.15 }),
    loadCost('load of the gets, of one core', many),
  ];
}

async function benchSubmits(
  servers: Servers,
  { signer, singles, batches }: { readonly signer: LoadSigner; readonly singles: number; readonly batches: number },
): Promise<readonly Figure[]> {
  const single = await compare(servers, {
    connections,
    durationMs: 60_000,
    repeats: false,
    // A sender's transactions may overtake each other on 64 connections: they wait in the mempool, which is part of its work.
    requests: () => signer.puts(singles).map(transaction => submit({ transaction: toHex(transaction.bytes) })),
  });
  const batched = await compare(servers, {
    connections: batchConnections,
    durationMs: 60_000,
    repeats: false,
    requests: () =>
      Array.from({ length: batches }, () =>
        submit({ transactions: signer.puts(batchSize).map(transaction => toHex(transaction.bytes)) }),
      ),
    refusal: '"error"',
  });
  return [
    rate('submit by HTTP, one by one', single, { calls: 1, goal: 4_000 }),
    rate(`submit by HTTP, in batches of ${batchSize}`, batched, { calls: batchSize, goal: 10_000 }),
    loadCost('load of the submits, of one core', single),
  ];
}

function submit(body: unknown): PlannedRequest {
  return { method: 'POST', path: '/v1/transactions', body: JSON.stringify(body) };
}

type ComparedPlan = Omit<LoadPlan, 'url' | 'requests'> & { readonly requests: () => readonly PlannedRequest[] };

/** The same load on the daemon and on the bare server, in turns. */
async function compare({ daemon, bare, rounds }: Servers, plan: ComparedPlan): Promise<readonly Compared[]> {
  const found: Compared[] = [];
  for (let round = 0; round < rounds; round++) {
    const requests = plan.requests();
    const ours = await runLoad({ ...plan, requests, url: daemon.client.url });
    const headers = { 'x-answer-bytes': String(Math.round(ours.answerBytes)) };
    const { refusal: _, ...harmless } = plan;
    const same = requests.map(request => ({ ...request, headers }));
    found.push({ ours, bare: await runLoad({ ...harmless, requests: same, url: bare.url }) });
  }
  return found;
}

const bareName = 'node:http alone with the same requests and answers';

function rate(
  name: string,
  found: readonly Compared[],
  { calls, goal }: { readonly calls: number; readonly goal: number },
): Figure {
  return figure({
    name,
    value: calls * median(found.map(({ ours }) => ours.perSecond)),
    unit: calls === 1 ? 'requests/s' : 'transactions/s',
    reference: { name: bareName, value: calls * median(found.map(({ bare }) => bare.perSecond)) },
    rule: 'value at least',
    goal,
  });
}

function latency(
  name: string,
  found: readonly Compared[],
  { of, goal }: { readonly of: 'p50' | 'p99'; readonly goal: number },
): Figure {
  return figure({
    name,
    value: median(found.map(({ ours }) => ours[of])),
    unit: 'ms',
    reference: { name: bareName, value: median(found.map(({ bare }) => bare[of])) },
    rule: 'value at most',
    goal,
  });
}

/** The load has a core of its own as long as it uses less than one: then it is the server that is measured. */
function loadCost(name: string, found: readonly Compared[]): Figure {
  return figure({
    name,
    value: median(found.map(({ ours }) => ours.cpuShare)),
    unit: 'cores',
    reference: { name: 'when node:http alone answers', value: median(found.map(({ bare }) => bare.cpuShare)) },
    rule: 'value at most',
    goal: 0.9,
  });
}
