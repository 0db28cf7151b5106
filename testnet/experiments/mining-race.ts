/** Who finds the next block, and when: each miner's search is a Poisson process, so the race has no memory and can be drawn anew each time. */
import type { Chance } from '../sim/chance.ts';

/** The wait until the next block of all miners together, whose mean is `meanMs`. */
export function waitForBlock(chance: Chance, meanMs: number): number {
  return -meanMs * Math.log(1 - chance.fraction());
}
