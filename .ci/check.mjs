/**
 * Every check of the repository, one line a step; stops at the first that fails and shows what it said. The packages come first and the
 * tests last; the steps between run side by side, as many as there are cores: those that only read sources beside the build, then those
 * that need it.
 * `node .ci/check.mjs lint tests` runs only the steps that are named.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const packageJson = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const npmScript = process.env.npm_execpath;

const packages = [{ name: 'packages', command: ['.ci/prepare.mjs', 'packages'] }];
const overSources = [
  { name: 'types', command: ['.ci/prepare.mjs'] },
  { name: 'purity', command: ['.ci/purity.mjs'] },
  { name: 'lint', command: ['node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '.'] },
  { name: 'promises', command: ['.ci/promises.mjs'] },
  { name: 'dead code', command: ['node_modules/knip/bin/knip.js', '--no-progress'] },
];
const overBuild = [
  { name: 'direction', command: ['.ci/direction.mjs'] },
  ...(packageJson.scripts['docs:check'] ? [{ name: 'docs', npm: ['run', '--silent', 'docs:check'] }] : []),
];
const steps = [...packages, ...overSources, ...overBuild];
const stopping = new AbortController();

const wanted = process.argv.slice(2);
const isWanted = name => wanted.length === 0 || wanted.includes(name);
const unknown = wanted.filter(name => name !== 'tests' && !steps.some(step => step.name === name));
if (unknown.length > 0) {
  process.stderr.write(
    `unknown step ${unknown.join(', ')}; there are: ${steps.map(step => step.name).join(', ')}, tests\n`,
  );
  process.exit(2);
}

for (const stage of [packages, overSources, overBuild]) await runSteps(stage);
if (isWanted('tests')) await runTests();

/** The wanted steps of a stage, side by side. */
async function runSteps(stage) {
  const left = stage.filter(({ name }) => isWanted(name));
  const work = async () => {
    for (let step = left.shift(); step !== undefined; step = left.shift()) await runStep(step);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
}

async function runStep({ name, command, npm }) {
  const startedMs = performance.now();
  const { status, said } = await (npm ? runNpm(npm) : run(process.execPath, command));
  report(name, startedMs, status === 0);
  if (status === 0) return;
  stopping.abort();
  process.stdout.write(said);
  process.exit(1);
}

function runNpm(command) {
  if (npmScript !== undefined) return run(process.execPath, [npmScript, ...command]);
  return run('npm', command, { shell: process.platform === 'win32' });
}

/** How a program ended, and all that it said. One that could not be started has failed too. */
function run(program, parameters, options = {}) {
  const child = spawn(program, parameters, {
    ...options,
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    signal: stopping.signal,
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', text => {
      said += text;
    });
  return new Promise(resolve => {
    child.once('error', ({ message }) => resolve({ status: null, said: message }));
    child.once('close', status => resolve({ status, said }));
  });
}

/** The tests take longest, so their output is shown as it comes, and the counts come from vitest's own report. */
async function runTests() {
  const startedMs = performance.now();
  const folder = mkdtempSync(join(tmpdir(), 'kvchain-check-'));
  const reportPath = join(folder, 'vitest.json');
  const command = [
    'node_modules/vitest/vitest.mjs',
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${reportPath}`,
  ];
  const result = spawnSync(process.execPath, command, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  const counts = readCounts(reportPath);
  if (result.status !== 0) counts.failed = Math.max(1, counts.failed);
  report('tests', startedMs, result.status === 0);
  if (packageJson.scripts['check:threats'] && result.status === 0)
    await runStep({ name: 'threats', command: ['dist/testnet/check-threats.js', reportPath] });
  rmSync(folder, { recursive: true });
  process.stdout.write(`${counts.passed} passed, ${counts.failed} failed\n`);
  if (result.status !== 0 || counts.passed === 0) process.exit(1);
}

/** What vitest reports; a run that broke before its report passed nothing. */
function readCounts(reportPath) {
  try {
    const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(reportPath, 'utf8'));
    return { passed: numPassedTests, failed: numFailedTests };
  } catch {
    return { passed: 0, failed: 0 };
  }
}

function report(name, startedMs, passed) {
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  process.stdout.write(`${passed ? 'ok  ' : 'FAIL'} ${name.padEnd(10)} ${seconds.padStart(6)} s\n`);
}
