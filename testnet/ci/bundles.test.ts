/**
 * What the build puts into one file: the packages behind a door, and each program with all that it needs. Such a file needs nothing but
 * Node.js and native code, and has the licences of all that is in it beside it.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { builtinModules } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Script } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toUtf8 } from '../../chain/bytes.ts';
import { sealCode } from '../../daemon/bundle.ts';
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

describe('the code beside a bundle', () => {
  const text = toUtf8('(function () { return 1; })');
  const code = new Script('(function () { return 1; })').createCachedData();
  const changed = Buffer.from(code);
  changed.writeUInt8((code[code.length - 1] ?? 0) ^ 1, code.length - 1);
  const otherText = toUtf8('(function () { return 2; })');
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kvchain-bundle-'));
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
    await cp(join(repositoryRoot, 'dist/daemon/bundle.js'), join(folder, 'daemon/bundle.js'));
    await mkdir(join(folder, 'bundles'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  /** Whether V8 refused the code; undefined when it was given none. */
  async function refusal(cache: Uint8Array): Promise<unknown> {
    await writeFile(join(folder, 'bundles/probe.cjs'), text);
    await writeFile(join(folder, 'bundles/probe.cjs.cache'), cache);
    const { runBundle } = await import(pathToFileURL(join(folder, 'daemon/bundle.js')).href);
    return runBundle('probe').cachedDataRejected;
  }

  it('is taken when it is whole', async () => {
    expect(await refusal(sealCode(text, code))).toBe(false);
  });

  it.each([
    ['damaged', Buffer.concat([sealCode(text, code).subarray(0, 32), changed])],
    ['of another text of the same length', sealCode(otherText, code)],
    ['cut', sealCode(text, code).subarray(0, 40)],
    ['empty', new Uint8Array()],
  ])('is left alone when it is %s', async (_what, cache) => {
    expect(await refusal(cache)).toBeUndefined();
  });
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
