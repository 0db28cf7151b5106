/**
 * The attack: more than half of the work, and a put that has long been settled: the chain is mined anew from below it, with another value.
 * The defence: none in proof of work alone; the deeper the put, the longer it takes, and everybody sees the reorg. What others had in the
 * undone blocks comes back to the mempools. THREATS.md C1, C3.
 */
import type { AttackerParts, Policy } from './policy.ts';
import { doubleSpender } from './private-fork.ts';

const confirmations = 8;
const giveUpBehind = 40;

export function historyRewriter(parts: AttackerParts): Policy {
  return doubleSpender(parts, { confirmations, giveUpBehind });
}
