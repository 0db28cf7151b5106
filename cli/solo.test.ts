/** The whole story of a newcomer, each step a process of its own: start, put, get, verify, import, kill -9, start again, stop. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { typed } from './typed.suite.ts';

const program = fileURLToPath(new URL('./main.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'kvchain-solo-'));
const dataDir = join(folder, 'data');
const stepTimeoutMs = 240_000;
/** Twice the rate of a new network, two blocks a second at first: the story waits for several blocks. */
const hurried = ['--mine-rate', '40000', '--rpc-port', '0', '--p2p-port', '0'];

interface Ended {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `kvchain ...words` on the data folder to its end. */
function kvchain(...words: readonly string[]): Promise<Ended> {
  return new Promise(resolve => {
    const options = { timeout: stepTimeoutMs, encoding: 'utf8' } as const;
    execFile(process.execPath, [program, ...words, '--data-dir', dataDir], options, (error, stdout, stderr) => {
      resolve({ exit: error === null ? 0 : typeof error.code === 'number' ? error.code : 1, stdout, stderr });
    });
  });
}

/** The one document of a command that must succeed. */
async function answer(...words: readonly string[]): Promise<Record<string, unknown>> {
  const { exit, stdout, stderr } = await kvchain(...words, '--json');
  expect({ words, exit, said: exit === 0 ? '' : stdout + stderr }).toEqual({ words, exit: 0, said: '' });
  return JSON.parse(stdout);
}

interface Started {
  readonly cli: ChildProcess;
  readonly url: string;
  /** The daemon's. */
  readonly pid: number;
  readonly exit: Promise<number | null>;
}

/** `kvchain start --solo` in the foreground, up to the line that it prints when it is ready. */
async function startSolo(): Promise<Started> {
  const words = ['start', '--solo', '--json', ...hurried, '--data-dir', dataDir];
  const cli = spawn(process.execPath, [program, ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
  const exit = new Promise<number | null>(resolve => cli.once('exit', resolve));
  let said = '';
  cli.stderr.on('data', part => {
    said += part;
  });
  for await (const line of createInterface({ input: cli.stdout })) {
    const ready: unknown = line.includes('"dataDir"') && line.includes('"pid"') ? JSON.parse(line) : null;
    if (typeof ready !== 'object' || ready === null || !('url' in ready) || !('pid' in ready)) continue;
    started.add(Number(ready.pid));
    return { cli, url: String(ready.url), pid: Number(ready.pid), exit };
  }
  throw new Error(`the daemon did not come up: ${said}`);
}

/** Daemons that a test which fails half-way would leave behind. */
const started = new Set<number>();

afterAll(() => {
  for (const pid of started) kill(pid);
  rmSync(folder, { recursive: true, force: true });
});

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended, as it should have.
  }
}

describe('a network of one node', () => {
  let solo: Started | null = null;

  it(
    'comes up with a key and a password that only its owner can read',
    async () => {
      solo = await startSolo();
      for (const file of ['password', 'keys/main.json', 'genesis.json']) {
        expect([file, statSync(join(dataDir, file)).mode & 0o777]).toEqual([file, 0o600]);
      }
      expect(statSync(dataDir).mode & 0o777).toBe(0o700);
    },
    stepTimeoutMs,
  );

  it(
    'takes a value and gives it back, also against a proof',
    async () => {
      const put = await answer('put', 'hello', 'world');
      expect(put).toMatchObject({ status: 'included', confirmations: expect.any(Number) });
      expect(await kvchain('get', 'hello')).toMatchObject({ exit: 0, stdout: 'world\n' });
      const verified = await answer('get', 'hello', '--verify');
      expect(verified).toMatchObject({
        value: 'world',
        version: 1,
        height: put.height,
        verdict: 'header on the followed chain',
      });
      const absent = await kvchain('get', 'nobody', '--verify', '--json');
      expect({ exit: absent.exit, ...JSON.parse(absent.stdout) }).toMatchObject({
        exit: 1,
        code: 'NO_KEY',
        verified: { verdict: 'header on the followed chain', height: expect.any(Number) },
      });
    },
    stepTimeoutMs,
  );

  it(
    'keeps the history of what is deleted',
    async () => {
      await answer('put', 'gone', 'soon');
      await answer('delete', 'gone');
      expect((await kvchain('get', 'gone')).exit).toBe(1);
      const { stdout } = await kvchain('history', 'gone', '--json');
      const versions = stdout
        .trim()
        .split('\n')
        .map(line => JSON.parse(line));
      expect(versions.map(({ version, operation }) => [version, operation])).toEqual([
        [2, 'delete'],
        [1, 'put'],
      ]);
      expect((await kvchain('scan')).stdout).toBe('hello\tworld\n');
    },
    stepTimeoutMs,
  );

  it(
    'proves what it holds to whoever follows the headers, and to nobody else',
    async () => {
      const file = join(folder, 'hello.proof');
      await answer('proof', 'hello', '--out', file);
      expect(await answer('verify', file)).toMatchObject({
        verdict: 'header on the followed chain',
        key: 'hello',
        value: 'world',
      });
      const forged = join(folder, 'forged.proof');
      writeFileSync(forged, readFileSync(file, 'utf8').replace('"world"', '"words"'));
      expect((await kvchain('verify', forged)).exit).toBe(5);
      expect((await kvchain('verify', forged, '--header-only')).exit).toBe(5);
      const stranger = ['--data-dir', join(folder, 'stranger')];
      const elsewhere = (...words: readonly string[]) =>
        new Promise<number>(resolve => {
          execFile(process.execPath, [program, 'verify', file, ...words, ...stranger], error =>
            resolve(Number(error?.code ?? 0)),
          );
        });
      expect([await elsewhere(), await elsewhere('--header-only')]).toEqual([5, 0]);
      expect(await answer('verify', file, '--header-only')).toMatchObject({ confirmations: null });
      const other = ['--data-dir', join(folder, 'other')];
      await typed(['init', ...other]);
      const misplaced = await typed(['verify', file, '--json', ...other]);
      expect({ exit: misplaced.exit, code: misplaced.json().code }).toEqual({ exit: 5, code: 'WRONG_CHAIN' });
    },
    stepTimeoutMs,
  );

  it(
    'imports hundreds of rows of either kind of file',
    async () => {
      const rows = 300;
      const numbers = Array.from({ length: rows }, (_, index) => index);
      writeFileSync(
        join(folder, 'rows.jsonl'),
        numbers.map(n => JSON.stringify({ key: `j${n}`, value: { n } })).join('\n'),
      );
      writeFileSync(join(folder, 'rows.csv'), ['name,size', ...numbers.map(n => `c${n},"${n}, or so"`)].join('\n'));
      expect(await answer('import', join(folder, 'rows.jsonl'))).toMatchObject({ rows, failed: 0 });
      const columns = ['--key-column', 'name', '--value-column', 'size'];
      expect(await answer('import', join(folder, 'rows.csv'), ...columns)).toMatchObject({ rows, failed: 0 });
      expect((await kvchain('get', 'j299')).stdout).toBe('{"n":299}\n');
      expect((await kvchain('get', 'c7')).stdout).toBe('7, or so\n');
      expect((await kvchain('scan', 'c', '--json')).stdout.trim().split('\n')).toHaveLength(rows);
    },
    2 * stepTimeoutMs,
  );

  it(
    'says of a value that is too young how it is, proved',
    async () => {
      const { height } = await answer('put', 'young', 'value');
      // A proof reaches 128 blocks back, and a slow machine has a long chain by now.
      const read = ['--verify', '--read', `confirmed:${Math.min(Number(height), 100)}`];
      const { exit, stdout } = await kvchain('get', 'young', '--json', ...read);
      expect({ exit, ...JSON.parse(stdout) }).toMatchObject({
        exit: 1,
        code: 'NOT_CONFIRMED',
        verified: { verdict: 'header on the followed chain' },
      });
    },
    stepTimeoutMs,
  );

  it(
    'is killed with -9, which is told, and still has the value when it is started again',
    async () => {
      const { height } = await answer('status');
      process.kill(solo?.pid ?? 0, 'SIGKILL');
      expect(await solo?.exit).toBe(137);
      expect((await kvchain('get', 'hello')).exit).toBe(3);
      solo = await startSolo();
      expect(await kvchain('get', 'hello')).toMatchObject({ exit: 0, stdout: 'world\n' });
      expect((await answer('status')).height).toBeGreaterThanOrEqual(Number(height));
    },
    stepTimeoutMs,
  );

  it(
    'refuses a second daemon on its folder and says why',
    async () => {
      const { exit, stderr } = await kvchain('start');
      expect({ exit: exit === 0, says: /DATABASE_LOCKED/.test(stderr) }).toEqual({ exit: false, says: true });
      const { stdout, exit: jsonExit } = await kvchain('start', '--json');
      expect({ exit: jsonExit, code: JSON.parse(stdout).code }).toEqual({ exit, code: 'UNREACHABLE' });
    },
    stepTimeoutMs,
  );

  it(
    'stops when it is told to, and the command that started it ends well',
    async () => {
      expect(await answer('stop')).toMatchObject({ stopped: true });
      expect(await solo?.exit).toBe(0);
      expect((await kvchain('status')).exit).toBe(3);
    },
    stepTimeoutMs,
  );

  it(
    'runs in the background, and tells a second one that the folder is taken',
    async () => {
      const { pid } = await answer('start', '--solo', '--detach', ...hurried);
      started.add(Number(pid));
      expect(await kvchain('get', 'hello')).toMatchObject({ exit: 0, stdout: 'world\n' });
      const second = await kvchain('start', '--detach');
      expect(second).toMatchObject({ exit: 1, stderr: expect.stringContaining('DATABASE_LOCKED') });
      // What the first one logged is not shown again as the reason of the second.
      expect(second.stderr.trimEnd().split('\n').length).toBeLessThan(8);
      expect(await answer('stop')).toMatchObject({ stopped: true });
    },
    stepTimeoutMs,
  );
});
