/**
 * Makes a clone ready to run: the right Node.js, the locked dependencies (their install scripts refused: none is needed), a build
 * without leftovers. Each step looks first whether it has anything to do, so that a second call takes about a second. `node .ci/prepare.mjs
 * packages` leaves out the build.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const sourceFolders = ['chain', 'consensus', 'daemon', 'cli', 'testnet'];
const nodeMinimum = [20, 19];

requireNode();
installDependencies();
if (process.argv[2] !== 'packages') build();

function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > nodeMinimum[0] || (major === nodeMinimum[0] && minor >= nodeMinimum[1])) return;
  fail(
    `kvchain needs Node.js ${nodeMinimum.join('.')} or later; this is ${process.versions.node} (${process.execPath}).`,
  );
}

function installDependencies() {
  const reason = reasonToInstall();
  if (reason === null) return say('dependencies: as locked');
  say(`dependencies: npm ci (${reason})`);
  const command = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  if (runNpm(command) !== 0) {
    fail(`npm ${command.join(' ')} failed: see above. It needs the package registry or a filled npm cache; try again.`);
  }
  const remaining = reasonToInstall();
  if (remaining !== null)
    fail(`npm ci ended well, but node_modules still differs from package-lock.json: ${remaining}.`);
}

/** Why node_modules does not hold what package-lock.json names, or null. npm writes its record last, so a torn install has none. */
function reasonToInstall() {
  const recordPath = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(recordPath)) return 'nothing installed yet';
  const installed = JSON.parse(readFileSync(recordPath, 'utf8')).packages;
  const locked = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  for (const [path, entry] of Object.entries(locked)) {
    if (path === '') continue;
    const found = installed[path];
    if (found === undefined) {
      if (entry.optional || entry.devOptional || entry.peer) continue;
      return `${path} is missing`;
    }
    if (found.version !== entry.version || (entry.integrity && found.integrity !== entry.integrity))
      return `${path} is ${found.version}, not ${entry.version}`;
  }
  for (const [path, entry] of Object.entries(installed)) {
    if (locked[path] === undefined) return `${path} is not in the lockfile`;
    if (!fitsMachine(entry)) return `${path} is for another machine`;
    if (!existsSync(join(root, path, 'package.json'))) return `${path} was removed`;
  }
  return null;
}

function fitsMachine(entry) {
  const fits = (list, value) =>
    list === undefined || list.includes(value) || list.some(item => item.startsWith('!') && item !== `!${value}`);
  return fits(entry.os, process.platform) && fits(entry.cpu, process.arch);
}

/** npm as it started this script, so that its version and settings are kept; otherwise the one on the PATH. */
function runNpm(command) {
  const npmScript = process.env.npm_execpath;
  const options = { cwd: root, stdio: ['ignore', 2, 2] };
  const viaScript = npmScript !== undefined && /npm-cli\.c?js$/.test(npmScript);
  const result = viaScript
    ? spawnSync(process.execPath, [npmScript, ...command], options)
    : spawnSync('npm', command, { ...options, shell: process.platform === 'win32' });
  if (result.error) fail(`npm could not be started: ${result.error.message}`);
  return result.status;
}

function build() {
  const removed = removeStaleOutputs();
  if (removed > 0) say(`build: removed ${removed} outputs whose source is gone`);
  say('build: building with tsc');
  compile('--build');
  if (findMissingOutputs().length > 0) {
    say('build: outputs are missing, building everything again');
    compile('--build', '--force');
    const missing = findMissingOutputs();
    if (missing.length > 0) fail(`The build ended well, but did not write ${missing.slice(0, 5).join(', ')}.`);
  }
  if (runNode('.ci/bundle.mjs') !== 0)
    fail('The build failed: why the packages could not be put into one file stands above.');
  say('build: up to date');
}

/** The native compiler takes a quarter of the time; `typescript` is the one that the tools read sources with. */
function compile(...flags) {
  const status = runNode('node_modules/typescript-native/bin/tsc', ...flags);
  if (status !== 0) fail('The build failed: the errors of the TypeScript compiler stand above.');
}

function runNode(...words) {
  return spawnSync(process.execPath, words, { cwd: root, stdio: ['ignore', 2, 2] }).status;
}

/** A compiled test whose source was deleted or moved would still be run, and would vouch for code that is gone. */
function removeStaleOutputs() {
  let removed = 0;
  for (const path of listFiles(join(root, 'dist'))) {
    const source = path.replace(/(\.d\.ts|\.js)(\.map)?$/, '.ts');
    if (source === path || existsSync(join(root, relative(join(root, 'dist'), source)))) continue;
    rmSync(path);
    removed++;
  }
  return removed;
}

/** The compiler trusts its records and does not look whether its outputs still exist. */
function findMissingOutputs() {
  return sourceFolders
    .flatMap(folder => listFiles(join(root, folder)))
    .filter(path => path.endsWith('.ts') && !path.endsWith('.d.ts'))
    .map(path => join('dist', relative(root, path).replace(/\.ts$/, '.js')))
    .filter(path => !existsSync(join(root, path)));
}

function listFiles(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath ?? entry.path, entry.name));
}

function say(line) {
  process.stderr.write(`${line}\n`);
}

function fail(message) {
  process.stderr.write(`\n${message}\n`);
  process.exit(1);
}
