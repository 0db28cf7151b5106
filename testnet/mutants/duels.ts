/**
 * An attacker against a network with its defence and without it: what the defence is worth. With all rules in force the seed passes; without
 * the one rule that meets this attack it fails. The control is the same honest world without that rule and without the attacker: it passes,
 * so what fails the duel is the attack, and not that the rule is missing.
 */
import type { EngineName } from '../../chain/genesis.ts';
import type { AttackerKind } from '../attackers/kinds.ts';
import { type Fault, ofSeed, type Scenario } from '../sim/scenario.ts';

export interface Defended {
  readonly attacker: AttackerKind;
  /** The rule that meets the attack. */
  readonly defence: string;
}

export interface Duel extends Defended {
  /** In the simulator: one that shows it. */
  readonly seed: bigint;
  /** Of the network; proof of work alone where there is none. */
  readonly engine?: EngineName;
  /** What must happen beside the attack: a rule of synchronisation needs somebody who has much to fetch. */
  readonly faults?: readonly Fault[];
}

const honest = 3;

/** Small worlds without any other fault, but where one is named. */
export const duels: readonly Duel[] = [
  { attacker: 'private-fork', defence: 'mempool undone', seed: 3n },
  // Not against the attacker's gain, from which no rule protects, but against what others would lose by it.
  { attacker: 'selfish-miner', defence: 'mempool undone', seed: 1n },
  { attacker: 'withholder', defence: 'sync lacking', seed: 1n, faults: ['catch-up'] },
  { attacker: 'time-warper', defence: 'A-V5', seed: 1n },
  { attacker: 'equivocator', defence: 'relay siblings', seed: 1n },
  { attacker: 'invalid-blocks', defence: 'A-V1 work', seed: 2n },
  { attacker: 'invalid-transactions', defence: 'transaction signature', seed: 1n },
  { attacker: 'malformed', defence: 'ban', seed: 1n },
  { attacker: 'orphan-flooder', defence: 'mempool gap', seed: 1n },
  { attacker: 'replayer', defence: 'chain id', seed: 1n },
  { attacker: 'leaper', defence: 'sync continues', seed: 1n, faults: ['catch-up'] },
  { attacker: 'false-certifier', defence: 'F-4', seed: 1n, engine: 'pow-paxos' },
  { attacker: 'history-rewriter', defence: 'mempool undone', seed: 1n },
];

/** Between real sockets, which alone have places to be filled and addresses to be remembered (daemon/network/eclipse.suite.ts). */
export const eclipse: Defended = { attacker: 'eclipser', defence: 'anchors' };

export function scenarioOf({ attacker, seed, engine, faults = [] }: Duel): Scenario {
  return { ...ofSeed(seed, engine), nodes: honest + 1, faults: [attacker, ...faults] };
}

/** The honest machines of the duel, which the same seed gives the same power and links, without the attacker. */
export function controlOf({ seed, engine, faults = [] }: Duel): Scenario {
  return { ...ofSeed(seed, engine), nodes: honest, faults };
}
