import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { errorRow, KvchainError } from '../chain/errors.ts';
import { diskFailed, isFileThere, isThere } from './disk-failure.ts';

const folder = mkdtempSync(join(tmpdir(), 'kvchain-disk-failure-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a refusal of the file system', () => {
  it.each([
    ['EACCES: permission denied, open', 'permission'],
    ['EPERM: operation not permitted, mkdir', 'permission'],
    ['IO error: /x/LOCK: Permission denied', 'permission'],
    ['EROFS: read-only file system, open', 'mounted read-only'],
    ['EEXIST: file already exists, mkdir', 'A file stands'],
    ['ENOTDIR: not a directory, open', 'A file stands'],
    ['EISDIR: illegal operation on a directory, open', 'A folder stands'],
    ['ENOENT: no such file or directory, open', 'Nothing is at'],
    ['ELOOP: too many symbolic links encountered, stat', 'circle'],
  ])('says of %j what to do', (message, advice) => {
    const told = diskFailed(new Error('outer', { cause: new Error(message) }), 'writing x');
    expect(told).toMatchObject({ code: 'DISK_FAILED', message: `writing x: ${message}` });
    expect(told.action).toContain(advice);
  });

  it.each(['ENOSPC: no space left on device, write', 'EIO: i/o error, write'])(
    'tells %j as one of the disk',
    message => {
      expect(diskFailed(new Error(message), 'writing x').action).toBe(errorRow('DISK_FAILED').action);
    },
  );

  it('is told once', () => {
    const told = new KvchainError('BAD_BACKUP', 'cut off');
    expect(diskFailed(told, 'reading x')).toBe(told);
  });
});

describe('looking for a file', () => {
  it('tells what is there from what is not, and from what it cannot look at', () => {
    const [file, loop] = [join(folder, 'file'), join(folder, 'loop')];
    writeFileSync(file, '');
    symlinkSync(loop, loop);
    expect([isThere(file), isThere(join(folder, 'none'))]).toEqual([true, false]);
    for (const path of [loop, join(file, 'below')])
      expect(() => isThere(path)).toThrow(expect.objectContaining({ code: 'DISK_FAILED' }));
  });

  it.skipIf(process.platform === 'win32')('refuses what is there and no regular file, by its kind', () => {
    const [file, pipe, other] = [join(folder, 'plain'), join(folder, 'pipe'), join(folder, 'folder')];
    writeFileSync(file, '');
    symlinkSync(file, join(folder, 'link'));
    execFileSync('bash', ['-c', 'mkfifo "$0"', pipe]);
    mkdirSync(other);
    for (const path of [file, join(folder, 'link')]) expect(isFileThere(path)).toBe(true);
    expect(isFileThere(join(folder, 'none'))).toBe(false);
    for (const [path, kind] of [
      [pipe, 'a named pipe'],
      [other, 'a folder'],
      ['/dev/null', 'a device'],
    ] as const)
      expect(() => isFileThere(path)).toThrow(`${path} is ${kind}, where a regular file has to be`);
  });
});
