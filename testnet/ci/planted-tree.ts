/**
 * A throw-away copy of the sources in which a test plants what a check must catch: a check that has never been seen to fail
 * proves nothing. The installed packages are linked, not copied.
 */
import { cp, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repositoryRoot, runNode, type Verdict } from './programs.ts';

const copied = [
  ...['chain', 'consensus', 'daemon', 'cli', 'testnet', '.ci'],
  ...['package.json', 'tsconfig.json', 'biome.json', 'knip.json', 'vitest.config.ts', '.dependency-cruiser.cjs'],
];

/** A copy of the tree with `files` (path to content) written into it. Call `remove` when done. */
export class PlantedTree {
  readonly root: string;

  private constructor(root: string) {
    this.root = root;
  }

  static async create(files: Readonly<Record<string, string>>): Promise<PlantedTree> {
    const root = await realpath(await mkdtemp(join(tmpdir(), 'kvchain-planted-')));
    for (const name of copied) await cp(join(repositoryRoot, name), join(root, name), { recursive: true });
    await symlink(join(repositoryRoot, 'node_modules'), join(root, 'node_modules'), 'junction');
    for (const [path, content] of Object.entries(files)) await writeFile(join(root, path), content);
    return new PlantedTree(root);
  }

  /** Runs a script of the copy (or of its packages) with Node.js, in the copy's root. */
  run(script: string, ...parameters: readonly string[]): Promise<Verdict> {
    return runNode(this.root, [join(this.root, script), ...parameters]);
  }

  remove(): Promise<void> {
    return rm(this.root, { recursive: true });
  }
}
