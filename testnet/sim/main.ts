/** The simulator on the command line. */
import '../../daemon/polyfill.ts';
import { writeFileSync } from 'node:fs';
import { unreachable } from '../../chain/errors.ts';
import { counted } from '../counted.ts';
import { tellFailure } from '../failure.ts';
import { hunt, type MutantResult, mutantsOf } from '../mutants/mutants.ts';
import { mutantsPage, mutantsPageOf } from '../mutants/page.ts';
import { type Outcome, runCampaign } from './campaign.ts';
import { crashEverywhere } from './crash-points.ts';
import { drawDiagram, happeningOf, wordOf } from './diagram.ts';
import { readWish, simulateUsage, type Wish } from './options.ts';
import { type Fault, optionsOf, type Scenario } from './scenario.ts';
import { SeedProgress } from './seed-progress.ts';
import { shrink } from './shrink.ts';
import { type Report, simulate } from './simulate.ts';
import { summarize } from './summary.ts';
import type { Carried } from './wires.ts';

process.exitCode = await main(process.argv.slice(2)).catch(tellFailure);

async function main(args: readonly string[]): Promise<number> {
  if (args.includes('--help')) {
    process.stdout.write(simulateUsage);
    return 0;
  }
  const wish = readWish(args);
  switch (wish.task) {
    case 'campaign':
      return campaign(wish);
    case 'trace':
      return trace(wish);
    case 'mutants':
      return breakRules(wish);
    case 'crashes':
      return crashes(wish);
    case 'shrink':
      return makeSmall(wish);
    default:
      return unreachable(wish.task);
  }
}

function* scenariosOf(wish: Wish, ownFaults: readonly Fault[] = []): Generator<Scenario> {
  const { engine, nodes, intervalMs, signatures, without, first, last } = wish;
  const faults = wish.faults ?? ownFaults;
  for (let seed = first; seed <= last; seed++) yield { engine, seed, nodes, intervalMs, faults, signatures, without };
}

async function campaign(wish: Wish): Promise<number> {
  const now = () => performance.now();
  const startedMs = now();
  const { first, last, limitMs } = wish;
  const progress = new SeedProgress({ screen: process.stderr, first, last, now, limitMs });
  const outcomes: Outcome[] = [];
  await runCampaign(scenariosOf(wish), {
    jobs: wish.jobs,
    traceFolder: wish.traceFolder,
    brokenRule: null,
    onOutcome: outcome => {
      outcomes.push(outcome);
      if (wish.output === 'text') print(lineOf(outcome));
      if (wish.output !== 'progress') return 'go on';
      progress.add(outcome);
      return progress.goesOn ? 'go on' : 'stop';
    },
  });
  const { engine, nodes } = wish;
  const summary = summarize({ engine, nodes, outcomes, wallMs: performance.now() - startedMs });
  if (wish.output === 'json') print(JSON.stringify(summary));
  else {
    const { seeds, pass, noProgress, diverged, virtualSeconds, wallSeconds } = summary;
    print(`${counted(seeds, 'seed')}: ${pass} pass, ${noProgress} no progress, ${diverged} diverged`);
    print(`${virtualSeconds} s of virtual time in ${wallSeconds} s`);
    if (progress.next <= last && wish.output === 'progress') print(`go on with --seeds ${progress.next}..${last}`);
  }
  return summary.pass === summary.seeds ? 0 : 1;
}

/** Seeds in this process, with all that happens. */
async function trace(wish: Wish): Promise<number> {
  // A path that cannot be written is told before the run, not after it.
  if (wish.diagram !== null) writeFileSync(wish.diagram, '');
  for (const scenario of scenariosOf(wish)) {
    const lines: string[] = [];
    const carried: Carried[] = [];
    const onLine = (line: string) => {
      if (wish.diagram === null) print(line);
      lines.push(line);
    };
    try {
      const report = await simulate({ scenario, onLine, onPacket: packet => wish.diagram && carried.push(packet) });
      print(wish.output === 'json' ? JSON.stringify(report) : reportLine(report));
    } catch (error) {
      process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
      return 1;
    } finally {
      if (wish.diagram !== null) writeFileSync(wish.diagram, diagramOf(lines, carried));
    }
  }
  return 0;
}

function diagramOf(lines: readonly string[], carried: readonly Carried[]): string {
  const messages = carried.flatMap(({ packet, ...way }) => {
    const what = wordOf(packet);
    return what === null ? [] : [{ ...way, what }];
  });
  const names = [...new Set(messages.flatMap(({ from, to }) => [from, to]))].sort();
  return drawDiagram(names, messages, lines.map(happeningOf));
}

/** Prints the scenario as testnet/sim/regressions keeps it, and the command that shows it. 0 when the seed passes, as everywhere. */
async function makeSmall(wish: Wish): Promise<number> {
  const [scenario] = scenariosOf(wish);
  if (scenario === undefined) return 2;
  const shrunk = await shrink(scenario, tried => process.stderr.write(`trying ${optionsOf(tried)}\n`));
  if (shrunk === null) {
    process.stderr.write(`seed ${scenario.seed} does not fail: nothing is to be left out\n`);
    return 0;
  }
  const { seed, ...rest } = shrunk.scenario;
  print(JSON.stringify({ ...rest, seed: Number(seed), check: shrunk.check }));
  process.stderr.write(`kvchain-testnet simulate ${optionsOf(shrunk.scenario)} --trace\n`);
  return 1;
}

/** Throws at the first point that does not pass. */
async function crashes({ first }: Wish): Promise<number> {
  const points = await crashEverywhere(first, ({ write, survivors }) =>
    process.stderr.write(`write ${write}, ${survivors} survive\n`),
  );
  print(`seed ${first}: ${counted(points, 'crash point')}, and all came back`);
  return 0;
}

/** Several rules at a time; the seeds of one rule in their order, so that the first that sees it is always the same. */
async function breakRules(wish: Wish): Promise<number> {
  const mutants = mutantsOf(wish.engine);
  const rules = wish.mutants === 'all' ? Object.keys(mutants) : wish.mutants.split(',');
  const unknown = rules.find(rule => mutants[rule] === undefined);
  if (unknown !== undefined) {
    process.stderr.write(
      `error: --mutants: no rule ${JSON.stringify(unknown)}; there are: ${Object.keys(mutants).join(', ')}\n`,
    );
    return 2;
  }
  const found = new Map<string, MutantResult>();
  const resultsOf = () => rules.map(rule => found.get(rule)).filter(result => result !== undefined);
  const left = [...rules];
  const work = async (): Promise<void> => {
    for (let rule = left.shift(); rule !== undefined; rule = left.shift()) {
      const result = await hunt(rule, scenariosOf(wish, mutants[rule]?.faults));
      found.set(rule, result);
      // After each, for all of them take long.
      if (wish.page === 'written') writeFileSync(mutantsPageOf(wish.engine), mutantsPage(resultsOf(), wish));
      if (wish.output === 'text') print(`${rule.padEnd(22)} ${result.seed ?? 'escaped'} ${result.check ?? ''}`);
    }
  };
  await Promise.all(Array.from({ length: wish.jobs }, work));
  const results = resultsOf();
  if (wish.output === 'json') print(JSON.stringify(results));
  return results.every(({ caught }) => caught) ? 0 : 1;
}

function lineOf({ seed, verdict, check, traceFile, report }: Outcome): string {
  if (report !== null) return reportLine(report);
  return `seed ${seed}: ${verdict}: ${check ?? ''}${traceFile === null ? '' : `\n  trace: ${traceFile}`}`;
}

function reportLine(report: Report): string {
  const { seed, nodes, attackers, blocks, transactions, reorgDepthMax, virtualMs, realMs, traceHash } = report;
  const chain = [counted(blocks, 'block'), counted(transactions, 'transaction'), `reorg of ${reorgDepthMax}`];
  const counts = [counted(nodes, 'node'), counted(attackers, 'attacker'), ...chain].join(', ');
  const faults = `${counted(report.partitions, 'partition')}, ${counted(report.kills, 'kill')}`;
  const times = `${(virtualMs / 1_000).toFixed(0)} s in ${(realMs / 1_000).toFixed(1)} s`;
  return `seed ${seed}: ${counts}, ${faults}, ${times}, trace ${traceHash.slice(0, 16)}`;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
