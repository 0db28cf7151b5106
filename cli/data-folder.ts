/** The data folder as the command line uses it: where the daemon answers, its token, the genesis. docs/operate/files.md lists the files. */
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { KvchainError } from '../chain/errors.ts';
import type { Genesis } from '../chain/genesis.ts';
import { isFileThere } from '../daemon/disk-failure.ts';

export const defaultUrl = 'http://127.0.0.1:8645';

/** Paths inside a data folder. */
export interface DataFolder {
  readonly path: string;
  readonly genesis: string;
  readonly settings: string;
  readonly password: string;
  readonly cookie: string;
  readonly rpc: string;
  readonly log: string;
  /** Certificates of the API, made by `kvchain init --tls`. */
  readonly tls: string;
  /** Headers that the command line itself has followed. */
  readonly client: string;
}

/** `given` or ~/.kvchain, absolute. */
export function dataFolderAt(given: string | undefined): DataFolder {
  const path = resolve(given ?? join(homedir(), '.kvchain'));
  return {
    path,
    genesis: join(path, 'genesis.json'),
    settings: join(path, 'kvchaind.yaml'),
    password: join(path, 'password'),
    cookie: join(path, '.cookie'),
    rpc: join(path, 'rpc.json'),
    log: join(path, 'kvchaind.log'),
    tls: join(path, 'tls'),
    client: join(path, 'client'),
  };
}

/** What a running daemon wrote about itself; null when there is none, or the file is not one. */
export function readRpcFile(folder: DataFolder): { readonly url: string; readonly pid: number } | null {
  try {
    if (!isFileThere(folder.rpc)) return null;
    const json: unknown = JSON.parse(readFileSync(folder.rpc, 'utf8'));
    if (typeof json !== 'object' || json === null || !('url' in json) || !('pid' in json)) return null;
    const { url, pid } = json;
    return typeof url === 'string' && Number.isSafeInteger(pid) && typeof pid === 'number' ? { url, pid } : null;
  } catch {
    return null;
  }
}

/** The token that the daemon of this folder wrote at its start, or null. */
export function readCookie(folder: DataFolder): string | null {
  try {
    if (!isFileThere(folder.cookie)) return null;
    return readFileSync(folder.cookie, 'utf8').trim() || null;
  } catch {
    return null;
  }
}

/** Whether the folder belongs to a network. Error: DISK_FAILED when it cannot be looked into. */
export function hasGenesis(folder: DataFolder): boolean {
  return isFileThere(folder.genesis);
}

/** The genesis of the folder, or null without one. Errors: BAD_GENESIS, BAD_VERSION, with the file's name. */
export async function readGenesis(folder: DataFolder): Promise<Genesis | null> {
  if (!hasGenesis(folder)) return null;
  const { parseGenesis } = await import('../chain/genesis-file.ts');
  const parsed = parseGenesis(readFileSync(folder.genesis, 'utf8'));
  if (!parsed.ok) throw new KvchainError(parsed.error.code, `${folder.genesis}: ${parsed.error.detail}`);
  return parsed.value;
}
