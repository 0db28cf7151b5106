/** A bug that is planted by breaking one rule (chain/rules.ts). */
import type { Fault } from '../sim/scenario.ts';

export interface Mutant {
  /** What a node does that lacks the rule. */
  readonly what: string;
  /** Faults in which that shows; without them it takes more seeds. */
  readonly faults: readonly Fault[];
}
