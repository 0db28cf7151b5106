/**
 * The data folder: where everything of one node lies (docs/operate/files.md). Secrets are files of mode 0600 in a folder of mode 0700;
 * looser ones are refused.
 */
import { randomBytes } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fromHex, fromUtf8, toHex, toUtf8 } from '../chain/bytes.ts';
import { KvchainError } from '../chain/errors.ts';
import type { Genesis } from '../chain/genesis.ts';
import { parseGenesis } from '../chain/genesis-file.ts';
import { taggedHash } from '../chain/hash.ts';
import { diskFailed, isFileThere } from './disk-failure.ts';
import { makePrivateFolder, readPrivateFile, writePrivateFile } from './keystore/private-file.ts';

export const genesisFile = 'genesis.json';
const nodeKeyFile = 'node.key';
const rpcFile = 'rpc.json';

/** The LevelDB folder, and the file of the engine's records, in the data folder. */
export const chainFolder = 'chain';
export const recordsFile = 'records.log';

/** Errors: BAD_GENESIS when there is none or it is wrong; BAD_VERSION; DISK_FAILED when it cannot be read. */
export async function readGenesis(folder: string): Promise<Genesis> {
  const file = join(folder, genesisFile);
  const text = await readOrNull(file);
  if (text === null) {
    throw new KvchainError('BAD_GENESIS', `there is no ${file}; \`kvchain init\` makes a network or joins one`);
  }
  const genesis = parseGenesis(text);
  if (!genesis.ok) throw new KvchainError(genesis.error.code, `${file}: ${genesis.error.detail}`);
  return genesis.value;
}

/** Makes the folder of a network's genesis. Errors: BAD_GENESIS when the text is none, or the folder has another one already. */
export async function writeGenesis(folder: string, text: string): Promise<void> {
  const genesis = parseGenesis(text);
  if (!genesis.ok) throw new KvchainError(genesis.error.code, genesis.error.detail);
  await makePrivateFolder(folder);
  const file = join(folder, genesisFile);
  const existing = await readOrNull(file);
  if (existing === text) return;
  if (existing !== null) throw new KvchainError('BAD_GENESIS', `${file} is there already, with another genesis`);
  await writePrivateFile({ file, bytes: toUtf8(text), existing: 'keep' });
}

/** A text, or null where there is no file. Error: DISK_FAILED when it cannot be read. */
async function readOrNull(file: string): Promise<string | null> {
  try {
    return isFileThere(file) ? await readFile(file, 'utf8') : null;
  } catch (error) {
    throw diskFailed(error, `reading ${file}`);
  }
}

/** The node's own secrets, all from one seed in node.key, which is made at the first start. */
export interface NodeKeys {
  /** 32 bytes: the peer's identity on the network. */
  readonly identity: Uint8Array;
  /** 32 bytes: signs the blocks that this node mines when it has no account. */
  readonly producer: Uint8Array;
}

/** Errors: LOOSE_PERMISSIONS, BAD_KEY_FILE, DISK_FAILED. */
export async function readNodeKeys(folder: string): Promise<NodeKeys> {
  const file = join(folder, nodeKeyFile);
  const seed = (await readSeed(file)) ?? (await makeSeed(file));
  return { identity: taggedHash('kvchain/identity/v1', seed), producer: taggedHash('kvchain/producer/v1', seed) };
}

/** Tells other programs of this machine where the daemon answers. */
export async function writeRpcFile(folder: string, url: string): Promise<void> {
  const bytes = toUtf8(`${JSON.stringify({ url, pid: process.pid })}\n`);
  await writePrivateFile({ file: join(folder, rpcFile), bytes, existing: 'replace' });
}

export async function removeRpcFile(folder: string): Promise<void> {
  await rm(join(folder, rpcFile), { force: true });
}

async function readSeed(file: string): Promise<Uint8Array | null> {
  if (!isFileThere(file)) return null;
  const seed = fromHex(fromUtf8(await readPrivateFile(file, 100))?.trim() ?? '', 32);
  if (seed === null) throw new KvchainError('BAD_KEY_FILE', `${file} does not hold 64 hexadecimal digits`);
  return seed;
}

async function makeSeed(file: string): Promise<Uint8Array> {
  const seed = Uint8Array.from(randomBytes(32));
  await writePrivateFile({ file, bytes: toUtf8(`${toHex(seed)}\n`), existing: 'keep' });
  return seed;
}
