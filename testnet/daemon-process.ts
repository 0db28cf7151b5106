/** One real daemon in a process of its own: started with flags, asked over its API, stopped or killed by its process id. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { KvchainError } from '../chain/errors.ts';
import { KvchainClient } from '../daemon/rpc/client.ts';
import { Child } from './child.ts';

const program = fileURLToPath(new URL('../daemon/main.js', import.meta.url));
/** What a daemon said last is kept. */
const tailBytes = 262_144;

/** What is to go wrong with a daemon. */
export interface Hardship {
  /** Where it is to die, and at which time that it comes there: `after ledger-step 3`. */
  readonly failpoint?: string | undefined;
  /** Of Node.js, like a limit on its memory. */
  readonly nodeFlags?: readonly string[];
  /** Blocks of 1024 bytes that no file of its may exceed: stands for a disk without room. */
  readonly fileBlocksMax?: number;
}

export interface DaemonHost {
  /** What begins its command line. */
  readonly command: readonly string[];
  /** Where it listens for peers. */
  readonly address: string;
  /** From its API's URL there, the URL here. */
  reach(url: string): Promise<string>;
}

const thisMachine: DaemonHost = { command: [], address: '127.0.0.1', reach: async url => url };

export interface DaemonProcessOptions extends Hardship {
  readonly dataDir: string;
  /** Flags beside the data folder; ports are free ones unless they are given here. */
  readonly flags: readonly string[];
  /**
   * Where its log is appended to; without it the tail is kept in memory. A daemon with a log file outlives the Ctrl-C at the terminal of
   * who started it, and is to be stopped.
   */
  readonly logFile?: string;
  /** Where it runs; without it on the loopback address of this machine. */
  readonly host?: DaemonHost;
}

/** The last that it said. */
type LastWords = () => string;

export class DaemonProcess {
  readonly dataDir: string;
  readonly client: KvchainClient;
  readonly #child: Child;
  readonly #said: LastWords;

  private constructor(dataDir: string, client: KvchainClient, child: Child, said: LastWords) {
    this.dataDir = dataDir;
    this.client = client;
    this.#child = child;
    this.#said = said;
  }

  /** Resolves when the daemon answers. Throws with the daemon's last words when it ends before that. */
  static async start(options: DaemonProcessOptions): Promise<DaemonProcess> {
    const { dataDir, flags, logFile, host = thisMachine, ...hardship } = options;
    const free = ['--rpc-port', '0', '--p2p-host', host.address, '--p2p-port', '0'];
    const log = logFile === undefined ? null : openSync(logFile, 'a', 0o600);
    const spawned = spawnDaemon(['--data-dir', dataDir, ...free, ...flags], { hardship, log, host });
    if (log !== null) closeSync(log);
    const said = logFile === undefined ? keepTail(spawned) : () => readFileSync(logFile, 'utf8').slice(-tailBytes);
    const child = new Child(spawned);
    const client = await child.ready('the daemon', said, async () => {
      const written = await readUrl(dataDir, child.pid);
      if (written === null) return null;
      const token = (await readFile(join(dataDir, '.cookie'), 'utf8')).trim();
      return new KvchainClient({ url: await host.reach(written), token });
    });
    return new DaemonProcess(dataDir, client, child, said);
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** What it logged: the last 256 KiB, a JSON line an entry. */
  get log(): string {
    return this.#said();
  }

  get exited(): Promise<number | null> {
    return this.#child.exited;
  }

  /** The address by which others on this machine dial it. */
  async address(): Promise<string> {
    const { addresses } = await this.client.call('net_info', {});
    const address = addresses[0];
    if (address === undefined) throw new KvchainError('NOT_FOUND', `the daemon of ${this.dataDir} listens nowhere`);
    return address;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.signal(signal);
  }

  kill(): Promise<void> {
    return this.#child.kill();
  }

  stop(): Promise<number | null> {
    return this.#child.stop();
  }
}

interface Spawning {
  readonly hardship: Hardship;
  /** An open file; null for a pipe to us. */
  readonly log: number | null;
  readonly host: DaemonHost;
}

function spawnDaemon(args: readonly string[], { hardship, log, host }: Spawning): ChildProcess {
  const { failpoint, nodeFlags = [], fileBlocksMax } = hardship;
  const conditions = failpoint === undefined ? [] : ['--conditions=failpoints'];
  const env = failpoint === undefined ? process.env : { ...process.env, KVCHAIN_FAILPOINT: failpoint };
  const command = [...host.command, process.execPath, ...conditions, ...nodeFlags, program, ...args];
  // The shell becomes the daemon, which so has its process id.
  const limiting = fileBlocksMax === undefined ? [] : ['bash', '-c', `ulimit -f ${fileBlocksMax} && exec "$0" "$@"`];
  const [file = '', ...rest] = [...limiting, ...command];
  return spawn(file, rest, { stdio: ['ignore', 'ignore', log ?? 'pipe'], env, detached: log !== null });
}

function keepTail({ stderr }: ChildProcess): LastWords {
  let tail = '';
  stderr?.on('data', (chunk: Buffer) => {
    tail = (tail + chunk.toString('utf8')).slice(-tailBytes);
  });
  return () => tail;
}

/** The URL of the daemon with this process id, once it has written it. */
async function readUrl(dataDir: string, pid: number | undefined): Promise<string | null> {
  const text = await readFile(join(dataDir, 'rpc.json'), 'utf8').catch(() => null);
  if (text === null) return null;
  const parsed: unknown = JSON.parse(text);
  const isOurs = typeof parsed === 'object' && parsed !== null && 'pid' in parsed && parsed.pid === pid;
  return isOurs && 'url' in parsed && typeof parsed.url === 'string' ? parsed.url : null;
}
