/**
 * Runs the smoke tests under every Node.js line that the package promises: the tests of the pure core, and a daemon that starts,
 * says its version and stops. The binaries come from the npm packages `node-<platform>-<arch>`, which the package `node` would
 * fetch by an install script. `node .ci/node-versions.mjs 22` runs one line. Needs the package registry.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const lines = process.argv.length > 2 ? process.argv.slice(2) : ['20.19', '22', '24'];
const platform = process.platform === 'win32' ? 'win' : process.platform;
const startupMs = 30_000;
const shutdownMs = 5_000;

const folder = mkdtempSync(join(tmpdir(), 'kvchain-node-versions-'));
try {
  for (const line of lines) await checkLine(line);
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function checkLine(line) {
  const binary = install(line);
  const version = run(binary, ['--version']).trim();
  run(binary, ['node_modules/vitest/vitest.mjs', 'run', 'dist/chain/', 'dist/consensus/', 'dist/daemon/store/']);
  process.stdout.write(`${version}: the tests of chain, consensus and the store pass\n`);
  const milliseconds = await startAndStop(binary);
  process.stdout.write(`${version}: a daemon starts, and stops in ${milliseconds} ms\n`);
}

/** The newest release of a line, as a binary of its own that leaves this Node.js alone. */
function install(line) {
  const home = join(folder, line);
  const name = `node-${platform}-${process.arch}`;
  const npmScript = process.env.npm_execpath;
  if (npmScript === undefined)
    throw new Error('Start this with `npm run test:node-versions`: it needs the path of npm.');
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-save', '--prefix', home];
  run(process.execPath, [npmScript, 'install', ...flags, `${name}@${line}`]);
  const binary = join(home, 'node_modules', name, 'bin', platform === 'win' ? 'node.exe' : 'node');
  if (!existsSync(binary)) throw new Error(`${name}@${line} brought no ${binary}`);
  return binary;
}

function run(program, parameters) {
  const result = spawnSync(program, parameters, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 });
  if (result.status === 0) return result.stdout;
  const output = `${result.error?.message ?? ''}${result.stdout ?? ''}${result.stderr ?? ''}`;
  throw new Error(`${program} ${parameters.join(' ')} failed:\n${output}`);
}

/** A new one-node network in a folder of its own: ready once it answers, stopped by SIGTERM. Returns how long stopping took. */
async function startAndStop(binary) {
  const dataDir = mkdtempSync(join(folder, 'data-'));
  const [rpcPort, p2pPort] = [await findFreePort(), await findFreePort()];
  const ports = ['--rpc-port', String(rpcPort), '--p2p-port', String(p2pPort)];
  const program = join('dist', 'cli', 'main.js');
  const daemon = spawn(binary, [program, 'start', '--solo', '--data-dir', dataDir, ...ports], {
    cwd: root,
    stdio: 'pipe',
  });
  let output = '';
  for (const stream of [daemon.stdout, daemon.stderr]) stream.on('data', chunk => (output += chunk));
  const exited = new Promise(settle => daemon.once('exit', (code, signal) => settle({ code, signal })));
  const isReady = await waitForAnswer(`http://127.0.0.1:${rpcPort}/healthz`, daemon);
  const askedAtMs = performance.now();
  daemon.kill('SIGTERM');
  const end = await withLimit(exited, shutdownMs);
  if (isReady && end?.code === 0) return Math.round(performance.now() - askedAtMs);
  daemon.kill('SIGKILL');
  throw new Error(
    `the daemon ${isReady ? `did not stop well (${JSON.stringify(end)})` : 'did not answer'}:\n${output}`,
  );
}

function findFreePort() {
  return new Promise((settle, refuse) => {
    const server = createServer().once('error', refuse);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => settle(port));
    });
  });
}

async function waitForAnswer(url, daemon) {
  const endMs = performance.now() + startupMs;
  while (performance.now() < endMs && daemon.exitCode === null) {
    const answer = await fetch(url).catch(() => null);
    if (answer?.ok) return true;
    await new Promise(settle => setTimeout(settle, 100));
  }
  return false;
}

async function withLimit(promise, limitMs) {
  let timer;
  const limit = new Promise(settle => {
    timer = setTimeout(() => settle(null), limitMs);
  });
  const result = await Promise.race([promise, limit]);
  clearTimeout(timer);
  return result;
}
