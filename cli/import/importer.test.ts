import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { fromUtf8, toUtf8 } from '../../chain/bytes.ts';
import { type ErrorCode, KvchainError } from '../../chain/errors.ts';
import type { Operation } from '../../chain/operation.ts';
import type { TransactionState } from '../../daemon/rpc/client.ts';
import type { Batch } from './batches.ts';
import { Bookmark, nothingYet, type Progress } from './bookmark.ts';
import { Importer, type Sender, windowMax } from './importer.ts';
import type { Row } from './rows.ts';

const folder = mkdtempSync(join(tmpdir(), 'kvchain-import-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A store that executes transactions whole, in the order of sending; some keys belong to somebody else. */
class LittleStore implements Sender {
  readonly values = new Map<string, string>();
  readonly sizes: number[] = [];
  readonly foreign: ReadonlySet<string>;
  /** Errors that the next sends meet. */
  readonly faults: KvchainError[] = [];
  rowsMax = Number.POSITIVE_INFINITY;
  readonly #indexes = new Map<string, number>();

  constructor(foreign: readonly string[] = []) {
    this.foreign = new Set(foreign);
  }

  async send(operations: readonly Operation[]): Promise<TransactionState> {
    const fault = this.faults.shift();
    if (fault !== undefined) throw fault;
    if (operations.length > this.rowsMax) throw new KvchainError('TOO_LARGE', 'too many operations');
    const puts = operations.flatMap(operation => (operation.type === 'put' ? [operation] : []));
    const id = String(this.sizes.push(puts.length));
    const index = puts.findIndex(({ key }) => this.foreign.has(key));
    if (index >= 0) this.#indexes.set(id, index);
    else for (const { key, value } of puts) this.values.set(key, fromUtf8(value) ?? '');
    const code: { code?: ErrorCode } = index >= 0 ? { code: 'NOT_OWNER' } : {};
    const status = index >= 0 ? 'failed' : 'included';
    return { id, status, ...code, height: 1, blockHash: id, index: 0, confirmations: 1, finality: 'included' };
  }

  async failedIndex(id: string): Promise<number | null> {
    return this.#indexes.get(id) ?? null;
  }
}

function row(line: number, key = `k${line}`, value = `v${line}`): Row {
  return { line, key, value: toUtf8(value), contentType: '', endOffset: line * 10 };
}

function batch(...rows: readonly Row[]): Batch {
  const last = rows.at(-1);
  return { rows, unread: [], endLine: last?.line ?? 0, endOffset: last?.endOffset ?? 0 };
}

async function* each(batches: readonly Batch[]): AsyncGenerator<Batch, void> {
  yield* batches;
}

function importer(sender: Sender, { patienceMs = 60_000, start = nothingYet, seen = [] as Progress[] } = {}): Importer {
  const onProgress = async (progress: Progress): Promise<void> => {
    seen.push(progress);
  };
  return new Importer({ sender, patienceMs, onProgress }, start);
}

describe('an import', () => {
  it('writes every row and tells its progress in the order of the file', async () => {
    const store = new LittleStore();
    const seen: Progress[] = [];
    const batches = Array.from({ length: windowMax * 3 }, (_, index) => batch(row(2 * index + 1), row(2 * index + 2)));
    const end = await importer(store, { seen }).run(each(batches));
    expect(end).toMatchObject({ rows: windowMax * 6, transactions: windowMax * 3, failed: 0, line: windowMax * 6 });
    expect(seen.map(({ line }) => line)).toEqual(batches.map(({ endLine }) => endLine));
    expect(store.values.size).toBe(windowMax * 6);
  });

  it('finds the rows of others in a transaction and writes all the rest', async () => {
    const foreign = ['k7', 'k300', 'k301', 'k1000'];
    const store = new LittleStore(foreign);
    const rows = Array.from({ length: 1_000 }, (_, index) => row(index + 1));
    const end = await importer(store).run(each([batch(...rows)]));
    expect(end.failures.map(({ line, code }) => [line, code])).toEqual([
      [7, 'NOT_OWNER'],
      [300, 'NOT_OWNER'],
      [301, 'NOT_OWNER'],
      [1_000, 'NOT_OWNER'],
    ]);
    expect(end).toMatchObject({ rows: 996, failed: 4 });
    expect(store.values.size).toBe(996);
    expect(store.sizes.length).toBeLessThan(80);
  });

  it('never lets an earlier row win over a later one with the same key', async () => {
    const store = new LittleStore(['theirs']);
    const first = batch(row(1, 'theirs'), row(2, 'shared', 'old'), row(3, 'mine'));
    const second = batch(row(4, 'shared', 'new'));
    const end = await importer(store).run(each([first, second]));
    expect(store.values).toEqual(
      new Map([
        ['shared', 'new'],
        ['mine', 'v3'],
      ]),
    );
    expect(end).toMatchObject({ rows: 3, failed: 1 });
  });

  it('halves what is too large for the network', async () => {
    const store = new LittleStore();
    store.rowsMax = 3;
    const rows = Array.from({ length: 10 }, (_, index) => row(index + 1));
    expect(await importer(store).run(each([batch(...rows)]))).toMatchObject({ rows: 10, failed: 0 });
    expect(Math.max(...store.sizes)).toBeLessThanOrEqual(3);
  });

  it('counts rows that could not be read as failed', async () => {
    const failed = { line: 2, key: null, code: 'PARSE_ERROR', detail: 'no JSON' } as const;
    const end = await importer(new LittleStore()).run(each([{ ...batch(row(1)), unread: [failed] }]));
    expect(end).toMatchObject({ rows: 1, failed: 1, failures: [failed] });
  });

  it.each(['UNREACHABLE', 'TIMED_OUT', 'TRANSACTION_DROPPED', 'POOL_FULL'] as const)(
    'tries again after %s',
    async code => {
      const store = new LittleStore();
      store.faults.push(new KvchainError(code, 'for now'));
      expect(await importer(store).run(each([batch(row(1)), batch(row(2))]))).toMatchObject({ rows: 2, failed: 0 });
    },
  );

  it('gives up when its patience ends, and tells what was settled before', async () => {
    const store = new LittleStore();
    const seen: Progress[] = [];
    const failing: Sender = {
      send: async operations => {
        const isBad = operations.some(operation => 'key' in operation && operation.key === 'k2');
        if (isBad) throw new KvchainError('UNREACHABLE', 'gone');
        return store.send(operations);
      },
      failedIndex: async () => null,
    };
    const run = importer(failing, { patienceMs: 0, seen }).run(each([batch(row(1)), batch(row(2)), batch(row(3))]));
    await expect(run).rejects.toMatchObject({ code: 'UNREACHABLE' });
    expect(seen.map(({ line }) => line)).toEqual([1]);
  });

  it.each(['FEE_UNPAYABLE', 'WRONG_CHAIN', 'BAD_SIGNATURE'] as const)('stops at once at %s', async code => {
    const store = new LittleStore();
    store.faults.push(new KvchainError(code, 'for good'));
    await expect(importer(store).run(each([batch(row(1))]))).rejects.toMatchObject({ code });
  });
});

describe('a bookmark', () => {
  const identity = { chainId: 'c', account: 'a', fileDigest: 'd', keyColumn: 'key', valueColumn: 'value' };
  const progress: Progress = {
    line: 7,
    rows: 5,
    transactions: 2,
    failed: 1,
    failures: [{ line: 3, key: null, code: 'PARSE_ERROR', detail: 'no JSON' }],
  };

  it('keeps the progress until it is removed', async () => {
    const bookmark = new Bookmark(folder, identity);
    expect(await bookmark.load()).toEqual(nothingYet);
    await bookmark.save(progress);
    expect(await new Bookmark(folder, identity).load()).toEqual(progress);
    await bookmark.remove();
    expect(await bookmark.load()).toEqual(nothingYet);
  });

  it.each(Object.keys(identity))('belongs to one %s', async field => {
    const bookmark = new Bookmark(folder, identity);
    await bookmark.save(progress);
    expect(await new Bookmark(folder, { ...identity, [field]: 'other' }).load()).toEqual(nothingYet);
  });

  const damages: readonly (readonly [what: string, damage: (text: string) => string])[] = [
    ['is torn', text => text.slice(0, -5)],
    ['is of another format', text => text.replace('kvchain-import', 'kvchain-export')],
    ['is newer', text => text.replace('"version":1', '"version":2')],
    ['has a negative line', text => text.replace('"line":7', '"line":-7')],
    ['has no line', text => text.replace('"line":7,', '')],
    ['is no object', () => '[]'],
  ];
  it.each(damages)('counts as none when it %s', async (_what, damage) => {
    const bookmark = new Bookmark(join(folder, 'damaged'), identity);
    await bookmark.save(progress);
    writeFileSync(bookmark.file, damage(readFileSync(bookmark.file, 'utf8')));
    expect(await bookmark.load()).toEqual(nothingYet);
    expect(dirname(bookmark.file)).toBe(join(folder, 'damaged', 'imports'));
  });
});
