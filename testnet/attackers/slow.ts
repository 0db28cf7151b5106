/**
 * The attack: every answer comes late, some after the deadline, and gossip is passed on when it is old. The defence: a question has a deadline,
 * several are under way at once and to several peers, and what one peer does not give in time another is asked for. THREATS.md P9, P10.
 */
import type { AttackerParts, Policy } from './policy.ts';

const lateMs = [500, 15_000] as const;

export function slow({ chance, clock, onAttack }: AttackerParts): Policy {
  const late = <T>(honestly: () => Promise<T>) =>
    new Promise<T>((resolve, reject) => {
      clock.setTimer(chance.between(...lateMs), () => {
        honestly().then(resolve, reject);
      });
    });
  return {
    gossip: (_topic, _data, honestly) => {
      onAttack('late gossip');
      return late(honestly);
    },
    request: (_data, honestly) => {
      onAttack('a late answer');
      return late(honestly);
    },
  };
}
