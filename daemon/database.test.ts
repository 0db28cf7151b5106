import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pruneBlockWrites } from '../chain/batches.ts';
import type { Block } from '../chain/block.ts';
import { equalBytes, toHex } from '../chain/bytes.ts';
import { formatGenesis } from '../chain/genesis-file.ts';
import { rows } from '../chain/layout.ts';
import { type Branch, chainId, expectWhole, genesis } from './chain-fixture.suite.ts';
import { ChainStore } from './chain-store.ts';
import { chainFolder } from './data-folder.ts';
import { backupDatabase, restoreDatabase } from './database-backup.ts';
import { dumpDatabase, rebuildDatabase } from './database-dump.ts';
import { writeChain, writtenChain } from './database-fixture.suite.ts';
import { repairDatabase, verifyDatabase } from './database-verify.ts';
import type { StoreRow, StoreWrite } from './ports.ts';
import { openLevelStore } from './store/level-store.ts';

const top = 30;
const prunedTo = 12;
const folders: string[] = [];
const silent = () => {};
let branch: Branch;
let template: string;

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'kvchain-database-'));
  folders.push(folder);
  return folder;
}

beforeAll(async () => {
  branch = writtenChain(top);
  template = await newFolder();
  await writeFile(join(template, 'genesis.json'), formatGenesis(genesis));
  const store = await openStore(template);
  await writeChain(branch, store);
  await store.close();
  // Opened again, the rows of the log go into a table.
  await (await openStore(template)).close();
});

afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

/** A data folder with the whole chain, at rest. */
async function newDataDir(): Promise<string> {
  const dataDir = await newFolder();
  await cp(template, dataDir, { recursive: true });
  return dataDir;
}

/** A data folder whose bodies up to `prunedTo` were taken away as the pruner does it, at rest. */
async function newPrunedDir(): Promise<string> {
  const dataDir = await newDataDir();
  const bodies = branch.blocks.slice(0, prunedTo).flatMap(({ hash }) => pruneBlockWrites(hash));
  await write(dataDir, [...bodies, rows.pruned.put('only', { blocks: prunedTo, versions: 0, done: prunedTo })]);
  return dataDir;
}

/** Every row of a database at rest. */
async function everyRow(dataDir: string): Promise<readonly StoreRow[]> {
  const store = await openStore(dataDir);
  const found = await store.range({ from: Uint8Array.of(1), to: Uint8Array.of(255), limit: 1e6, order: 'ascending' });
  await store.close();
  return found;
}

function openStore(dataDir: string) {
  return openLevelStore({ folder: join(dataDir, chainFolder), chainIdHex: toHex(chainId) });
}

async function write(dataDir: string, writes: readonly StoreWrite[]): Promise<void> {
  const store = await openStore(dataDir);
  await store.write(writes, 'durable', 'ledger-step');
  await store.close();
}

async function headOf(dataDir: string) {
  const store = await openStore(dataDir);
  const head = await expectWhole(store);
  await store.close();
  return head;
}

function blockAt(height: number): Block {
  const block = branch.blocks[height - 1];
  if (block === undefined) throw new Error(`the chain has a block ${height}`);
  return block;
}

const head = () => ({ height: top, hash: branch.tip.hashHex });

/** Changes one byte in the middle of a file. */
async function flip(file: string): Promise<void> {
  const bytes = await readFile(file);
  const middle = Math.floor(bytes.length / 2);
  bytes[middle] = (bytes[middle] ?? 0) ^ 0x10;
  await writeFile(file, bytes);
}

async function cut(file: string): Promise<void> {
  const { length } = await readFile(file);
  await truncate(file, Math.floor(length / 2));
}

describe('db verify', () => {
  it('finds nothing in a good database, and leaves nothing behind', async () => {
    const dataDir = await newDataDir();
    const stages = new Set<string>();
    const report = await verifyDatabase(dataDir, stage => stages.add(stage));
    expect(report).toEqual({ isGood: true, chainId: toHex(chainId), ...head(), findings: [], findingsCount: 0 });
    expect([...stages]).toEqual(['blocks', 'rows']);
    expect(await readdir(dataDir)).toEqual(['chain', 'genesis.json']);
  });

  it('tells height and key of a row that was rewritten', async () => {
    const dataDir = await newDataDir();
    const { hash } = blockAt(7);
    await write(dataDir, [rows.receipts.put(hash, [])]);
    const report = await verifyDatabase(dataDir, silent);
    expect(report).toMatchObject({ isGood: false, findingsCount: 1 });
    expect(report.findings).toMatchObject([{ height: 7, row: 'receipts', key: toHex(rows.receipts.key(hash)) }]);
  });

  it.each([
    ['verify', (dataDir: string) => verifyDatabase(dataDir, silent)],
    ['repair', (dataDir: string) => repairDatabase(dataDir, silent)],
    ['backup', (dataDir: string) => backupDatabase(dataDir, join(dataDir, 'backup'), silent)],
  ])('D5: %s does not touch the database of a running daemon, and names its process', async (_, tool) => {
    const dataDir = await newDataDir();
    const store = await openStore(dataDir);
    await expect(tool(dataDir)).rejects.toMatchObject({
      code: 'DATABASE_LOCKED',
      message: expect.stringContaining(String(process.pid)),
    });
    await expectWhole(store);
    await store.close();
  });

  it('says that there is no database', async () => {
    const dataDir = await newFolder();
    await writeFile(join(dataDir, 'genesis.json'), formatGenesis(genesis));
    await expect(verifyDatabase(dataDir, silent)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(repairDatabase(dataDir, silent)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('db repair', () => {
  it('rebuilds state, history and index from the blocks', async () => {
    const dataDir = await newDataDir();
    const store = await openStore(dataDir);
    const doomed: StoreWrite[] = [];
    for (const kind of [
      rows.state,
      rows.leaf,
      rows.history,
      rows.transaction,
      rows.receipts,
      rows.canonical,
      rows.undo,
    ]) {
      const prefix = kind.prefix.charCodeAt(0);
      const range = {
        from: Uint8Array.of(prefix),
        to: Uint8Array.of(prefix + 1),
        limit: 9,
        order: 'ascending',
      } as const;
      for (const { key } of await store.range(range)) doomed.push({ key, value: null });
    }
    await store.write(doomed, 'durable', 'ledger-step');
    await store.close();
    expect(await verifyDatabase(dataDir, silent)).toMatchObject({ isGood: false, findingsCount: doomed.length });
    expect(await repairDatabase(dataDir, silent)).toMatchObject({ ...head(), heightBefore: top, finding: null });
    expect(await headOf(dataDir)).toEqual(head());
    expect(await verifyDatabase(dataDir, silent)).toMatchObject({ isGood: true });
  });

  it('ends below a lost body, keeps the blocks above it, and says what is missing', async () => {
    const dataDir = await newDataDir();
    await write(dataDir, [rows.body.remove(blockAt(20).hash)]);
    const report = await repairDatabase(dataDir, silent);
    expect(report).toMatchObject({ height: 19, heightBefore: top, otherBlocks: top - 20 });
    expect(report.finding).toMatchObject({ height: 20, row: 'body' });
    expect(existsSync(report.damagedFolder)).toBe(true);
    const store = await openStore(dataDir);
    expect(await expectWhole(store)).toMatchObject({ height: 19 });
    const chain = new ChainStore(store);
    expect(await chain.bodyBytes(blockAt(20).hash)).toBeNull();
    expect(await chain.bodyBytes(blockAt(21).hash)).not.toBeNull();
    await store.close();
  });

  it('goes on after a repair that was killed between its moves', async () => {
    const dataDir = await newDataDir();
    await rename(join(dataDir, 'chain'), join(dataDir, 'chain.damaged'));
    await mkdir(join(dataDir, 'chain.scratch'));
    expect(await repairDatabase(dataDir, silent)).toMatchObject(head());
    expect(await headOf(dataDir)).toEqual(head());
  });
});

describe('files of the database', () => {
  const harms: readonly (readonly [string, RegExp, (file: string) => Promise<void>])[] = [
    ['a flipped byte in a table', /\.ldb$/, flip],
    ['a table that was cut', /\.ldb$/, cut],
    ['a table that was deleted', /\.ldb$/, rm],
    ['a flipped byte in the manifest', /^MANIFEST/, flip],
    ['a manifest that was deleted', /^MANIFEST/, rm],
    ['CURRENT that was deleted', /^CURRENT$/, rm],
    ['CURRENT that was cut', /^CURRENT$/, cut],
  ];

  it.each(harms)('D4: %s is told by verify, refused at start and by backup, and repaired', async (_, pattern, harm) => {
    const dataDir = await newDataDir();
    const folder = join(dataDir, chainFolder);
    const names = (await readdir(folder)).filter(name => pattern.test(name));
    expect(names).not.toEqual([]);
    for (const name of names) await harm(join(folder, name));
    expect(await verifyDatabase(dataDir, silent)).toMatchObject({ isGood: false, findings: [{ row: 'file' }] });
    await expect(openStore(dataDir)).rejects.toMatchObject({ code: 'DATABASE_DAMAGED' });
    const backup = join(dataDir, 'backup');
    await expect(backupDatabase(dataDir, backup, silent)).rejects.toMatchObject({ code: 'DATABASE_DAMAGED' });
    expect((await readdir(dataDir)).filter(name => name.startsWith('backup'))).toEqual([]);
    const report = await repairDatabase(dataDir, silent);
    expect(await headOf(dataDir)).toEqual({ height: report.height, hash: report.hash });
    if (pattern.source !== '\\.ldb$') expect(report).toMatchObject(head());
  });
});

describe('db backup and restore', () => {
  it('gives in an empty folder the same database, with its genesis', async () => {
    const dataDir = await newDataDir();
    const file = join(await newFolder(), 'chain.backup');
    const report = await backupDatabase(dataDir, file, silent);
    expect(report).toMatchObject({ file, chainId: toHex(chainId), ...head() });
    const restored = join(await newFolder(), 'restored');
    expect(await restoreDatabase(restored, file, silent)).toEqual(report);
    expect(await verifyDatabase(restored, silent)).toMatchObject({ isGood: true, ...head() });
    const taken = { code: 'BAD_CONFIG', action: expect.stringContaining('Give an empty --data-dir') };
    await expect(restoreDatabase(restored, file, silent)).rejects.toMatchObject(taken);
    const named = { code: 'BAD_CONFIG', action: 'Give the name of a file that is not there.' };
    await expect(backupDatabase(dataDir, file, silent)).rejects.toMatchObject(named);
  });

  let backup: Buffer | null = null;

  async function makeBackup(): Promise<Buffer> {
    const file = join(await newFolder(), 'chain.backup');
    await backupDatabase(template, file, silent);
    return readFile(file);
  }

  it.each<readonly [string, (bytes: Buffer) => Buffer]>([
    ['cut off', bytes => bytes.subarray(0, bytes.length - 100)],
    ['cut off before its first line ends', bytes => bytes.subarray(0, 50)],
    ['empty', () => Buffer.alloc(0)],
    ['longer', bytes => Buffer.concat([bytes, Buffer.of(0)])],
    ['changed in a row', bytes => Buffer.concat([bytes.subarray(0, -200), Buffer.of(1), bytes.subarray(-199)])],
    ['changed in its checksum', bytes => Buffer.concat([bytes.subarray(0, -1), Buffer.of((bytes.at(-1) ?? 0) ^ 1)])],
    ['newer', bytes => Buffer.from(bytes.toString('latin1').replace('"version":1', '"version":2'), 'latin1')],
    [
      'of another format',
      bytes => Buffer.from(bytes.toString('latin1').replace('kvchain-backup', 'kvchain-other'), 'latin1'),
    ],
    ['a row of no kind', () => Buffer.from('[]\n')],
  ])('refuses a backup that is %s, and leaves no database', async (_, harm) => {
    const file = join(await newFolder(), 'chain.backup');
    backup ??= await makeBackup();
    await writeFile(file, harm(backup));
    const restored = join(await newFolder(), 'restored');
    await expect(restoreDatabase(restored, file, silent)).rejects.toMatchObject({ code: 'BAD_BACKUP' });
    expect(existsSync(restored)).toBe(false);
  });

  it('gives no backup of a database whose state is not that of its head', async () => {
    const dataDir = await newDataDir();
    const store = await openStore(dataDir);
    const [leaf] = await new ChainStore(store).leaves();
    await store.write([rows.leaf.put(leaf?.slice(0, 32) ?? chainId, chainId)], 'durable', 'ledger-step');
    await store.close();
    const file = join(dataDir, 'backup');
    await expect(backupDatabase(dataDir, file, silent)).rejects.toMatchObject({ code: 'DATABASE_DAMAGED' });
    expect(existsSync(file)).toBe(false);
  });
});

describe('a dump', () => {
  it('is text that gives the same chain and the same keys in a folder that had none', async () => {
    const file = join(await newFolder(), 'chain.jsonl');
    const report = await dumpDatabase(template, file, silent);
    expect(report).toMatchObject({ file, chainId: toHex(chainId), ...head() });
    const [first = '', second = '', ...rest] = (await readFile(file, 'utf8')).trimEnd().split('\n');
    expect(JSON.parse(first)).toMatchObject({ format: 'kvchain-dump', version: 1, height: top });
    expect(JSON.parse(second)).toMatchObject({ depth: 1 });
    expect(rest).toHaveLength(top - 1);
    const rebuilt = join(await newFolder(), 'rebuilt');
    expect(await rebuildDatabase(rebuilt, file, silent)).toEqual(report);
    expect(await verifyDatabase(rebuilt, silent)).toMatchObject({ isGood: true, ...head() });
    await expect(rebuildDatabase(rebuilt, file, silent)).rejects.toMatchObject({ code: 'BAD_CONFIG' });
    await expect(dumpDatabase(template, file, silent)).rejects.toMatchObject({ code: 'BAD_CONFIG' });
  });

  it.each<readonly [string, (lines: readonly string[]) => readonly string[]]>([
    ['without its last block', lines => lines.slice(0, -1)],
    ['without a block in the middle', lines => lines.toSpliced(5, 1)],
    ['with a line that is none', lines => [...lines, 'what?']],
    ['without its first line', lines => lines.slice(1)],
    [
      'with a depth that is not that of the block',
      lines => lines.with(2, lines[2]?.replace('"depth":2', '"depth":3') ?? ''),
    ],
    ['with a block whose bytes were changed', lines => lines.with(3, lines[3]?.replace(/.{4}"}$/, '0000"}') ?? '')],
  ])('%s gives no database', async (_, harm) => {
    const file = join(await newFolder(), 'chain.jsonl');
    await dumpDatabase(template, file, silent);
    const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
    await writeFile(file, `${harm(lines).join('\n')}\n`);
    const rebuilt = join(await newFolder(), 'rebuilt');
    await expect(rebuildDatabase(rebuilt, file, silent)).rejects.toMatchObject({ code: 'BAD_BACKUP' });
    expect(existsSync(rebuilt)).toBe(false);
  });
});

describe('a pruned database', () => {
  it.each([
    ['db verify', verifyDatabase],
    ['db repair', repairDatabase],
  ])('is refused by %s, which says what to do instead and changes nothing', async (_name, tool) => {
    const dataDir = await newPrunedDir();
    const before = await everyRow(dataDir);
    const refusal = { code: 'HEIGHT_UNAVAILABLE', message: expect.stringContaining('restore a backup') };
    await expect(tool(dataDir, silent)).rejects.toMatchObject(refusal);
    expect(await readdir(dataDir)).toContain('chain');
    expect(await everyRow(dataDir)).toEqual(before);
  });

  it('is backed up and restored with what it holds, and says from where on that is', async () => {
    const dataDir = await newPrunedDir();
    const file = join(await newFolder(), 'chain.backup');
    const backup = await backupDatabase(dataDir, file, silent);
    const restored = join(await newFolder(), 'restored');
    expect(await restoreDatabase(restored, file, silent)).toEqual(backup);
    const found = await everyRow(restored);
    expect(found).toEqual(await everyRow(dataDir));
    const pruned = found.find(({ key }) => equalBytes(key, rows.pruned.key('only')));
    expect(pruned && rows.pruned.decode(pruned.value)).toMatchObject({ blocks: prunedTo });
  });
});
