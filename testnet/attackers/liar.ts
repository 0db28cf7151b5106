/**
 * The attack: questions of those who synchronise are answered with changed bytes, a cut list, an empty one, or what was asked before. The
 * defence: every answer is checked against what was asked for (headers continue the locator, bodies give the header's root, transactions
 * have the ids), whoever lies pays, and the next peer is asked. THREATS.md C7, C19.
 */
import { encodeBodies } from '../../daemon/wire.ts';
import type { AttackerParts, Policy } from './policy.ts';

export function liar({ chance, onAttack }: AttackerParts): Policy {
  let before: Uint8Array | null = null;
  const lies: readonly (readonly [string, (answer: Uint8Array) => Uint8Array])[] = [
    ['a changed byte', answer => changeByte(answer, chance.between(0, Math.max(0, answer.length - 1)))],
    ['a cut answer', answer => answer.slice(0, Math.floor(answer.length / 2))],
    ['an empty list', () => encodeBodies([])],
    ['nothing but nulls', () => encodeBodies([null])],
    ['an old answer', answer => before ?? answer],
  ];
  return {
    request: async (_data, honestly) => {
      const answer = await honestly();
      const isLie = chance.happens(0.5);
      const [what, lie] = chance.pick(lies);
      const told = isLie ? lie(answer) : answer;
      if (isLie) onAttack(what);
      before = answer;
      return told;
    },
  };
}

function changeByte(bytes: Uint8Array, at: number): Uint8Array {
  const changed = bytes.slice();
  changed[at] = (changed[at] ?? 0) ^ 1;
  return changed;
}
