import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ClassicLevel } from 'classic-level';
import { afterAll, describe, expect, it } from 'vitest';
import { toHex, toUtf8 } from '../../chain/bytes.ts';
import { isErrorCode, KvchainError } from '../../chain/errors.ts';
import { openLevelStore } from './level-store.ts';
import { sealRow } from './row.ts';
import { describeStore, list, put } from './store.suite.ts';

const chainIdHex = 'ab'.repeat(32);
const folders: string[] = [];

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'kvchain-store-'));
  folders.push(folder);
  return folder;
}

afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

describeStore({ name: 'LevelDB', open: async () => openLevelStore({ folder: await newFolder(), chainIdHex }) });

/** The code that opening and reading everything ends with, or null and the rows. */
async function readAll(folder: string): Promise<{ code: string | null; rows: string[] }> {
  try {
    const store = await openLevelStore({ folder, chainIdHex });
    try {
      return { code: null, rows: await list(store, { limit: 100_000 }) };
    } finally {
      await store.close();
    }
  } catch (error) {
    if (!(error instanceof KvchainError)) throw error;
    expect(isErrorCode(error.code)).toBe(true);
    return { code: error.code, rows: [] };
  }
}

async function flip(path: string, offset: number): Promise<void> {
  const bytes = await readFile(path);
  bytes[offset] = (bytes[offset] ?? 0) ^ 0x10;
  await writeFile(path, bytes);
}

async function fileEnding(folder: string, ending: string): Promise<string> {
  const name = (await readdir(folder)).find(candidate => candidate.endsWith(ending) || candidate.startsWith(ending));
  if (name === undefined) throw new Error(`no file ${ending} in ${folder}`);
  return join(folder, name);
}

/** A folder whose rows lie in the write-ahead log: 40 durable batches of two rows. */
async function folderWithLog(): Promise<{ folder: string; prefixes: Set<string> }> {
  const folder = await newFolder();
  const store = await openLevelStore({ folder, chainIdHex });
  const prefixes = new Set<string>();
  for (let index = 0; index < 40; index++) {
    await store.write(
      [put('count', `${index}`), put(`k${String(index).padStart(3, '0')}`, 'x'.repeat(2_000))],
      'durable',
      'ledger-step',
    );
    prefixes.add((await list(store)).join());
  }
  await store.close();
  return { folder, prefixes };
}

/** A folder whose rows lie in a table: LevelDB moves the log there when it opens. */
async function folderWithTable(): Promise<{ folder: string; rows: string }> {
  const { folder } = await folderWithLog();
  const { rows } = await readAll(folder);
  return { folder, rows: rows.join() };
}

describe('a LevelDB store on damaged files', () => {
  it('tells of a flipped byte anywhere in the log, or holds exactly the batches before a torn last one', async () => {
    const { folder, prefixes } = await folderWithLog();
    const original = await fileEnding(folder, '.log');
    const bytes = await readFile(original);
    const outcomes = new Set<string | null>();
    for (let offset = 0; offset < bytes.length; offset += 1_511) {
      const copy = await newFolder();
      for (const name of await readdir(folder)) await writeFile(join(copy, name), await readFile(join(folder, name)));
      await flip(await fileEnding(copy, '.log'), offset);
      const { code, rows } = await readAll(copy);
      outcomes.add(code);
      if (code === null) expect(prefixes).toContain(rows.join());
      else expect(code).toBe('DATABASE_DAMAGED');
    }
    expect(outcomes).toEqual(new Set(['DATABASE_DAMAGED', null]));
  });

  it('D2: cuts a log that ends within a record back to the batch before', async () => {
    const { folder, prefixes } = await folderWithLog();
    const log = await fileEnding(folder, '.log');
    await truncate(log, (await readFile(log)).length - 700);
    const { code, rows } = await readAll(folder);
    expect(code).toBeNull();
    expect(prefixes).toContain(rows.join());
    expect(rows).toContain('count=38');
  });

  it('tells of a flipped byte anywhere in a table, naming the file', async () => {
    const { folder, rows } = await folderWithTable();
    const table = await fileEnding(folder, '.ldb');
    const bytes = await readFile(table);
    for (let offset = 0; offset < bytes.length; offset += 997) {
      await flip(table, offset);
      expect(await readAll(folder)).toMatchObject({ code: 'DATABASE_DAMAGED' });
      await flip(table, offset);
    }
    expect((await readAll(folder)).rows.join()).toBe(rows);
    await flip(table, 100);
    await expect(openLevelStore({ folder, chainIdHex })).rejects.toThrow(table);
  });

  it('tells of a row that changed while the database was open, naming the row', async () => {
    const folder = await newFolder();
    const store = await openLevelStore({ folder, chainIdHex });
    await store.close();
    const raw = new ClassicLevel<Uint8Array, Uint8Array>(folder, { keyEncoding: 'view', valueEncoding: 'view' });
    const moved = sealRow(toUtf8('a'), toUtf8('value'));
    const flipped = sealRow(toUtf8('c'), toUtf8('value'));
    flipped[0] = 0;
    await raw.put(toUtf8('b'), moved);
    await raw.put(toUtf8('c'), flipped);
    await raw.put(toUtf8('d'), Uint8Array.of(1, 2, 3));
    await raw.close();
    const reopened = await openLevelStore({ folder, chainIdHex });
    for (const key of ['b', 'c', 'd']) {
      const finding = expect.objectContaining({
        code: 'DATABASE_DAMAGED',
        message: expect.stringContaining(`row 0x${toHex(toUtf8(key))}`),
      });
      await expect(reopened.get(toUtf8(key))).rejects.toEqual(finding);
      await expect(reopened.getMany([toUtf8(key)])).rejects.toEqual(finding);
      await expect(list(reopened, { from: toUtf8(key) })).rejects.toEqual(finding);
    }
    await reopened.close();
  });

  const damages: [name: string, damage: (folder: string) => Promise<void>][] = [
    ['CURRENT is cut', folder => truncate(join(folder, 'CURRENT'), 5)],
    ['CURRENT is empty', folder => truncate(join(folder, 'CURRENT'), 0)],
    ['CURRENT is gone', folder => rm(join(folder, 'CURRENT'))],
    ['CURRENT names another manifest', folder => writeFile(join(folder, 'CURRENT'), 'MANIFEST-000999\n')],
    ['the manifest is gone', async folder => rm(await fileEnding(folder, 'MANIFEST'))],
    ['the manifest is empty', async folder => truncate(await fileEnding(folder, 'MANIFEST'), 0)],
    ['the manifest has a flipped byte', async folder => flip(await fileEnding(folder, 'MANIFEST'), 12)],
    ['the table is gone', async folder => rm(await fileEnding(folder, '.ldb'))],
    ['the table is cut', async folder => truncate(await fileEnding(folder, '.ldb'), 3_000)],
    ['the table is empty', async folder => truncate(await fileEnding(folder, '.ldb'), 0)],
    ['the log is gone', async folder => rm(await fileEnding(folder, '.log'))],
  ];
  it.each(damages)('refuses to open when %s, and says what to do', async (_, damage) => {
    const { folder } = await folderWithTable();
    await damage(folder);
    await expect(openLevelStore({ folder, chainIdHex })).rejects.toMatchObject({
      code: 'DATABASE_DAMAGED',
      message: expect.stringMatching(/`kvchain db repair` builds it anew/),
    });
  });

  it('does not make a damaged folder worse: put back, the file serves again', async () => {
    const { folder, rows } = await folderWithTable();
    const table = await fileEnding(folder, '.ldb');
    await rename(table, `${table}.away`);
    expect((await readAll(folder)).code).toBe('DATABASE_DAMAGED');
    await rename(`${table}.away`, table);
    expect((await readAll(folder)).rows.join()).toBe(rows);
  });
});

describe('the format row of a LevelDB store', () => {
  it('refuses the database of another chain, and takes any when told null', async () => {
    const folder = await newFolder();
    await (await openLevelStore({ folder, chainIdHex })).close();
    await expect(openLevelStore({ folder, chainIdHex: 'cd'.repeat(32) })).rejects.toMatchObject({
      code: 'DATABASE_VERSION',
      message: expect.stringContaining(chainIdHex),
    });
    await (await openLevelStore({ folder, chainIdHex: null })).close();
  });

  it('makes no database when told null, so that a mistyped folder stays as it is', async () => {
    const folder = join(await newFolder(), 'mistyped');
    await expect(openLevelStore({ folder, chainIdHex: null })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(readdir(folder)).rejects.toThrow('ENOENT');
  });

  it('refuses a newer version, a foreign database and a format row that is not one', async () => {
    const key = toUtf8('\0format');
    const rows: [Uint8Array, Uint8Array, string][] = [
      [key, sealRow(key, toUtf8(JSON.stringify({ format: 'kvchain-database', version: 2 }))), 'DATABASE_VERSION'],
      [key, sealRow(key, toUtf8(JSON.stringify({ format: 'other', version: 1 }))), 'DATABASE_VERSION'],
      [key, sealRow(key, toUtf8('{')), 'DATABASE_DAMAGED'],
      [toUtf8('foreign'), toUtf8('row'), 'DATABASE_DAMAGED'],
    ];
    for (const [rowKey, value, code] of rows) {
      const folder = await newFolder();
      const raw = new ClassicLevel<Uint8Array, Uint8Array>(folder, { keyEncoding: 'view', valueEncoding: 'view' });
      await raw.put(rowKey, value);
      await raw.close();
      await expect(openLevelStore({ folder, chainIdHex })).rejects.toMatchObject({ code });
    }
  });
});

/** Another process that opens the store, prints "open", and writes durably, printing each number that was acknowledged. */
const childProgram = `
  const { openLevelStore } = await import(process.argv[1]);
  const text = new TextEncoder();
  try {
    const store = await openLevelStore({ folder: process.argv[2], chainIdHex: process.argv[3] });
    process.stdout.write('open\\n');
    for (let number = 0; ; number++) {
      const rows = [0, 1, 2].map(index => ({ key: text.encode('k' + index), value: text.encode(String(number)) }));
      await store.write(rows, 'durable');
      process.stdout.write(number + '\\n');
    }
  } catch (error) {
    process.stdout.write(error.code + ' ' + error.message + '\\n');
  }`;

function startChild(folder: string): { child: ChildProcess; lines: AsyncIterator<string> } {
  const module = new URL('./level-store.js', import.meta.url).href;
  const child = spawn(process.execPath, ['--input-type=module', '-e', childProgram, module, folder, chainIdHex], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (!child.stdout) throw new Error('the child has no output');
  return { child, lines: createInterface(child.stdout)[Symbol.asyncIterator]() };
}

/** Writes until the disk refuses, then tries once more, printing the number of acknowledged writes and both codes. */
const fillProgram = `
  const { openLevelStore } = await import(process.argv[1]);
  process.on('SIGXFSZ', () => {});
  const store = await openLevelStore({ folder: process.argv[2], chainIdHex: process.argv[3] });
  const key = new TextEncoder().encode('count');
  const codes = [];
  let acknowledged = 0;
  while (codes.length < 2) {
    const rows = [{ key, value: Uint8Array.of(acknowledged) }, { key: Uint8Array.of(1, acknowledged), value: new Uint8Array(50_000) }];
    await store.write(rows, 'durable').then(() => acknowledged++, error => codes.push(error.code));
  }
  process.stdout.write(JSON.stringify({ acknowledged, codes }));
  process.exit(0);`;

describe('a LevelDB store on a disk that fails', () => {
  it('D3: refuses with DISK_FAILED when the disk is full, from then on, and has all acknowledged writes after it has room', async () => {
    const folder = await newFolder();
    const module = new URL('./level-store.js', import.meta.url).href;
    // A limit on the size of files, in blocks of 1024 bytes, stands for the full disk.
    const shell = 'ulimit -f 1024 && exec "$0" --input-type=module -e "$1" "$2" "$3" "$4"';
    const child = spawn('bash', ['-c', shell, process.execPath, fillProgram, module, folder, chainIdHex], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.on('data', data => {
      output += data;
    });
    await once(child, 'close');
    const { acknowledged, codes } = JSON.parse(output);
    expect(codes).toEqual(['DISK_FAILED', 'DISK_FAILED']);
    expect(acknowledged).toBeGreaterThan(5);
    const store = await openLevelStore({ folder, chainIdHex });
    const count = (await store.get(toUtf8('count')))?.[0] ?? -1;
    expect(count).toBeGreaterThanOrEqual(acknowledged - 1);
    expect(await store.get(Uint8Array.of(1, count))).toHaveLength(50_000);
    await store.write([put('after', '')], 'durable', 'ledger-step');
    await store.close();
  });

  it('tells DISK_FAILED when its folder is a file', async () => {
    const file = join(await newFolder(), 'file');
    await writeFile(file, '');
    await expect(openLevelStore({ folder: file, chainIdHex })).rejects.toMatchObject({ code: 'DISK_FAILED' });
  });
});

describe('a LevelDB store and other processes', () => {
  it('D5: tells a second process who holds the folder, and the lock ends with its holder', async () => {
    const folder = await newFolder();
    const { child, lines } = startChild(folder);
    expect((await lines.next()).value).toBe('open');
    await expect(openLevelStore({ folder, chainIdHex })).rejects.toMatchObject({
      code: 'DATABASE_LOCKED',
      message: `${folder} is in use by process ${child.pid}`,
    });
    child.kill('SIGKILL');
    await once(child, 'exit');
    const store = await openLevelStore({ folder, chainIdHex });
    const second = startChild(folder);
    expect((await second.lines.next()).value).toContain(
      `DATABASE_LOCKED ${folder} is in use by process ${process.pid}`,
    );
    await store.close();
  });

  it('D2: holds every acknowledged write, and no half of one, after kill -9 in the middle of durable writes', async () => {
    const folder = await newFolder();
    let acknowledgedBefore = -1;
    for (const count of [1, 20, 150]) {
      const { child, lines } = startChild(folder);
      expect((await lines.next()).value).toBe('open');
      let acknowledged = -1;
      while (acknowledged < count) acknowledged = Number((await lines.next()).value);
      child.kill('SIGKILL');
      for (let line = await lines.next(); !line.done; line = await lines.next()) acknowledged = Number(line.value);
      const store = await openLevelStore({ folder, chainIdHex });
      const values = (await store.getMany(['k0', 'k1', 'k2'].map(toUtf8))).map(value =>
        Number(Buffer.from(value ?? [])),
      );
      await store.close();
      expect(new Set(values).size).toBe(1);
      expect(values[0]).toBeGreaterThanOrEqual(acknowledged);
      expect(acknowledged).not.toBe(acknowledgedBefore);
      acknowledgedBefore = acknowledged;
    }
  });
});

describe('compacting', () => {
  it('gives back the space of deleted rows', async () => {
    const folder = await newFolder();
    const before = await openLevelStore({ folder, chainIdHex });
    const keys = Array.from({ length: 100 }, (_, index) => toUtf8(`B${String(index).padStart(4, '0')}`));
    const value = new Uint8Array(65_536).fill(7);
    await before.write(
      keys.map(key => ({ key, value })),
      'durable',
      'prune',
    );
    // Closed and opened again, LevelDB holds them in a table.
    await before.close();
    const store = await openLevelStore({ folder, chainIdHex });
    await store.write(
      keys.map(key => ({ key, value: null })),
      'durable',
      'prune',
    );
    await store.compact?.({ from: toUtf8('B'), to: toUtf8('C') });
    await store.close();
    const sizes = await Promise.all((await readdir(folder)).map(async name => (await stat(join(folder, name))).size));
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(1_000_000);
  });
});
