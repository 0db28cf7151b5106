/** docs/experiments/bench.md, and what it is made of: the newest run of each benchmark, each with the machine that it ran on. */
import type { Figure } from './figure.ts';
import type { Machine } from './machine.ts';

/** One benchmark, run to its end. */
export interface Run {
  readonly bench: string;
  readonly machine: Machine;
  /** None when it failed. */
  readonly figures: readonly Figure[];
  /** Why it failed; null when it did not. */
  readonly error: string | null;
}

/** The kept runs with the fresh ones in their places, in the order of `names`; what is in there no longer is dropped. */
export function mergeRuns(names: readonly string[], kept: readonly Run[], fresh: readonly Run[]): readonly Run[] {
  const newest = new Map([...kept, ...fresh].map(run => [run.bench, run]));
  return names.flatMap(name => newest.get(name) ?? []);
}

/** The page of runs. Those of one command share a table. */
export function benchPage(runs: readonly Run[]): string {
  const machines = [...new Set(runs.map(({ machine }) => machineText(machine)))];
  const figuresOn = (text: string) =>
    runs.flatMap(({ machine, figures }) => (machineText(machine) === text ? figures : []));
  const failed = runs.filter(({ error }) => error !== null);
  return [
    '<!-- Written by `npm run bench -- --docs` from bench.json beside it. -->',
    '# Speed',
    '',
    'Each figure stands beside a reference that was measured in the same run; the ratio is what can be compared between machines.',
    ...machines.flatMap(text => ['', text, '', ...tableOf(figuresOn(text))]),
    ...(failed.length === 0 ? [] : ['', '## Failed']),
    ...failed.flatMap(({ bench, error }) => ['', `\`${bench}\`:`, '', '```', error ?? '', '```']),
    '',
  ].join('\n');
}

export function valueText({ value, unit }: Figure): string {
  return `${value} ${unit}`;
}

export function goalText({ rule, goal }: Figure): string {
  return `${rule} ${goal}`;
}

function machineText({ command, date, processor, cores, memoryGb, system, versions }: Machine): string {
  const installed = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const machine = `${processor}, ${cores} cores, ${memoryGb} GB, ${system}`;
  return `\`${command}\` on ${date.slice(0, 10)}: ${machine}.\n${installed.join(', ')}.`;
}

function tableOf(figures: readonly Figure[]): readonly string[] {
  return [
    '| figure | value | reference | ratio | goal | |',
    '|---|---|---|---|---|---|',
    ...figures.map(row => {
      const { name, unit, reference, ratio, met } = row;
      const beside = `${reference.value} ${unit}: ${reference.name}`;
      return `| ${name} | ${valueText(row)} | ${beside} | ${ratio} | ${goalText(row)} | ${met ? 'met' : '**missed**'} |`;
    }),
  ];
}
