import { appendFile, mkdir, mkdtemp, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { toUtf8 } from '../../chain/bytes.ts';
import type { Log } from '../ports.ts';
import { MemoryLog, openRecordLog, recordBytesMax } from './record-log.ts';

const folders: string[] = [];

async function newFile(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'kvchain-log-'));
  folders.push(folder);
  return join(folder, 'votes.log');
}

afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

/** Strings are compared in a moment, arrays of a million numbers are not. */
function texts(records: readonly Uint8Array[]): string[] {
  return records.map(record => Buffer.from(record).toString('latin1'));
}

/** A log and how to find it again after its holder died. */
interface Reopenable {
  readonly log: Log;
  reopen(): Promise<Log>;
}

async function fileLog(): Promise<Reopenable> {
  const file = await newFile();
  const log = await openRecordLog({ file });
  const reopen = async () => {
    await log.close();
    return openRecordLog({ file });
  };
  return { log, reopen };
}

async function memoryLog(): Promise<Reopenable> {
  const log = new MemoryLog();
  return { log, reopen: async () => log.crash() };
}

describe.each([
  ['file', fileLog],
  ['memory', memoryLog],
])('the %s log', (_, create) => {
  it('gives the records back, oldest first, and again after it was opened anew', async () => {
    const { log, reopen } = await create();
    expect(await log.read()).toEqual([]);
    await log.append([toUtf8('a'), new Uint8Array()]);
    await log.append([]);
    await log.append([new Uint8Array(recordBytesMax).fill(7)]);
    const expected = [toUtf8('a'), new Uint8Array(), new Uint8Array(recordBytesMax).fill(7)];
    expect(texts(await log.read())).toEqual(texts(expected));
    const again = await reopen();
    expect(texts(await again.read())).toEqual(texts(expected));
    await again.append([toUtf8('b')]);
    expect(texts(await again.read())).toEqual(texts([...expected, toUtf8('b')]));
    await again.close();
  });

  it('keeps the order of appends that were not waited for', async () => {
    const { log, reopen } = await create();
    const names = Array.from({ length: 50 }, (_unused, index) => toUtf8(`${index}`));
    await Promise.all(names.map(name => log.append([name])));
    const again = await reopen();
    expect(await again.read()).toEqual(names);
    await again.close();
  });

  it('keeps none of the bytes that it was given and hands out copies', async () => {
    const { log } = await create();
    const record = toUtf8('a');
    await log.append([record]);
    record.fill(0);
    (await log.read())[0]?.fill(0);
    expect(await log.read()).toEqual([toUtf8('a')]);
    await log.close();
  });

  it('holds after a replacement what was put in place of all, and what follows', async () => {
    const { log, reopen } = await create();
    await log.append(['a', 'b', 'c'].map(toUtf8));
    await Promise.all([log.replace([toUtf8('abc'), toUtf8('!')]), log.append([toUtf8('d')])]);
    expect(await log.read()).toEqual(['abc', '!', 'd'].map(toUtf8));
    const again = await reopen();
    expect(await again.read()).toEqual(['abc', '!', 'd'].map(toUtf8));
    await again.replace([]);
    await again.append([toUtf8('e')]);
    expect(await again.read()).toEqual([toUtf8('e')]);
    await again.close();
  });

  it('refuses work after it was closed, and records over the limit', async () => {
    const { log } = await create();
    await expect((async () => log.append([new Uint8Array(recordBytesMax + 1)]))()).rejects.toThrow('assertion failed');
    await log.close();
    await expect(log.append([toUtf8('a')])).rejects.toMatchObject({ code: 'STOPPING' });
    await expect(log.read()).rejects.toMatchObject({ code: 'STOPPING' });
  });
});

/** A closed log of three appends: [a0], [b1, b2, b3], [c4, c5]; with where each append ends. */
async function threeAppends(): Promise<{ file: string; ends: number[]; records: Uint8Array[] }> {
  const file = await newFile();
  const log = await openRecordLog({ file });
  const ends: number[] = [];
  for (const names of [['a0'], ['b1', 'b2', 'b3'], ['c4', 'c5']]) {
    await log.append(names.map(name => toUtf8(name.repeat(20))));
    ends.push((await stat(file)).size);
  }
  const records = [...(await log.read())];
  await log.close();
  return { file, ends, records };
}

describe('the file log after a crash', () => {
  it('D2: cuts a torn append wherever it was torn, tells how much, and goes on', async () => {
    const { file, ends, records } = await threeAppends();
    const whole = await readFile(file);
    const [, start = 0, end = 0] = ends;
    for (let length = start + 1; length < end; length++) {
      await writeFile(file, whole);
      await truncate(file, length);
      const cuts: number[] = [];
      const log = await openRecordLog({ file, onTornTail: bytes => cuts.push(bytes) });
      const kept = await log.read();
      expect(kept).toEqual(records.slice(0, kept.length));
      expect(kept.length).toBeGreaterThanOrEqual(4);
      const cutAtRecord = kept.length === 5 && cuts.length === 0;
      expect(cutAtRecord || cuts.length === 1).toBe(true);
      await log.append([toUtf8('d')]);
      await log.close();
      const again = await openRecordLog({ file });
      expect(await again.read()).toEqual([...kept, toUtf8('d')]);
      await again.close();
    }
  });

  it('D2: cuts a last append of which an early part is lost and a later part reached the disk', async () => {
    const { file, ends, records } = await threeAppends();
    const bytes = await readFile(file);
    bytes.fill(0, ends[1], (ends[1] ?? 0) + 30);
    await writeFile(file, bytes);
    const log = await openRecordLog({ file });
    expect(await log.read()).toEqual(records.slice(0, 4));
    await log.close();
  });

  it('is not stopped by garbage or zeros after the last record', async () => {
    const { file, records } = await threeAppends();
    await appendFile(file, new Uint8Array(10_000));
    await appendFile(file, new Uint8Array(10_000).fill(0xa5));
    const log = await openRecordLog({ file });
    expect(await log.read()).toEqual(records);
    await log.close();
  });

  it('makes a file anew whose header was torn', async () => {
    const { file } = await threeAppends();
    await truncate(file, 5);
    const log = await openRecordLog({ file });
    expect(await log.read()).toEqual([]);
    await log.append([toUtf8('a')]);
    await log.close();
  });
});

describe('a replacement of the file log', () => {
  /** A closed log of old records, and the bytes of the file that was to replace it. */
  async function dyingReplacement() {
    const { file, records } = await threeAppends();
    const other = await newFile();
    const log = await openRecordLog({ file: other });
    await log.replace([toUtf8('all'), toUtf8('of it')]);
    await log.close();
    return { file, records, whole: await readFile(other) };
  }

  it('D2: that a crash cut off anywhere before its name was changed leaves the old records, and no file', async () => {
    const { file, records, whole } = await dyingReplacement();
    for (let length = 0; length <= whole.length; length++) {
      await writeFile(`${file}.part`, whole.subarray(0, length));
      const log = await openRecordLog({ file });
      expect(await log.read()).toEqual(records);
      await log.close();
      await expect(stat(`${file}.part`)).rejects.toMatchObject({ code: 'ENOENT' });
    }
  });

  it('D2: that a crash cut off after its name was changed leaves the new records', async () => {
    const { file, whole } = await dyingReplacement();
    await writeFile(`${file}.part`, whole);
    await rename(`${file}.part`, file);
    const log = await openRecordLog({ file });
    expect(await log.read()).toEqual([toUtf8('all'), toUtf8('of it')]);
    await log.close();
  });

  it('is refused with DATABASE_DAMAGED when a byte before its last record is flipped', async () => {
    const { file, whole } = await dyingReplacement();
    for (let offset = 0; offset < whole.length - 24 - 'of it'.length; offset++) {
      const bytes = Uint8Array.from(whole);
      bytes[offset] = (bytes[offset] ?? 0) ^ 0x40;
      await writeFile(file, bytes);
      await expect(openRecordLog({ file })).rejects.toMatchObject({ code: 'DATABASE_DAMAGED' });
    }
  });

  it('that the disk refuses ends the log, which keeps its records', async () => {
    const { file, records } = await threeAppends();
    const log = await openRecordLog({ file });
    await mkdir(`${file}.part`);
    await expect(log.replace([toUtf8('all')])).rejects.toMatchObject({ code: 'DISK_FAILED' });
    await expect(log.append([toUtf8('more')])).rejects.toMatchObject({ code: 'DISK_FAILED' });
    await log.close();
    await rm(`${file}.part`, { recursive: true });
    const again = await openRecordLog({ file });
    expect(await again.read()).toEqual(records);
    await again.close();
  });
});

describe('the file log on damage', () => {
  it('refuses with DATABASE_DAMAGED when any byte before the last append is flipped', async () => {
    const { file, ends } = await threeAppends();
    const bytes = await readFile(file);
    for (let offset = 0; offset < (ends[1] ?? 0); offset++) {
      bytes[offset] = (bytes[offset] ?? 0) ^ 0x40;
      await writeFile(file, bytes);
      await expect(openRecordLog({ file })).rejects.toMatchObject({
        code: 'DATABASE_DAMAGED',
        message: expect.stringContaining(file),
      });
      bytes[offset] = (bytes[offset] ?? 0) ^ 0x40;
    }
  });

  it('refuses a log with a record taken out, put twice, or of another log', async () => {
    const { file, ends } = await threeAppends();
    const bytes = await readFile(file);
    const [a = 0, b = 0] = ends;
    const parts = [bytes.subarray(0, a), bytes.subarray(a, b), bytes.subarray(b)] as const;
    for (const order of [
      [parts[0], parts[2]],
      [...parts, parts[1]],
      [parts[0], parts[2], parts[1]],
    ]) {
      await writeFile(file, Buffer.concat(order));
      await expect(openRecordLog({ file })).rejects.toMatchObject({ code: 'DATABASE_DAMAGED' });
    }
  });

  it('tells of a folder that is not there and of a path that is no file', async () => {
    const file = await newFile();
    await expect(openRecordLog({ file: join(file, 'no', 'such') })).rejects.toMatchObject({ code: 'DISK_FAILED' });
    await expect(openRecordLog({ file: join(file, '..') })).rejects.toMatchObject({ code: 'DISK_FAILED' });
  });
});
