/**
 * An attacker against a network with its defence and without it: what the defence is worth. With all rules in force the seed passes; without
 * the one rule that meets this attack it fails.
 */
import type { AttackerKind } from '../attackers/kinds.ts';
import { ofSeed, type Scenario } from '../sim/scenario.ts';

export interface Defended {
  readonly attacker: AttackerKind;
  /** The rule that meets the attack. */
  readonly defence: string;
}

export interface Duel extends Defended {
  /** In the simulator: one that shows it. */
  readonly seed: bigint;
}

/** Small worlds without any other fault. */
export const duels: readonly Duel[] = [
  { attacker: 'private-fork', defence: 'mempool undone', seed: 1n },
  { attacker: 'selfish-miner', defence: 'A-F1', seed: 1n },
  { attacker: 'time-warper', defence: 'A-V5', seed: 1n },
  { attacker: 'equivocator', defence: 'A-F1', seed: 1n },
  { attacker: 'invalid-blocks', defence: 'A-V1 work', seed: 2n },
  { attacker: 'invalid-transactions', defence: 'transaction signature', seed: 1n },
  { attacker: 'malformed', defence: 'ban', seed: 1n },
  { attacker: 'orphan-flooder', defence: 'mempool gap', seed: 1n },
  { attacker: 'replayer', defence: 'chain id', seed: 1n },
  { attacker: 'history-rewriter', defence: 'mempool undone', seed: 1n },
];

/** Between real sockets, which alone have places to be filled and addresses to be remembered (daemon/network/eclipse.suite.ts). */
export const eclipse: Defended = { attacker: 'eclipser', defence: 'anchors' };

export function scenarioOf({ attacker, seed }: Duel): Scenario {
  return { ...ofSeed(seed), nodes: 4, faults: [attacker] };
}
