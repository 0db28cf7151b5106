/**
 * The rows of an experiment as CSV (RFC 4180). A field that is the text of a number is a number again when it is read, so what was
 * written comes back the same as long as no text looks like a number.
 */
import { parse } from 'csv-parse/sync';
import type { Row } from './experiment.ts';

/** A head of column names, and a line a row; a column that a row lacks is empty. */
export function writeRows(columns: readonly string[], rows: readonly Row[]): string {
  const lines = rows.map(row => columns.map(column => field(row[column] ?? '')).join(','));
  return `${[columns.join(','), ...lines].join('\n')}\n`;
}

/** Throws what csv-parse throws on a file that is no CSV with a head. */
export function readRows(text: string): readonly Row[] {
  const lines: readonly Record<string, string>[] = parse(text, { columns: true });
  return lines.map(line =>
    Object.fromEntries(Object.entries(line).map(([column, value]) => [column, numberOrText(value)])),
  );
}

function numberOrText(text: string): number | string {
  const value = Number(text);
  return String(value) === text ? value : text;
}

function field(value: number | string): string {
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
