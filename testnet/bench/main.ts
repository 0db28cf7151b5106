/**
 * Measures how fast kvchain is, each figure beside a reference from the same run:
 *
 *     npm run bench [-- NAME] [--quick] [--json FILE] [--docs]
 *
 * Each benchmark runs in a process of its own; one that fails is told, and the rest go on. FILE gets the figures as a JSON array, and
 * FILE's neighbour `*.machine.json` the machine, the versions and the command. --docs puts both in the place of what docs/experiments/
 * holds of these benchmarks, and writes the page.
 */
import { spawn } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { benches } from './benches.ts';
import type { Effort, Figure } from './figure.ts';
import { describeMachine } from './machine.ts';
import { benchPage, goalText, mergeRuns, type Run, valueText } from './page.ts';

/** A benchmark that has said nothing for so long hangs. */
const hangsAfterMs = 480_000;
const program = fileURLToPath(new URL('./run-one.js', import.meta.url));
const docsFolder = fileURLToPath(new URL('../../../docs/experiments/', import.meta.url));

const { values, positionals } = readArguments();
const names = positionals.length > 0 ? positionals : Object.keys(benches);
const unknown = names.filter(name => !Object.hasOwn(benches, name));
if (unknown.length > 0) usage(`unknown: ${unknown.join(', ')}`);

const machine = describeMachine(['npm run bench', ...process.argv.slice(2)].join(' ').replace('bench ', 'bench -- '));
const runs: Run[] = [];
for (const bench of names) {
  process.stderr.write(`${bench}: ${benches[bench]?.meaning}\n`);
  const found = await runBench(bench, values.quick ? 'quick' : 'full');
  const outcome = typeof found === 'string' ? { figures: [], error: found } : { figures: found, error: null };
  runs.push({ bench, machine, ...outcome });
}
const figures = runs.flatMap(run => run.figures);
process.stdout.write(`${tableOf(figures)}\n`);
for (const { bench, error } of runs) if (error !== null) process.stdout.write(`${bench} FAILED: ${error}\n`);
if (values.json !== undefined) {
  await writeJson(values.json, figures);
  await writeJson(`${values.json.replace(/\.json$/, '')}.machine.json`, machine);
}
if (values.docs) await writeDocs();
process.exitCode = runs.every(({ error }) => error === null) && figures.every(({ met }) => met) ? 0 : 1;

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: { quick: { type: 'boolean' }, json: { type: 'string' }, docs: { type: 'boolean' } },
    });
  } catch (error) {
    return usage(error instanceof Error ? error.message : String(error));
  }
}

function usage(fault: string): never {
  process.stderr.write(`${fault}\nusage: bench [NAME ...] [--quick] [--json FILE] [--docs]\n`);
  for (const [name, { meaning }] of Object.entries(benches)) process.stderr.write(`  ${name.padEnd(12)}${meaning}\n`);
  process.exit(2);
}

/** The figures of one benchmark, or what went wrong. */
async function runBench(name: string, effort: Effort): Promise<readonly Figure[] | string> {
  const child = spawn(process.execPath, [program, name, effort], { stdio: ['ignore', 'pipe', 'pipe'] });
  const timer = setTimeout(() => child.kill('SIGKILL'), hangsAfterMs);
  const ended = new Promise<number | null>(resolve => child.once('close', resolve));
  const [output, complaint, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  clearTimeout(timer);
  if (code === 0) return JSON.parse(output);
  return code === null ? `killed after ${hangsAfterMs / 1_000} s; ${lastLines(complaint)}` : lastLines(complaint);
}

function lastLines(complaint: string): string {
  return complaint.trim().split('\n').slice(-12).join('\n');
}

function tableOf(rows: readonly Figure[]): string {
  const table = new Table({
    head: ['figure', 'value', 'reference', 'ratio', 'goal', ''],
    style: { head: [], border: [] },
  });
  for (const row of rows) {
    const { name, reference, ratio, met } = row;
    table.push([
      name,
      valueText(row),
      `${reference.value} ${reference.name}`,
      ratio,
      goalText(row),
      met ? 'met' : 'MISSED',
    ]);
  }
  return table.toString();
}

/** The figures of the benchmarks that did not run now are kept. */
async function writeDocs(): Promise<void> {
  const file = join(docsFolder, 'bench.json');
  const kept: readonly Run[] = JSON.parse(await readFile(file, 'utf8'));
  const merged = mergeRuns(Object.keys(benches), kept, runs);
  await writeJson(file, merged);
  await writeFile(join(docsFolder, 'bench.md'), benchPage(merged));
}

async function writeJson(file: string, value: unknown): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `${JSON.stringify(value, null, 2)}\n`);
}
