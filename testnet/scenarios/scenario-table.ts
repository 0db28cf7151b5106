/** The rows of `run paxos-scenarios` as lines of a table: they come one by one, so the widths are settled before. */
import type { ScenarioRow } from './paxos-judge.ts';

const names: readonly (keyof ScenarioRow)[] = [
  'scenario',
  'blocksEqualOn',
  'afterHealEqualOn',
  'kvEqual',
  'duplicates',
  'linearizable',
];
/** Longer than the name of any scenario. */
const scenarioWidth = 32;

export const tableHead: string = lineOf(names);

export function tableLine(row: ScenarioRow): string {
  return lineOf(names.map(name => row[name]));
}

function lineOf(cells: readonly (string | number | boolean)[]): string {
  return cells
    .map((cell, at) => String(cell).padEnd(at === 0 ? scenarioWidth : (names[at]?.length ?? 0) + 2))
    .join('')
    .trimEnd();
}
