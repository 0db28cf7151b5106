/**
 * One double spend in virtual time against a node whose chain a committee makes final, and the way of a payment to finality without any attacker:
 * races are drawn, blocks are mined, the victim's engine judges. The committee is played here: it decides as F-1 says, at once.
 */
import type { SealedHeader } from '../../chain/block.ts';
import { equalBytes } from '../../chain/bytes.ts';
import { encodeItem } from '../../chain/codec.ts';
import type { FinalityParams } from '../../chain/finality-params.ts';
import { zeroHash } from '../../chain/hash.ts';
import { signatureLength } from '../../chain/keys.ts';
import type { EngineContext } from '../../consensus/engine.ts';
import type { Chance } from '../sim/chance.ts';
import { EngineNode, type Switch } from './engine-node.ts';
import { waitForBlock } from './mining-race.ts';

/** Of all miners together. */
export const blockMs = 10_000;
/** docs/protocol/finality.md. */
const certificateKind = 2;

export interface FinalityAttack {
  /** The attacker's share of all hash power. */
  readonly share: number;
  /** Blocks that the victim waits for, or that the payment is final. */
  readonly waits: number | 'final';
  /** The attacker stops when it is so many blocks behind, at any time. */
  readonly giveUp: number;
  /** Null where nothing becomes final. */
  readonly finality: FinalityParams | null;
}

export interface FinalityOutcome {
  /** The payment of a victim that had delivered was undone. */
  readonly hasSucceeded: boolean;
  /** The victim's engine did not follow the heavier branch. */
  readonly isRefused: boolean;
  readonly reorgDepth: number;
  /** Undone blocks that had been final. */
  readonly belowFinal: number;
}

/** The payment comes at any distance from the last checkpoint, and stands in the next public block. */
export function attackFinality(context: EngineContext, attack: FinalityAttack, chance: Chance): FinalityOutcome {
  const { share, waits, giveUp, finality } = attack;
  const chain = new PublicChain(context, finality, chance);
  const secret: SealedHeader[] = [];
  const attacker = new EngineNode(context, 2);
  attacker.deliver(chain.blocks, chain.nowMs);
  const paidAt = chain.blocks.length;
  let published = 0;
  for (;;) {
    chain.nowMs += waitForBlock(chance, blockMs);
    if (chance.happens(share)) {
      const block = attacker.mine(chain.nowMs);
      attacker.deliver([block], chain.nowMs);
      secret.push(block);
    } else chain.grow();
    const honest = chain.blocks.length - paidAt;
    const isFinal = chain.victim.finalHeight > paidAt;
    if (honest - secret.length >= giveUp)
      return { hasSucceeded: false, isRefused: false, reorgDepth: 0, belowFinal: 0 };
    const isDelivered = waits === 'final' ? isFinal : honest >= waits;
    if (!isDelivered || secret.length <= honest) continue;
    const finalBefore = chain.victim.finalHeight;
    const undone = undoneBy(chain.victim.deliver(secret.slice(published), chain.nowMs));
    published = secret.length;
    const belowFinal = chain.blocks
      .slice(0, finalBefore)
      .filter(({ hash }) => undone.some(one => equalBytes(one, hash)));
    if (undone.length > 0)
      return { hasSucceeded: true, isRefused: false, reorgDepth: undone.length, belowFinal: belowFinal.length };
    if (isFinal) return { hasSucceeded: false, isRefused: true, reorgDepth: 0, belowFinal: 0 };
  }
}

/** Milliseconds from a payment, which the next block holds, until it is final. Nobody attacks. */
export function timeToFinal(context: EngineContext, finality: FinalityParams, chance: Chance): number {
  const chain = new PublicChain(context, finality, chance);
  const paidAt = chain.blocks.length;
  const startMs = chain.nowMs;
  while (chain.victim.finalHeight <= paidAt) {
    chain.nowMs += waitForBlock(chance, blockMs);
    chain.grow();
  }
  return chain.nowMs - startMs;
}

/** What the honest mine, and what of it their committee made final. */
class PublicChain {
  readonly blocks: SealedHeader[] = [];
  readonly victim: EngineNode;
  nowMs: number;
  readonly #finality: FinalityParams | null;
  #checkpoint = { number: 0, height: 0 };

  /** Begins with some blocks, fewer than lead to a checkpoint. */
  constructor(context: EngineContext, finality: FinalityParams | null, chance: Chance) {
    this.victim = new EngineNode(context, 1);
    this.nowMs = context.genesis.time;
    this.#finality = finality;
    const count = finality === null ? 0 : chance.between(0, finality.spacing - 1);
    while (this.blocks.length < count) {
      this.nowMs += waitForBlock(chance, blockMs);
      this.grow();
    }
  }

  /** The next block, found now. */
  grow(): void {
    const block = this.victim.mine(this.nowMs);
    this.victim.deliver([block], this.nowMs);
    this.blocks.push(block);
    if (this.#finality !== null) this.#decide(this.#finality);
  }

  /** F-1. */
  #decide({ spacing, depth }: FinalityParams): void {
    const { number, height } = this.#checkpoint;
    const steps = Math.floor((this.blocks.length - depth - height) / spacing);
    const block = this.blocks[height + steps * spacing - 1];
    if (steps < 1 || block === undefined) return;
    this.#checkpoint = { number: number + 1, height: block.header.height };
    const checkpoint = [number + 1, [block.header.height, block.hash], zeroHash];
    const signatures = [0, 1].map(member => [member, new Uint8Array(signatureLength)]);
    this.victim.hear(encodeItem([certificateKind, checkpoint, [1, 0], signatures]), this.nowMs);
  }
}

function undoneBy(switches: readonly Switch[]): readonly Uint8Array[] {
  return switches.flatMap(({ undo }) => undo);
}
