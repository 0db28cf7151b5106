import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Classroom, readClassroom, writeClassroom } from './classroom-file.ts';

const classroom: Classroom = {
  delayMs: 30,
  timeoutMs: 2_000,
  servers: [
    { name: 'P1', dataDir: '/p1', address: '/ip4/127.0.0.1/tcp/1/p2p/x' },
    { name: 'P2', dataDir: '/p2', address: null },
  ],
  clients: [{ name: 'C1', secretKey: new Uint8Array(32).fill(7) }],
};

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kvchain-classroom-'));
  file = join(folder, 'classroom.json');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('is read as it was written', async () => {
  await writeClassroom(file, classroom);
  expect(readClassroom(file)).toEqual(classroom);
});

it.each([
  ['of a newer version', { version: 2 }, 'BAD_VERSION', 'kvchain-classroom version 2, this program knows 1'],
  ['without a version', { version: undefined }, 'USAGE', 'version: missing'],
  ['of another format', { format: 'kvchain-genesis' }, 'USAGE', 'format: "kvchain-genesis"'],
  ['without servers', { servers: [] }, 'USAGE', 'servers: '],
  [
    'with a key of 31 bytes',
    { clients: [{ name: 'C1', secretKey: '07'.repeat(31) }] },
    'USAGE',
    'clients.0.secretKey: expected 64',
  ],
  [
    'with a key that is no hexadecimal',
    { clients: [{ name: 'C1', secretKey: 'x'.repeat(64) }] },
    'USAGE',
    'clients.0.secretKey: expected 64',
  ],
])('a file %s is refused', async (_, changed, code, reason) => {
  await writeClassroom(file, classroom);
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), ...changed }));
  expect(() => readClassroom(file)).toThrow(
    expect.objectContaining({ code, message: expect.stringContaining(reason) }),
  );
});

it('a file that is not there, or is no JSON, is refused with what to do', () => {
  expect(() => readClassroom(file)).toThrow(
    expect.objectContaining({ code: 'USAGE', action: expect.stringContaining('--config') }),
  );
  writeFileSync(file, '{');
  expect(() => readClassroom(file)).toThrow(expect.objectContaining({ code: 'USAGE' }));
});
