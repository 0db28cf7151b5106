/**
 * `npm run check:threats`: runs the tests whose titles begin with the id of a threat, and fails on a row of the table without one that passed.
 * With a report of vitest as its argument, as `npm test` calls it, it judges that one and runs nothing.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type TestResult, threatFiles, threatTitlePattern, unprovenThreats } from './threats-tests.ts';

const root = resolve(fileURLToPath(import.meta.url), '../../..');

const [given] = process.argv.slice(2);
const problems = unprovenThreats(given === undefined ? runThreatTests() : resultsIn(given));
if (problems.length > 0) {
  process.stderr.write(`${problems.join('\n')}\n`);
  process.exitCode = 1;
}

function runThreatTests(): readonly TestResult[] {
  const folder = mkdtempSync(join(tmpdir(), 'kvchain-threats-'));
  try {
    const report = join(folder, 'vitest.json');
    const command = ['run', ...threatFiles(root), '--testNamePattern', threatTitlePattern];
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
    spawnSync(process.execPath, ['node_modules/vitest/vitest.mjs', ...command, ...reporters], {
      cwd: root,
      stdio: 'inherit',
    });
    return resultsIn(report);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Throws when the file is no report of vitest, which means that vitest itself broke. */
function resultsIn(path: string): readonly TestResult[] {
  const report: unknown = JSON.parse(readFileSync(path, 'utf8'));
  return listAt(report, 'testResults').flatMap(file =>
    listAt(file, 'assertionResults').map(test => ({ title: textAt(test, 'title'), status: textAt(test, 'status') })),
  );
}

function listAt(value: unknown, name: string): readonly unknown[] {
  const found = memberOf(value, name);
  if (!Array.isArray(found)) throw new Error(`the report of the tests has no list ${name}`);
  return found;
}

function textAt(value: unknown, name: string): string {
  return String(memberOf(value, name));
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
