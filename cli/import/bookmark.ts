/**
 * Where an import stands, in a small file of the data folder, so that one that was stopped goes on there. It belongs to one file (by its
 * content), one chain and one account: any other import starts from the first row.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCodes, isErrorCode, KvchainError } from '../../chain/errors.ts';
import { isFileThere } from '../../daemon/disk-failure.ts';
import { makeFolder } from '../../daemon/make-folder.ts';
import { unreadable } from '../user-files.ts';
import type { FailedRow } from './rows.ts';

/** How far an import has come. */
export interface Progress {
  /** Rows up to this line are settled. */
  readonly line: number;
  readonly rows: number;
  readonly transactions: number;
  readonly failed: number;
  /** The first of them. */
  readonly failures: readonly FailedRow[];
}

export const nothingYet: Progress = { line: 0, rows: 0, transactions: 0, failed: 0, failures: [] };
/** Failed rows that are listed; the others are counted. */
export const failuresMax = 1_000;

const format = 'kvchain-import';
const version = 1;

/** What makes two imports the same. */
export interface ImportIdentity {
  readonly chainId: string;
  readonly account: string;
  readonly fileDigest: string;
  readonly keyColumn: string;
  readonly valueColumn: string;
}

/** SHA-256 of a file and its size. Error: USAGE when it cannot be read. */
export async function digestOf(file: string): Promise<{ readonly digest: string; readonly bytes: number }> {
  const hash = createHash('sha256');
  let bytes = 0;
  try {
    const parts: AsyncIterable<Uint8Array> = createReadStream(file);
    for await (const part of parts) {
      hash.update(part);
      bytes += part.length;
    }
  } catch (error) {
    throw unreadable(file, error);
  }
  return { digest: hash.digest('hex'), bytes };
}

export class Bookmark {
  readonly file: string;
  readonly #folder: string;

  constructor(folder: string, identity: ImportIdentity) {
    const { chainId, account, fileDigest, keyColumn, valueColumn } = identity;
    const name = createHash('sha256').update(JSON.stringify([chainId, account, fileDigest, keyColumn, valueColumn]));
    this.#folder = join(folder, 'imports');
    this.file = join(this.#folder, `${name.digest('hex').slice(0, 32)}.json`);
  }

  /** Where the same import stopped, or the beginning. A damaged file counts as none: rows written twice do no harm. */
  async load(): Promise<Progress> {
    if (!isFileThere(this.file)) return nothingYet;
    try {
      return readProgress(JSON.parse(await readFile(this.file, 'utf8'))) ?? nothingYet;
    } catch {
      return nothingYet;
    }
  }

  /** Written beside and renamed: whole or not at all. Error: DISK_FAILED. */
  async save(progress: Progress): Promise<void> {
    try {
      await makeFolder(this.#folder, 0o700);
      await writeFile(`${this.file}.part`, JSON.stringify({ format, version, ...progress }), { mode: 0o600 });
      await rename(`${this.file}.part`, this.file);
    } catch (cause) {
      throw new KvchainError('DISK_FAILED', `cannot write ${this.file}`, { cause });
    }
  }

  /** The import has come to its end: the next one starts anew. */
  async remove(): Promise<void> {
    await rm(this.file, { force: true });
  }
}

function readProgress(json: unknown): Progress | null {
  if (typeof json !== 'object' || json === null) return null;
  const found = { format: '', version: 0, line: -1, rows: -1, transactions: -1, failed: -1, failures: [], ...json };
  const counts = [found.line, found.rows, found.transactions, found.failed];
  const isKnown = found.format === format && found.version === version && Array.isArray(found.failures);
  if (!isKnown || !counts.every(count => Number.isSafeInteger(count) && count >= 0)) return null;
  const { line, rows, transactions, failed } = found;
  return { line, rows, transactions, failed, failures: found.failures.slice(0, failuresMax).map(readFailure) };
}

function readFailure(json: unknown): FailedRow {
  const found = { line: 0, key: null, code: '', detail: '', ...(typeof json === 'object' ? json : {}) };
  const code = isErrorCode(found.code) ? found.code : (errorCodes()[0] ?? 'INTERNAL');
  return {
    line: Number(found.line),
    key: found.key === null ? null : String(found.key),
    code,
    detail: String(found.detail),
  };
}
