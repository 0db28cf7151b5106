/** One cell of the experiments with puts. */
import { percentilesOf } from '../demo/percentiles.ts';
import { numberIn, type Row } from './experiment.ts';
import { type LoadedNetwork, loadAll, onLoadedNetwork, submission, untilIncluded } from './loaded-network.ts';
import { type PutCase, putCases } from './put-cases.ts';
import { networkOf } from './rate-cells.ts';

const submittingMs = 8_000;
/** Signed beforehand: more than a daemon takes in this time, and no more than fit in the memory of the load. */
const signedMax = 24_000;
const signedBytesMax = 50_000_000;
/** Beside the values of a transaction, about. */
const overheadBytes = 200;
/** Senders of a daemon's puts. */
const senders = 50;
const watchedMs = 30_000;

/** As many as the daemons take, for eight seconds; measured is until all are included. */
export function runPutRate(cell: Row): Promise<Row> {
  const putCase = caseOf(cell);
  return onLoadedNetwork(networkOf(cell), async loaded => {
    await putCase.prepare(loaded);
    const valueBytes = numberIn(cell, 'valueBytes');
    const bytes = overheadBytes + putCase.putsEach * valueBytes;
    const count = Math.floor(Math.min(signedMax, signedBytesMax / bytes) / loaded.clients.length);
    const requests = loaded.putters.map(putter =>
      Array.from({ length: count }, (_, index) => {
        const number = Math.floor(index / senders);
        return submission(putCase.put(putter, { account: index % senders, number, valueBytes }));
      }),
    );
    const [report] = await Promise.all([
      loadAll(loaded.clients, numberIn(cell, 'clients'), node => ({
        durationMs: submittingMs,
        requests: requests[node] ?? [],
        repeats: false,
      })),
      putCase.beside(loaded),
    ]);
    await untilIncluded(loaded.clients);
    const puts = report.answers * putCase.putsEach;
    const perSecond = (1_000 * puts) / (Date.now() - report.beganAt);
    return {
      puts,
      perSecond,
      acceptedPerSecond: report.perSecond * putCase.putsEach,
      p50: report.p50,
      p99: report.p99,
    };
  });
}

/** Each client puts one after the other and waits until a block holds it, for thirty seconds. */
export function runPutLatency(cell: Row): Promise<Row> {
  const putCase = caseOf(cell);
  return onLoadedNetwork(networkOf(cell), async loaded => {
    await putCase.prepare(loaded);
    const valueBytes = numberIn(cell, 'valueBytes');
    const endMs = performance.now() + watchedMs;
    const hands = Array.from({ length: numberIn(cell, 'clients') }, (_, account) =>
      putUntil(loaded, { putCase, account, valueBytes, endMs }),
    );
    const [latencies] = await Promise.all([Promise.all(hands), putCase.beside(loaded)]);
    const all = latencies.flat();
    if (all.length === 0) throw new Error('no put was included while they were watched');
    const sorted = all.toSorted((a, b) => a - b);
    const p90 = sorted[Math.ceil(0.9 * sorted.length) - 1] ?? 0;
    return { puts: all.length * putCase.putsEach, p50: percentilesOf(all).p50, p90, max: Math.max(...all) };
  });
}

export interface Hand {
  readonly putCase: PutCase;
  readonly account: number;
  readonly valueBytes: number;
  readonly endMs: number;
}

/** Gives the milliseconds of each put. The hands are shared among the daemons. */
export async function putUntil({ clients, putters }: LoadedNetwork, hand: Hand): Promise<readonly number[]> {
  const { putCase, account, valueBytes, endMs } = hand;
  const node = account % clients.length;
  const [client, putter] = [clients[node], putters[node]];
  if (client === undefined || putter === undefined) throw new Error(`no daemon ${node}`);
  const latencies: number[] = [];
  for (let number = 0; performance.now() < endMs; number++) {
    const transaction = putCase.put(putter, { account, number, valueBytes });
    const beganMs = performance.now();
    await client.submit(transaction);
    latencies.push(performance.now() - beganMs);
  }
  return latencies;
}

function caseOf(cell: Row): PutCase {
  const putCase = putCases[String(cell.case)];
  if (putCase === undefined) throw new Error(`no case ${cell.case} of puts`);
  return putCase;
}
