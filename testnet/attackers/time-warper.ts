/**
 * The attack: header times at the edges of the rules, to bend the difficulty: for a while one millisecond after the parent, then further
 * ahead than clocks may be apart. The defence: a time is later than the parent's (A-V4), a block from the future waits until its time has
 * come (A-V5), and the difficulty follows the whole schedule, not the last blocks (A-V3). THREATS.md C4, C5.
 */
import { paramsAt } from '../../chain/genesis.ts';
import type { AttackerParts, Policy } from './policy.ts';

/** Each edge is held so many target intervals. */
const intervals = 10;
/** Times maxDriftMs. */
const ahead = 2;

export function timeWarper({ genesis, onAttack }: AttackerParts): Policy {
  const { maxDriftMs, targetMs } = paramsAt(genesis, 0);
  return {
    clock: clock => ({
      now: () => {
        const isEarly = Math.floor(clock.monotonic() / (intervals * targetMs)) % 2 === 0;
        return clock.now() + (isEarly ? -maxDriftMs : ahead * maxDriftMs);
      },
      monotonic: () => clock.monotonic(),
      setTimer: (afterMs, callback) => clock.setTimer(afterMs, callback),
    }),
    publish: async (topic, data, publish) => {
      if (topic === 'blocks') onAttack('a block of another time');
      await publish(topic, data);
    },
  };
}
