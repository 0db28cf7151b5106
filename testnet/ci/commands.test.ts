/**
 * Follows README and ARCHITECTURE as a stranger would: every command, as it stands and in its order, in a folder that looks like a clone,
 * with a home folder and ports of its own. What the pages show as output must be what the commands print, numbers and hashes apart.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../until.ts';
import { commandsOf, type Page, readPage, shellBlocks } from './pages.ts';
import { repositoryRoot } from './programs.ts';

describe('the commands of the pages', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kvchain-docs-'));
  const home = join(folder, 'home');
  const clone = join(folder, 'clone');
  let ports: ReadonlyMap<string, string>;
  let solo: ChildProcess | null = null;

  beforeAll(async () => {
    mkdirSync(home);
    mkdirSync(clone);
    for (const name of readdirSync(repositoryRoot))
      if (name !== '.git') symlinkSync(join(repositoryRoot, name), join(clone, name));
    ports = await freePorts(['8645', '9645', '8655', '9655', '8656', '9656']);
  });

  afterAll(async () => {
    for (const name of ['.kvchain', 'first', 'second']) stopDaemon(join(home, name));
    if (solo !== null) await ended(solo);
    rmSync(folder, { recursive: true, maxRetries: 5 });
  });

  it('of README.md work as they stand, and print what it shows', async () => {
    const page = readPage('README.md');
    const [start, ...others] = shellBlocks(page);
    expect(start).toBe('npm start');
    const flags = ['--', '--rpc-port', `${ports.get('8645')}`, '--p2p-port', `${ports.get('9645')}`];
    solo = spawn('npm', ['start', ...flags], { cwd: clone, env: environment(home), stdio: ['ignore', 'pipe', 'pipe'] });
    const said = listen(solo);
    await until('npm start to be up', 240_000, async () => {
      if (solo?.exitCode !== null) throw new Error(`npm start ended:\n${said()}`);
      return said().includes('Ctrl-C') ? true : null;
    });
    const output = `${said()}\n${await runShell(others.join('\n'), { cwd: clone, home, ports })}`;
    expect(unseen(page, output)).toEqual([]);
  }, 600_000);

  it('of ARCHITECTURE.md work as they stand', async () => {
    await runShell(shellBlocks(readPage('ARCHITECTURE.md')).join('\n'), { cwd: clone, home, ports });
  }, 600_000);
});

/** Ports below those that the system gives out by itself, so that no other test gets them in the meantime. */
async function freePorts(wanted: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (const port of wanted) {
    for (;;) {
      const candidate = 20_000 + Math.floor(Math.random() * 10_000);
      if ([...found.values()].includes(`${candidate}`) || !(await isFree(candidate))) continue;
      found.set(port, `${candidate}`);
      break;
    }
  }
  return found;
}

function isFree(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

interface Shell {
  readonly cwd: string;
  readonly home: string;
  readonly ports: ReadonlyMap<string, string>;
}

/** Runs the lines one after the other until one fails; resolves to what they printed. Rejects with all that was said. */
async function runShell(script: string, { cwd, home, ports }: Shell): Promise<string> {
  const own = script.replace(/\b\d{4}\b/g, digits => ports.get(digits) ?? digits);
  const child = spawn('bash', ['-O', 'expand_aliases', '-euo', 'pipefail'], {
    cwd,
    env: environment(home),
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const said = listen(child);
  // On the standard input, so that an alias holds from the next line on; what the commands read themselves is empty.
  child.stdin.end(
    `${own
      .split('\n')
      .map(line => `${line} < /dev/null`.replace(/^(alias .*) < \/dev\/null$/, '$1'))
      .join('\n')}\n`,
  );
  const code = await ended(child);
  if (code !== 0) throw new Error(`exit code ${code} of the commands:\n${own}\n\nwhich said:\n${said()}`);
  return said();
}

function environment(home: string): NodeJS.ProcessEnv {
  return { ...process.env, HOME: home, NO_COLOR: '1' };
}

function listen({ stdout, stderr }: ChildProcess): () => string {
  let text = '';
  for (const stream of [stdout, stderr]) stream?.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
  return () => text;
}

function ended(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode);
  return new Promise(resolve => child.once('close', resolve));
}

/** Ends the daemon of a data folder, if one was left running. */
function stopDaemon(dataDir: string): void {
  const file = join(dataDir, 'rpc.json');
  if (!existsSync(file)) return;
  const { pid }: { readonly pid: number } = JSON.parse(readFileSync(file, 'utf8'));
  process.kill(pid, 'SIGTERM');
}

/** Lines of the page's samples of output that were not printed, when what differs from run to run is blotted out. */
function unseen(page: Page, output: string): readonly string[] {
  const printed = new Set(output.split('\n').map(blot));
  const samples = page.fences.filter(({ language }) => language === '').flatMap(({ text }) => commandsOf(text));
  return samples.filter(line => !printed.has(blot(line)));
}

function blot(line: string): string {
  return line
    .trimEnd()
    .replace(/\b[0-9a-f]{64}\b/g, 'HASH')
    .replace(/\bkv1\w+/g, 'ADDRESS')
    .replace(/"finality":"\w+"/g, '"finality":WHICH')
    .replace(/127\.0\.0\.1:\d+/g, 'HOST')
    .replace(/(data folder +)\S+/, '$1FOLDER')
    .replace(/\d+/g, 'N');
}
