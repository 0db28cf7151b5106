import { expect, it } from 'vitest';
import { walk } from './walk.suite.ts';

/** More of them: docs/consensus/paxos.md says how. */
const walksPerSize = 100;

it.each([3, 5, 7])(
  'no walk of %d members breaks an invariant, and all make progress once the network heals',
  members => {
    const broken: string[] = [];
    for (let seed = 1; seed <= walksPerSize; seed++) {
      const breach = walk(seed, members);
      if (breach !== null) broken.push(`seed ${seed}: ${breach}`);
    }
    expect(broken).toEqual([]);
  },
);
