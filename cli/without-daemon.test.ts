import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { toHex, toUtf8 } from '../chain/bytes.ts';
import { parseGenesis } from '../chain/genesis-file.ts';
import { typed } from './typed.suite.ts';

const folder = mkdtempSync(join(tmpdir(), 'kvchain-cli-init-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('keys', () => {
  it('are made, listed, shown, exported and imported', async () => {
    const dataDir = join(folder, 'keys');
    const password = join(folder, 'key-password');
    writeFileSync(password, 'secret\n', { mode: 0o600 });
    const key = (...words: readonly string[]) => typed(['key', ...words, '--data-dir', dataDir, '--json']);
    const made = (await key('new', 'alice', '--password-file', password)).json();
    expect(Object.keys(made)).toEqual(['name', 'address', 'publicKey', 'file']);
    expect(statSync(join(dataDir, 'keys', 'alice.json')).mode & 0o777).toBe(0o600);
    expect((await key('list')).json()).toEqual([made]);
    expect((await key('show')).json()).toEqual(made);
    const { secretKey } = (await key('export', 'alice', '--password-file', password)).json();
    const copy = await typed(
      ['key', 'import', 'copy', '-', '--password-file', password, '--data-dir', dataDir, '--json'],
      `${secretKey}\n`,
    );
    expect(copy.json()).toMatchObject({ name: 'copy', publicKey: made.publicKey });
    expect((await key('new', 'alice', '--password-file', password)).exit).toBe(2);
    expect((await key('new', '../x', '--password-file', password)).exit).toBe(2);
    expect((await key('show')).json()).toMatchObject({ code: 'NOT_FOUND' });
  });

  it('name the password file that does not open one', async () => {
    const dataDir = join(folder, 'passwords');
    const [right, wrong] = [join(folder, 'right'), join(dataDir, 'password')];
    writeFileSync(right, 'right\n', { mode: 0o600 });
    const here = ['--data-dir', dataDir];
    expect((await typed(['key', 'new', '--password-file', right, ...here])).exit).toBe(0);
    writeFileSync(wrong, 'wrong\n', { mode: 0o600 });
    const { stderr } = await typed(['key', 'export', 'main', ...here]);
    expect(stderr).toMatch(`the password in ${wrong} does not open the key main (`);
    expect(stderr).toContain('--password-file FILE');
  });

  it('are asked for with the folder that was named', async () => {
    const dataDir = join(folder, 'no keys');
    const { stderr } = await typed(['key', 'show', '--data-dir', dataDir]);
    expect(stderr).toContain(`Make one with \`kvchain key new --data-dir '${dataDir}'\`.`);
  });

  it('are not said to be absent where nobody may look', async () => {
    const dataDir = join(folder, 'circle');
    symlinkSync(dataDir, dataDir);
    for (const words of [['status'], ['put', 'a', 'b'], ['init'], ['start']]) {
      expect((await typed([...words, '--data-dir', dataDir, '--json'])).json()).toMatchObject({ code: 'DISK_FAILED' });
    }
  });
});

describe('a text of the chain on the command line', () => {
  it.each([['get'], ['put'], ['delete'], ['history'], ['proof'], ['scan'], ['watch']])(
    'of %s that is not UTF-8 is refused',
    async command => {
      const { exit, stderr } = await typed([command, 'a\ufffd']);
      expect(exit).toBe(2);
      expect(stderr).toContain('not valid UTF-8');
    },
  );
});

describe('the program', () => {
  it('tells that nothing can be written to its standard output', () => {
    const file = join(folder, 'read-only');
    writeFileSync(file, '');
    const stdout = openSync(file, 'r');
    try {
      const program = new URL('./main.js', import.meta.url).pathname;
      const { status, stderr } = spawnSync(process.execPath, [program, '--version'], {
        stdio: ['ignore', stdout, 'pipe'],
      });
      expect(status).toBe(1);
      expect(stderr.toString()).toMatch(/^error: cannot write to the standard output: EBADF/);
    } finally {
      closeSync(stdout);
    }
  });
});

describe('init', () => {
  async function genesisOf(...words: readonly string[]) {
    const dataDir = mkdtempSync(join(folder, 'init-'));
    const outcome = await typed(['init', '--data-dir', dataDir, '--json', ...words]);
    const parsed = outcome.exit === 0 ? parseGenesis(readFileSync(join(dataDir, 'genesis.json'), 'utf8')) : null;
    return { outcome, dataDir, genesis: parsed?.ok ? parsed.value : null };
  }

  it('makes a network with a fixed difficulty', async () => {
    const { genesis } = await genesisOf('--difficulty', '16', '--target-ms', '1000', '--name', 'ours');
    expect(genesis).toMatchObject({
      name: 'ours',
      engine: 'pow',
      schedule: [{ params: { retarget: 'fixed', targetMs: 1_000, bits: 0x1f00ffff } }],
    });
  });

  it.each([
    ['--member anna', ['--member', 'anna'], '--member anna: not a name and a public key'],
    ['--member with a key that is cut', ['--member', `anna=${'02'.repeat(32)}`], 'not a name and a public key'],
    ['members of proof of work', ['--member', `anna=02${'79'.repeat(32)}`], 'expected none for the engine pow'],
  ])('refuses %s', async (_, words, said) => {
    const { outcome } = await genesisOf(...words);
    expect(outcome.exit).toBe(2);
    expect(outcome.stdout).toContain(said);
  });

  it('makes a test network with money', async () => {
    const address = 'kvt1';
    expect((await genesisOf('--test-network', '--fund', `${address}=5`)).outcome.exit).toBe(2);
    const { genesis } = await genesisOf(
      '--test-network',
      '--key-ownership',
      'open',
      '--subsidy',
      '0',
      '--first-difficulty',
      '8',
    );
    expect(genesis?.schedule[0]?.params).toMatchObject({
      testNetwork: 1,
      addressPrefix: 'kvt',
      keyOwnership: 'open',
      subsidy: 0n,
      retarget: 'asert',
    });
  });

  it('joins a network with its genesis, whose chainId stays', async () => {
    const first = await genesisOf('--name', 'theirs');
    const bootstrap = '/ip4/127.0.0.1/tcp/9645';
    const joined = await genesisOf(
      '--genesis',
      join(first.dataDir, 'genesis.json'),
      '--bootstrap',
      bootstrap,
      '--bootstrap',
      `${bootstrap}1`,
      '--rpc-port',
      '8650',
    );
    expect(joined.outcome.json().chainId).toBe(first.outcome.json().chainId);
    expect(readFileSync(join(joined.dataDir, 'kvchaind.yaml'), 'utf8')).toContain(
      `bootstrap: ["${bootstrap}","${bootstrap}1"]\nrpc-port: 8650\n`,
    );
  });

  const wrong: readonly (readonly [string, readonly string[]])[] = [
    ['a genesis and a wish of its own', ['--genesis', 'x.json', '--name', 'ours']],
    ['two difficulties', ['--difficulty', '8', '--first-difficulty', '8']],
    ['a bootstrap address that is none', ['--bootstrap', 'example.org:9645']],
    ['an interval that is too short', ['--target-ms', '249']],
    ['a difficulty that there is not', ['--difficulty', '256']],
    ['a subsidy above the supply', ['--subsidy', '2', '--supply-max', '1']],
    ['a name that is too long', ['--name', 'n'.repeat(65)]],
    ['a file that is no genesis', ['--genesis', fileWith('{}')]],
  ];
  it.each(wrong)('refuses %s and writes nothing', async (_what, words) => {
    const { outcome, dataDir } = await genesisOf(...words);
    expect(outcome.exit).toBe(2);
    expect(() => statSync(join(dataDir, 'genesis.json'))).toThrow();
  });

  it('never takes a folder that belongs to a network', async () => {
    const { dataDir, outcome } = await genesisOf();
    const again = await typed(['init', '--data-dir', dataDir, '--json']);
    expect({ first: outcome.exit, again: again.exit, code: again.json().code }).toEqual({
      first: 0,
      again: 2,
      code: 'USAGE',
    });
  });
});

function fileWith(text: string): string {
  const file = join(folder, `${toHex(toUtf8(text))}.json`);
  writeFileSync(file, text);
  return file;
}
