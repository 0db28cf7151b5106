/** The compiled door to libp2p: one file that needs nothing but Node.js, with the licences of all that is in it. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { repositoryRoot } from './programs.ts';

const folder = join(repositoryRoot, 'dist/daemon/network');

it('imports modules of Node.js alone', () => {
  const text = readFileSync(join(folder, 'libp2p.js'), 'utf8');
  const imported = [...text.matchAll(/^(?:import|export) .*?from "([^"]+)";$/gm)].map(([, name = '']) => name);
  expect(imported.length).toBeGreaterThan(5);
  expect(imported.filter(name => !builtinModules.includes(name.replace('node:', '')))).toEqual([]);
});

it('is made anew when its source, the locked packages or the program that makes it change', () => {
  const made = createHash('sha256');
  for (const path of ['daemon/network/libp2p.ts', 'package-lock.json', '.ci/bundle.mjs'])
    made.update(readFileSync(join(repositoryRoot, path)));
  expect(textOf('libp2p.js')).toMatch(`// Made of ${made.digest('hex').slice(0, 16)};`);
});

it('names a licence for each package', () => {
  const parts = readFileSync(join(folder, 'libp2p.licences.txt'), 'utf8').split(`\n\n${'-'.repeat(80)}\n\n`);
  expect(parts.length).toBeGreaterThan(50);
  for (const part of parts) expect(part).toMatch(/^(@[\w-]+\/)?[\w.-]+ \d+\.\d+\.\d+\S*: [A-Z]/m);
});

it('is the only file of the network that imports libp2p at run time', () => {
  const importing = readdirSync(folder)
    .filter(name => name.endsWith('.js') && name !== 'libp2p.js')
    .filter(name => /^import .*'(libp2p|@libp2p\/|@chainsafe\/libp2p|@multiformats\/|it-)/m.test(textOf(name)));
  expect(importing).toEqual([]);
});

function textOf(name: string): string {
  return readFileSync(join(folder, name), 'utf8');
}
