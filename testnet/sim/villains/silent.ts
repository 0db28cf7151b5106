/**
 * Attack: to be connected and useless: nothing is passed on, no question is answered, so what this node mines it also withholds.
 * Defence: questions have a time limit, others are asked meanwhile, and every honest node has an honest link.
 */
import type { Villain } from './villain.ts';

export function silent(): Villain {
  return {
    gossip: async (_topic, honestly) => {
      await honestly();
      return 'ignore';
    },
    request: () => new Promise(() => {}),
  };
}
