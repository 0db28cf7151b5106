/** How the one command that runs every check speaks of what it found. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PlantedTree } from './planted-tree.ts';

const passingTest = "import { it } from 'vitest';\nit('passes', () => {});\n";
const failingTest = "import { it } from 'vitest';\nit('fails as planted', () => { throw new Error('planted'); });\n";
const vitestConfig = "export default { test: { include: ['dist/**/*.test.js'] } };\n";

describe('npm run check', () => {
  let tree: PlantedTree;

  beforeAll(async () => {
    tree = await PlantedTree.create({ 'chain/planted.ts': 'export const now = Date.now();\n' }, [
      'chain/tsconfig.json',
    ]);
    await tree.plant({
      'vitest.config.ts': vitestConfig,
      'dist/chain/passing.test.js': passingTest,
      'dist/testnet/check-threats.js': '',
    });
  });
  afterAll(() => tree.remove());

  it('stops at the first failure, with its output and a bad exit code', async () => {
    const { exitCode, stdout } = await tree.run('.ci/check.mjs', 'purity', 'tests');
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/^FAIL purity +\d+\.\d s$/m);
    expect(stdout).toContain('chain/planted.ts:1 uses Date');
    expect(stdout).not.toContain('tests');
  });

  it('shows the closing lines of the tests and ends with their counts', async () => {
    const { exitCode, stdout } = await tree.run('.ci/check.mjs', 'tests');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/Tests +1 passed/);
    expect(stdout).toMatch(/^ok {3}tests +\d+\.\d s\nok {3}threats +\d+\.\d s\n1 passed, 0 failed\n$/m);
  });

  it('shows the report of the tests to the check of threats, and fails when that does', async () => {
    const judge =
      "import { readFileSync } from 'node:fs';\nconst report = JSON.parse(readFileSync(process.argv[2], 'utf8'));\n" +
      "console.error(report.numPassedTests, 'planted');\nprocess.exit(1);\n";
    await tree.plant({ 'dist/testnet/check-threats.js': judge });
    const { exitCode, stdout } = await tree.run('.ci/check.mjs', 'tests');
    await tree.plant({ 'dist/testnet/check-threats.js': '' });
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/^FAIL threats +\d+\.\d s\n1 planted\n$/m);
  });

  it('fails when a test fails', async () => {
    await tree.plant({ 'dist/chain/failing.test.js': failingTest });
    const { exitCode, stdout } = await tree.run('.ci/check.mjs', 'tests');
    expect(exitCode).toBe(1);
    expect(stdout).toContain('fails as planted');
    expect(stdout).toMatch(/\n1 passed, 1 failed\n$/);
  });

  it('fails when a test file cannot be loaded', async () => {
    await tree.plant({ 'dist/chain/failing.test.js': "import './is-not-there.js';\n" });
    const { exitCode, stdout } = await tree.run('.ci/check.mjs', 'tests');
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/\n1 passed, 1 failed\n$/);
  });

  it('names its steps when asked for one that it does not have', async () => {
    const { exitCode, stderr } = await tree.run('.ci/check.mjs', 'spelling');
    expect(exitCode).toBe(2);
    expect(stderr).toContain(
      'unknown step spelling; there are: packages, types, purity, lint, promises, dead code, direction',
    );
  });
});
