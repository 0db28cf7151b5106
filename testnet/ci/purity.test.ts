/**
 * Plants clocks, chance and disks in the pure core and sees each of them caught, with the file named. A reference
 * to the types of Node.js would blind the compiler for the whole project, so the script refuses that too.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PlantedTree } from './planted-tree.ts';
import { processTimeoutMs, type Verdict } from './programs.ts';

type Violation = { readonly file: string; readonly source: string; readonly says: string };

const byScript: readonly Violation[] = [
  { file: 'chain/planted-clock.ts', source: 'export const now = Date.now();', says: 'uses Date' },
  { file: 'chain/planted-date.ts', source: 'export const at = new Date(0);', says: 'uses Date' },
  { file: 'consensus/planted-chance.ts', source: 'export const draw = Math.random();', says: 'uses Math.random' },
  { file: 'consensus/planted-parts.ts', source: 'export const { random } = Math;', says: 'takes Math apart' },
  { file: 'consensus/planted-index.ts', source: "export const draw = Math['random']();", says: 'Math[...] hides' },
  { file: 'chain/planted-global.ts', source: 'export const all = globalThis;', says: 'uses globalThis' },
  {
    file: 'chain/planted-locale.ts',
    source: "export const order = 'a'.localeCompare('b');",
    says: 'uses localeCompare',
  },
  { file: 'chain/planted-memory.ts', source: 'export const weak = new WeakRef({});', says: 'uses WeakRef' },
  {
    file: 'chain/planted-declare.ts',
    source: 'declare const host: { now(): number };\nexport const now = host.now();',
    says: 'declares something of the platform',
  },
  {
    file: 'chain/planted-types.ts',
    source: '/// <reference types="node" />\nexport const now = 0;',
    says: 'references node',
  },
  {
    file: 'consensus/planted-silence.ts',
    source: '// @ts-ignore\nexport const now = performance.now();',
    says: 'silences the compiler',
  },
];

const byCompiler: readonly Violation[] = [
  { file: 'chain/planted-disk.ts', source: "export { readFileSync } from 'node:fs';", says: "'node:fs'" },
  { file: 'chain/planted-timer.ts', source: 'export const timer = setTimeout(() => {}, 1);', says: "'setTimeout'" },
  { file: 'chain/planted-console.ts', source: "console.log('here');\nexport {};", says: "'console'" },
  { file: 'chain/planted-process.ts', source: 'export const pid = process.pid;', says: "'process'" },
  { file: 'chain/planted-fetch.ts', source: "export const page = fetch('http://127.0.0.1');", says: "'fetch'" },
];

const innocent: Readonly<Record<string, string>> = {
  'chain/planted-innocent.ts':
    'export type Row = { Date: number };\nexport const row: Row = { Date: Math.max(1, 2) };\nexport const at = row.Date;\n',
  'chain/planted-clock.test.ts': 'export const now = Date.now();\n',
};

const core: Readonly<Record<string, string>> = {
  'daemon/node.ts':
    "import './planted-timer.ts';\nimport type * as shell from './planted-shell.ts';\nexport type Shell = typeof shell;\n",
  'daemon/planted-timer.ts':
    "import { readFile } from 'node:fs/promises';\nexport const timer = setTimeout(() => {}, 1);\nexport { readFile };\n",
  'daemon/planted-shell.ts': 'export const now = Date.now();\n',
};

const sourcesOf = (violations: readonly Violation[]): Record<string, string> =>
  Object.fromEntries(violations.map(({ file, source }) => [file, `${source}\n`]));

describe('what the language brings into chain/ and consensus/', () => {
  let tree: PlantedTree;
  let verdict: Verdict;

  beforeAll(async () => {
    tree = await PlantedTree.create({ ...innocent, ...core, ...sourcesOf(byScript) });
    verdict = await tree.run('.ci/purity.mjs');
  }, processTimeoutMs);
  afterAll(() => tree.remove());

  it.each(byScript)('is refused in $file: $says', ({ file, says }) => {
    expect(verdict.exitCode).toBe(1);
    expect(verdict.stderr.split('\n').filter(line => line.startsWith(`${file}:`) && line.includes(says))).not.toEqual(
      [],
    );
  });

  it.each(Object.keys(innocent))('is not seen in %s', file => {
    expect(verdict.stderr).not.toContain(`${file}:`);
  });

  it('is refused in what the node runs, but not in what it only knows the type of', () => {
    expect(verdict.stderr).toContain('daemon/planted-timer.ts:1 imports node:fs/promises');
    expect(verdict.stderr).toContain('daemon/planted-timer.ts:2 uses setTimeout');
    expect(verdict.stderr).not.toContain('daemon/planted-shell.ts');
  });
});

describe('what the platform brings into chain/', () => {
  let tree: PlantedTree;
  let verdict: Verdict;

  beforeAll(async () => {
    tree = await PlantedTree.create(sourcesOf(byCompiler), ['chain/tsconfig.json', 'chain/platform.d.ts']);
    verdict = await tree.run('node_modules/typescript-native/bin/tsc', '--build', 'chain', '--pretty', 'false');
  }, processTimeoutMs);
  afterAll(() => tree.remove());

  it.each(byCompiler)('does not compile in $file: there is no $says', ({ file, says }) => {
    expect(verdict.exitCode).not.toBe(0);
    expect(verdict.stdout.split('\n').filter(line => line.startsWith(`${file}(`) && line.includes(says))).not.toEqual(
      [],
    );
  });
});
