/**
 * The data folder: where everything of one node lies (docs/operate/files.md). Secrets are files of mode 0600 in a folder of mode 0700;
 * looser ones are refused.
 */
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromHex, toHex } from '../chain/bytes.ts';
import { KvchainError } from '../chain/errors.ts';
import type { Genesis } from '../chain/genesis.ts';
import { parseGenesis } from '../chain/genesis-file.ts';
import { taggedHash } from '../chain/hash.ts';

export const fileNames = {
  genesis: 'genesis.json',
  nodeKey: 'node.key',
  chain: 'chain',
  records: 'records.log',
  rpc: 'rpc.json',
} as const;

/** Opens the folder, making it when it is not there. */
export function openDataFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, 0o700);
}

/** Errors: BAD_GENESIS when there is none or it is wrong; BAD_VERSION. */
export function readGenesis(folder: string): Genesis {
  const file = join(folder, fileNames.genesis);
  if (!existsSync(file)) {
    throw new KvchainError(
      'BAD_GENESIS',
      `there is no ${file}: make a network with \`kvchain init\`, or join one with --genesis`,
    );
  }
  const genesis = parseGenesis(readFileSync(file, 'utf8'));
  if (!genesis.ok) throw new KvchainError(genesis.error.code, `${file}: ${genesis.error.detail}`);
  return genesis.value;
}

/** The node's own secrets, all from one seed in node.key, which is made at the first start. */
export interface NodeKeys {
  /** 32 bytes: the peer's identity on the network. */
  readonly identity: Uint8Array;
  /** 32 bytes: signs the blocks that this node mines when it has no account. */
  readonly producer: Uint8Array;
}

export function readNodeKeys(folder: string): NodeKeys {
  const file = join(folder, fileNames.nodeKey);
  if (!existsSync(file)) writeAtomic(file, `${toHex(randomBytes(32))}\n`);
  assertSecret(file);
  const seed = fromHex(readFileSync(file, 'utf8').trim(), 32);
  if (seed === null) throw new KvchainError('BAD_KEY_FILE', `${file} does not hold 64 hexadecimal digits`);
  return { identity: taggedHash('kvchain/identity/v1', seed), producer: taggedHash('kvchain/producer/v1', seed) };
}

/** Tells other programs of this machine where the daemon answers; removed when it stops. */
export function writeRpcFile(folder: string, url: string): void {
  writeAtomic(join(folder, fileNames.rpc), `${JSON.stringify({ url, pid: process.pid })}\n`);
}

export function removeRpcFile(folder: string): void {
  rmSync(join(folder, fileNames.rpc), { force: true });
}

function writeAtomic(file: string, text: string): void {
  const part = `${file}.part`;
  writeFileSync(part, text, { mode: 0o600, flush: true });
  renameSync(part, file);
}

/** Error: LOOSE_PERMISSIONS when others may read the file. */
function assertSecret(file: string): void {
  const mode = statSync(file).mode & 0o777;
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
    throw new KvchainError('LOOSE_PERMISSIONS', `${file} has mode ${mode.toString(8)}, it must be 600`);
  }
}
