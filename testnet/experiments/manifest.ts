/** manifest.json of an experiment's folder: out of which program, seed and machine its rows came. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { z } from '../../daemon/zod.ts';
import type { Machine } from '../bench/machine.ts';
import type { Run } from './run-grid.ts';

const machine: z.ZodType<Machine> = z.object({
  command: z.string(),
  date: z.string(),
  processor: z.string(),
  cores: z.number(),
  memoryGb: z.number(),
  system: z.string(),
  versions: z.record(z.string(), z.string()),
});

const part = machine.and(
  z.object({
    /** Of the program's source, with `-dirty` behind it when files were changed; `unknown` outside a clone. */
    commit: z.string(),
    /** Cells that were run, in this many seconds of CPU. */
    cells: z.number(),
    cpuSeconds: z.number(),
  }),
);

const manifest = z.object({
  experiment: z.string(),
  size: z.enum(['full', 'quick']),
  seed: z.string(),
  engine: z.string(),
  /** One for each time that the program was started and ran cells. */
  parts: z.array(part),
});

export type Manifest = Readonly<z.infer<typeof manifest>>;

/** Throws what JSON.parse and zod throw on a file that is no manifest. */
export function readManifest(text: string): Manifest {
  return manifest.parse(JSON.parse(text));
}

/** The manifest of a run that has not run anything yet. */
export function newManifest({ experiment, size, seed, engine }: Run): Manifest {
  return { experiment: experiment.name, size, seed: seed.toString(), engine, parts: [] };
}

/** The commit of the program's source. Rows of experiments are no part of it: each cell changes them. */
export function currentCommit(): string {
  const cwd = fileURLToPath(new URL('.', import.meta.url));
  const git = (...question: readonly string[]) =>
    execFileSync('git', question, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  try {
    const commit = git('rev-parse', '--short=12', 'HEAD');
    const changed = git('status', '--porcelain', '--untracked-files=no', '--', ':/', ':!/docs/experiments');
    return changed === '' ? commit : `${commit}-dirty`;
  } catch {
    return 'unknown';
  }
}
