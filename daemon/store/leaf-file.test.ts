import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sha256 } from '../../chain/hash.ts';
import { readLeafFile, writeLeafFile } from './leaf-file.ts';

const head = sha256(Uint8Array.of(1));
const runs = [new Uint8Array(640).fill(7), new Uint8Array(64).fill(8)];
let folder = '';
let file = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kvchain-leaves-'));
  file = join(folder, 'chain.leaves');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('the file of leaves', () => {
  it('gives back what was written at this head, the last time', async () => {
    await writeLeafFile(file, head, []);
    expect(await readLeafFile(file, head)).toEqual([]);
    await writeLeafFile(file, head, runs);
    expect(await readLeafFile(file, head)).toEqual(runs);
  });

  it('gives nothing where there is none, or at another head', async () => {
    expect(await readLeafFile(file, head)).toBeNull();
    await writeLeafFile(file, sha256(head), runs);
    expect(await readLeafFile(file, head)).toBeNull();
  });

  it('is found damaged by any changed byte behind the head, and at any length', async () => {
    await writeLeafFile(file, head, runs);
    const bytes = await readFile(file);
    for (let at = 48; at < bytes.length; at += 5) {
      await writeFile(file, bytes.with(at, (bytes[at] ?? 0) ^ 0x10));
      await expect(readLeafFile(file, head)).rejects.toMatchObject({ code: 'DATABASE_DAMAGED' });
    }
    await writeFile(file, bytes);
    for (let length = bytes.length - 1; length > 0; length -= 7) {
      await truncate(file, length);
      await expect(readLeafFile(file, head)).rejects.toMatchObject({ code: 'DATABASE_DAMAGED' });
    }
  });
});
