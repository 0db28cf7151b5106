/**
 * Attack: a miner with more than half of the work builds on nobody's blocks but its own, and leaves all transactions out.
 * Defence: none in proof of work. What happens is what the simulator is to tell: nothing that was sent is ever included.
 */
import type { Villain } from './villain.ts';

export function majority(): Villain {
  return { isDeaf: true, gossip: async () => 'ignore' };
}
