/** The compiled doors to packages: files that need nothing but Node.js, with the licences of all that is in them. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { repositoryRoot } from './programs.ts';

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

  it('names a licence for each package', () => {
    const parts = textOf(`dist/${door}.licences.txt`).split(`\n\n${'-'.repeat(80)}\n\n`);
    expect(parts.length).toBeGreaterThanOrEqual(packages);
    for (const part of parts) expect(part).toMatch(/^(@[\w-]+\/)?[\w.-]+ \d+\.\d+\.\d+\S*: [A-Z]/m);
  });

  it('is the only file that imports its packages at run time', () => {
    const importing = folders
      .flatMap(folder => filesOf(`dist/${folder}`))
      .filter(path => path.endsWith('.js') && !/\.(test|suite)\.js$/.test(path) && path !== compiled)
      .filter(path => new RegExp(`^import .*'(?:${behind})`, 'm').test(textOf(path)));
    expect(importing).toEqual([]);
  });
});

function filesOf(folder: string): readonly string[] {
  return readdirSync(join(repositoryRoot, folder), { recursive: true, encoding: 'utf8' }).map(
    name => `${folder}/${name}`,
  );
}

function textOf(path: string): string {
  return readFileSync(join(repositoryRoot, path), 'utf8');
}
