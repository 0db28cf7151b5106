/** The TypeScript sources of the tree, for the checks that look at each of them. */
import { existsSync, readdirSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

/** Paths from `root` with forward slashes, sorted: every .ts file under `folders`, tests included. */
export function listSources(root, folders) {
  return folders
    .filter(folder => existsSync(join(root, folder)))
    .flatMap(folder => readdirSync(join(root, folder), { withFileTypes: true, recursive: true }))
    .filter(entry => entry.isFile() && entry.name.endsWith('.ts'))
    .map(entry =>
      relative(root, join(entry.parentPath ?? entry.path, entry.name))
        .split(sep)
        .join('/'),
    )
    .sort();
}
