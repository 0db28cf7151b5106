import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { fromHex, toUtf8 } from '../chain/bytes.ts';
import { formatAddress } from '../chain/keys.ts';
import { decodeTransaction } from '../chain/transaction.ts';
import { api } from '../daemon/rpc/api.ts';
import { ask, fake, folder, home, included, including, startFake, state, useDataFolder } from './asked.suite.ts';
import type { Answers } from './fake-daemon.suite.ts';

useDataFolder();

describe('shapes that other programs count on', () => {
  it('put waits for the block and tells where it is', async () => {
    const { exit, json } = await ask(['put', 'a', 'b', '--json'], including);
    expect(Object.keys(json())).toEqual(['id', 'status', 'height', 'blockHash', 'confirmations', 'finality']);
    expect({ exit, ...json() }).toMatchObject({ exit: 0, status: 'included', height: 1204, confirmations: 1 });
    expect(decodeTransaction(submittedBytes())).toMatchObject({
      ok: true,
      value: {
        body: { operations: [{ type: 'put', key: 'a', value: toUtf8('b'), contentType: '', expectedVersion: null }] },
      },
    });
  });

  it('put says that it is final when that was waited for', async () => {
    const tx_wait = () => ({ result: { ...included, finality: 'final', reached: true } });
    const answers: Answers = {
      ...including,
      node_info: () => ({ result: { ...api.node_info.example.result, canFinalize: true } }),
      tx_wait,
    };
    const { exit, stdout } = await ask(['put', 'a', 'b', '--wait', 'final'], answers);
    expect({ exit, stdout }).toEqual({ exit: 0, stdout: `included in block 1204, final\ntransaction ${state.id}\n` });
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
    const { url } = await startFake({
      tx_submit: () => ({ result: { results: [state] } }),
      tx_wait: () => {
        isWaiting();
        return { result: { ...state, reached: false } };
      },
    });
    const main = new URL('./main.js', import.meta.url).pathname;
    const child = spawn(process.execPath, [main, 'put', 'a', 'b', ...words, '--rpc', url, '--data-dir', home]);
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

  it('status and peer list say of a node without peers that those it dialled are of another network', async () => {
    const answers: Answers = {
      chain_status: () => ({ result: { ...api.chain_status.example.result, peers: 0 } }),
      net_info: () => ({ result: { ...api.net_info.example.result, peers: 0, strangers: 2 } }),
      net_peers: () => ({ result: { peers: [], links: [] } }),
    };
    const note = '; 2 that this node dialled are of another network: compare the genesis files';
    expect((await ask(['status'], answers)).stdout).toMatch(new RegExp(`peers +0${note}`));
    expect((await ask(['peer', 'list'], answers)).stdout).toContain(`no peers${note}`);
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

/** The transaction that was sent to the fake daemon. */
function submittedBytes(): Uint8Array {
  const sent = fake?.asked.flatMap(({ params }) => (params.transactions ?? []) as readonly string[]) ?? [];
  return fromHex(sent.join('')) ?? new Uint8Array();
}
