import { afterEach, beforeEach, expect, test } from 'vitest';
import { Metrics } from './metrics.ts';
import { metricTable } from './metrics-table.ts';
import { LittleNode } from './rpc/little-node.suite.ts';

let metrics: Metrics;
beforeEach(() => {
  metrics = new Metrics();
});
afterEach(() => metrics.close());

async function value(name: string): Promise<number | undefined> {
  const line = (await metrics.text()).split('\n').find(each => each.startsWith(`${name} `));
  return line === undefined ? undefined : Number(line.slice(name.length + 1));
}

test('every metric is named after its part, its thing and its unit, and says what it is', async () => {
  const text = await metrics.text();
  for (const [name, { help, kind }] of Object.entries(metricTable)) {
    expect(name).toMatch(/^kvchain_[a-z]+_[a-z_]+_(blocks|seconds|bytes|count|total|state|per_second)$/);
    expect(text).toContain(`# HELP ${name} ${help}`);
    expect(text).toContain(`# TYPE ${name} ${kind}`);
  }
});

test('what the node can tell is read when asked', async () => {
  const node = new LittleNode();
  metrics.observe(node);
  node.mine();
  node.startMining({ threads: 3 });
  expect(await value('kvchain_chain_height_blocks')).toBe(1);
  expect(await value('kvchain_miner_threads_count')).toBe(3);
  expect(await value('kvchain_network_peers_count{direction="outbound"}')).toBe(1);
  node.stopMining();
  expect(await value('kvchain_miner_threads_count')).toBe(0);
});

test('blocks that were applied and undone are counted, until it is closed', async () => {
  const node = new LittleNode();
  metrics.observe(node);
  node.mine();
  node.mine();
  node.undo(1);
  expect(await value('kvchain_chain_blocks_total{change="applied"}')).toBe(2);
  expect(await value('kvchain_chain_blocks_total{change="undone"}')).toBe(1);
  expect(await value('kvchain_chain_stale_blocks')).toBe(1);
  metrics.close();
  expect(node.listeners).toBe(0);
});

test('calls are measured by method and outcome, the switch of the miner in its own histogram', async () => {
  metrics.call('kv_get', 0.002, null);
  metrics.call('kv_get', 0.002, 'NO_KEY');
  metrics.minerSwitched(0.004);
  expect(await value('kvchain_rpc_calls_total{method="kv_get",outcome="ok"}')).toBe(1);
  expect(await value('kvchain_rpc_calls_total{method="kv_get",outcome="NO_KEY"}')).toBe(1);
  expect(await value('kvchain_rpc_call_seconds_count{method="kv_get"}')).toBe(2);
  expect(await value('kvchain_miner_switch_seconds_bucket{le="0.05"}')).toBe(1);
});

test('a blocked event loop shows', async () => {
  for (let seen = 0; seen < 0.04; ) {
    // The sampler measures from one of its ticks to the next: the first after a reading only starts it.
    for (let turn = 0; turn < 3; turn++) {
      const endMs = performance.now() + 60;
      while (performance.now() < endMs);
      await new Promise(resolve => setImmediate(resolve));
    }
    seen = (await value('kvchain_node_event_loop_delay_seconds{quantile="1"}')) ?? 0;
  }
});
