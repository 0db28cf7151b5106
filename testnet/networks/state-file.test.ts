/** Which process is a running network. */
import { expect, it } from 'vitest';
import { isNetwork } from './state-file.ts';

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
