/** The simulator on the command line. */
import '../../daemon/polyfill.ts';
import { writeFileSync } from 'node:fs';
import { unreachable } from '../../chain/errors.ts';
import { hunt, type MutantResult, mutants } from '../mutants/mutants.ts';
import { mutantsPage } from '../mutants/page.ts';
import { type Outcome, runCampaign } from './campaign.ts';
import { readWish, type Wish } from './options.ts';
import type { Scenario } from './scenario.ts';
import { type Report, simulate } from './simulate.ts';
import { summarize } from './summary.ts';

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  const wish = readWish(args);
  if (wish === null) return 2;
  switch (wish.task) {
    case 'campaign':
      return campaign(wish);
    case 'trace':
      return trace(wish);
    case 'mutants':
      return breakRules(wish);
    case 'shrink':
      return 2;
    default:
      return unreachable(wish.task);
  }
}

function* scenariosOf({ engine, nodes, faults, without, first, last }: Wish): Generator<Scenario> {
  for (let seed = first; seed <= last; seed++) yield { engine, seed, nodes, faults, without };
}

async function campaign(wish: Wish): Promise<number> {
  const startedMs = performance.now();
  const outcomes: Outcome[] = [];
  await runCampaign(scenariosOf(wish), {
    jobs: wish.jobs,
    traceFolder: wish.traceFolder,
    brokenRule: null,
    onOutcome: outcome => {
      outcomes.push(outcome);
      if (wish.output === 'text') print(lineOf(outcome));
      return 'go on';
    },
  });
  const { engine, nodes } = wish;
  const summary = summarize({ engine, nodes, outcomes, wallMs: performance.now() - startedMs });
  if (wish.output === 'json') print(JSON.stringify(summary));
  else {
    const { seeds, pass, noProgress, diverged, virtualSeconds, wallSeconds } = summary;
    print(`${seeds} seeds: ${pass} pass, ${noProgress} no progress, ${diverged} diverged`);
    print(`${virtualSeconds} s of virtual time in ${wallSeconds} s`);
  }
  return summary.pass === summary.seeds ? 0 : 1;
}

/** One seed in this process, with all that happens. */
async function trace(wish: Wish): Promise<number> {
  for (const scenario of scenariosOf(wish)) {
    try {
      const report = await simulate({ scenario, onLine: print });
      print(wish.output === 'json' ? JSON.stringify(report) : reportLine(report));
    } catch (error) {
      process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
      return 1;
    }
  }
  return 0;
}

/** Several rules at a time; the seeds of one rule in their order, so that the first that sees it is always the same. */
async function breakRules(wish: Wish): Promise<number> {
  const rules = wish.mutants === 'all' ? Object.keys(mutants) : wish.mutants.split(',');
  const unknown = rules.find(rule => mutants[rule] === undefined);
  if (unknown !== undefined) {
    process.stderr.write(`no rule ${JSON.stringify(unknown)}; there are: ${Object.keys(mutants).join(', ')}\n`);
    return 2;
  }
  const found = new Map<string, MutantResult>();
  const left = [...rules];
  const work = async (): Promise<void> => {
    for (let rule = left.shift(); rule !== undefined; rule = left.shift()) {
      const result = await hunt(rule, scenariosOf(wish));
      found.set(rule, result);
      if (wish.output === 'text') print(`${rule.padEnd(22)} ${result.seed ?? 'escaped'} ${result.check ?? ''}`);
    }
  };
  await Promise.all(Array.from({ length: wish.jobs }, work));
  const results = rules.map(rule => found.get(rule)).filter(result => result !== undefined);
  if (wish.output === 'json') print(JSON.stringify(results));
  if (wish.page === 'written') writeFileSync('docs/experiments/mutants.md', mutantsPage(results, wish));
  return results.every(({ caught }) => caught) ? 0 : 1;
}

function lineOf({ seed, verdict, check, traceFile, report }: Outcome): string {
  if (report !== null) return reportLine(report);
  return `seed ${seed}: ${verdict}: ${check ?? ''}${traceFile === null ? '' : `\n  trace: ${traceFile}`}`;
}

function reportLine(report: Report): string {
  const { seed, nodes, villains, blocks, transactions, reorgDepthMax, virtualMs, realMs, traceHash } = report;
  const counts = `${nodes} nodes, ${blocks} blocks, ${transactions} transactions, reorg of ${reorgDepthMax}`;
  const faults = `${report.partitions} partitions, ${report.kills} kills, ${villains} villains`;
  const times = `${(virtualMs / 1_000).toFixed(0)} s in ${(realMs / 1_000).toFixed(1)} s`;
  return `seed ${seed}: ${counts}, ${faults}, ${times}, trace ${traceHash.slice(0, 16)}`;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
