/** One double spend against one honest node, in virtual time: the races are drawn, the blocks are mined, the victim's engine judges. */
import type { SealedHeader } from '../../chain/block.ts';
import { equalBytes } from '../../chain/bytes.ts';
import type { EngineContext } from '../../consensus/engine.ts';
import type { Chance } from '../sim/chance.ts';
import { EngineNode } from './engine-node.ts';
import { waitForBlock } from './mining-race.ts';

/** Of all miners together. */
const blockMs = 10_000;

/** The attacker stops when it is so many blocks behind: more than when the victim was content, or at all, from the first block on. */
export interface Patience {
  readonly counts: 'further' | 'absolute';
  readonly blocks: number;
}

export interface Attack {
  /** The attacker's share of all hash power, above 0 and below 1. */
  readonly share: number;
  /** Blocks that the victim waits for. */
  readonly confirmations: number;
  readonly patience: Patience;
}

export interface Outcome {
  /** The victim's engine undid the block with the payment. */
  readonly hasSucceeded: boolean;
  /** Found by both sides together. */
  readonly blocks: number;
  /** Blocks that the victim's engine undid, when it did. */
  readonly reorgDepth: number;
}

/** The payment stands in the first honest block. The attacker's own node is one that hears nobody. */
export function attackOnce(
  context: EngineContext,
  { share, confirmations, patience }: Attack,
  chance: Chance,
): Outcome {
  const victim = new EngineNode(context, 1);
  const attacker = new EngineNode(context, 2);
  const honest: SealedHeader[] = [];
  const secret: SealedHeader[] = [];
  let behindMax = patience.counts === 'absolute' ? patience.blocks : Number.POSITIVE_INFINITY;
  let nowMs = context.genesis.time;
  let published = 0;
  for (;;) {
    nowMs += waitForBlock(chance, blockMs);
    const isAttackers = chance.happens(share);
    const finder = isAttackers ? attacker : victim;
    const block = finder.mine(nowMs);
    finder.deliver([block], nowMs);
    (isAttackers ? secret : honest).push(block);
    const blocks = honest.length + secret.length;
    const behind = honest.length - secret.length;
    if (behind >= behindMax) return { hasSucceeded: false, blocks, reorgDepth: 0 };
    if (honest.length < confirmations) continue;
    if (behindMax === Number.POSITIVE_INFINITY) behindMax = behind + patience.blocks;
    if (behind <= 0) {
      // Also a tie is tried: whether it is enough, the victim's engine says.
      const switches = victim.deliver(secret.slice(published), nowMs);
      published = secret.length;
      const payment = honest[0];
      const reorg = switches.find(({ undo }) =>
        undo.some(hash => payment !== undefined && equalBytes(hash, payment.hash)),
      );
      if (reorg !== undefined) return { hasSucceeded: true, blocks, reorgDepth: reorg.undo.length };
    }
  }
}
