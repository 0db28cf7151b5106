/**
 * What the build puts into one file: the packages behind a door, and each program with all that it needs. Such a file needs nothing but
 * Node.js and native code, and has the licences of all that is in it beside it.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { repositoryRoot, runNode } from './programs.ts';

/** [door, packages in it at least, folders where nothing else may import them at run time, what their names begin with]. */
const doors: readonly [door: string, packages: number, folders: readonly string[], behind: string][] = [
  ['daemon/network/libp2p', 50, ['daemon'], 'libp2p|@libp2p/|@chainsafe/libp2p|@multiformats/|it-'],
  ['daemon/rpc/fastify', 20, ['daemon'], 'fastify|@fastify/'],
  ['daemon/zod', 1, ['daemon', 'cli', 'testnet'], "zod'"],
];

describe.each(doors)('the door %s', (door, packages, folders, behind) => {
  const compiled = `dist/${door}.js`;

  it('imports modules of Node.js alone', () => {
    const imported = [...textOf(compiled).matchAll(/^(?:import|export) .*?from "([^"]+)";$/gm)].map(([, name]) => name);
    expect(imported.filter(name => !builtinModules.includes((name ?? '').replace('node:', '')))).toEqual([]);
  });

  it('is made anew when its source, the locked packages or the program that makes it change', () => {
    const made = createHash('sha256');
    for (const path of [`${door}.ts`, 'package-lock.json', '.ci/bundle.mjs'])
      made.update(readFileSync(join(repositoryRoot, path)));
    expect(textOf(compiled)).toMatch(`// Made of ${made.digest('hex').slice(0, 16)};`);
  });

  it('names a licence for each package', () => expectLicences(`dist/${door}.licences.txt`, packages));

  it('is the only file that imports its packages at run time', () => {
    const importing = folders
      .flatMap(folder => filesOf(`dist/${folder}`))
      .filter(path => path.endsWith('.js') && !/\.(test|suite)\.js$/.test(path) && path !== compiled)
      .filter(path => new RegExp(`^import .*'(?:${behind})`, 'm').test(textOf(path)));
    expect(importing).toEqual([]);
  });
});

describe.each([
  ['kvchaind', 80],
  ['kvchain', 10],
])('the program %s', (name, packages) => {
  const text = textOf(`dist/bundles/${name}.cjs`);

  it('requires Node.js, native code and what conditions choose', () => {
    const required = [...text.matchAll(/^(?:let|const|var) .*? = require\("([^"]+)"\);$/gm)].map(
      ([, module]) => module,
    );
    const others = required.filter(module => !builtinModules.includes((module ?? '').replace('node:', '')));
    const expected = ['#failpoint', '#rules', '@node-rs/crc32', 'classic-level'];
    expect(expected).toEqual(expect.arrayContaining(others));
    expect(required.length).toBeGreaterThan(5);
  });

  it('starts with the code that V8 has made of it', async () => {
    const script = `
      import { runBundle } from './dist/daemon/bundle.js';
      process.stderr.write('refused: ' + runBundle('${name}').cachedDataRejected + '\\n');`;
    const { exitCode, stdout, stderr } = await runNode(repositoryRoot, [
      ...['--input-type=module', '--eval', script, 'kvchain', '--version'],
    ]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: 'refused: false\n' });
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it('names a licence for each package', () => expectLicences(`dist/bundles/${name}.licences.txt`, packages));
});

function expectLicences(path: string, packages: number): void {
  const parts = textOf(path).split(`\n\n${'-'.repeat(80)}\n\n`);
  expect(parts.length).toBeGreaterThanOrEqual(packages);
  for (const part of parts) expect(part).toMatch(/^(@[\w-]+\/)?[\w.-]+ \d+\.\d+\.\d+\S*: [A-Z]/m);
}

function filesOf(folder: string): readonly string[] {
  return readdirSync(join(repositoryRoot, folder), { recursive: true, encoding: 'utf8' }).map(
    name => `${folder}/${name}`,
  );
}

function textOf(path: string): string {
  return readFileSync(join(repositoryRoot, path), 'utf8');
}
