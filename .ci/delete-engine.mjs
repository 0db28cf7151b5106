/**
 * Takes each engine away in a copy of the tree, its folder and its row in the registry, with the engines that are built on it, and sees
 * that all the rest compiles and that the tests of the seam pass. It compiles everything anew, which takes about half a minute an
 * engine; `npm test` has the rule behind it (registry-alone-knows-the-engines), which looks at every import, those of tests too.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const copied = [
  '.ci',
  'package.json',
  'tsconfig.json',
  'vitest.config.ts',
  'chain',
  'consensus',
  'daemon',
  'cli',
  'testnet',
  'docs',
];
const engines = readdirSync(join(root, 'consensus'), { withFileTypes: true })
  .filter(entry => entry.isDirectory())
  .map(({ name }) => name);

const stuck = engines.filter(name => !compilesWithout(name));
process.exit(stuck.length > 0 ? 1 : 0);

function compilesWithout(engine) {
  const copy = mkdtempSync(join(tmpdir(), 'kvchain-without-'));
  try {
    for (const name of copied) cpSync(join(root, name), join(copy, name), { recursive: true });
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'), 'junction');
    const gone = [engine, ...engines.filter(other => other !== engine && isBuiltOn(other, engine))];
    for (const name of gone) takeAway(copy, name);
    const compiled = run(copy, 'typescript-native/bin/tsc', '--build', '--pretty', 'false');
    const isWhole = compiled && run(copy, 'vitest/vitest.mjs', 'run', 'dist/consensus');
    process.stdout.write(`${isWhole ? 'ok  ' : 'FAIL'} without ${gone.join(', ')}\n`);
    return isWhole;
  } finally {
    rmSync(copy, { recursive: true });
  }
}

function isBuiltOn(other, engine) {
  const folder = join(root, 'consensus', other);
  return readdirSync(folder).some(file => readFileSync(join(folder, file), 'utf8').includes(`from '../${engine}/`));
}

function takeAway(copy, engine) {
  rmSync(join(copy, 'consensus', engine), { recursive: true });
  const registry = join(copy, 'consensus', 'registry.ts');
  writeFileSync(registry, withoutRow(readFileSync(registry, 'utf8'), engine));
  const oracles = join(copy, 'consensus', 'oracles.ts');
  writeFileSync(oracles, withoutOracle(readFileSync(oracles, 'utf8'), engine));
}

/** The registry without what it imports from the engine's folder, and without the row that this was for. */
function withoutRow(source, engine) {
  const imported = new RegExp(`^import \\{ (\\w+) \\} from '\\./${engine}/.*\\n`, 'm').exec(source);
  if (imported === null) throw new Error(`consensus/registry.ts imports nothing from ${engine}/`);
  const [line, name] = imported;
  const left = source.replace(line, '').replace(new RegExp(`eraseTypes\\(${name}\\)(, )?`), '');
  // Without the last row, what every row needs has no use either.
  return left.includes('eraseTypes(') ? left : left.replace(', eraseTypes }', ' }');
}

/** An engine may have no oracle and no specimens. */
function withoutOracle(source, engine) {
  const imported = source.matchAll(new RegExp(`^import \\{ (\\w+) \\} from '\\./${engine}/.*\\n`, 'gm'));
  return [...imported].reduce(
    (left, [line, name]) => left.replace(line, '').replace(new RegExp(`[\\w'-]+: ${name},? ?`), ''),
    source,
  );
}

function run(folder, script, ...parameters) {
  const tool = join(folder, 'node_modules', script);
  const result = spawnSync(process.execPath, [tool, ...parameters], { cwd: folder, encoding: 'utf8' });
  if (result.status !== 0) process.stdout.write(`${result.stdout}${result.stderr}`);
  return result.status === 0;
}
