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
import { KvchainError } from '../../chain/errors.ts';
import { processMicroseconds } from '../bench/cpu.ts';
import { describeMachine } from '../bench/machine.ts';
import type { Row } from './experiment.ts';
import { experiments } from './experiments.ts';
import { type Kept, OtherRunError, openFolder, savePage, saveRows } from './folder.ts';
import { currentCommit } from './manifest.ts';
import { watchOn } from './progress.ts';
import { isWanted, type Run, runGrid } from './run-grid.ts';

const { run, out, printsRows } = readArguments();
try {
  const rows = out === undefined ? await runWithout(run) : await runInto(out, run);
  if (printsRows) process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
} catch (error) {
  if (error instanceof OtherRunError) usage(error.message);
  if (!(error instanceof KvchainError) || error.code !== 'STOPPING') throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
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
  const { quick = false, seed = '1', engine = 'pow', only = '', out, json = false } = values;
  const experiment = experiments.find(({ name }) => name === positionals[0]);
  if (experiment === undefined || positionals.length !== 1) usage('name one experiment');
  if (!experiment.engines.includes(engine))
    usage(`engine ${JSON.stringify(engine)}: ${experiment.name} runs on ${experiment.engines.join(', ')}`);
  const size = quick ? 'quick' : 'full';
  if (!experiment.cells(size, engine).some(cell => isWanted(cell, only)))
    usage(`only ${JSON.stringify(only)}: no cell of ${experiment.name} has it; expected a parameter, such as bits=14`);
  if (!/^\d{1,18}$/.test(seed)) usage(`seed ${JSON.stringify(seed)}: expected an integer from 0 on`);
  if (out === undefined && !json) usage('name a folder with --out, or ask for --json');
  return {
    run: { experiment, size, seed: BigInt(seed), engine, only },
    out,
    printsRows: json,
  };
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
      },
    });
  } catch (error) {
    return usage(error instanceof Error ? error.message : String(error));
  }
}

function usage(fault: string): never {
  process.stderr.write(
    `${fault}\nusage: experiment NAME [--quick] [--engine E] [--seed N] [--only NAME=VALUE] [--out DIR] [--json]\n`,
  );
  for (const { name, title } of experiments) process.stderr.write(`  ${name.padEnd(18)}${title}\n`);
  process.exit(2);
}
