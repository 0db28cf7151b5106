import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { chainFolder, genesisFile, readGenesis, readNodeKeys, recordsFile } from './data-folder.ts';
import { openKeyFile } from './keystore/keystore.ts';
import { openLevelStore } from './store/level-store.ts';
import { openRecordLog } from './store/record-log.ts';

const folder = mkdtempSync(join(tmpdir(), 'kvchain-data-folder-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.skipIf(process.platform === 'win32')('a named pipe in a data folder', () => {
  const level = (dataDir: string) =>
    openLevelStore({ folder: join(dataDir, chainFolder), chainIdHex: '00'.repeat(32) });
  it.each([
    ['node.key', readNodeKeys],
    [genesisFile, readGenesis],
    [recordsFile, (dataDir: string) => openRecordLog({ file: join(dataDir, recordsFile) })],
    ['keys/main.json', (dataDir: string) => openKeyFile(join(dataDir, 'keys', 'main.json'), 'secret')],
    ['chain/CURRENT', level],
    ['chain/LOCK', level],
    ['chain/000003.log', level],
  ])('is refused in the place of %s, not waited for', async (name, read) => {
    const dataDir = join(folder, name.replaceAll('/', '-'));
    for (const part of ['', 'keys', chainFolder]) mkdirSync(join(dataDir, part), { mode: 0o700 });
    execFileSync('bash', ['-c', 'mkfifo -m 600 "$0"', join(dataDir, name)]);
    await expect(read(dataDir)).rejects.toMatchObject({
      code: 'DISK_FAILED',
      message: `${join(dataDir, name)} is a named pipe, where a regular file has to be`,
    });
  });
});
