/** Plants imports against the direction rules and sees each of them caught, with the file and the rule named. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PlantedTree } from './planted-tree.ts';
import { processTimeoutMs, type Verdict } from './programs.ts';

type Violation = { readonly file: string; readonly source: string; readonly rule: string };

const client = "export const client = 'the contract';\n";
const value = "export const value = 'planted';\n";

const allowed: Readonly<Record<string, string>> = {
  'daemon/rpc/client-planted.ts': client,
  'daemon/planted-value.ts': value,
  'cli/planted-value.ts': value,
  'testnet/planted-value.ts': value,
  'chain/planted-value.ts': value,
  'consensus/planted-value.ts': value,
  'cli/planted-client.ts': "export { client } from '../daemon/rpc/client-planted.ts';\n",
};

/** What some of the violations import; a cycle is reported at one of its files. */
const targets: Readonly<Record<string, string>> = {
  'consensus/pow/planted-value.ts': value,
  'daemon/planted-circle.ts': "import './planted-circle-back.ts';\n",
};

const violations: readonly Violation[] = [
  {
    file: 'chain/planted-daemon.ts',
    source: "export { value } from '../daemon/planted-value.ts';",
    rule: 'chain-imports-nothing-of-ours',
  },
  {
    file: 'chain/planted-type.ts',
    source: "import type * as value from '../daemon/planted-value.ts';\nexport type Value = typeof value;",
    rule: 'chain-imports-nothing-of-ours',
  },
  {
    file: 'chain/planted-package.ts',
    source: "export { fastify } from 'fastify';",
    rule: 'chain-npm-allow-list',
  },
  {
    file: 'chain/planted-disk.ts',
    source: "export { readFileSync } from 'node:fs';",
    rule: 'chain-built-ins-in-two-files',
  },
  {
    file: 'consensus/planted-daemon.ts',
    source: "export { value } from '../daemon/planted-value.ts';",
    rule: 'consensus-imports-chain-alone',
  },
  {
    file: 'consensus/planted-package.ts',
    source: "export { encode } from 'cborg';",
    rule: 'consensus-imports-no-package',
  },
  {
    file: 'daemon/planted-user.ts',
    source: "export { value } from '../cli/planted-value.ts';",
    rule: 'daemon-does-not-import-its-users',
  },
  {
    file: 'cli/planted-daemon.ts',
    source: "export { value } from '../daemon/planted-value.ts';",
    rule: 'cli-imports-the-contract-of-the-daemon-alone',
  },
  {
    file: 'cli/planted-testnet.ts',
    source: "export { value } from '../testnet/planted-value.ts';",
    rule: 'cli-does-not-import-testnet',
  },
  {
    file: 'testnet/planted-cli.ts',
    source: "export { value } from '../cli/planted-value.ts';",
    rule: 'testnet-does-not-import-cli',
  },
  {
    file: 'daemon/planted-engine.ts',
    source: "export { value } from '../consensus/pow/planted-value.ts';",
    rule: 'registry-alone-knows-the-engines',
  },
  {
    file: 'daemon/planted-engine.test.ts',
    source: "export { value } from '../consensus/pow/planted-value.ts';",
    rule: 'registry-alone-knows-the-engines',
  },
  {
    file: 'daemon/sync-planted.ts',
    source: "import './planted-socket.ts';",
    rule: 'node-core-knows-ports-alone',
  },
  {
    file: 'daemon/node-planted.ts',
    source: "export { setTimeout } from 'node:timers';",
    rule: 'node-core-imports-no-built-in',
  },
  {
    file: 'daemon/planted-socket.ts',
    source: "export { createLibp2p } from 'libp2p';",
    rule: 'network-alone-imports-libp2p',
  },
  {
    file: 'daemon/planted-socket-type.ts',
    source: "import type { PeerId } from '@libp2p/interface';\nexport type Peer = PeerId;",
    rule: 'network-alone-imports-libp2p',
  },
  {
    file: 'daemon/planted-disk.ts',
    source: "export { ClassicLevel } from 'classic-level';",
    rule: 'store-alone-imports-leveldb',
  },
  { file: 'daemon/planted-server.ts', source: "export { WebSocket } from 'ws';", rule: 'rpc-alone-imports-http' },
  {
    file: 'daemon/planted-native.ts',
    source: "export { ecdsaVerify } from 'secp256k1';",
    rule: 'curve-alone-imports-native',
  },
  { file: 'testnet/planted-chart.ts', source: "export { View } from 'vega';", rule: 'experiments-alone-draw' },
  { file: 'daemon/planted-circle-back.ts', source: "import './planted-circle.ts';", rule: 'no-cycles' },
  { file: 'daemon/planted-nowhere.ts', source: "import './is-not-there.ts';", rule: 'nothing-unresolvable' },
  {
    file: 'daemon/planted-tool.ts',
    source: "export { test } from 'vitest';",
    rule: 'shipped-code-uses-shipped-packages',
  },
];

describe('the import direction', () => {
  let tree: PlantedTree;
  let verdict: Verdict;

  beforeAll(async () => {
    const planted = Object.fromEntries(violations.map(({ file, source }) => [file, `${source}\n`]));
    tree = await PlantedTree.create({ ...allowed, ...targets, ...planted });
    verdict = await tree.run('.ci/direction.mjs');
  }, processTimeoutMs);
  afterAll(() => tree.remove());

  it('fails', () => expect(verdict.exitCode).toBe(1));

  it.each(violations)('refuses $file by rule $rule', ({ file, rule }) => {
    const lines = verdict.stderr.split('\n');
    expect(lines.filter(line => line.startsWith(`${file} -> `) && line.endsWith(`: ${rule}`))).not.toEqual([]);
  });

  it.each(Object.keys(allowed))('accepts %s', file => {
    expect(verdict.stderr.split('\n').filter(line => line.startsWith(`${file} -> `))).toEqual([]);
  });
});

describe('the import direction of a tree that the tool cannot read', () => {
  it(
    'fails instead of passing unseen',
    async () => {
      const blind =
        'module.exports = { forbidden: [], options: { doNotFollow: { path: "node_modules" }, exclude: { path: "^chain/" } } };\n';
      const tree = await PlantedTree.create({ ...allowed, '.dependency-cruiser.cjs': blind });
      const verdict = await tree.run('.ci/direction.mjs');
      await tree.remove();
      expect(verdict.exitCode).toBe(1);
      expect(verdict.stderr).toContain('dependency-cruiser did not look at');
    },
    processTimeoutMs,
  );
});
