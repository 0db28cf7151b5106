/**
 * Runs an experiment:
 *
 *     kvchain-testnet experiment NAME [--quick] [--engine E] [--seed N] [--only NAME=VALUE] [--out DIR] [--json]
 *
 * DIR gets data.csv, manifest.json, the pictures and README.md. What DIR holds already of the same run is kept, so one that was
 * interrupted goes on. --only runs the cells with one parameter, such as `bits=14`. --json prints the rows of the cells; without --out nothing is written. Exit code 2: usage;
 * 1: it was interrupted, or failed.
 */
import '../../daemon/polyfill.ts';
import { parseArgs } from 'node:util';
import { processMicroseconds } from '../bench/cpu.ts';
import { describeMachine } from '../bench/machine.ts';
import { tellFailure } from '../failure.ts';
import type { Experiment, Row } from './experiment.ts';
import { experiments } from './experiments.ts';
import { type Kept, OtherRunError, openFolder, savePage, saveRows } from './folder.ts';
import { currentCommit } from './manifest.ts';
import { watchOn } from './progress.ts';
import { isWanted, type Run, runGrid } from './run-grid.ts';

const usageText = `usage: experiment NAME [--quick] [--engine E] [--seed N] [--only NAME=VALUE] [--out DIR] [--json]

  --quick            less of the same, to see that it works; its figures are not to be quoted
  --engine E         the engine (default: the first that it runs on, pow for most)
  --seed N           of all chance, an integer from 0 to 999999999999999999 (default 1)
  --only NAME=VALUE  only the cells with this parameter, such as bits=14
  --out DIR          the folder for data, pictures and page; what it holds of the same run is kept, and the run goes on
  --json             print the rows; needed where there is no --out
  --help             print this

Experiments:
${experiments.map(({ name, title }) => `  ${name.padEnd(18)}${title}\n`).join('')}`;

const { run, out, printsRows } = readArguments();
try {
  const rows = out === undefined ? await runWithout(run) : await runInto(out, run);
  if (printsRows) process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
} catch (error) {
  if (error instanceof OtherRunError) usage(error.message);
  process.exitCode = tellFailure(error);
}

async function runWithout(run: Run): Promise<readonly Row[]> {
  const watcher = await watchOn(process.stderr, run.experiment.name, async () => {});
  const rows = await runGrid(run, [], watcher);
  watcher.stop();
  return rows;
}

async function runInto(folder: string, run: Run): Promise<readonly Row[]> {
  const before = await openFolder(folder, run);
  const origin = {
    ...describeMachine(`kvchain-testnet experiment ${process.argv.slice(2).join(' ')}`),
    commit: currentCommit(),
  };
  const startedUs = processMicroseconds();
  let kept: Kept = before;
  const watcher = await watchOn(process.stderr, run.experiment.name, async rows => {
    const part = { ...origin, cells: rows.length - before.rows.length, cpuSeconds: secondsSince(startedUs) };
    kept = { rows, manifest: { ...before.manifest, parts: [...before.manifest.parts, part] } };
    await saveRows(folder, run, kept);
  });
  const rows = await runGrid(run, before.rows, watcher);
  watcher.stop();
  await savePage(folder, run, kept);
  return rows;
}

function secondsSince(startedUs: number): number {
  return Number(((processMicroseconds() - startedUs) / 1e6).toFixed(1));
}

function readArguments(): { readonly run: Run; readonly out: string | undefined; readonly printsRows: boolean } {
  const { values, positionals } = parsed();
  const { quick = false, seed = '1', engine: asked, only = '', out, json = false, help = false } = values;
  if (help) {
    process.stdout.write(usageText);
    process.exit(0);
  }
  const [name, ...others] = positionals;
  if (name === undefined || others.length > 0) usage('name one experiment');
  const experiment = experiments.find(candidate => candidate.name === name);
  if (experiment === undefined) usage(`unknown experiment ${JSON.stringify(name)}`);
  const engine = asked ?? experiment.engines[0] ?? '';
  if (!experiment.engines.includes(engine))
    usage(
      `--engine ${JSON.stringify(engine)}: ${experiment.name} runs on ${experiment.engines.join(', ')}${reasonOf(experiment)}`,
    );
  const size = quick ? 'quick' : 'full';
  if (!experiment.cells(size, engine).some(cell => isWanted(cell, only)))
    usage(
      `--only ${JSON.stringify(only)}: no cell of ${experiment.name} has it; expected a parameter, such as bits=14`,
    );
  if (!/^\d{1,18}$/.test(seed))
    usage(`--seed ${JSON.stringify(seed)}: expected an integer from 0 to 999999999999999999`);
  if (out === undefined && !json) usage('name a folder with --out, or ask for --json');
  return {
    run: { experiment, size, seed: BigInt(seed), engine, only },
    out,
    printsRows: json,
  };
}

function reasonOf({ onlyThese }: Experiment): string {
  return onlyThese === undefined ? '' : `: ${onlyThese}`;
}

function parsed() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        quick: { type: 'boolean' },
        engine: { type: 'string' },
        seed: { type: 'string' },
        only: { type: 'string' },
        out: { type: 'string' },
        json: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    });
  } catch (error) {
    return usage(error instanceof Error ? error.message : String(error));
  }
}

function usage(fault: string): never {
  process.stderr.write(`error: ${fault}\n\n${usageText}`);
  process.exit(2);
}
