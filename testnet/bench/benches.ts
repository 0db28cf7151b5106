/** THE table of the benchmarks: name, what is measured, and the function that measures. */
import type { Effort, Figure } from './figure.ts';

export interface Bench {
  readonly meaning: string;
  readonly load: () => Promise<(effort: Effort) => Promise<readonly Figure[]>>;
}

/** In the order in which they run: those of one thread first. */
export const benches: Readonly<Record<string, Bench>> = {
  mining: {
    meaning: 'one mining thread against the bare batch hasher and createHash',
    load: async () => (await import('./mining.ts')).benchMining,
  },
  signatures: {
    meaning: 'signature checks a worker, and what they cost the main thread',
    load: async () => (await import('./signatures.ts')).benchSignatures,
  },
  'state-tree': {
    meaning: 'the state tree at a million keys: updates, rebuild, memory, proofs',
    load: async () => (await import('./state-tree.ts')).benchStateTree,
  },
  import: {
    meaning: 'blocks of 1,000 puts through a whole node, and the event loop under full blocks',
    load: async () => (await import('./import.ts')).benchImport,
  },
  keys: {
    meaning: 'a put and a get at 10^4, 10^5 and 10^6 keys, and a daemon on the million',
    load: async () => (await import('./keys.ts')).benchKeys,
  },
  http: {
    meaning: 'submitting and getting by HTTP',
    load: async () => (await import('./http.ts')).benchHttp,
  },
  sync: {
    meaning: 'a second daemon fetches empty blocks',
    load: async () => (await import('./sync.ts')).benchSync,
  },
  network: {
    meaning: 'four daemons on this machine include transactions for a minute',
    load: async () => (await import('./network.ts')).benchNetwork,
  },
  'paxos-etcd': {
    meaning: 'Multi-Paxos beside etcd, 3 and 5 members: puts, gets, and the time without a leader',
    load: async () => (await import('./paxos-etcd.ts')).benchPaxosEtcd,
  },
  idle: {
    meaning: 'memory of an idle daemon',
    load: async () => (await import('./idle.ts')).benchIdle,
  },
};
