/**
 * Packs the tree (npm pack) and installs the package into an empty folder (npm install) as a user does, with install scripts refused: what it
 * exports can be imported and its programs start. Needs the package registry, or the npm cache that installing the tree filled.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { repositoryRoot, runNode, runNpm, runProgram, type Verdict } from './programs.ts';

type Packed = { readonly filename: string; readonly files: readonly { readonly path: string }[] };
type PackageJson = {
  readonly version: string;
  readonly bin: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, string>>;
};

describe('the package, installed with install scripts refused', () => {
  let folder: string;
  let packageJson: PackageJson;
  let files: readonly string[];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kvchain-install-'));
    packageJson = JSON.parse(await readFile(join(repositoryRoot, 'package.json'), 'utf8'));
    const packed = await runNpm(repositoryRoot, ['pack', '--json', '--ignore-scripts', '--pack-destination', folder]);
    const [first]: readonly Packed[] = JSON.parse(succeeded(packed).stdout);
    if (first === undefined) throw new Error('npm pack named no package');
    files = first.files.map(({ path }) => path);
    await writeFile(join(folder, 'package.json'), '{ "name": "stranger", "private": true, "type": "module" }\n');
    const flags = ['--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund'];
    succeeded(await runNpm(folder, ['install', ...flags, join(folder, first.filename)]));
  }, 180_000);
  afterAll(() => rm(folder, { recursive: true }));

  it('holds every program and every export', () => {
    const named = [...Object.values(packageJson.bin), ...Object.values(packageJson.exports)];
    expect(files).toEqual(expect.arrayContaining(named.map(path => path.replace(/^\.\//, ''))));
    expect(files).toEqual(expect.arrayContaining(['LICENSE', 'README.md']));
  });

  it('holds no test, no source and no record of the compiler', () => {
    const unwanted = /\.(test|suite)\.|(?<!\.d)\.ts$|\.map$|\.tsbuildinfo$|^dist\/testnet\/ci\//;
    expect(files.filter(path => unwanted.test(path))).toEqual([]);
  });

  it.each(['kvchain/client', 'kvchain/chain'])('lets a stranger import %s', async name => {
    const source = `const names = Object.keys(await import('${name}')); console.log(names.length > 0);`;
    const verdict = await runNode(folder, ['--input-type=module', '--eval', source]);
    expect(succeeded(verdict).stdout.trim()).toBe('true');
  });

  it.each(['kvchaind', 'kvchain', 'kvchain-testnet'])('lets a stranger start %s', async name => {
    const program = join(folder, 'node_modules', 'kvchain', packageJson.bin[name] ?? '');
    const verdict = await runNode(folder, [program, '--version']);
    expect(succeeded(verdict).stdout).toContain(packageJson.version);
  });

  it('links the programs', async () => {
    const verdict = await runProgram(folder, join(folder, 'node_modules', '.bin', 'kvchaind'), ['--version']);
    expect(succeeded(verdict).stdout).toContain(packageJson.version);
  });
});

function succeeded(verdict: Verdict): Verdict {
  if (verdict.exitCode !== 0) throw new Error(`exit code ${verdict.exitCode}\n${verdict.stdout}\n${verdict.stderr}`);
  return verdict;
}
