/**
 * A selfish pool among honest miners, in virtual time. The honest are small miners that follow one of two real nodes: the near one hears
 * what the pool publishes before the honest block that it answers, the far one after it. A share gamma of the honest follows the near
 * node, so gamma is not assumed but comes about by which block each engine saw first.
 */
import type { SealedHeader } from '../../chain/block.ts';
import type { EngineContext } from '../../consensus/engine.ts';
import { SelfishMiner } from '../attackers/selfish-mining.ts';
import type { Chance } from '../sim/chance.ts';
import { EngineNode } from './engine-node.ts';
import { waitForBlock } from './mining-race.ts';

/** Of all miners together. */
const blockMs = 10_000;
const honestProducer = 1;
const poolProducer = 2;

export interface Pool {
  /** The pool's share of the hash power. */
  readonly alpha: number;
  /** The share of the honest that hears the pool first. */
  readonly gamma: number;
}

/** What counts of a run in the end. */
export interface Revenue {
  readonly poolBlocks: number;
  readonly chainBlocks: number;
  /** Found, by whom ever, and not on the chain. */
  readonly orphans: number;
}

/** Mines at least `blocks` blocks, and on until nothing is withheld and no branch is open. */
export function mineSelfishly(context: EngineContext, { alpha, gamma }: Pool, blocks: number, chance: Chance): Revenue {
  const near = new EngineNode(context, honestProducer);
  const far = new EngineNode(context, honestProducer);
  const pool = new EngineNode(context, poolProducer);
  const miner = new SelfishMiner<SealedHeader>();
  let nowMs = context.genesis.time;
  let found = 0;
  for (; found < blocks || !miner.isAtRest; found++) {
    nowMs += waitForBlock(chance, blockMs);
    if (chance.happens(alpha)) {
      const block = pool.mine(nowMs);
      pool.deliver([block], nowMs);
      const published = miner.foundOwn(block);
      near.deliver(published, nowMs);
      far.deliver(published, nowMs);
    } else {
      const block = (chance.happens(gamma) ? near : far).mine(nowMs);
      const published = miner.foundByOthers();
      near.deliver([...published, block], nowMs);
      far.deliver([block, ...published], nowMs);
      pool.deliver([block], nowMs);
    }
  }
  const chain = near.chain().slice(1);
  const poolBlocks = chain.filter(({ producer }) => producer[0] === poolProducer).length;
  return { poolBlocks, chainBlocks: chain.length, orphans: found - chain.length };
}
