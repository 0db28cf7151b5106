/** What the simulator's command is told. */
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { KvchainError } from '../../chain/errors.ts';
import { type EngineName, engineNames } from '../../chain/genesis.ts';
import { createEngine } from '../../consensus/registry.ts';
import { type Fault, faults, parseFaults, usualIntervalMs } from './scenario.ts';
import { type SchemeName, schemeNames } from './signatures.ts';

export interface Wish {
  readonly engine: EngineName;
  readonly nodes: number | null;
  readonly intervalMs: number;
  readonly first: bigint;
  readonly last: bigint;
  /** Null: each broken rule has its own. */
  readonly faults: readonly Fault[] | null;
  readonly signatures: SchemeName;
  readonly without: readonly number[];
  readonly jobs: number;
  readonly traceFolder: string;
  /** `progress` tells failures and the time left, in the place of a line a seed. */
  readonly output: 'text' | 'json' | 'progress';
  /** Real time for all seeds together; only with `progress`. */
  readonly limitMs: number;
  /** `trace` prints what happens in the first seed; `mutants` breaks rules; `shrink` looks for what a failure needs. */
  readonly task: 'campaign' | 'trace' | 'shrink' | 'mutants' | 'crashes';
  /** Rules to break, or `all`. */
  readonly mutants: string;
  /** Where the diagram of the first seed goes, or null. */
  readonly diagram: string | null;
  /** Whether the page of the mutants is written. */
  readonly page: 'written' | 'left';
}

/** Eighteen digits. */
const seedMax = 10n ** 18n - 1n;

/** What `simulate --help` prints. */
export const simulateUsage = `Usage: kvchain-testnet simulate [--seed N | --seeds A..B] [--nodes N] [--faults all|beyond|none|LIST] [options]

Runs whole nodes in virtual time and checks that they keep their promises. The same seed gives the same trace. Exit code 0 only when
every seed passes; a seed that fails leaves its trace.

  --engine NAME     the engine (default pow)
  --seed N          the seed, an integer from 0 to ${seedMax} (default 1)
  --seeds A..B      all seeds from A to B, on all cores
  --nodes N         machines, 3 to 100 (default: each seed chooses 3 to 10; with paxos 3, 5 or 7 members and up to 2 observers)
  --interval MS     mean time between blocks, or the time-out of elections, 100 to 600000 (default 1000)
  --faults LIST     which faults may happen (default all); beyond: also those that no promise covers
  --signatures S    real (default) or fast: a hash in the place of secp256k1
  --without LIST    chapters of the story to leave out, by number
  --jobs N          processes (default: one a core)
  --traces FOLDER   where the traces of failures go (default: a folder for temporary files)
  --trace           print what happens, one line an event: virtual milliseconds, node, event
  --shrink          leave out what the failure of --seed does not need
  --crashes         tell one small story again for a crash at each write, with each beginning of it that may survive
  --diagram FILE    write a diagram of the messages of --seed (SVG)
  --mutants LIST    break one rule after the other (all, or names) and tell which seed sees it
  --write           with --mutants: write the engine's page in docs/experiments
  --progress        tell failures and the time left alone, and with which seed to go on after --seconds
  --seconds N       with --progress: begin no seed after so much time (default: all seeds)
  --json            print the result as one line of JSON
  --help            print this

Faults:
${tableOf(faults)}
all: those that the engine promises to survive. With paxos, whose members may crash and not lie, nobody is an attacker.
beyond: also amnesia, censor and history-rewriter, and with pow-paxos lying-member, which no promise covers.
`;

/** Errors thrown: USAGE, and what parseArgs throws. */
export function readWish(args: readonly string[]): Wish {
  const { values } = parseArgs({
    args: [...args],
    options: {
      engine: { type: 'string', default: 'pow' },
      seed: { type: 'string' },
      seeds: { type: 'string' },
      nodes: { type: 'string' },
      interval: { type: 'string', default: String(usualIntervalMs) },
      faults: { type: 'string' },
      signatures: { type: 'string', default: 'real' },
      without: { type: 'string', default: '' },
      jobs: { type: 'string', default: String(availableParallelism()) },
      traces: { type: 'string', default: join(tmpdir(), 'kvchain-simulate') },
      trace: { type: 'boolean', default: false },
      shrink: { type: 'boolean', default: false },
      crashes: { type: 'boolean', default: false },
      diagram: { type: 'string' },
      mutants: { type: 'string' },
      write: { type: 'boolean', default: false },
      progress: { type: 'boolean', default: false },
      seconds: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  const known = createEngine(values.engine);
  if (!known.ok) throw new KvchainError('USAGE', `--engine: ${known.error.detail}`);
  const engine = engineNames.find(name => name === values.engine) ?? 'pow';
  const option = values.seeds === undefined ? '--seed' : '--seeds';
  const [first, last] = seedsOf(option, values.seeds ?? values.seed ?? (values.mutants ? '1..200' : '1'));
  const signatures = schemeNames.find(name => name === values.signatures);
  if (signatures === undefined) throw new KvchainError('USAGE', `--signatures is one of ${schemeNames.join(', ')}`);
  const chosen = parseFaults(values.faults ?? 'all', engine);
  if (!chosen.ok) throw new KvchainError('USAGE', `--faults: ${chosen.error.detail}`);
  return {
    engine,
    nodes: values.nodes === undefined ? null : integer('--nodes', values.nodes, 3, 100),
    intervalMs: integer('--interval', values.interval, 100, 600_000),
    first,
    last,
    faults: values.faults === undefined && values.mutants !== undefined ? null : chosen.value,
    signatures,
    without: values.without === '' ? [] : values.without.split(',').map(text => integer('--without', text, 0, 99)),
    jobs: integer('--jobs', values.jobs, 1, 1_024),
    traceFolder: values.traces,
    output: outputOf(values),
    limitMs:
      values.seconds === undefined
        ? Number.POSITIVE_INFINITY
        : 1_000 * integer('--seconds', values.seconds, 1, 1_000_000),
    task: taskOf(values),
    mutants: values.mutants ?? '',
    diagram: values.diagram ?? null,
    page: values.write ? 'written' : 'left',
  };
}

function seedsOf(option: string, text: string): readonly [first: bigint, last: bigint] {
  const range = /^(\d+)(?:\.\.(\d+))?$/.exec(text);
  if (!range?.[1]) {
    const expected = 'a seed is an integer, seeds are two of them with two dots between';
    throw new KvchainError('USAGE', `${option}: ${expected}, not ${JSON.stringify(text)}`);
  }
  const [first, last] = [BigInt(range[1]), BigInt(range[2] ?? range[1])];
  if (first > last) throw new KvchainError('USAGE', `${option} ${text}: the first is greater than the last`);
  if (last > seedMax)
    throw new KvchainError('USAGE', `${option}: a seed is an integer from 0 to ${seedMax}, not ${last}`);
  return [first, last];
}

function taskOf(values: {
  trace: boolean;
  shrink: boolean;
  crashes: boolean;
  mutants?: string;
  diagram?: string;
}): Wish['task'] {
  if (values.mutants !== undefined) return 'mutants';
  if (values.shrink) return 'shrink';
  if (values.crashes) return 'crashes';
  return values.trace || values.diagram !== undefined ? 'trace' : 'campaign';
}

function outputOf({ json, progress }: { json: boolean; progress: boolean }): Wish['output'] {
  if (json) return 'json';
  return progress ? 'progress' : 'text';
}

function integer(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < min || value > max) {
    throw new KvchainError('USAGE', `${name} is an integer from ${min} to ${max}, not ${JSON.stringify(text)}`);
  }
  return value;
}

function tableOf(rows: Readonly<Record<string, string>>): string {
  return Object.entries(rows)
    .map(([name, what]) => `  ${name.padEnd(21)} ${what}`)
    .join('\n');
}
