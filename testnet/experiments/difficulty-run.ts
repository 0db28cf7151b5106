/** A chain that some nodes mine together by trying real nonces in virtual time. */
import type { EngineContext } from '../../consensus/engine.ts';
import type { Chance } from '../sim/chance.ts';
import { DelayedNetwork } from './delayed-network.ts';
import { EngineNode } from './engine-node.ts';
import type { NonceSearch } from './nonce-search.ts';

export interface Mining {
  readonly context: EngineContext;
  readonly nodes: number;
  /** Until the other nodes hear of a block. */
  readonly delayMs: number;
  /** Trials a second of all nodes together, until the chain has `changeAt` blocks; then `factor` times as many. */
  readonly hashRate: number;
  readonly factor: number;
  readonly changeAt: number;
  /** Mined is until the chain is so long. */
  readonly height: number;
}

export interface MinedChain {
  /** Times of the headers by height, from block 0 on. */
  readonly times: readonly number[];
  /** Found, and not on the chain. */
  readonly orphans: number;
  readonly reorgDepthMax: number;
  /** Of the next block. */
  readonly bits: number;
}

interface Miner {
  readonly node: EngineNode;
  search: NonceSearch;
  parentKey: string;
  beganMs: number;
}

/** The nodes take turns, a trial each. */
export function minedChain(mining: Mining, chance: Chance): MinedChain {
  const { context, delayMs, hashRate, factor, changeAt } = mining;
  let nowMs = context.genesis.time;
  const first = new EngineNode(context, 1);
  const nodes = [first, ...Array.from({ length: mining.nodes - 1 }, (_, index) => new EngineNode(context, index + 2))];
  const miners = nodes.map(node => newMiner(node, nowMs, chance));
  const network = new DelayedNetwork(nodes, delayMs);
  const renewMs = (context.genesis.schedule[0]?.params.targetMs ?? 0) / 10;
  let found = 0;
  let beatMs = 1_000 / hashRate;
  for (let height = 0; height < mining.height; ) {
    for (const miner of miners) {
      nowMs += beatMs;
      network.advance(nowMs);
      if (miner.parentKey !== miner.node.headKey || nowMs - miner.beganMs > renewMs) renew(miner, nowMs, chance);
      const block = miner.search.try();
      if (block === null) continue;
      network.publish(miner.node, block, nowMs);
      found += 1;
      height = Math.max(height, miner.node.height);
      if (height >= changeAt) beatMs = 1_000 / (hashRate * factor);
    }
  }
  network.advance(nowMs + delayMs);
  const chain = first.chain();
  return {
    times: chain.map(({ time }) => time),
    orphans: found - (chain.length - 1),
    reorgDepthMax: network.reorgDepthMax,
    bits: first.template.bits,
  };
}

function newMiner(node: EngineNode, nowMs: number, chance: Chance): Miner {
  return { node, search: node.search(nowMs, chance.bytes(32)), parentKey: node.headKey, beganMs: nowMs };
}

/** Another parent, or a later time for the header. A trial has no memory, so nothing is lost. */
function renew(miner: Miner, nowMs: number, chance: Chance): void {
  miner.search = miner.node.search(nowMs, chance.bytes(32));
  miner.parentKey = miner.node.headKey;
  miner.beganMs = nowMs;
}
