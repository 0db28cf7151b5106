/** One cell of the experiments with gets. */
import type { KvchainClient } from '../../daemon/rpc/client.ts';
import type { LoadReport } from '../bench/http-plan.ts';
import { numberIn, type Row } from './experiment.ts';
import { type GetPlan, getCases } from './get-cases.ts';
import { loadAll, onLoadedNetwork } from './loaded-network.ts';
import { networkOf } from './rate-cells.ts';

const warmUpMs = 1_000;
const measuredMs = 5_000;

/** Rates of all daemons together, latencies of the slowest. */
export function runGets(cell: Row): Promise<Row> {
  const getCase = getCases[String(cell.case)];
  if (getCase === undefined) throw new Error(`no case ${cell.case} of gets`);
  return onLoadedNetwork(networkOf(cell), async loaded => {
    const plan = await getCase.plan(loaded);
    // A daemon that was started again has another client.
    const clients = loaded.network.members.flatMap(({ client }) => client ?? []);
    const connections = numberIn(cell, 'clients');
    if (plan.repeats) await load(clients, { plan, connections, durationMs: warmUpMs });
    const [report] = await Promise.all([load(clients, { plan, connections, durationMs: measuredMs }), plan.beside()]);
    const { answers, perSecond, p50, p99 } = report;
    return { answers, perSecond, p50, p99 };
  });
}

interface Load {
  readonly plan: GetPlan;
  readonly connections: number;
  readonly durationMs: number;
}

function load(clients: readonly KvchainClient[], { plan, connections, durationMs }: Load): Promise<LoadReport> {
  const { beside: _, ...asked } = plan;
  return loadAll(clients, connections, () => ({ ...asked, durationMs }));
}
