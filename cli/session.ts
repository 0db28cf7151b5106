/**
 * One run of a command: its options that every command has, what it prints on, and the daemon that it speaks to. What is heavy to load
 * (schemas, signatures) is loaded when a command asks for it, so that `--help` and `completion` answer at once.
 */
import { KvchainError } from '../chain/errors.ts';
import { isThere } from '../daemon/disk-failure.ts';
import type { KvchainClient } from '../daemon/rpc/client.ts';
import {
  type DataFolder,
  dataFolderAt,
  defaultUrl,
  hasGenesis,
  readCookie,
  readGenesis,
  readRpcFile,
} from './data-folder.ts';
import { CommandError } from './failure.ts';
import { Output, type Streams } from './output.ts';
import { shellWord } from './shell-word.ts';

/** What stands behind every command. */
export interface CommonOptions {
  readonly json?: boolean;
  readonly rpc?: string;
  readonly dataDir?: string;
  readonly tokenFile?: string;
}

export interface ClientNeeds {
  /** What is signed is meant for the chain of the data folder. */
  readonly signs?: true;
  /** The call needs the daemon's own token. */
  readonly needsToken?: true;
  readonly timeoutMs?: number;
}

export class Session {
  readonly output: Output;
  readonly streams: Streams;
  readonly folder: DataFolder;
  /** What the process ends with when no error is thrown. */
  exitCode = 0;
  readonly #options: CommonOptions;

  constructor(options: CommonOptions, streams: Streams) {
    this.#options = options;
    this.streams = streams;
    this.output = new Output(streams, options.json === true ? 'json' : 'text');
    this.folder = dataFolderAt(options.dataDir);
  }

  /**
   * Where the daemon answers: --rpc, else what the daemon of the data folder wrote, else the default address. Error: UNREACHABLE when
   * no daemon runs on a folder that was named or that belongs to a network, so that the daemon of another one is never asked instead;
   * DISK_FAILED when the folder cannot be looked into.
   */
  url(): string {
    if (this.#options.rpc !== undefined) return this.#options.rpc;
    const running = readRpcFile(this.folder);
    if (running !== null) return running.url;
    const isOfNetwork = hasGenesis(this.folder);
    if (this.#options.dataDir === undefined && !isOfNetwork) return defaultUrl;
    const advice = isThere(this.folder.path)
      ? 'Start it with `kvchain start`, or give --rpc.'
      : 'There is no such folder: check its name, or give --rpc.';
    throw new CommandError('UNREACHABLE', `no daemon runs on the data folder ${this.folder.path}`, advice);
  }

  /** What to type next to ask the same daemon. */
  commandLine(words: string): string {
    const { rpc, dataDir } = this.#options;
    const flags = [
      ...(rpc === undefined ? [] : ['--rpc', rpc]),
      ...(dataDir === undefined ? [] : ['--data-dir', dataDir]),
    ];
    return ['kvchain', words, ...flags.map(shellWord)].join(' ');
  }

  /** The same error, with the data folder that the user named in the commands of its advice. */
  explain(error: unknown): unknown {
    if (!(error instanceof KvchainError) || this.#options.dataDir === undefined) return error;
    const action = error.action.replace(/`(kvchain [^`]*)`/g, (_, words: string) => `\`${this.here(words)}\``);
    const more = error instanceof CommandError ? error.more : {};
    return action === error.action ? error : new CommandError(error.code, error.message, action, more);
  }

  /** A command line about the data folder, with its name when the user named it. */
  here(words: string): string {
    const { dataDir } = this.#options;
    const isNamed = dataDir === undefined || words.includes('--data-dir');
    return isNamed ? words : `${words} --data-dir ${shellWord(dataDir)}`;
  }

  /** A client of the daemon. Nothing is signed for another chain than that of the data folder, when it has one and --rpc was not given. */
  async client(needs: ClientNeeds = {}): Promise<KvchainClient> {
    const url = this.url();
    const { KvchainClient } = await import('../daemon/rpc/client.ts');
    const { fetchFor, readCallerFiles } = await import('./network-certificates.ts');
    return new KvchainClient({
      url,
      fetch: fetchFor(url, this.folder),
      ...readCallerFiles(this.folder),
      token: await this.#token(url, needs.needsToken === true ? 'cookie' : 'none'),
      timeoutMs: needs.timeoutMs,
      chainId: needs.signs === undefined ? undefined : await this.#chainId(),
    });
  }

  /** The cookie goes to the daemon that wrote it and to no other address. */
  async #token(url: string, otherwise: 'cookie' | 'none'): Promise<string | undefined> {
    const { tokenFile } = this.#options;
    if (tokenFile !== undefined) {
      const { readPasswordFile } = await import('../daemon/keystore/private-file.ts');
      return readPasswordFile(tokenFile);
    }
    if (otherwise === 'none' || url !== (readRpcFile(this.folder)?.url ?? defaultUrl)) return undefined;
    return readCookie(this.folder) ?? undefined;
  }

  async #chainId(): Promise<string | undefined> {
    if (this.#options.rpc !== undefined) return undefined;
    const genesis = await readGenesis(this.folder);
    if (genesis === null) return undefined;
    const [{ chainIdOf }, { toHex }] = await Promise.all([import('../chain/genesis.ts'), import('../chain/bytes.ts')]);
    return toHex(chainIdOf(genesis));
  }

  /** The genesis of the data folder. Error: BAD_GENESIS when there is none. */
  async genesis(): ReturnType<typeof readGenesis> {
    return readGenesis(this.folder);
  }
}
