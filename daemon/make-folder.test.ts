import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { makeFolder } from './make-folder.ts';

const folder = mkdtempSync(join(tmpdir(), 'kvchain-make-folder-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('making a folder', () => {
  it('makes those above it too, all private, and says nothing of one that is there', async () => {
    const path = join(folder, 'a', 'b');
    await makeFolder(path, 0o700);
    await makeFolder(path, 0o700);
    if (process.platform === 'win32') return;
    expect([join(folder, 'a'), path].map(each => statSync(each).mode & 0o777)).toEqual([0o700, 0o700]);
  });

  it('is refused where a file is', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    await expect(makeFolder(file, 0o700)).rejects.toMatchObject({ code: 'EEXIST' });
    await expect(makeFolder(join(file, 'below'), 0o700)).rejects.toMatchObject({ code: 'ENOTDIR' });
  });

  it.runIf(process.platform === 'linux')('is refused where the system makes none, and ends', async () => {
    await expect(makeFolder('/proc/kvchain/data', 0o700)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
