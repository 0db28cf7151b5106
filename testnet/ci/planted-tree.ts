/**
 * A throw-away tree in which a test plants what a check must catch: a check that has never been seen to fail proves nothing. It has the
 * repository's tools and the planted files alone, since that the check sees all sources is proved by running it on them, which
 * `npm run check` does; the installed packages are linked, not copied.
 */
import { cp, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { repositoryRoot, runNode, type Verdict } from './programs.ts';

const tools = [
  '.ci',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'biome.json',
  'knip.json',
  '.oxlintrc.json',
  '.dependency-cruiser.cjs',
];

/** A tree of the tools with `files` (path to content) written into it. Call `remove` when done. */
export class PlantedTree {
  readonly root: string;

  private constructor(root: string) {
    this.root = root;
  }

  /** `kept` are files of the sources that are copied with the tools. */
  static async create(files: Readonly<Record<string, string>>, kept: readonly string[] = []): Promise<PlantedTree> {
    const root = await realpath(await mkdtemp(join(tmpdir(), 'kvchain-planted-')));
    for (const name of [...tools, ...kept]) await cp(join(repositoryRoot, name), join(root, name), { recursive: true });
    await symlink(join(repositoryRoot, 'node_modules'), join(root, 'node_modules'), 'junction');
    const tree = new PlantedTree(root);
    await tree.plant(files);
    return tree;
  }

  /** Writes `files`, a path from the root to a content each, over what is there. */
  async plant(files: Readonly<Record<string, string>>): Promise<void> {
    for (const [path, content] of Object.entries(files)) {
      await mkdir(dirname(join(this.root, path)), { recursive: true });
      await writeFile(join(this.root, path), content);
    }
  }

  /** Runs a script of the copy (or of its packages) with Node.js, in the copy's root. */
  run(script: string, ...parameters: readonly string[]): Promise<Verdict> {
    return runNode(this.root, [join(this.root, script), ...parameters]);
  }

  remove(): Promise<void> {
    return rm(this.root, { recursive: true });
  }
}
