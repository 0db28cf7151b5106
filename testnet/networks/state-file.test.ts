import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { endLeftovers, isNetwork } from './state-file.ts';

describe('what a network leaves whose first process was killed', () => {
  const stateOf = (socket: string) => ({
    format: 'kvchain-testnet' as const,
    version: 1 as const,
    pid: 2 ** 22 + 1, // Above all that Linux gives.
    socket,
    members: [{ name: 'node-0', pid: null, dataDir: '/nonexistent/node-0', logFile: '/nonexistent/node-0.log' }],
  });

  it('is removed with the folder of its socket', async () => {
    const socket = join(mkdtempSync(join(tmpdir(), 'kvchain-')), 'orders');
    writeFileSync(socket, '');
    expect(await endLeftovers(stateOf(socket))).toBe(0);
    expect(existsSync(dirname(socket))).toBe(false);
    expect(await endLeftovers(stateOf(socket))).toBe(0);
  });

  it('is not what somebody else keeps beside the socket', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'kvchain-'));
    mkdirSync(join(folder, 'other'));
    await endLeftovers(stateOf(join(folder, 'orders')));
    expect(existsSync(join(folder, 'other'))).toBe(true);
  });
});

it.each([
  ['/usr/bin/node /opt/kvchain/dist/testnet/main.js up --nodes 3', true],
  ['node /usr/local/bin/kvchain-testnet up', true],
  ['node --max-old-space-size=512 dist/testnet/main.js up\n', true],
  ['/usr/bin/node /opt/kvchain/dist/testnet/main.js down', false],
  ['/usr/bin/node /opt/kvchain/dist/daemon/main.js backup --out up', false],
  ['/usr/bin/node /opt/other/main.js up', false],
  ['/usr/bin/backup /home', false],
  ['apt-get update', false],
  ['docker compose up', false],
  ['', false],
])('%j: %s', (command, expected) => {
  expect(isNetwork(command)).toBe(expected);
});
