/** Counts what the node does, for Prometheus: GET /metrics. What the node can tell at any time is read when somebody asks, not before. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { ErrorCode } from '../chain/errors.ts';
import { type MetricName, type MetricRow, metricTable } from './metrics-table.ts';
import type { NodeApi } from './node-api.ts';

type NamesOf<K extends MetricRow['kind']> = {
  [N in MetricName]: (typeof metricTable)[N]['kind'] extends K ? N : never;
}[MetricName];

/** How finely the delay of the event loop is sampled. */
const delayResolutionMs = 10;

export class Metrics {
  readonly #registry = new Registry();
  readonly #counters = new Map<string, Counter>();
  readonly #gauges = new Map<string, Gauge>();
  readonly #histograms = new Map<string, Histogram>();
  readonly #delay = monitorEventLoopDelay({ resolution: delayResolutionMs });
  #node: NodeApi | null = null;
  #unsubscribe: () => void = () => {};

  constructor() {
    const rows: readonly (readonly [string, MetricRow])[] = Object.entries(metricTable);
    for (const [name, { kind, help, labels, buckets }] of rows) {
      const options = { name, help, labelNames: [...labels], registers: [this.#registry] };
      if (kind === 'counter') this.#counters.set(name, new Counter(options));
      else if (kind === 'gauge') this.#gauges.set(name, new Gauge(options));
      else this.#histograms.set(name, new Histogram({ ...options, buckets: [...(buckets ?? [])] }));
    }
    collectDefaultMetrics({
      register: this.#registry,
      prefix: 'kvchain_',
      eventLoopMonitoringPrecision: delayResolutionMs,
    });
    this.#delay.enable();
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** Follows a node from now on. */
  observe(node: NodeApi): void {
    this.#node = node;
    this.#unsubscribe();
    this.#unsubscribe = node.onLedgerEvent(event => {
      if (event.type === 'head') {
        if (event.undone > 0) this.#observe('kvchain_chain_reorg_depth_blocks', event.undone);
        return;
      }
      if (event.type === 'final') return;
      if (event.type === 'finality_conflict') {
        this.#count('kvchain_finality_conflicts_total', { kind: event.evidence.kind });
        return;
      }
      this.#count('kvchain_chain_blocks_total', { change: event.type });
      if (event.type === 'applied') this.#count('kvchain_chain_transactions_total', {}, event.transactionIds.length);
    });
  }

  /** One answered call; `code` is null when it went well. */
  call(method: string, seconds: number, code: ErrorCode | null): void {
    this.#observe('kvchain_rpc_call_seconds', seconds, { method });
    this.#count('kvchain_rpc_calls_total', { method, outcome: code ?? 'ok' });
  }

  /** The miner left the work on an old head, so long after the new one came. */
  minerSwitched(seconds: number): void {
    this.#observe('kvchain_miner_switch_seconds', seconds);
  }

  /** The clock of the machine was set. */
  clockJumped(): void {
    this.#count('kvchain_node_clock_jumps_total');
  }

  /** No file descriptor was left. */
  descriptorsShort(): void {
    this.#count('kvchain_node_descriptor_shortages_total');
  }

  /** The text of GET /metrics. */
  text(): Promise<string> {
    this.#readNode();
    this.#readDelay();
    return this.#registry.metrics();
  }

  close(): void {
    this.#unsubscribe();
    this.#delay.disable();
    this.#registry.clear();
  }

  #readNode(): void {
    if (this.#node === null) return;
    const { head, targetHeight, isSyncing, finalHeight } = this.#node.status();
    const mempool = this.#node.mempoolInfo();
    const mining = this.#node.miningStatus();
    const peers = this.#node.peers();
    this.#set('kvchain_chain_height_blocks', head.header.height);
    this.#set('kvchain_chain_target_height_blocks', targetHeight);
    this.#set('kvchain_chain_syncing_state', isSyncing ? 1 : 0);
    this.#set('kvchain_chain_stale_blocks', this.#node.staleBlocks());
    this.#set('kvchain_finality_height_blocks', finalHeight);
    this.#set('kvchain_mempool_transactions_count', mempool.transactions);
    this.#set('kvchain_mempool_gapped_count', mempool.gapped);
    this.#set('kvchain_mempool_size_bytes', mempool.bytes);
    for (const direction of ['inbound', 'outbound'] as const) {
      const count = peers.filter(peer => peer.direction === direction).length;
      this.#set('kvchain_network_peers_count', count, { direction });
    }
    this.#set('kvchain_miner_hashes_per_second', mining.hashRate);
    this.#set('kvchain_miner_threads_count', mining.isRunning ? mining.threads : 0);
    this.#set('kvchain_miner_blocks_count', mining.blocksFound);
  }

  /** Since the last reading; the sampler's own resolution is part of what it measures and is taken off. */
  #readDelay(): void {
    const toSeconds = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e9 - delayResolutionMs / 1e3) || 0;
    for (const quantile of [50, 99]) {
      const delay = toSeconds(this.#delay.percentile(quantile));
      this.#set('kvchain_node_event_loop_delay_seconds', delay, { quantile: `0.${quantile}` });
    }
    this.#set('kvchain_node_event_loop_delay_seconds', toSeconds(this.#delay.max), { quantile: '1' });
    this.#delay.reset();
  }

  #count(name: NamesOf<'counter'>, labels: Readonly<Record<string, string>> = {}, by = 1): void {
    this.#counters.get(name)?.inc({ ...labels }, by);
  }

  #set(name: NamesOf<'gauge'>, value: number, labels: Readonly<Record<string, string>> = {}): void {
    this.#gauges.get(name)?.set({ ...labels }, value);
  }

  #observe(name: NamesOf<'histogram'>, value: number, labels: Readonly<Record<string, string>> = {}): void {
    this.#histograms.get(name)?.observe({ ...labels }, value);
  }
}
