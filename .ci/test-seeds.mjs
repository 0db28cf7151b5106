/** `npm run test:seeds -- [COUNT]`: every test file with properties, under COUNT new seeds; prints the seed of each run that failed. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const count = Number(process.argv[2] ?? 20);
const sources = readdirSync(join(root, 'dist'), { recursive: true })
  .filter(name => /\.(test|suite)\.js$/.test(name))
  .map(name => ({ name: join('dist', name), text: readFileSync(join(root, 'dist', name), 'utf8') }));
const hasProperties = ({ text }) => /\bfc\.(assert|check)\(/.test(text);
/** A suite with properties runs in the test files that import it. */
const suites = sources.filter(({ name }) => name.endsWith('.suite.js')).filter(hasProperties);
const files = sources
  .filter(({ name }) => name.endsWith('.test.js'))
  .filter(source => hasProperties(source) || suites.some(({ name }) => source.text.includes(basename(name))))
  .map(({ name }) => name);

const failed = [];
for (let run = 0; run < count; run++) {
  const seed = Math.floor(Math.random() * 2 ** 31);
  const env = { ...process.env, KVCHAIN_TEST_SEED: String(seed) };
  const command = ['node_modules/vitest/vitest.mjs', 'run', '--reporter=dot', ...files];
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { cwd: root, env, encoding: 'utf8' });
  process.stdout.write(`${status === 0 ? 'ok  ' : 'FAIL'} KVCHAIN_TEST_SEED=${seed}\n`);
  if (status === 0) continue;
  failed.push(seed);
  process.stdout.write(`${stdout}${stderr}`);
}
process.stdout.write(`${count - failed.length} of ${count} seeds passed\n`);
process.exit(failed.length === 0 ? 0 : 1);
