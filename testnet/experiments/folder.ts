/**
 * The folder of an experiment: data.csv, manifest.json, a picture each drawing, README.md. It is written after each cell, whole files
 * under another name first, so whoever interrupts a run loses the cell at work and no other.
 */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readRows, writeRows } from './data-file.ts';
import { drawSvg } from './drawing.ts';
import type { Row } from './experiment.ts';
import { type Manifest, newManifest, readManifest } from './manifest.ts';
import { experimentPage } from './page.ts';
import type { Run } from './run-grid.ts';

export interface Kept {
  readonly rows: readonly Row[];
  readonly manifest: Manifest;
}

/** A folder that holds the rows of another run. */
export class OtherRunError extends Error {
  override readonly name = 'OtherRunError';
}

/** What the folder holds of this run; nothing when it is new. Throws OtherRunError when it holds rows that do not belong to it. */
export async function openFolder(folder: string, run: Run): Promise<Kept> {
  await mkdir(folder, { recursive: true });
  const fresh = newManifest(run);
  const text = await readIfThere(join(folder, 'manifest.json'));
  if (text === null) return { rows: [], manifest: fresh };
  const manifest = readManifest(text);
  for (const key of ['experiment', 'size', 'seed', 'engine'] as const) {
    if (manifest[key] === fresh[key]) continue;
    throw new OtherRunError(`${folder} holds ${key} ${manifest[key]}, not ${fresh[key]}: name another folder`);
  }
  return { rows: readRows((await readIfThere(join(folder, 'data.csv'))) ?? ''), manifest };
}

/** Writes the rows there are, and where they came from. */
export async function saveRows(folder: string, run: Run, { rows, manifest }: Kept): Promise<void> {
  await writeWhole(join(folder, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  const { columns, series } = run.experiment;
  await writeWhole(join(folder, 'data.csv'), writeRows(Object.keys({ ...columns, ...series }), rows));
}

/** Writes the pictures and the page of a finished run. */
export async function savePage(folder: string, run: Run, kept: Kept): Promise<void> {
  for (const { name, spec } of run.experiment.draw(kept.rows)) {
    await writeWhole(join(folder, `${name}.svg`), await drawSvg(spec));
  }
  await writeWhole(join(folder, 'README.md'), experimentPage(run.experiment, kept));
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

async function writeWhole(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text);
  await rename(`${path}.new`, path);
}
