/**
 * `kvchain db dump` and `kvchain db rebuild`: the decided chain of a stopped daemon as text, a JSON document a line that a person can read, and
 * a database made of such a file by executing every block anew. What a block says of itself stands beside its bytes; only the bytes count.
 */
import { createReadStream } from 'node:fs';
import { open, readFile, rename, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Block, decodeBlock, encodeBlock } from '../chain/block.ts';
import { fromHex, toHex } from '../chain/bytes.ts';
import { KvchainError } from '../chain/errors.ts';
import { chainIdOf, paramsAt } from '../chain/genesis.ts';
import { parseGenesis } from '../chain/genesis-file.ts';
import { ChainStore, expectRow } from './chain-store.ts';
import { WorkerVerifier } from './crypto/worker-verifier.ts';
import { chainFolder, genesisFile, readGenesis, writeGenesis } from './data-folder.ts';
import { type Network, networkOf, type OnProgress } from './database-verify.ts';
import { diskFailed, isThere } from './disk-failure.ts';
import { makePrivateFolder } from './keystore/private-file.ts';
import { rebuildChain } from './rebuild.ts';
import { openLevelStore } from './store/level-store.ts';
import { syncFolder } from './store/sync-folder.ts';
import { systemClock } from './system.ts';
import { z } from './zod.ts';

export interface DumpReport {
  readonly file: string;
  readonly chainId: string;
  readonly height: number;
  readonly hash: string;
}

const dumpFormat = 'kvchain-dump';
const dumpVersion = 1;
/** Between two tellings of progress. */
const blocksPerTelling = 100;

const headSchema = z.object({
  format: z.literal(dumpFormat),
  version: z.literal(dumpVersion),
  chainId: z.string(),
  height: z.int().min(0),
  hash: z.string(),
  genesis: z.string(),
});
const blockSchema = z.object({ block: z.string() });

/** Errors: BAD_CONFIG (the file is there), NOT_FOUND (no database), BAD_GENESIS, DATABASE_LOCKED, DATABASE_DAMAGED, DISK_FAILED. */
export async function dumpDatabase(dataDir: string, file: string, onProgress: OnProgress): Promise<DumpReport> {
  if (isThere(file)) throw occupied(file, 'Give the name of a file that is not there.');
  const network = networkOf(await readGenesis(dataDir));
  const folder = join(dataDir, chainFolder);
  if (!isThere(folder)) throw new KvchainError('NOT_FOUND', `there is no database in ${folder}`);
  const genesis = await readFile(join(dataDir, genesisFile), 'utf8');
  const store = await openLevelStore({ folder, chainIdHex: toHex(network.chainId) });
  try {
    const chain = new ChainStore(store);
    const { height, hash } = expectRow(await chain.tip(), 'tip');
    const report = { file, chainId: toHex(network.chainId), height, hash: toHex(hash) };
    const { chainId } = report;
    const head = { format: dumpFormat, version: dumpVersion, chainId, height, hash: report.hash, genesis };
    await writeLines(file, linesOf(head, { chain, network, height, onProgress }));
    return report;
  } finally {
    await store.close();
  }
}

/**
 * Makes the database of a folder that has none, and its genesis where there is none. It stands in its place only when every block was good.
 * Errors: BAD_BACKUP (no dump, or a bad block), BAD_CONFIG (a database is there), BAD_GENESIS (of another network), DISK_FAILED.
 */
export async function rebuildDatabase(dataDir: string, file: string, onProgress: OnProgress): Promise<DumpReport> {
  const folder = join(dataDir, chainFolder);
  if (isThere(folder)) throw occupied(folder, 'Give an empty --data-dir, or move this database away.');
  const lines = linesIn(file);
  const head = headSchema.safeParse(json((await lines.next()).value));
  if (!head.success) throw badDump(file, `its first line is not that of a ${dumpFormat}`);
  const parsed = parseGenesis(head.data.genesis);
  if (!parsed.ok) throw badDump(file, parsed.error.detail);
  const network = networkOf(parsed.value);
  const hasGenesis = isThere(join(dataDir, genesisFile));
  if (hasGenesis && toHex(chainIdOf(await readGenesis(dataDir))) !== toHex(network.chainId)) {
    throw new KvchainError('BAD_GENESIS', `${dataDir} is of another chain than ${file}`);
  }
  const isNew = !isThere(dataDir);
  await makePrivateFolder(dataDir);
  const [source, target] = [`${folder}.dumped`, `${folder}.rebuilt`];
  try {
    const { height, hash } = await rebuildFrom(lines, { file, source, target, network, onProgress });
    if (hash !== head.data.hash) throw badDump(file, `it ends at block ${height}, ${hash}, not at ${head.data.height}`);
    if (!hasGenesis) await writeGenesis(dataDir, head.data.genesis);
    await rename(target, folder);
    await syncFolder(dataDir);
    return { file, chainId: toHex(network.chainId), height, hash };
  } finally {
    for (const scratch of [source, target]) await rm(scratch, { recursive: true, force: true });
    // What was made for nothing goes; a folder with the chain in it is not empty and stays.
    if (isNew) await rmdir(dataDir).catch(() => {});
  }
}

interface Dumping {
  readonly chain: ChainStore;
  readonly network: Network;
  readonly height: number;
  readonly onProgress: OnProgress;
}

async function* linesOf(head: object, { chain, network, height, onProgress }: Dumping): AsyncGenerator<string> {
  yield JSON.stringify(head);
  for (let at = 1; at <= height; at++) {
    if (at % blocksPerTelling === 0) onProgress('blocks', at, height);
    const hash = expectRow(await chain.canonicalHash(at), `hash of block ${at}`);
    const block = expectRow(await chain.block(hash), `block ${at}`);
    yield JSON.stringify({ ...textsOf(network, block), block: toHex(encodeBlock(block)) });
  }
}

interface Rebuilding {
  readonly file: string;
  /** Folders of two databases: the blocks as they were dumped, and what executing them gives. */
  readonly source: string;
  readonly target: string;
  readonly network: Network;
  readonly onProgress: OnProgress;
}

async function rebuildFrom(lines: AsyncIterable<string>, { file, source, target, network, onProgress }: Rebuilding) {
  for (const scratch of [source, target]) await rm(scratch, { recursive: true, force: true });
  const chainIdHex = toHex(network.chainId);
  const dumped = await openLevelStore({ folder: source, chainIdHex });
  const rebuilt = await openLevelStore({ folder: target, chainIdHex });
  const verifier = new WorkerVerifier({ onFallback: () => {} });
  try {
    const chain = new ChainStore(dumped);
    for await (const line of lines) {
      const block = blockOf(line);
      if (block === null) throw badDump(file, `a line that is no block: ${line.slice(0, 60)}`);
      const fault = textFault(network, block, line);
      if (fault !== null) throw badDump(file, fault);
      await chain.putBlock(block, new Uint8Array(), { name: 'peer-block', durability: 'lazy' });
    }
    const parts = { ...network, chain, verifier, clock: systemClock };
    const onHeight = (done: number, of: number | null) => onProgress('blocks', done, of);
    const { head, finding } = await rebuildChain({ ...parts, target: new ChainStore(rebuilt), onProgress: onHeight });
    if (finding !== null) throw badDump(file, `block ${finding.height}: ${finding.detail}`);
    return { height: head.header.height, hash: head.hashHex };
  } finally {
    await verifier.close();
    await rebuilt.close();
    await dumped.close();
  }
}

/** What a person reads of a block. */
function textsOf({ engine, genesis }: Network, { header, transactions }: Block): Readonly<Record<string, unknown>> {
  const seal = engine.bodySeal(paramsAt(genesis, header.height));
  return { depth: header.height, ...seal?.texts(header, transactions) };
}

/** What a person reads in the line and the block beside it does not say; null when all is of this block. */
function textFault(network: Network, block: Block, line: string): string | null {
  const said: Readonly<Record<string, unknown>> = Object(json(line));
  for (const [name, value] of Object.entries(textsOf(network, block))) {
    if (said[name] === value) continue;
    const [found, meant] = [said[name] ?? null, value].map(text => JSON.stringify(text));
    return `block ${block.header.height}: ${name} is ${found}, and in the block ${meant}`;
  }
  return null;
}

function blockOf(line: string): Block | null {
  const parsed = blockSchema.safeParse(json(line));
  const bytes = parsed.success ? fromHex(parsed.data.block) : null;
  const block = bytes === null ? null : decodeBlock(bytes);
  return block?.ok ? block.value : null;
}

function json(line: unknown): unknown {
  try {
    return JSON.parse(String(line));
  } catch {
    return null;
  }
}

async function writeLines(file: string, lines: AsyncIterable<string>): Promise<void> {
  const partial = `${file}.partial`;
  try {
    const handle = await open(partial, 'w', 0o600);
    try {
      for await (const line of lines) await handle.write(`${line}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(partial, file);
  } catch (error) {
    await rm(partial, { force: true });
    throw diskFailed(error, `writing ${file}`);
  }
}

async function* linesIn(file: string): AsyncGenerator<string, void> {
  try {
    for await (const line of createInterface({ input: createReadStream(file) })) yield line;
  } catch (error) {
    throw diskFailed(error, `reading ${file}`, 'BAD_BACKUP');
  }
}

function badDump(file: string, why: string): KvchainError {
  const action = 'Make it again with `kvchain db dump`, from a data folder that has the chain.';
  return new KvchainError('BAD_BACKUP', `${file}: ${why}`, { action });
}

function occupied(path: string, action: string): KvchainError {
  return new KvchainError('BAD_CONFIG', `${path} is there already; nothing was changed`, { action });
}
