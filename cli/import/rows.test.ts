import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { fromUtf8 } from '../../chain/bytes.ts';
import { makeBatches } from './batches.ts';
import { lineBytesMax, type ReadRow, type RowSource, readRows } from './rows.ts';

const folder = mkdtempSync(join(tmpdir(), 'kvchain-rows-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function rowsOf(content: string | Uint8Array, source: Partial<RowSource> = {}): Promise<readonly ReadRow[]> {
  const format = source.format ?? 'jsonl';
  const file = join(folder, `rows.${format}`);
  writeFileSync(file, content);
  const rows: ReadRow[] = [];
  for await (const row of readRows({ file, format, keyColumn: 'key', valueColumn: 'value', ...source })) rows.push(row);
  return rows;
}

/** A row in short: what is written, or the code of what is not. */
function short(read: ReadRow): readonly unknown[] {
  if (!read.ok) return [read.failed.line, read.failed.code];
  const { line, key, value, contentType } = read.row;
  return [line, key, fromUtf8(value), contentType];
}

describe('rows of a .jsonl file', () => {
  const cases: readonly (readonly [what: string, content: string, rows: readonly (readonly unknown[])[]])[] = [
    [
      'takes texts as they are',
      '{"key":"a","value":"1"}\n{"key":"b","value":""}\n',
      [
        [1, 'a', '1', ''],
        [2, 'b', '', ''],
      ],
    ],
    ['takes a last line without its end', '{"key":"a","value":"1"}', [[1, 'a', '1', '']]],
    ['passes over empty lines and byte order mark', '\ufeff{"key":"a","value":"1"}\r\n\r\n\n', [[1, 'a', '1', '']]],
    [
      'stores what is no text as its JSON',
      '{"key":"a","value":{"n":[1,null]}}',
      [[1, 'a', '{"n":[1,null]}', 'application/json']],
    ],
    [
      'stores null and numbers as JSON',
      '{"key":"a","value":null}\n{"key":"b","value":7}',
      [
        [1, 'a', 'null', 'application/json'],
        [2, 'b', '7', 'application/json'],
      ],
    ],
    [
      'refuses what is no JSON',
      'nonsense\n{"key":"a","value":"1"}',
      [
        [1, 'PARSE_ERROR'],
        [2, 'a', '1', ''],
      ],
    ],
    [
      'refuses what is no object',
      '[1]\n"x"\nnull',
      [
        [1, 'PARSE_ERROR'],
        [2, 'PARSE_ERROR'],
        [3, 'PARSE_ERROR'],
      ],
    ],
    ['refuses a missing key', '{"value":"1"}', [[1, 'BAD_KEY']]],
    ['refuses a key that is no text', '{"key":7,"value":"1"}', [[1, 'BAD_KEY']]],
    ['refuses an inherited name', '{"value":"1","__proto__":{"key":"x"}}', [[1, 'BAD_KEY']]],
    ['refuses an empty key', '{"key":"","value":"1"}', [[1, 'BAD_KEY']]],
    ['refuses half a character in a key', '{"key":"\\ud800","value":"1"}', [[1, 'BAD_KEY']]],
    ['refuses half a character in a value', '{"key":"a","value":"\\udc00"}', [[1, 'BAD_VALUE']]],
    ['refuses a key of 257 bytes', `{"key":"${'é'.repeat(128)}x","value":"1"}`, [[1, 'BAD_KEY']]],
    ['refuses a missing value', '{"key":"a"}', [[1, 'BAD_VALUE']]],
    ['refuses a value of 65,537 bytes', `{"key":"a","value":"${'x'.repeat(65_537)}"}`, [[1, 'BAD_VALUE']]],
  ];
  it.each(cases)('%s', async (_what, content, rows) => {
    expect((await rowsOf(content)).map(short)).toEqual(rows);
  });

  it('refuses a line over the limit and goes on with the next', async () => {
    const rows = await rowsOf(`{"key":"a","value":"${'x'.repeat(lineBytesMax)}"}\n{"key":"b","value":"1"}`);
    expect(rows.map(short)).toEqual([
      [1, 'TOO_LARGE'],
      [2, 'b', '1', ''],
    ]);
  });

  it('refuses a line that is not UTF-8', async () => {
    expect((await rowsOf(Uint8Array.of(0x22, 0xff, 0x22))).map(short)).toEqual([[1, 'BAD_ENCODING']]);
  });

  it('keeps a value of 65,536 bytes and other names of columns', async () => {
    const rows = await rowsOf(`{"n":"a","v":"${'x'.repeat(65_536)}"}`, { keyColumn: 'n', valueColumn: 'v' });
    expect(rows.every(row => row.ok)).toBe(true);
  });

  it('tells the bytes up to the end of each row', async () => {
    const rows = await rowsOf('{"key":"é","value":"1"}\n{"key":"b","value":"1"}\n');
    expect(rows.map(row => (row.ok ? row.row.endOffset : 0))).toEqual([25, 49]);
  });

  it('tells a key that is missing from one that is no text', async () => {
    const rows = await rowsOf('{"name":"a","value":"1"}\n{"key":1,"value":"1"}\n');
    const details = rows.map(row => (row.ok ? '' : row.failed.detail));
    expect(details).toEqual(['there is no column "key"', 'the column "key" is not a text']);
  });

  it('tells that a file cannot be read', async () => {
    const source = { file: join(folder, 'absent.jsonl'), format: 'jsonl', keyColumn: 'k', valueColumn: 'v' } as const;
    await expect(readRows(source).next()).rejects.toMatchObject({ code: 'USAGE' });
  });
});

describe('rows of a .csv file', () => {
  const cases: readonly (readonly [what: string, content: string, rows: readonly (readonly unknown[])[]])[] = [
    [
      'takes quoted fields',
      'key,value\na,"1,""2"""\nb,\n',
      [
        [2, 'a', '1,"2"', ''],
        [3, 'b', '', ''],
      ],
    ],
    [
      'counts the lines of a field that has several',
      'key,value\na,"1\n2"\nb,3\n',
      [
        [3, 'a', '1\n2', ''],
        [4, 'b', '3', ''],
      ],
    ],
    ['takes other columns beside them', '\ufeffx,key,value\n1,a,2\n', [[2, 'a', '2', '']]],
    [
      'refuses a row of another length',
      'key,value\na\nb,2\n',
      [
        [2, 'PARSE_ERROR'],
        [3, 'b', '2', ''],
      ],
    ],
  ];
  it.each(cases)('%s', async (_what, content, rows) => {
    expect((await rowsOf(content, { format: 'csv' })).map(short)).toEqual(rows);
  });

  it.each([
    ['keys', 'name,value', 'no column "key"; its first line names "name", "value"'],
    ['values', 'key,size', 'no column "value"; its first line names "key", "size"'],
  ])('without the column of %s are refused as a whole', async (_what, head, says) => {
    const refused = { code: 'USAGE', message: expect.stringContaining(says) };
    await expect(rowsOf(`${head}\na,1\nb,2\n`, { format: 'csv' })).rejects.toMatchObject(refused);
  });

  it.each(['', '\n\n', '\ufeff'])('are not in a file of %j', async content => {
    const refused = { code: 'USAGE', message: expect.stringContaining('is empty') };
    await expect(rowsOf(content, { format: 'csv' })).rejects.toMatchObject(refused);
  });
});

describe('batches', () => {
  async function sizesOf(
    count: number,
    limits: { rowsMax: number; bytesMax: number },
    afterLine = 0,
  ): Promise<unknown> {
    const lines = Array.from({ length: count }, (_, index) => `{"key":"k${index}","value":"${'x'.repeat(84)}"}`);
    const file = join(folder, 'batches.jsonl');
    writeFileSync(file, lines.join('\n'));
    const sizes: [number, number][] = [];
    const rows = readRows({ file, format: 'jsonl', keyColumn: 'key', valueColumn: 'value' });
    for await (const { rows: batch, endLine } of makeBatches(rows, { afterLine, limits }))
      sizes.push([batch.length, endLine]);
    return sizes;
  }

  it('holds at most so many rows', async () => {
    expect(await sizesOf(5, { rowsMax: 2, bytesMax: 1e6 })).toEqual([
      [2, 2],
      [2, 4],
      [1, 5],
    ]);
  });
  it('holds at most so many bytes, but always one row', async () => {
    expect(await sizesOf(3, { rowsMax: 10, bytesMax: 210 })).toEqual([
      [2, 2],
      [1, 3],
    ]);
    expect(await sizesOf(2, { rowsMax: 10, bytesMax: 1 })).toEqual([
      [1, 1],
      [1, 2],
    ]);
  });
  it('begins after the line that was settled', async () => {
    expect(await sizesOf(5, { rowsMax: 2, bytesMax: 1e6 }, 3)).toEqual([[2, 5]]);
  });
});
