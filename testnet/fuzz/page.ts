/** docs/experiments/fuzz.md out of a run. */
import type { Machine } from '../bench/machine.ts';
import type { Report } from './campaign.ts';

/** The page of a run. */
export function fuzzPage(reports: readonly Report[], { command, date, processor, cores, versions }: Machine): string {
  const cases = reports.reduce((total, report) => total + report.cases, 0);
  const seconds = reports.reduce((total, report) => total + report.seconds, 0);
  const findings = reports.reduce((total, report) => total + report.findings.length, 0);
  return [
    '<!-- Written by `npm run fuzz -- --docs`. -->',
    '# Fuzzing',
    '',
    `\`${command}\` on ${date.slice(0, 10)}: ${processor}, ${cores} cores, node ${versions.node}, beside other work.`,
    `${cases} cases in ${Math.round(seconds)} s, ${findings} findings. What is fed and judged: [decision](../decisions/0016-fuzzing.md).`,
    '',
    '| target | cases | cases/s | reached | findings |',
    '|---|---|---|---|---|',
    ...reports.map(
      ({ name, cases: count, seconds: took, traits, findings: found }) =>
        `| ${name} | ${count} | ${Math.round(count / Math.max(took, 0.001))} | ${traits} | ${found.length} |`,
    ),
    '',
    '"Reached" counts what inputs came to that differs: refusals by their words, acceptances by their size.',
    '',
  ].join('\n');
}
