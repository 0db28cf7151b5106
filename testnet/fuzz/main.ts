/** The fuzzer on the command line. */
import '../../daemon/polyfill.ts';
import { writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { describeMachine } from '../bench/machine.ts';
import { type Report, runCampaign } from './campaign.ts';
import { keepFinding } from './corpus.ts';
import type { Finding } from './fuzzer.ts';
import { fuzzPage } from './page.ts';
import { closeTargets, openTargets } from './targets.ts';

const usage = `Usage: npm run fuzz -- [--seconds N] [--target NAME]... [--seed S] [--threads N] [--corpus] [--docs]

Feeds every decoder of bytes from outside with changed inputs and judges what comes of it: nothing but a
documented refusal, in time and memory that the input's length bounds, and one form for whatever is accepted. A finding is printed with
seed and bytes, and kept in testnet/fuzz/corpus/findings, where \`npm test\` feeds it for ever. Exit code 1 when there is one.

  --seconds N    for all targets together (default 3600)
  --target NAME  this one; may be given again (default all)
  --seed S       an integer (default: one by the clock, printed)
  --threads N    targets at a time (default 1)
  --corpus       write what was discovered into the committed corpus, in its shortest form
  --docs         write docs/experiments/fuzz.md
`;

interface Wish {
  readonly seconds: number;
  readonly targets: readonly string[];
  readonly seed: bigint;
  readonly threads: number;
  readonly isCorpusWritten: boolean;
  readonly isPageWritten: boolean;
}

const outcome = await main(process.argv.slice(2));
process.exitCode = outcome;

async function main(args: readonly string[]): Promise<number> {
  const names = await targetNames();
  const wish = readArguments(args, names);
  if (wish === null) return 2;
  const { seconds, targets, seed, threads, isCorpusWritten: isWritten } = wish;
  const ms = (1_000 * seconds * threads) / targets.length;
  print(`seed ${seed}, ${targets.length} targets, ${(ms / 1_000).toFixed(1)} s each`);
  const reports: Report[] = [];
  const left = [...targets];
  const work = async (): Promise<void> => {
    for (let name = left.shift(); name !== undefined; name = left.shift()) {
      const report = await runCampaign({ name, seed, ms, isWritten }, tellFinding);
      print(`${name.padEnd(18)} ${String(report.cases).padStart(9)} cases, reached ${report.traits}`);
      reports.push(report);
    }
  };
  await Promise.all(Array.from({ length: threads }, work));
  reports.sort((a, b) => targets.indexOf(a.name) - targets.indexOf(b.name));
  const found = reports.reduce((total, report) => total + report.findings.length, 0);
  print(`${reports.reduce((total, report) => total + report.cases, 0)} cases, ${found} findings`);
  const machine = describeMachine(`npm run fuzz -- --seconds ${seconds} --threads ${threads} --seed ${seed} --docs`);
  if (wish.isPageWritten) writeFileSync(pageFile(), fuzzPage(reports, machine));
  return found === 0 ? 0 : 1;
}

async function targetNames(): Promise<readonly string[]> {
  const targets = await openTargets();
  await closeTargets(targets);
  return targets.map(({ name }) => name);
}

function readArguments(args: readonly string[], names: readonly string[]): Wish | null {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        seconds: { type: 'string', default: '3600' },
        target: { type: 'string', multiple: true },
        seed: { type: 'string', default: String(Date.now()) },
        threads: { type: 'string', default: '1' },
        corpus: { type: 'boolean', default: false },
        docs: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    const targets = values.target ?? names;
    const unknown = targets.find(name => !names.includes(name));
    if (unknown !== undefined) process.stderr.write(`no target ${unknown}; there are: ${names.join(', ')}\n`);
    const areNumbers =
      /^\d{1,9}$/.test(values.seconds) && /^\d{1,18}$/.test(values.seed) && /^[1-9]\d?$/.test(values.threads);
    if (values.help || unknown !== undefined || !areNumbers) throw new RangeError('no such run');
    return {
      seconds: Number(values.seconds),
      targets,
      seed: BigInt(values.seed),
      threads: Number(values.threads),
      isCorpusWritten: values.corpus,
      isPageWritten: values.docs,
    };
  } catch {
    process.stderr.write(usage);
    return null;
  }
}

function tellFinding(finding: Finding): void {
  print(`FOUND in ${finding.target}, seed ${finding.seed ?? 'of the corpus'}: ${finding.why}`);
  print(`  bytes ${finding.hex}`);
  print(`  kept in ${keepFinding(finding)}`);
}

function pageFile(): string {
  return join(resolve(dirname(fileURLToPath(import.meta.url)), '..', '..', '..'), 'docs', 'experiments', 'fuzz.md');
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
