/** Every metric of the daemon, declared once: kvchain_<part>_<thing>_<unit>. daemon/metrics.ts makes them, docs/reference/metrics.md lists them. */

export interface MetricRow {
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: readonly string[];
  /** Upper bounds of a histogram's buckets. */
  readonly buckets?: readonly number[];
}

const latencies = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25];

export const metricTable = {
  kvchain_chain_height_blocks: row('gauge', 'Height of the head.'),
  kvchain_chain_target_height_blocks: row('gauge', 'Height of the heaviest header known.'),
  kvchain_chain_syncing_state: row('gauge', '1 while bodies of a heavier chain are missing, else 0.'),
  kvchain_chain_blocks_total: row('counter', 'Blocks that the ledger applied or undid.', ['change']),
  kvchain_chain_stale_blocks: row(
    'gauge',
    'Good blocks in memory that lost: undone, or never adopted. Many of them tell of races, or of withheld blocks.',
  ),
  kvchain_chain_transactions_total: row('counter', 'Transactions in applied blocks.'),
  kvchain_chain_reorg_depth_blocks: {
    kind: 'histogram',
    help: 'Blocks undone by one switch to another branch.',
    labels: [],
    buckets: [1, 2, 3, 4, 6, 10, 20, 50, 100, 1_000],
  },
  kvchain_finality_height_blocks: row('gauge', 'All up to this height is final.'),
  kvchain_finality_conflicts_total: row(
    'counter',
    'Branches with more work, or certificates, that contradict what is final.',
    ['kind'],
  ),
  kvchain_mempool_transactions_count: row('gauge', 'Transactions that wait.'),
  kvchain_mempool_gapped_count: row('gauge', 'Transactions that wait for an earlier nonce.'),
  kvchain_mempool_size_bytes: row('gauge', 'Bytes of the transactions that wait.'),
  kvchain_network_peers_count: row('gauge', 'Connected peers.', ['direction']),
  kvchain_miner_hashes_per_second: row('gauge', 'Trials per second, all threads.'),
  kvchain_miner_threads_count: row('gauge', 'Threads that mine; 0 while stopped.'),
  kvchain_miner_blocks_count: row('gauge', 'Blocks that this node found since its start.'),
  kvchain_miner_switch_seconds: {
    kind: 'histogram',
    help: 'From a new head to the end of the work on the old one.',
    labels: [],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.25, 1],
  },
  kvchain_rpc_call_seconds: {
    kind: 'histogram',
    help: 'Time of a call from its parameters to its answer; long polls wait by intent.',
    labels: ['method'],
    buckets: latencies,
  },
  kvchain_rpc_calls_total: row('counter', 'Calls by method and outcome (ok, or a code of the error table).', [
    'method',
    'outcome',
  ]),
  kvchain_node_descriptor_shortages_total: row('counter', 'Times that no file descriptor was left.'),
  kvchain_node_event_loop_delay_seconds: row('gauge', 'How late the event loop was since the last reading.', [
    'quantile',
  ]),
  kvchain_node_clock_jumps_total: row(
    'counter',
    'Times that the clock of the machine was found set, or standing still.',
  ),
} as const satisfies Record<string, MetricRow>;

export type MetricName = keyof typeof metricTable;

function row<K extends 'counter' | 'gauge'>(
  kind: K,
  help: string,
  labels: readonly string[] = [],
): MetricRow & { readonly kind: K } {
  return { kind, help, labels };
}
