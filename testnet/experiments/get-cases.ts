/** What is read, and what goes on meanwhile, in each case of the experiments with gets: the usual one, and the worst ones made on purpose. */
import type { PlannedRequest } from '../bench/http-plan.ts';
import { UndoneBlocks } from '../scenarios/undone-blocks.ts';
import { until } from '../until.ts';
import { type LoadedNetwork, submitPuts, untilIncluded } from './loaded-network.ts';

export interface GetPlan {
  readonly requests: readonly PlannedRequest[];
  /** Else every request is made once, and the measurement ends with them. */
  readonly repeats: boolean;
  readonly expectedStatus?: number;
  /** Begun with the measurement; it is waited for. */
  readonly beside: () => Promise<void>;
}

export interface GetCase {
  readonly meaning: string;
  plan(loaded: LoadedNetwork): Promise<GetPlan>;
}

const versions = 30;
/** Keys that are written again and again. */
const rewritten = 100;
/** What is put beside the gets, in transactions that each write one key. */
const putsBeside = 3_000;
/** Both sides of a network that is cut in two grow by so much. */
const blocksApart = 6;
const waitMs = 120_000;

const idle = async (): Promise<void> => {};

export const getCases: Readonly<Record<string, GetCase>> = {
  usual: {
    meaning: 'every key in turn, after a second of warm-up',
    plan: async ({ names }) => ({ requests: names.map(name => read(name)), repeats: true, beside: idle }),
  },
  'no such key': {
    meaning: 'keys that nobody put',
    plan: async ({ names }) => {
      const requests = names.map(name => read(`${name}/none`));
      return { requests, repeats: true, expectedStatus: 404, beside: idle };
    },
  },
  'old version': {
    meaning: `keys as they were at a past height, each with ${versions} later versions`,
    plan: async loaded => {
      const height = await rewrite(loaded);
      const requests = loaded.names.slice(0, rewritten).map(name => read(name, `?at=${height}`));
      return { requests, repeats: true, beside: idle };
    },
  },
  'cold cache': {
    meaning:
      'each key once, from a daemon that was started a moment ago (its own caches are empty; the files may be in those of the system)',
    plan: async ({ network, names }) => {
      await network.restart(0);
      return { requests: names.map(name => read(name)), repeats: false, beside: idle };
    },
  },
  'beside puts': {
    meaning: `every key in turn while ${putsBeside} puts of others are submitted and included`,
    plan: async loaded => ({
      requests: loaded.names.map(name => read(name)),
      repeats: true,
      beside: () => putOthers(loaded, 0),
    }),
  },
  reorg: {
    meaning: 'every key in turn while two halves of the network, both with blocks of puts, become one again',
    plan: async loaded => {
      await growApart(loaded);
      return { requests: loaded.names.map(name => read(name)), repeats: true, beside: () => healAndSeeReorg(loaded) };
    },
  },
};

export function read(name: string, query = ''): PlannedRequest {
  return { method: 'GET', path: `/v1/kv/${encodeURIComponent(name)}${query}` };
}

/** Writes the first keys again, a block after the other; gives the height at which they had their first value. */
async function rewrite({ clients, signer }: LoadedNetwork): Promise<number> {
  const [client] = clients;
  const standing = await client?.call('chain_status', {});
  for (let version = 0; version < versions; version++) {
    await client?.submit(signer.put(0, { first: 0, count: rewritten }));
  }
  return standing?.height ?? 0;
}

/** Submits puts to one daemon; resolves when they are included there. */
async function putOthers({ clients, putters }: LoadedNetwork, node: number): Promise<void> {
  const [client, putter] = [clients[node], putters[node]];
  if (client === undefined || putter === undefined) throw new Error(`no daemon ${node}`);
  await submitPuts(client, putter, putsBeside);
  await untilIncluded([client]);
}

/** Cuts the first daemon, which has less hash power, off from the others, and lets both sides grow with puts of its own. */
export async function growApart(loaded: LoadedNetwork): Promise<void> {
  const { network, clients } = loaded;
  const others = clients.map((_, index) => index).slice(1);
  const heights = () => Promise.all(clients.map(async client => (await client.call('chain_status', {})).height));
  const common = Math.max(...(await heights()));
  await network.partition([[0], others]);
  await putOthers(loaded, 0);
  await putOthers(loaded, 1);
  await until('both sides to grow', waitMs, async () => Math.min(...(await heights())) >= common + blocksApart);
}

/** Joins the two sides; resolves when one of them has undone its branch. */
export async function healAndSeeReorg({ network, clients }: LoadedNetwork): Promise<void> {
  const undone = clients.map(client => new UndoneBlocks(client));
  try {
    await network.heal();
    await until('a reorganisation', waitMs, async () => undone.some(({ depth }) => depth > 0));
  } finally {
    await Promise.all(undone.map(watch => watch.stop()));
  }
}
