/**
 * Runs the import rules of .dependency-cruiser.cjs, and fails when the tool did not see every source file or no import at all:
 * with a compiler that it does not support it checks nothing and says that all is well.
 */
import { spawnSync } from 'node:child_process';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { listSources } from './sources.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const folders = ['chain', 'consensus', 'daemon', 'cli', 'testnet'];
const tool = join(root, 'node_modules', 'dependency-cruiser', 'bin', 'dependency-cruise.mjs');

const result = spawnSync(
  process.execPath,
  [tool, '--config', '.dependency-cruiser.cjs', '--output-type', 'json', ...folders],
  {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  },
);
if (!result.stdout.startsWith('{')) fail([result.stderr, result.stdout]);

const { modules, summary } = JSON.parse(result.stdout);
const seen = new Map(modules.map(module => [module.source, module.dependencies.length]));
const sources = listSources(root, folders);
const unseen = sources.filter(path => !seen.has(path));
const imports = sources.reduce((total, path) => total + (seen.get(path) ?? 0), 0);

const lines = summary.violations.map(({ rule, from, to, cycle }) => {
  const path = cycle?.length ? cycle.map(step => step.name).join(' -> ') : to;
  return `${from} -> ${path}: ${rule.name}`;
});
if (unseen.length > 0) lines.push(`dependency-cruiser did not look at ${unseen.join(', ')}`);
if (imports === 0) lines.push('dependency-cruiser found no import in any file');
if (lines.length > 0) fail([...lines, 'The reason of each rule stands in .dependency-cruiser.cjs.']);

function fail(lines) {
  process.stderr.write(`${lines.join('\n')}\n`);
  process.exit(1);
}
