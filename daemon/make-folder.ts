/**
 * Folders where there may be none yet. Node's own `recursive` tries for ever where the folder above is there and says ENOENT to a new
 * one, as /proc does.
 */
import { existsSync, statSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Makes the folder and those above it with this mode; one that is there stays as it is. Thrown: what the system says. */
export async function makeFolder(path: string, mode: number): Promise<void> {
  const above = dirname(path);
  if (!existsSync(above)) await makeFolder(above, mode);
  try {
    await mkdir(path, { mode });
  } catch (error) {
    if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw error;
  }
}
