/** Plants a file, an export and a dependency that nothing uses, and sees each of them caught. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PlantedTree } from './planted-tree.ts';
import { processTimeoutMs, repositoryRoot, type Verdict } from './programs.ts';

describe('dead code', () => {
  let tree: PlantedTree;
  let verdict: Verdict;

  beforeAll(async () => {
    const { devDependencies } = JSON.parse(await readFile(join(repositoryRoot, 'package.json'), 'utf8'));
    const { 'fast-check': fastCheck, typescript, vitest } = devDependencies;
    const dependencies = { 'planted-package': '1.0.0', 'fast-check': fastCheck, typescript, vitest };
    tree = await PlantedTree.create({
      'package.json': JSON.stringify({ type: 'module', dependencies }),
      'chain/planted-orphan.ts': 'export const orphan = 1;\n',
      'chain/planted-used.ts': 'export const plantedUsed = 1;\nexport const plantedUnused = 2;\n',
      'chain/planted-used.test.ts':
        "import { plantedUsed } from './planted-used.ts';\nif (plantedUsed !== 1) throw new Error();\n",
    });
    verdict = await tree.run('node_modules/knip/bin/knip.js', '--no-progress', '--reporter', 'json');
  }, processTimeoutMs);
  afterAll(() => tree.remove());

  it('fails', () => expect(verdict.exitCode).toBe(1));

  it('is found in a file that nothing imports', () => {
    expect(issuesOf(verdict, 'files')).toContain('chain/planted-orphan.ts');
  });

  it('is found in an export that nothing imports, and only in that', () => {
    const exports = issuesOf(verdict, 'exports');
    expect(exports).toContain('plantedUnused');
    expect(exports).not.toContain('plantedUsed');
  });

  it('is found in a dependency that nothing imports', () => {
    expect(issuesOf(verdict, 'dependencies')).toContain('planted-package');
  });
});

type Report = { readonly issues: readonly Readonly<Record<string, readonly { readonly name: string }[]>>[] };

function issuesOf({ stdout }: Verdict, kind: string): readonly string[] {
  const report: Report = JSON.parse(stdout);
  return report.issues.flatMap(issue => issue[kind] ?? []).map(({ name }) => name);
}
