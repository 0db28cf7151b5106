/** docs/experiments/bench.md out of a run. */
import type { Failure, Figure } from './figure.ts';
import type { Machine } from './machine.ts';

export interface Run {
  readonly figures: readonly Figure[];
  readonly failures: readonly Failure[];
  readonly machine: Machine;
}

/** The page of a run. */
export function benchPage({ figures, failures, machine }: Run): string {
  const { command, date, processor, cores, memoryGb, system, versions } = machine;
  const installed = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return [
    '<!-- Written by `npm run bench -- --docs` from bench.json beside it. -->',
    '# Speed',
    '',
    `\`${command}\` on ${date.slice(0, 10)}: ${processor}, ${cores} cores, ${memoryGb} GB, ${system}.`,
    `${installed.join(', ')}.`,
    '',
    'Each figure stands beside a reference that was measured in the same run; the ratio is what can be compared between machines.',
    '',
    '| figure | value | reference | ratio | goal | |',
    '|---|---|---|---|---|---|',
    ...figures.map(row => {
      const { name, unit, reference, ratio, met } = row;
      const beside = `${reference.value} ${unit}: ${reference.name}`;
      return `| ${name} | ${valueText(row)} | ${beside} | ${ratio} | ${goalText(row)} | ${met ? 'met' : '**missed**'} |`;
    }),
    ...(failures.length === 0 ? [] : ['', '## Failed']),
    ...failures.flatMap(({ bench, error }) => ['', `\`${bench}\`:`, '', '```', error, '```']),
    '',
  ].join('\n');
}

export function valueText({ value, unit }: Figure): string {
  return `${value} ${unit}`;
}

export function goalText({ rule, goal }: Figure): string {
  return `${rule} ${goal}`;
}
