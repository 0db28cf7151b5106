import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Command } from 'commander';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { fromHex, toUtf8 } from '../chain/bytes.ts';
import { errorRow } from '../chain/errors.ts';
import { formatAddress } from '../chain/keys.ts';
import { decodeTransaction } from '../chain/transaction.ts';
import { scryptCostMin } from '../daemon/keystore/key-file.ts';
import { createKeyFile, keyFolderOf, newSecret } from '../daemon/keystore/keystore.ts';
import { api } from '../daemon/rpc/api.ts';
import { type Answers, type FakeDaemon, startFakeDaemon } from './fake-daemon.suite.ts';
import { makeProgram } from './program.ts';
import { type Outcome, typed } from './typed.suite.ts';

const folder = mkdtempSync(join(tmpdir(), 'kvchain-cli-'));
const home = join(folder, 'home');
let fake: FakeDaemon | null = null;

beforeAll(async () => {
  mkdirSync(home, { mode: 0o700 });
  writeFileSync(join(home, 'password'), 'secret\n', { mode: 0o600 });
  const key = { password: 'secret', addressPrefix: 'kv', cost: scryptCostMin, secret: newSecret() };
  await createKeyFile({ folder: keyFolderOf(home), name: 'main', ...key });
});
afterEach(async () => {
  await fake?.close();
  fake = null;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Types a command against a fake daemon. */
async function ask(words: readonly string[], answers: Answers = {}, input = ''): Promise<Outcome> {
  await fake?.close();
  fake = await startFakeDaemon(answers);
  return typed([...words, '--rpc', fake.url, '--data-dir', home], input);
}

const state = api.kv_put.example.result;
const included = {
  ...state,
  status: 'included',
  height: 1204,
  blockHash: state.id,
  confirmations: 1,
  finality: 'included',
};
/** A node that takes every transaction and includes it at once. */
const including: Answers = {
  tx_submit: () => ({ result: { results: [included] } }),
  tx_wait: () => ({ result: { ...included, reached: true } }),
};

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
    ['an engine that there is not', ['init', '--engine', 'pos'], /Allowed choices/],
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

describe('shapes that other programs count on', () => {
  it('put waits for the block and tells where it is', async () => {
    const { exit, json } = await ask(['put', 'a', 'b', '--json'], including);
    expect(Object.keys(json())).toEqual(['id', 'status', 'height', 'blockHash', 'confirmations']);
    expect({ exit, ...json() }).toMatchObject({ exit: 0, status: 'included', height: 1204, confirmations: 1 });
    expect(decodeTransaction(submittedBytes())).toMatchObject({
      ok: true,
      value: {
        body: { operations: [{ type: 'put', key: 'a', value: toUtf8('b'), contentType: '', expectedVersion: null }] },
      },
    });
  });

  it('put does not wait when told so', async () => {
    const { exit, json } = await ask(['put', 'a', 'b', '--json', '--wait', 'pending'], {
      tx_submit: () => ({ result: { results: [state] } }),
    });
    expect({ exit, ...json() }).toMatchObject({ exit: 0, status: 'pending', height: null, blockHash: null });
    expect(fake?.asked.some(({ method }) => method === 'tx_wait')).toBe(false);
  });

  it.each(['put a b', 'delete a', `wallet transfer ${formatAddress(new Uint8Array(20), 'kv')} 5`])(
    '`%s` tells the id before it waits, and how to look again when the time is up',
    async words => {
      const answers: Answers = {
        tx_submit: () => ({ result: { results: [state] } }),
        tx_wait: () => ({ error: { code: 'TIMED_OUT', message: 'not yet' } }),
      };
      const line = words.split(' ');
      const { exit, stdout, stderr } = await ask(line, answers);
      expect({ exit, stdout }).toEqual({ exit: 4, stdout: '' });
      expect(stderr).toMatch(new RegExp(`^sent transaction ${state.id}, waiting: included\nerror: not yet\n`));
      expect(stderr).toContain(`kvchain rpc tx_get '{"id":"${state.id}"}' --rpc ${fake?.url} --data-dir`);
      const programs = await ask([...line, '--json'], answers);
      expect({ stderr: programs.stderr, ...programs.json() }).toMatchObject({
        stderr: '',
        code: 'TIMED_OUT',
        id: state.id,
      });
    },
  );

  it.each([
    ['people', [], `sent transaction ${state.id}`, /^$/],
    ['programs', ['--json'], '', /^\{"id":"\w+","status":"pending",.*\}\n$/],
  ])('put that is interrupted tells %s how to look again', async (_who, words, before, answer) => {
    let isWaiting = (): void => {};
    const waiting = new Promise<void>(resolve => {
      isWaiting = resolve;
    });
    fake = await startFakeDaemon({
      tx_submit: () => ({ result: { results: [state] } }),
      tx_wait: () => {
        isWaiting();
        return { result: { ...state, reached: false } };
      },
    });
    const main = new URL('./main.js', import.meta.url).pathname;
    const child = spawn(process.execPath, [main, 'put', 'a', 'b', ...words, '--rpc', fake.url, '--data-dir', home]);
    const said = Promise.all([text(child.stdout), text(child.stderr)]);
    await waiting;
    child.kill('SIGINT');
    const [[signal], [stdout, stderr]] = await Promise.all([once(child, 'exit').then(([, by]) => [by]), said]);
    expect({ signal, stdout }).toEqual({ signal: 'SIGINT', stdout: expect.stringMatching(answer) });
    expect(stderr).toContain(before);
    if (before !== '') expect(stderr).toContain(`kvchain rpc tx_get '{"id":"${state.id}"}'`);
  });

  it('put of a transaction that failed tells its code, with exit code 1', async () => {
    const failed = { ...included, status: 'failed', code: 'VERSION_CONFLICT' };
    const { exit, json } = await ask(['put', 'a', 'b', '--json'], {
      tx_submit: () => ({ result: { results: [failed] } }),
    });
    expect({ exit, ...json() }).toMatchObject({ exit: 1, status: 'failed', code: 'VERSION_CONFLICT', height: 1204 });
  });

  it.each([
    ['a file', ['--file', join(folder, 'value.bin')], ''],
    ['the standard input', ['-'], 'value'],
  ])('put takes %s byte for byte', async (_what, words, input) => {
    writeFileSync(join(folder, 'value.bin'), 'value');
    await ask(['put', 'a', ...words, '--content-type', 'x/y', '--expected-version', '3'], including, input);
    const operation = { type: 'put', key: 'a', value: toUtf8('value'), contentType: 'x/y', expectedVersion: 3 };
    expect(decodeTransaction(submittedBytes())).toMatchObject({
      value: { body: { operations: [operation] } },
    });
  });

  it('get tells all that is known of a key', async () => {
    const { exit, json } = await ask(['get', 'bash', '--json', '--at', '7', '--read', 'confirmed:6']);
    const shape = ['key', 'value', 'encoding', 'version', 'owner', 'height', 'confirmations', 'finality'];
    expect(exit).toBe(0);
    expect(Object.keys(json())).toEqual(expect.arrayContaining(shape));
    expect(fake?.asked[0]?.params).toEqual({ key: 'bash', at: 7, read: 'confirmed:6' });
  });

  it('get of a key without a value is NO_KEY, with exit code 1', async () => {
    const none: Answers = { kv_get: () => ({ error: { code: 'NO_KEY', message: 'no key' } }) };
    const { exit, json, stderr } = await ask(['get', 'a', '--json'], none);
    expect({ exit, stderr, code: json().code }).toEqual({ exit: 1, stderr: '', code: 'NO_KEY' });
    const people = await ask(['get', 'a'], none);
    expect(people).toMatchObject({ exit: 1, stdout: '', stderr: expect.stringContaining('"a" has no value') });
  });

  it('get --raw and --out give the bytes of a value that is no text', async () => {
    const value = { ...api.kv_get.example.result, value: 'AP8K', encoding: 'base64' };
    const answers: Answers = { kv_get: () => ({ result: value }) };
    const out = join(folder, 'out.bin');
    expect(await ask(['get', 'a', '--out', out], answers)).toMatchObject({ exit: 0 });
    expect([...readFileSync(out)]).toEqual([0, 255, 10]);
    expect((await ask(['get', 'a'], answers)).stdout).toBe('AP8K\n');
  });

  it('status has its eight fields', async () => {
    const { json } = await ask(['status', '--json']);
    const shape = ['chainId', 'engine', 'height', 'headHash', 'stateRoot', 'peers', 'mempool', 'syncing'];
    expect(Object.keys(json()).slice(0, 8)).toEqual(shape);
  });

  it('status and history say what a pruned node does not hold, and what a new one waits for', async () => {
    const usual = api.chain_status.example.result;
    const pruned = await ask(['status'], {
      chain_status: () => ({ result: { ...usual, blocksFrom: 701, versionsFrom: 700 } }),
    });
    expect(pruned.stdout).toMatch(/blocks from +701/);
    expect(pruned.stdout).toMatch(/history from +700/);
    const waiting = await ask(['status'], { chain_status: () => ({ result: { ...usual, unservedHeight: 1 } }) });
    expect(waiting.stdout).toMatch(/waiting for a peer that holds block 1/);
    expect(waiting.stdout).not.toMatch(/blocks from/);
    const [entry] = api.kv_history.example.result.entries;
    const entries = [9, 8].map(version => ({ ...entry, version }));
    const history: Answers = { kv_history: () => ({ result: { entries, cursor: null, completeFrom: 700 } }) };
    expect((await ask(['history', 'bash'], history)).stderr).toMatch(/^7 more .* pruned/);
    expect((await ask(['history', 'bash', '--limit', '2'], history)).stderr).toBe('');
  });

  it('scan and history print one document a line, over all pages', async () => {
    const [item] = api.kv_scan.example.result.items;
    const { stdout } = await ask(['scan', 'b', '--json'], {
      kv_scan: ({ cursor }) => ({ result: { items: [item, item], cursor: cursor === undefined ? 'next' : null } }),
    });
    expect(
      stdout
        .trim()
        .split('\n')
        .map(line => JSON.parse(line)),
    ).toEqual([item, item, item, item]);
    const limited = await ask(['scan', '--json', '--limit', '1']);
    expect(limited.stdout.trim().split('\n')).toHaveLength(1);
  });

  it('scan and history say when there is nothing, to people alone', async () => {
    const none: Answers = {
      kv_scan: () => ({ result: { items: [], cursor: null } }),
      kv_history: () => ({ result: { entries: [], cursor: null, completeFrom: 0 } }),
    };
    expect(await ask(['scan', 'x'], none)).toMatchObject({
      exit: 0,
      stdout: '',
      stderr: 'no keys that start with "x"\n',
    });
    expect(await ask(['history', 'x'], none)).toMatchObject({
      exit: 0,
      stdout: '',
      stderr: expect.stringMatching(/never written/),
    });
    expect(await ask(['scan', '--json'], none)).toMatchObject({ exit: 0, stdout: '', stderr: '' });
  });

  it('scan shows no control characters and keeps a row on its line', async () => {
    const item = { ...api.kv_get.example.result, key: 'a\tb', value: 'x\u001b[31m\ny\\' };
    const { stdout } = await ask(['scan'], { kv_scan: () => ({ result: { items: [item], cursor: null } }) });
    expect(stdout).toBe('a\\tb\tx\\u001b[31m\\ny\\\\\n');
  });

  const plain = [
    'chain',
    'chain headers',
    'chain tips',
    'mempool',
    'peer',
    'mine',
    'block',
    'wallet balance',
    'status',
  ];
  it.each(plain)('`%s` prints something for people, and JSON for programs', async words => {
    expect(await ask(words.split(' '))).toMatchObject({ exit: 0, stderr: '', stdout: expect.stringMatching(/\S/) });
    const { exit, stdout } = await ask([...words.split(' '), '--json']);
    expect({ exit, isJson: typeof JSON.parse(stdout) }).toEqual({ exit: 0, isJson: 'object' });
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
    fake = await startFakeDaemon();
    const { url } = fake;
    await fake.close();
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
    fake = await startFakeDaemon(including);
    writeFileSync(join(dataDir, 'rpc.json'), JSON.stringify({ url: fake.url, pid: process.pid }));
    const pw = ['--password-file', join(home, 'password')];
    await typed(['key', 'new', '--data-dir', dataDir, ...pw]);
    const { json } = await typed(['put', 'a', 'b', '--json', '--data-dir', dataDir, ...pw]);
    expect(json().code).toBe('WRONG_CHAIN');
    expect(fake.asked.some(({ method }) => method === 'tx_submit')).toBe(false);
  });
});

describe('import', () => {
  it('writes rows, lists those that failed, and tells a summary', async () => {
    const file = join(folder, 'import.jsonl');
    writeFileSync(file, '{"key":"a","value":"1"}\nnonsense\n{"key":"b","value":{"n":1}}\n');
    const { exit, json } = await ask(['import', file, '--json'], including);
    expect(exit).toBe(1);
    expect(Object.keys(json())).toEqual(
      expect.arrayContaining(['rows', 'transactions', 'seconds', 'rowsPerSecond', 'failed']),
    );
    expect(json()).toMatchObject({ rows: 2, transactions: 1, failed: 1, failures: [{ line: 2, code: 'PARSE_ERROR' }] });
    const people = await ask(['import', file], including);
    expect(people.stderr).toContain('the line is not a JSON object: line 2');
  });

  it('says once what is wrong with many rows', async () => {
    const file = join(folder, 'columns.jsonl');
    writeFileSync(
      file,
      Array.from({ length: 30 }, (_, index) => JSON.stringify({ name: index, value: 'v' })).join('\n'),
    );
    const { exit, stderr } = await ask(['import', file], including);
    expect(exit).toBe(1);
    expect(stderr).toMatch(/failed:\n {2}the column "key" is not a text: line 1, 2, .*, 20 and 10 more\n$/);
  });

  it('of a .csv without the columns is refused before anything is sent', async () => {
    const file = join(folder, 'columns.csv');
    writeFileSync(file, 'name,size\na,1\nb,2\n');
    const { exit, stderr } = await ask(['import', file, '--key-column', 'name'], including);
    expect({ exit, stderr }).toMatchObject({
      exit: 2,
      stderr: expect.stringMatching(/no column "value"; its first line names "name", "size"/),
    });
    expect(stderr.split('no column')).toHaveLength(2);
    expect(fake?.asked.some(({ method }) => method === 'tx_submit')).toBe(false);
  });
});

/** The transaction that was sent to the fake daemon. */
function submittedBytes(): Uint8Array {
  const sent = fake?.asked.flatMap(({ params }) => (params.transactions ?? []) as readonly string[]) ?? [];
  return fromHex(sent.join('')) ?? new Uint8Array();
}

describe('an import that was stopped', () => {
  it('goes on after the rows that are settled', async () => {
    const file = join(folder, 'stopped.jsonl');
    const rows = Array.from({ length: 1_500 }, (_, index) => JSON.stringify({ key: `k${index}`, value: 'v' }));
    writeFileSync(file, rows.join('\n'));
    const refusal = { code: 'FEE_UNPAYABLE', message: 'no money', action: 'get some' };
    let taken = 0;
    const first = await ask(['import', file, '--json'], {
      ...including,
      tx_submit: ({ transactions }) => {
        const each = Array.isArray(transactions) ? transactions : [];
        return { result: { results: each.map(() => (taken++ === 0 ? included : refusal)) } };
      },
    });
    expect({ exit: first.exit, code: first.json().code }).toEqual({ exit: 1, code: 'FEE_UNPAYABLE' });
    const second = await ask(['import', file, '--json'], including);
    expect(second.json()).toMatchObject({ rows: 500, transactions: 1, failed: 0, resumedAfterLine: 1_000 });
    const third = await ask(['import', file, '--json'], {
      ...including,
      tx_submit: ({ transactions }) => ({
        result: { results: Array.isArray(transactions) ? transactions.map(() => included) : [] },
      }),
    });
    expect(third.json()).toMatchObject({ rows: 1_500, resumedAfterLine: 0 });
  });
});

function leavesOf(command: Command, path: readonly string[]): readonly string[] {
  return command.commands.flatMap(sub => {
    const below = leavesOf(sub, [...path, sub.name()]);
    return below.length > 0 ? below : [[...path, sub.name()].join(' ')];
  });
}
