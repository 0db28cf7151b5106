import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { errorRow } from '../chain/errors.ts';
import { ask, fake, folder, home, including, startFake, useDataFolder } from './asked.suite.ts';
import { makeProgram } from './program.ts';
import { typed } from './typed.suite.ts';

useDataFolder();

describe('what is typed wrongly', () => {
  const cases: readonly (readonly [string, readonly string[], says: RegExp])[] = [
    ['an unknown command', ['pot', 'a'], /unknown command 'pot'/],
    ['an unknown option', ['get', 'a', '--verfy'], /unknown option '--verfy'/],
    ['too few arguments', ['get'], /missing required argument 'key'/],
    ['too many arguments', ['get', 'a', 'b'], /too many arguments/],
    ['a height that is no number', ['get', 'a', '--at', '-1'], /--at/],
    ['a read mode that there is not', ['get', 'a', '--read', 'confirmed:0'], /Expected local/],
    ['a wait that there is not', ['put', 'a', 'b', '--wait', 'soon'], /Expected pending/],
    ['a fee that is no amount', ['put', 'a', 'b', '--fee', '1.5'], /Expected a whole number/],
    ['an amount below 0', ['wallet', 'transfer', 'ADDRESS', '-5'], /'-5' is invalid for argument 'amount'/],
    ['a fee over 2^64-1', ['put', 'a', 'b', '--fee', '18446744073709551616'], /Expected a whole number/],
    [
      'a key that there is not',
      ['put', 'a', 'b', '--account', 'nosuch'],
      /no key "nosuch" in .*keys[\s\S]*kvchain key list/,
    ],
    [
      'a password file that there is not',
      ['put', 'a', 'b', '--password-file', '/nonexistent', '--rpc', 'http://127.0.0.1:1'],
      /no file \/nonexistent/,
    ],
    ['a put without a value', ['put', 'a'], /a value or --file/],
    ['a put with two values', ['put', 'a', 'b', '--file', 'c'], /a value or --file/],
    ['a file that is not there', ['put', 'a', '--file', join(folder, 'absent')], /cannot read/],
    ['an import of an unknown format', ['import', 'rows.xml'], /neither .jsonl nor .csv/],
    ['a shell that there is not', ['completion', 'tcsh'], /Allowed choices/],
    ['parameters that are no object', ['rpc', 'chain_head', '[1]'], /not a JSON object/],
    ['a method that there is not', ['rpc', 'chain_heed'], /no method/],
    ['a URL that is none', ['status', '--rpc', 'nowhere'], /not an http/],
    ['a watch from nowhere', ['watch', '--from', '12'], /HEIGHT:HASH/],
    ['help of a command that there is not', ['help', 'wallet', 'tansfer'], /unknown command "tansfer"/],
    ['an engine that there is not', ['init', '--engine', 'pos'], /"pos" is not in this program; there are: pow/],
  ];
  it.each(cases)('%s is told, with exit code 2', async (_what, words, says) => {
    const { exit, stderr, stdout } = await typed([...words, '--data-dir', home]);
    expect({ exit, stdout }).toEqual({ exit: 2, stdout: '' });
    expect(stderr).toMatch(says);
    expect(stderr).toMatch(/what to do: ./);
  });

  it('is one document with --json', async () => {
    const { exit, json, stderr } = await typed(['get', '--json']);
    expect(json()).toEqual({
      code: 'USAGE',
      message: "missing required argument 'key'",
      action: errorRow('USAGE').action,
    });
    expect({ exit, stderr }).toEqual({ exit: 2, stderr: '' });
  });

  it('is to ask for raw bytes in a document', async () => {
    expect(await typed(['get', 'a', '--raw', '--json'])).toMatchObject({ exit: 2 });
  });

  it('is the help, with exit code 2, when nothing is typed', async () => {
    expect(await typed([])).toMatchObject({ exit: 2, stdout: expect.stringContaining('First steps') });
    expect(await typed(['key'])).toMatchObject({ exit: 2, stdout: expect.stringContaining('Commands:') });
  });
});

describe('help', () => {
  const program = makeProgram({ streams: process, exit: () => {} });
  const leaves = leavesOf(program, []);
  it.each(leaves)('of `%s` says what it does and shows an example', async name => {
    const { exit, stdout } = await typed([...name.split(' '), '--help']);
    expect(exit).toBe(0);
    expect(stdout).toMatch(/Examples:\n {2}.*kvchain/);
    expect(stdout).toContain('--data-dir <folder>');
  });
  it('is asked for in two ways', async () => {
    for (const words of [['put'], ['wallet', 'transfer'], ['wallet'], []]) {
      const asked = await typed(['help', ...words]);
      expect(asked).toMatchObject({ exit: 0, stdout: (await typed([...words, '--help'])).stdout });
      expect(asked.stdout).toContain(`Usage: ${['kvchain', ...words].join(' ')} `);
    }
  });
  it('tells the version', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    expect(await typed(['--version'])).toMatchObject({ exit: 0, stdout: `${version}\n` });
  });
});

describe('docs/start', () => {
  const docs = new URL('../../docs/start/', import.meta.url);
  const program = makeProgram({ streams: process, exit: () => {} });
  const lines = readdirSync(docs).flatMap(page => {
    const text = readFileSync(new URL(page, docs), 'utf8');
    return text.split('\n').filter(line => line.startsWith('kvchain '));
  });
  it.each(lines)('`%s` names a command and options that there are', line => {
    const [, ...words] = line.split(' ');
    let command = program;
    for (const word of words) command = command.commands.find(sub => sub.name() === word) ?? command;
    const known = [...program.options, ...command.options].map(({ long }) => long);
    expect(command).not.toBe(program);
    // What start does not know it passes on to the daemon.
    const passed = command.name() === 'start' ? ['--mine'] : [];
    expect([...known, ...passed]).toEqual(expect.arrayContaining(words.filter(word => word.startsWith('--'))));
  });
});

describe('exit codes', () => {
  const cases = [
    ['NOT_OWNER', 1],
    ['INVALID_PARAMS', 2],
    ['TIMED_OUT', 4],
    ['NOT_VERIFIED', 5],
  ] as const;
  it.each(cases)('%s is %i', async (code, exit) => {
    const outcome = await ask(['status', '--json'], { chain_status: () => ({ error: { code, message: 'so it is' } }) });
    expect(outcome.exit).toBe(exit);
    expect(outcome.json()).toEqual({ code, message: 'so it is', action: errorRow(code).action });
  });

  it('is 3 when nobody answers', async () => {
    const { url, close } = await startFake();
    await close();
    expect(await typed(['status', '--rpc', url])).toMatchObject({ exit: 3, stderr: expect.stringContaining(url) });
  });

  it('is 3 when no daemon runs on a folder with a network', async () => {
    const dataDir = join(folder, 'idle');
    await typed(['init', '--data-dir', dataDir]);
    const { exit, stderr } = await typed(['status', '--data-dir', dataDir]);
    expect(exit).toBe(3);
    expect(stderr).toContain(`kvchain start --data-dir ${dataDir}`);
  });

  it('is 3 when the folder that is named has no daemon, or is not there', async () => {
    const empty = join(folder, 'empty');
    mkdirSync(empty, { mode: 0o700 });
    for (const dataDir of [empty, join(folder, 'mistyped')]) {
      const { exit, stderr } = await typed(['status', '--data-dir', dataDir]);
      expect({ exit, stderr }).toMatchObject({
        exit: 3,
        stderr: expect.stringContaining(`no daemon runs on the data folder ${dataDir}`),
      });
    }
  });

  it('is 5 when there is no genesis to verify with', async () => {
    expect((await ask(['get', 'a', '--verify', '--json'])).json()).toMatchObject({ code: 'NOT_VERIFIED' });
  });

  it('is 2 when there is nothing to start', async () => {
    const { exit, stderr } = await typed(['start', '--data-dir', join(folder, 'nothing')]);
    expect({ exit, stderr }).toMatchObject({ exit: 2, stderr: expect.stringContaining('kvchain start --solo') });
  });
});

describe('a write that could never be as asked', () => {
  it('is refused before anything is signed or sent', async () => {
    const wrong = join(folder, 'no-password');
    writeFileSync(wrong, 'guess\n', { mode: 0o600 });
    const words = ['put', 'a', 'b', '--wait', 'final', '--json', '--password-file', wrong];
    const { exit, json } = await ask(words, including);
    expect({ exit, code: json().code }).toEqual({ exit: 1, code: 'FINALITY_UNAVAILABLE' });
    expect(fake?.asked.map(({ method }) => method)).toEqual(['node_info']);
  });
});

describe('secrets', () => {
  it('the token goes to the daemon of the folder alone', async () => {
    writeFileSync(join(home, '.cookie'), 'cookie-token\n', { mode: 0o600 });
    await ask(['mine', 'stop']);
    expect(fake?.asked[0]?.authorization).toBeUndefined();
    const { url } = fake ?? { url: '' };
    writeFileSync(join(home, 'rpc.json'), JSON.stringify({ url, pid: process.pid }));
    await typed(['mine', 'stop', '--data-dir', home]);
    await typed(['status', '--data-dir', home]);
    rmSync(join(home, 'rpc.json'));
    expect(fake?.asked.map(({ authorization }) => authorization)).toEqual([
      undefined,
      'Bearer cookie-token',
      undefined,
    ]);
  });

  it('a password file that others can read is refused', async () => {
    const file = join(folder, 'loose');
    writeFileSync(file, 'secret\n');
    chmodSync(file, 0o644);
    const { exit, json } = await ask(['put', 'a', 'b', '--json', '--password-file', file], including);
    expect({ exit, code: json().code }).toEqual({ exit: 1, code: 'LOOSE_PERMISSIONS' });
  });

  it('a wrong password opens nothing', async () => {
    const file = join(folder, 'wrong');
    writeFileSync(file, 'guess\n', { mode: 0o600 });
    const { json } = await ask(['put', 'a', 'b', '--json', '--password-file', file], including);
    expect(json().code).toBe('BAD_PASSWORD');
  });

  it('without a password and a terminal the answer says what to give', async () => {
    const dataDir = join(folder, 'unasked');
    const { exit, stderr } = await typed(['key', 'new', '--data-dir', dataDir]);
    expect({ exit, stderr }).toMatchObject({ exit: 1, stderr: expect.stringContaining('--password-file') });
  });

  it('nothing is signed for another chain than that of the folder', async () => {
    const dataDir = join(folder, 'other-chain');
    await typed(['init', '--data-dir', dataDir]);
    const { url, asked } = await startFake(including);
    writeFileSync(join(dataDir, 'rpc.json'), JSON.stringify({ url, pid: process.pid }));
    const pw = ['--password-file', join(home, 'password')];
    await typed(['key', 'new', '--data-dir', dataDir, ...pw]);
    const { json } = await typed(['put', 'a', 'b', '--json', '--data-dir', dataDir, ...pw]);
    expect(json().code).toBe('WRONG_CHAIN');
    expect(asked.some(({ method }) => method === 'tx_submit')).toBe(false);
  });
});

function leavesOf(command: Command, path: readonly string[]): readonly string[] {
  return command.commands.flatMap(sub => {
    const below = leavesOf(sub, [...path, sub.name()]);
    return below.length > 0 ? below : [[...path, sub.name()].join(' ')];
  });
}
