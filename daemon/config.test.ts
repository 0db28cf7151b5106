import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Config, configFileName, formatConfigFile, type Invocation, readConfig } from './config.ts';
import { flagOf, settingNames, settingRow } from './config-settings.ts';

const sha256 = 'ab'.repeat(32);
let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'kvchain-config-'));
});
afterEach(() => rmSync(dataDir, { recursive: true }));

function read(...args: string[]): Invocation {
  const result = readConfig(['--data-dir', dataDir, ...args]);
  if (!result.ok) throw new Error(result.error.detail);
  return result.value;
}

function config(...args: string[]): Config {
  const invocation = read(...args);
  if (!('config' in invocation)) throw new Error(`not a configuration but ${invocation.kind}`);
  return invocation.config;
}

function refusal(...args: string[]): string {
  const result = readConfig(['--data-dir', dataDir, ...args]);
  if (result.ok) throw new Error('it was accepted');
  expect(result.error.code).toBe('BAD_CONFIG');
  return result.error.detail;
}

const file = (text: string): void => writeFileSync(join(dataDir, configFileName), text);

test('without flags and file every setting has its default', () => {
  expect(config()).toMatchObject({
    dataDir,
    rpcHost: '127.0.0.1',
    rpcPort: 8645,
    p2pPort: 9645,
    bootstrap: [],
    mine: false,
    mineRate: null,
    account: null,
    rpcTokens: [],
    logLevel: 'info',
  });
});

test('the default folder is .kvchain in the home folder', () => {
  const result = readConfig(['--rpc-port', '0']);
  expect(result.ok && 'config' in result.value && result.value.config.dataDir).toBe(join(homedir(), '.kvchain'));
});

test('a flag is over the file, the file over the default', () => {
  file('rpc-port: 1000\np2p-port: 2000\nmine: true\n');
  expect(config('--rpc-port', '3000')).toMatchObject({ rpcPort: 3000, p2pPort: 2000, mine: true });
});

test('the file may be JSON', () => {
  file(JSON.stringify({ 'rpc-port': 1000, bootstrap: ['/ip4/127.0.0.1/tcp/9645'] }));
  expect(config()).toMatchObject({ rpcPort: 1000, bootstrap: ['/ip4/127.0.0.1/tcp/9645'] });
});

test('a list is given flag by flag, tokens come apart', () => {
  const given = config(
    '--bootstrap',
    '/ip4/127.0.0.1/tcp/1',
    '--bootstrap',
    '/ip4/127.0.0.1/tcp/2',
    '--rpc-tokens',
    `ci:submit:${sha256}`,
  );
  expect(given.bootstrap).toHaveLength(2);
  expect(given.rpcTokens).toEqual([{ name: 'ci', scope: 'submit', sha256 }]);
});

test('what formatConfigFile writes is read back', () => {
  file(formatConfigFile({ rpcPort: 7, mine: true, bootstrap: ['/ip4/127.0.0.1/tcp/1'], mineRate: null }));
  expect(config()).toMatchObject({ rpcPort: 7, mine: true, bootstrap: ['/ip4/127.0.0.1/tcp/1'], mineRate: null });
});

test('run is what happens unasked; init takes the genesis', () => {
  expect(read().kind).toBe('run');
  expect(read('run').kind).toBe('run');
  expect(read('init', '--genesis', 'g.json')).toMatchObject({ kind: 'init', config: { genesis: 'g.json' } });
  expect(read('--version')).toEqual({ kind: 'version' });
});

test('help names every flag with its meaning', () => {
  const help = read('--help');
  const text = help.kind === 'help' ? help.text.replaceAll(/\s+/g, ' ') : '';
  for (const name of settingNames) {
    expect(text).toContain(`--${flagOf(name)}`);
    expect(text).toContain(settingRow(name).meaning);
  }
});

describe('refuses', () => {
  test.each([
    [['--rpc-prot', '1'], 'unknown flag: --rpc-prot; did you mean --rpc-port?'],
    [['--colour'], 'unknown flag: --colour'],
    [['--rpc-port'], "option '--rpc-port <PORT>' argument missing"],
    [['--rpc-port', 'http'], '--rpc-port: expected a whole number, not "http"'],
    [['--rpc-port', '65536'], '--rpc-port: '],
    [['--rpc-port', '-1'], '--rpc-port'],
    [['--mine-rate', '0'], '--mine-rate: '],
    [['--log-level', 'loud'], '--log-level: '],
    [['--log-format', 'xml'], '--log-format: '],
    [['--bootstrap', 'example.org'], '--bootstrap: expected a multiaddr'],
    [['--rpc-tokens', 'ci:root:00'], '--rpc-tokens: expected NAME:SCOPE:SHA256'],
    [['--rpc-tokens', `a:read:${sha256}`, '--rpc-tokens', `a:admin:${sha256}`], 'two tokens of the name a'],
    [['--tls-cert', 'c.pem'], '--tls-cert and --tls-key belong together'],
    [['--tls-client-ca', 'c.pem'], '--tls-client-ca without --tls-cert'],
    [['--prune-history'], '--prune-history without --prune-below'],
    [['--password-file', 'p'], '--password-file without --account'],
    [['--genesis', 'g.json'], '--genesis belongs to'],
    [['stop'], 'unexpected argument: stop'],
    [['run', 'init'], 'unexpected argument'],
  ])('%j', (args, message) => {
    expect(refusal(...args)).toContain(message);
  });

  test.each([
    ['rpc-prot: 1', 'unknown key: rpc-prot; did you mean rpc-port?'],
    ['rpcPort: 1', 'unknown key: rpcPort'],
    ['__proto__: 1', 'unknown key: __proto__'],
    ['rpc-port: http', 'rpc-port: '],
    ['rpc-port: "1"', 'rpc-port: '],
    ['mine: 1', 'mine: '],
    ['data-dir: /tmp', 'data-dir is a flag only'],
    ['genesis: g.json', 'genesis is a flag only'],
    ['rpc-port: [1', configFileName],
    ['rpc-port: 1\nrpc-port: 2', 'Map keys must be unique'],
    ['- rpc-port', 'expected lines of the form key: value'],
    ['just text', 'expected lines of the form key: value'],
  ])('a file with %j', (text, message) => {
    file(text);
    expect(refusal()).toContain(message);
  });
});

describe('a hostile configuration file', () => {
  test.each([
    ['an alias', 'a: &a [x]\nrpc-port: *a\n', /[Aa]lias/],
    ['deep nesting', `rpc-port: ${'['.repeat(50_000)}`, /nested too deep|stack|[Ff]low/],
    ['too many bytes', `# ${'x'.repeat(1_048_576)}\n`, /at most 1048576/],
  ])('with %s is refused in words', (_, text, words) => {
    file(text);
    expect(refusal()).toMatch(words);
  });

  test('that is no regular file is refused before it is read', () => {
    symlinkSync('/dev/zero', join(dataDir, configFileName));
    expect(refusal()).toContain('not a regular file');
  });
});
