/** `kvchain db backup` and `kvchain db restore`: the database of a stopped daemon to one file, and back into a folder that has none. */
import { readFile, rename, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { toHex } from '../chain/bytes.ts';
import { KvchainError } from '../chain/errors.ts';
import { chainIdOf } from '../chain/genesis.ts';
import { parseGenesis } from '../chain/genesis-file.ts';
import { allOf, databaseVersion, rows } from '../chain/layout.ts';
import { ChainStore } from './chain-store.ts';
import { chainFolder, genesisFile, readGenesis, writeGenesis } from './data-folder.ts';
import type { OnProgress } from './database-verify.ts';
import { isThere } from './disk-failure.ts';
import { makePrivateFolder } from './keystore/private-file.ts';
import { LedgerWriter } from './ledger-writer.ts';
import type { Store, StoreRow, StoreWrite } from './ports.ts';
import { scanRows } from './row-scan.ts';
import { type BackupHeader, backupFormat, backupVersion, openBackup, writeBackup } from './store/backup-file.ts';
import { openLevelStore } from './store/level-store.ts';
import { syncFolder } from './store/sync-folder.ts';
import { systemClock } from './system.ts';

/** A batch of a restore is written when it holds so many bytes. */
const batchBytes = 4_194_304;
/** Between two tellings of progress. */
const rowsPerTelling = 10_000;

export interface BackupReport {
  readonly file: string;
  readonly chainId: string;
  readonly height: number;
  readonly hash: string;
  readonly rows: number;
}

/**
 * Writes all rows, each against its checksum, after the state was compared with the head's stateRoot: a damaged database gives no backup.
 * The genesis goes with them; keys and settings do not. Errors: BAD_GENESIS, BAD_CONFIG (the file is there already), DATABASE_LOCKED, DATABASE_DAMAGED, DISK_FAILED, NOT_FOUND.
 */
export async function backupDatabase(dataDir: string, file: string, onProgress: OnProgress): Promise<BackupReport> {
  if (isThere(file)) {
    const action = 'Give the name of a file that is not there.';
    throw new KvchainError('BAD_CONFIG', `${file} is there already; nothing was written`, { action });
  }
  const genesis = await readGenesis(dataDir);
  const text = await readFile(join(dataDir, genesisFile), 'utf8');
  const chainId = toHex(chainIdOf(genesis));
  const folder = join(dataDir, chainFolder);
  if (!isThere(folder)) {
    const action = 'Start the node once, or give the --data-dir of another.';
    throw new KvchainError('NOT_FOUND', `there is no database in ${folder}`, { action });
  }
  const store = await openLevelStore({ folder, chainIdHex: chainId });
  try {
    const { header, hashHex: hash } = await checkState(store, genesis);
    const { height } = header;
    const first: BackupHeader = {
      format: backupFormat,
      version: backupVersion,
      databaseVersion,
      chainId,
      height,
      hash,
      genesis: text,
    };
    const count = await writeBackup(file, first, told(everyRow(store), onProgress));
    return { file, chainId, height, hash, rows: count };
  } finally {
    await store.close();
  }
}

/**
 * Makes the database of a folder that has none from a backup; the genesis too, where there is none. It stands in its place only after the
 * file's checksum and the state's root were right. Errors: BAD_BACKUP, BAD_CONFIG (a database is there), BAD_GENESIS (of another network), DATABASE_VERSION, DISK_FAILED.
 */
export async function restoreDatabase(dataDir: string, file: string, onProgress: OnProgress): Promise<BackupReport> {
  const folder = join(dataDir, chainFolder);
  if (isThere(folder)) {
    const action = 'Give an empty --data-dir, or move this database away.';
    throw new KvchainError('BAD_CONFIG', `${folder} is there already; nothing was changed`, { action });
  }
  const { header, rows: backedUp } = await openBackup(file);
  const { chainId, height, hash } = header;
  if (header.databaseVersion > databaseVersion) {
    const known = `this program knows ${databaseVersion}`;
    throw new KvchainError('DATABASE_VERSION', `${file} is of database version ${header.databaseVersion}, ${known}`);
  }
  const genesis = parseGenesis(header.genesis);
  if (!genesis.ok || toHex(chainIdOf(genesis.value)) !== chainId) {
    throw new KvchainError('BAD_BACKUP', `${file}: its genesis is not that of its chain`);
  }
  const hasGenesis = await isOfBackup(dataDir, header);
  const isNew = !isThere(dataDir);
  await makePrivateFolder(dataDir);
  const scratch = `${folder}.restored`;
  await rm(scratch, { recursive: true, force: true });
  try {
    const store = await openLevelStore({ folder: scratch, chainIdHex: chainId });
    try {
      const count = await writeRows(store, told(backedUp, onProgress));
      const head = await checkState(store, genesis.value);
      if (head.hashHex !== hash)
        throw new KvchainError('BAD_BACKUP', `${file}: its head is ${head.hashHex}, not ${hash}`);
      await store.close();
      if (!hasGenesis) await writeGenesis(dataDir, header.genesis);
      await rename(scratch, folder);
      await syncFolder(dataDir);
      return { file, chainId, height, hash, rows: count };
    } finally {
      await store.close();
    }
  } finally {
    await rm(scratch, { recursive: true, force: true });
    // What was made for nothing goes; a folder with the chain in it is not empty and stays.
    if (isNew) await rmdir(dataDir).catch(() => {});
  }
}

/** True when the folder has the genesis of the backup, false when it has none. Error: BAD_GENESIS when it has another. */
async function isOfBackup(dataDir: string, { chainId }: BackupHeader): Promise<boolean> {
  if (!isThere(join(dataDir, genesisFile))) return false;
  const ours = toHex(chainIdOf(await readGenesis(dataDir)));
  if (ours !== chainId)
    throw new KvchainError('BAD_GENESIS', `${dataDir} is of chain ${ours}, the backup of ${chainId}`);
  return true;
}

/** Opens the ledger, which compares the leaves of the state with the stateRoot of the head, and gives the head. */
async function checkState(store: Store, genesis: Parameters<typeof chainIdOf>[0]) {
  const chain = new ChainStore(store);
  if ((await chain.tip()) === null) throw new KvchainError('DATABASE_DAMAGED', 'the database has no tip');
  const ledger = await LedgerWriter.open({
    genesis,
    chain,
    clock: systemClock,
    durability: 'durable',
    onStep: async () => {},
  });
  return ledger.head;
}

async function* everyRow(store: Store): AsyncGenerator<StoreRow> {
  for (const kind of Object.values(rows).toSorted((a, b) => (a.prefix < b.prefix ? -1 : 1)))
    yield* scanRows(store, kind);
}

async function* told(given: AsyncIterable<StoreRow>, onProgress: OnProgress): AsyncGenerator<StoreRow> {
  let count = 0;
  for await (const row of given) {
    if (count++ % rowsPerTelling === 0) onProgress('rows', count, null);
    yield row;
  }
}

async function writeRows(store: Store, given: AsyncIterable<StoreRow>): Promise<number> {
  let batch: StoreWrite[] = [];
  let bytes = 0;
  let count = 0;
  for await (const { key, value } of given) {
    if (!isOfLayout(key)) throw new KvchainError('BAD_BACKUP', `row ${count} is of no kind that is known`);
    batch.push({ key, value });
    bytes += key.length + value.length;
    count += 1;
    if (bytes < batchBytes) continue;
    await store.write(batch, 'lazy', 'ledger-step');
    batch = [];
    bytes = 0;
  }
  await store.write(batch, 'durable', 'ledger-step');
  return count;
}

function isOfLayout(key: Uint8Array): boolean {
  return Object.values(rows).some(kind => allOf(kind).from[0] === key[0]);
}
