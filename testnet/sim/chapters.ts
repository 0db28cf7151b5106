/** Which chapters the story of a simulation has: each is one fault, or two at a time. */
import type { Chance } from './chance.ts';
import type { Fault, Scenario } from './scenario.ts';

export type Chapter =
  | 'partition'
  | 'one-way'
  | 'kill'
  | 'kill in a partition'
  | 'two killed'
  | 'restart'
  | 'full-disk'
  | 'disk-error'
  | 'catch-up'
  | 'duel'
  | 'leader-dies'
  | 'voter-dies'
  | 'blackout'
  | 'calm';

const othersMax = 2;
/** A story never has more. */
export const chapterCountMax = 2 + othersMax;

/** One partition and one kill where there are such faults, and one or two more of those that may happen. */
export function chapters(chance: Chance, { faults }: Scenario): readonly Chapter[] {
  const may = (...needed: readonly Fault[]) => needed.every(fault => faults.includes(fault));
  const isBoth = may('partition', 'kill') && chance.happens(0.5);
  const base: readonly Exclude<Chapter, 'calm'>[] = isBoth ? ['kill in a partition'] : ['partition', 'kill'];
  const more: readonly Exclude<Chapter, 'calm'>[] = [
    'partition',
    'one-way',
    'kill',
    'kill in a partition',
    'two killed',
    'restart',
    'full-disk',
    'disk-error',
    'catch-up',
    'duel',
    'leader-dies',
    'voter-dies',
    'blackout',
  ];
  const possible = more.filter(chapter => may(...needsOf(chapter)));
  if (possible.length === 0) return ['calm'];
  const others = Array.from({ length: chance.between(1, othersMax) }, () => chance.pick(possible));
  return chance.shuffle([...base.filter(chapter => possible.includes(chapter)), ...others]);
}

function needsOf(chapter: Exclude<Chapter, 'calm'>): readonly Fault[] {
  if (chapter === 'kill in a partition') return ['kill', 'partition'];
  return chapter === 'two killed' ? ['kill'] : [chapter];
}
