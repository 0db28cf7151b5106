import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ask, fake, folder, included, including, useDataFolder } from './asked.suite.ts';

useDataFolder();

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
    expect(stderr).toMatch(/failed:\n {2}there is no column "key": line 1, 2, .*, 20 and 10 more\n$/);
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
