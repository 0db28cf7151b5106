/** What `npm start` and `npm test` do first, on trees of which something is missing, stale or too old. */
import { cp, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PlantedTree } from './planted-tree.ts';
import { repositoryRoot, runNode, type Verdict } from './programs.ts';

const stale = [
  'dist/chain/planted-gone.test.js',
  'dist/chain/planted-gone.test.js.map',
  'dist/chain/planted-gone.d.ts',
];
const foreign = 'dist/chain/planted-page.html';

describe('preparing a tree that was built before', () => {
  let tree: PlantedTree;
  let verdict: Verdict;

  beforeAll(async () => {
    const rootConfig = JSON.parse(await readFile(join(repositoryRoot, 'tsconfig.json'), 'utf8'));
    tree = await PlantedTree.create(
      {
        'tsconfig.json': JSON.stringify({ ...rootConfig, references: [{ path: 'chain' }] }),
        'chain/planted.ts': 'export const planted = 1;\n',
      },
      ['chain/tsconfig.json'],
    );
    await tree.plant(Object.fromEntries([...stale, foreign].map(path => [path, ''])));
    verdict = await tree.run('.ci/prepare.mjs');
  });
  afterAll(() => tree.remove());

  it('finds the locked packages installed and builds', async () => {
    expect(verdict).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('dependencies: as locked') });
    expect(await exists(tree, 'dist/chain/planted.js')).toBe(true);
  });

  it.each(stale)('removes %s, whose source is gone', async path => {
    expect(await exists(tree, path)).toBe(false);
  });

  it('leaves what the compiler did not write', async () => {
    expect(await exists(tree, foreign)).toBe(true);
  });

  it('builds again what was deleted behind the back of the compiler', async () => {
    await rm(join(tree.root, 'dist/chain/planted.js'));
    expect(await tree.run('.ci/prepare.mjs')).toMatchObject({ exitCode: 0 });
    expect(await exists(tree, 'dist/chain/planted.js')).toBe(true);
  });

  it('says that the build failed, and where', async () => {
    await tree.plant({ 'chain/planted-broken.ts': 'export const broken: number = "text";\n' });
    const { exitCode, stderr } = await tree.run('.ci/prepare.mjs');
    expect(exitCode).toBe(1);
    expect(stderr).toContain('chain/planted-broken.ts');
    expect(stderr).toContain('The build failed');
  });
});

describe('preparing a fresh clone', () => {
  let root: string;

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'kvchain-fresh-'));
    for (const name of ['.ci', 'package.json', 'package-lock.json']) {
      await cp(join(repositoryRoot, name), join(root, name), { recursive: true });
    }
  });
  afterAll(() => rm(root, { recursive: true }));

  it('asks npm for the locked packages, their install scripts refused, and says when npm fails', async () => {
    await writeFile(
      join(root, 'npm-cli.js'),
      "console.error('npm was asked:', ...process.argv.slice(2)); process.exit(1);\n",
    );
    const npm = { npm_execpath: join(root, 'npm-cli.js') };
    const { exitCode, stderr } = await runNode(root, ['.ci/prepare.mjs'], npm);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('npm was asked: ci --ignore-scripts');
    expect(stderr).toContain('nothing installed yet');
    expect(stderr).toMatch(/npm ci .* failed/);
  });

  it.each(['18.20.4', '20.18.3'])('refuses Node.js %s by name', async version => {
    const versions = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } });`;
    const pretend = `data:text/javascript,${encodeURIComponent(versions)}`;
    const { exitCode, stderr } = await runNode(root, ['--import', pretend, '.ci/prepare.mjs']);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`kvchain needs Node.js 20.19 or later; this is ${version}`);
  });
});

function exists(tree: PlantedTree, path: string): Promise<boolean> {
  return stat(join(tree.root, path)).then(
    () => true,
    () => false,
  );
}
