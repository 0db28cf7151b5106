import { describe, expect, it } from 'vitest';
import { SelfishMiner } from './selfish-mining.ts';

/** `p` the pool found a block (named by its number), `o` the others did. Gives what is published after each. */
function play(events: string): readonly (readonly number[])[] {
  const miner = new SelfishMiner<number>();
  return Array.from(events, (event, index) => (event === 'p' ? miner.foundOwn(index) : miner.foundByOthers()));
}

describe('a selfish miner', () => {
  it.each([
    ['says nothing while the others are ahead', 'oo', [[], []]],
    ['withholds what it finds', 'ppp', [[], [], []]],
    ['answers with its only block, for a tie', 'po', [[], [0]]],
    ['ends a tie that it wins by publishing at once', 'pop', [[], [0], [2]]],
    ['gives up a tie that it loses', 'poop', [[], [0], [], []]],
    ['publishes all when its lead shrinks to one', 'ppo', [[], [], [0, 1]]],
    ['publishes a block at a time from a long lead', 'ppppoop', [[], [], [], [], [0], [1], []]],
    ['and the rest at the end of it', 'ppppooo', [[], [], [], [], [0], [1], [2, 3]]],
    ['begins anew after that', 'ppopo', [[], [], [0, 1], [], [3]]],
  ])('%s (%s)', (_, events, published) => {
    expect(play(events)).toEqual(published);
  });

  it('is at rest when nothing is withheld and no tie is open', () => {
    const miner = new SelfishMiner<number>();
    expect(miner.isAtRest).toBe(true);
    miner.foundOwn(1);
    expect(miner.isAtRest).toBe(false);
    miner.foundByOthers();
    expect(miner.isAtRest).toBe(false);
    miner.foundByOthers();
    expect(miner.isAtRest).toBe(true);
  });
});
