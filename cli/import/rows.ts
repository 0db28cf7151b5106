/**
 * Reads the rows of a file that is imported, .jsonl or .csv, as a stream: a file may be larger than the memory. A row that cannot be
 * imported is told with its line and does not stop the others.
 */
import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { fromUtf8, isWellFormed, toUtf8, utf8Length } from '../../chain/bytes.ts';
import { assert, type ErrorCode } from '../../chain/errors.ts';
import { keyBytesMax, valueBytesMax } from '../../chain/operation.ts';
import { CommandError } from '../failure.ts';
import { unreadable } from '../user-files.ts';
import { propertyText } from './json-text.ts';

/** A longer line, or record of a CSV, is refused: the largest value, escaped, with its key. */
export const lineBytesMax = 1_048_576;

export type FileFormat = 'jsonl' | 'csv';

export interface RowSource {
  readonly file: string;
  readonly format: FileFormat;
  readonly keyColumn: string;
  readonly valueColumn: string;
}

/** A row to be written. */
export interface Row {
  /** Counted from 1; the last line of a record that has several. */
  readonly line: number;
  readonly key: string;
  readonly value: Uint8Array;
  readonly contentType: string;
  /** Bytes of the file up to the end of this row. */
  readonly endOffset: number;
}

/** A row that was not written. */
export interface FailedRow {
  readonly line: number;
  /** Null when the row has none. */
  readonly key: string | null;
  readonly code: ErrorCode;
  readonly detail: string;
}

export type ReadRow =
  | { readonly ok: true; readonly row: Row }
  | { readonly ok: false; readonly failed: FailedRow; readonly endOffset: number };

/** The rows in the order of the file. Error thrown: USAGE when the file cannot be read. */
export async function* readRows(source: RowSource): AsyncGenerator<ReadRow, void> {
  const bytes = createReadStream(source.file);
  try {
    yield* readRowsFrom(bytes, source);
  } catch (error) {
    const isFile = error instanceof Error && 'syscall' in error;
    throw isFile ? unreadable(source.file, error) : error;
  } finally {
    bytes.destroy();
  }
}

/** As `readRows`, of bytes that are at hand. Error thrown: USAGE when the first line of a CSV lacks a column. */
export function readRowsFrom(bytes: Readable, source: RowSource): AsyncGenerator<ReadRow, void> {
  return source.format === 'csv' ? csvRows(bytes, source) : jsonRows(bytes, source);
}

/** One line of bytes; null when it is longer than allowed. */
interface Line {
  readonly number: number;
  readonly bytes: Uint8Array | null;
  readonly endOffset: number;
}

async function* jsonRows(chunks: AsyncIterable<Uint8Array>, source: RowSource): AsyncGenerator<ReadRow, void> {
  for await (const { number, bytes, endOffset } of splitLines(chunks)) {
    const place = { line: number, endOffset };
    if (bytes === null) {
      yield refuse(place, 'TOO_LARGE', `a line of more than ${lineBytesMax} bytes`);
      continue;
    }
    const text = fromUtf8(bytes);
    if (text === null) yield refuse(place, 'BAD_ENCODING', 'the line is not UTF-8');
    else if (text.trim() !== '') yield jsonRow(text.replace(/^\ufeff/, ''), place, source);
  }
}

async function* splitLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Line, void> {
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;
  let number = 1;
  let offset = 0;
  const take = (): Uint8Array | null => {
    const bytes = pendingBytes > lineBytesMax ? null : Buffer.concat(pending);
    pending = [];
    pendingBytes = 0;
    return bytes;
  };
  const add = (part: Uint8Array): void => {
    pendingBytes += part.length;
    // What is over the limit is counted, and not kept.
    if (pendingBytes <= lineBytesMax) pending.push(part);
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      add(chunk.subarray(start, end));
      yield { number, bytes: take(), endOffset: offset + end + 1 };
      number++;
      start = end + 1;
    }
    add(chunk.subarray(start));
    offset += chunk.length;
  }
  if (pendingBytes > 0) yield { number, bytes: take(), endOffset: offset };
}

interface Place {
  readonly line: number;
  readonly endOffset: number;
}

function jsonRow(text: string, place: Place, source: RowSource): ReadRow {
  const record = parseObject(text);
  if (record === null) return refuse(place, 'PARSE_ERROR', 'the line is not a JSON object');
  const columns = { key: own(record, source.keyColumn), value: own(record, source.valueColumn) };
  if (columns.key === undefined) {
    return refuse(place, 'BAD_KEY', `there is no column ${JSON.stringify(source.keyColumn)}`);
  }
  if (typeof columns.key !== 'string') {
    return refuse(place, 'BAD_KEY', `the column ${JSON.stringify(source.keyColumn)} is not a text`);
  }
  if (columns.value === undefined) {
    return refuse(place, 'BAD_VALUE', `there is no column ${JSON.stringify(source.valueColumn)}`, columns.key);
  }
  if (typeof columns.value === 'string') {
    return checkedRow(place, { key: columns.key, text: columns.value, contentType: '' });
  }
  const json = propertyText(text, source.valueColumn);
  assert(json !== null, 'a property that was parsed stands in the text');
  return checkedRow(place, { key: columns.key, text: json, contentType: 'application/json' });
}

type JsonObject = Readonly<Record<string, unknown>>;

function parseObject(text: string): JsonObject | null {
  try {
    const json: unknown = JSON.parse(text);
    return isObject(json) ? json : null;
  } catch {
    return null;
  }
}

function isObject(json: unknown): json is JsonObject {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}

function own(record: JsonObject, name: string): unknown {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

async function* csvRows(bytes: NodeJS.ReadableStream, source: RowSource): AsyncGenerator<ReadRow, void> {
  const { parse } = await import('csv-parse');
  const skipped: ReadRow[] = [];
  let hasNames = false;
  const parser = parse({
    bom: true,
    columns: (names: string[]) => {
      hasNames = true;
      return withColumns(names, source);
    },
    info: true,
    skip_empty_lines: true,
    skip_records_with_error: true,
    max_record_size: lineBytesMax,
    on_skip: error => {
      if (error === undefined) return undefined;
      const place = { line: Number(error.lines ?? 0), endOffset: Number(error.bytes ?? 0) };
      skipped.push(refuse(place, 'PARSE_ERROR', error.message));
      return undefined;
    },
  });
  bytes.once('error', error => parser.destroy(error));
  bytes.pipe(parser);
  const records: AsyncIterable<CsvRecord> = parser;
  for await (const { record, info } of records) {
    yield* skipped.splice(0);
    yield csvRow(record, { line: info.lines, endOffset: info.bytes }, source);
  }
  yield* skipped.splice(0);
  if (!hasNames)
    throw new CommandError('USAGE', `${source.file} is empty, or its first line names no columns`, 'Name them there.');
}

/** The names of the first line, if those that are asked for are among them: otherwise every row would fail. */
function withColumns(names: string[], { file, keyColumn, valueColumn }: RowSource): string[] {
  const missing = [keyColumn, valueColumn].find(name => !names.includes(name));
  if (missing === undefined) return names;
  const detail = `${file} has no column ${JSON.stringify(missing)}; its first line names ${names.map(name => JSON.stringify(name)).join(', ')}`;
  throw new CommandError('USAGE', detail, 'Name the columns with --key-column and --value-column.');
}

/** What csv-parse gives with the options above. */
interface CsvRecord {
  readonly record: Readonly<Record<string, string>>;
  readonly info: { readonly lines: number; readonly bytes: number };
}

function csvRow(record: CsvRecord['record'], place: Place, source: RowSource): ReadRow {
  const { [source.keyColumn]: key, [source.valueColumn]: text } = record;
  assert(key !== undefined && text !== undefined, 'the first line names both columns, and a row has as many');
  return checkedRow(place, { key, text, contentType: '' });
}

/** Checks the limits here, so that one bad row does not take a thousand good ones with it. */
function checkedRow(
  place: Place,
  { key, text, contentType }: { readonly key: string; readonly text: string; readonly contentType: string },
): ReadRow {
  const keyBytes = utf8Length(key);
  if (!isWellFormed(key) || keyBytes < 1 || keyBytes > keyBytesMax) {
    return refuse(
      place,
      'BAD_KEY',
      `a key of ${keyBytes} bytes, expected UTF-8 of 1 to ${keyBytesMax}`,
      key.slice(0, 100),
    );
  }
  if (!isWellFormed(text)) return refuse(place, 'BAD_VALUE', 'the value holds half a character', key);
  const value = toUtf8(text);
  if (value.length > valueBytesMax) {
    return refuse(place, 'BAD_VALUE', `a value of ${value.length} bytes, at most ${valueBytesMax}`, key);
  }
  return { ok: true, row: { ...place, key, value, contentType } };
}

function refuse({ line, endOffset }: Place, code: ErrorCode, detail: string, key: string | null = null): ReadRow {
  return { ok: false, failed: { line, key, code, detail }, endOffset };
}
