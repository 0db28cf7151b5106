import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seal } from './block.ts';
import { compareBytes, concat, toUtf8 } from './bytes.ts';
import { zeroHash } from './hash.ts';
import { allOf, headersFrom, historyRange, keyOfStateRow, keyScanRange, rows, sixteenthsOf } from './layout.ts';
import { alice, producer, put, transact } from './ledger-fixture.suite.ts';
import type { KeyRange } from './row.ts';
import { accountStateKey, keyStateKey, supplyStateKey } from './state.ts';

const hash = new Uint8Array(32).fill(7);
const header = {
  version: 1,
  height: 5,
  parent: zeroHash,
  transactionsRoot: zeroHash,
  receiptsRoot: zeroHash,
  stateRoot: zeroHash,
  time: 1,
  bits: 2,
  producer: producer.publicKey,
  extension: new Uint8Array(0),
};
const sealed = seal(header, zeroHash, new Uint8Array(64));
const transaction = transact(alice, [put('k', 'v')]);

/** One row of each kind; a kind that is missing here fails the first test. */
const writes = {
  tip: rows.tip.put('only', { hash, height: 5 }),
  header: rows.header.put(hash, { sealed, record: Uint8Array.of(1, 2), isInvalid: true }),
  headerByHeight: rows.headerByHeight.put({ height: 5, hash }, 'present'),
  body: rows.body.put(hash, [transaction]),
  canonical: rows.canonical.put(5, hash),
  receipts: rows.receipts.put(hash, [{ id: hash, status: 'failed', code: 'NO_KEY', index: 3, results: [] }]),
  undo: rows.undo.put(5, {
    blockHash: hash,
    changes: [{ stateKey: supplyStateKey, after: null }],
    history: [{ key: 'k', version: 1 }],
  }),
  state: rows.state.put(keyStateKey('k'), Uint8Array.of(0x80)),
  leaf: rows.leaf.put(hash, hash),
  stateKey: rows.stateKey.put(hash, supplyStateKey),
  history: rows.history.put(
    { key: 'k\u0000', version: 2 },
    {
      height: 5,
      transactionId: hash,
      operation: 'transferKey',
      owner: alice.address,
      contentType: 'text/plain',
      value: null,
      valueVersion: 1,
    },
  ),
  transaction: rows.transaction.put(hash, { height: 5, index: 2 }),
  undone: rows.undone.put(hash, 5),
  mempool: rows.mempool.put(0, [transaction]),
  pruned: rows.pruned.put('only', { blocks: 7, versions: 6, done: 5 }),
  joining: rows.joining.put('only', 'present'),
  peer: rows.peer.put('12D3Koo', { addresses: ['/ip4/127.0.0.1/tcp/1'], seenMs: 9 }),
} as const;

const kinds = Object.keys(writes) as (keyof typeof writes)[];

describe('every kind of row', () => {
  it('has an example here and a prefix of its own', () => {
    expect(kinds).toEqual(Object.keys(rows));
    const prefixes = kinds.map(kind => rows[kind].prefix);
    expect(new Set(prefixes).size).toBe(prefixes.length);
  });

  it.each(kinds)('%s: place and value come back as they were', kind => {
    const kindRow = rows[kind];
    const { key, value } = writes[kind];
    if (value === null) throw new Error('a put has a value');
    const place = kindRow.placeOf(key);
    const again = kindRow as { put(place: unknown, value: unknown): unknown };
    expect(again.put(place, kindRow.decode(value))).toEqual({ key, value });
  });

  it.each(kinds)('%s: a key of another kind or a cut value is told as damage', kind => {
    const { key, value } = writes[kind];
    const foreign = concat(Uint8Array.of(0x7e), key.subarray(1));
    expect(() => rows[kind].placeOf(foreign)).toThrow(expect.objectContaining({ code: 'DATABASE_DAMAGED' }));
    const cut = value?.subarray(0, value.length - 1) ?? new Uint8Array(0);
    expect(() => rows[kind].decode(cut)).toThrow(expect.objectContaining({ code: 'DATABASE_DAMAGED' }));
  });

  it.each(kinds)('%s: its range holds its rows', kind => {
    expect(isIn(writes[kind].key, allOf(rows[kind]))).toBe(true);
    for (const other of kinds) {
      if (other !== kind) expect(isIn(writes[other].key, allOf(rows[kind]))).toBe(false);
    }
  });

  it('stands in docs/operate/database.md exactly as here', () => {
    const page = readFileSync(new URL('../../docs/operate/database.md', import.meta.url), 'utf8');
    const lines = kinds.map(kind => {
      const { prefix, place, value, purpose, deletedBy } = rows[kind];
      return `| \`${prefix}\` | ${kind} | ${place.form} | ${value.form} | ${purpose} | ${deletedBy} |`;
    });
    const table = page.split('\n').filter(line => line.startsWith('| `'));
    expect(table).toEqual(lines);
  });
});

describe('ranges', () => {
  it('of a sixteenth hold each row of the kind once, and no other', () => {
    const parts = sixteenthsOf(rows.body);
    expect(parts).toHaveLength(16);
    for (let first = 0; first < 256; first++) {
      const key = rows.body.key(new Uint8Array(32).fill(first));
      expect(parts.filter(part => isIn(key, part))).toHaveLength(1);
    }
    for (const kind of kinds) if (kind !== 'body') expect(parts.some(part => isIn(writes[kind].key, part))).toBe(false);
  });

  const key = fc.oneof(
    fc.constantFrom('a', 'ab', 'a\u0000'),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 8 }),
    fc.string({ unit: fc.constantFrom('a', 'b', '\u0000', '\u007f', '\u{10ffff}'), minLength: 1, maxLength: 4 }),
  );

  it('a history range holds the asked versions of its key, in order, and no other row', () => {
    fc.assert(
      fc.property(key, key, fc.nat(600), fc.integer({ min: 1, max: 600 }), (one, other, version, last) => {
        const stored = rows.history.key({ key: other, version });
        const expected = one === other && version <= last && version >= 1;
        expect(isIn(stored, historyRange(one, 1, last))).toBe(expected);
        const next = rows.history.key({ key: other, version: version + 1 });
        expect(compareBytes(stored, next)).toBe(-1);
      }),
    );
  });

  it('a scan holds the keys that begin with the prefix and come after the cursor, in the order of UTF-8', () => {
    const prefix = fc.oneof(fc.constant(''), key);
    fc.assert(
      fc.property(prefix, key, fc.option(key), (start, one, after) => {
        const stored = rows.state.key(keyStateKey(one));
        const begins = compareBytes(toUtf8(one).subarray(0, toUtf8(start).length), toUtf8(start)) === 0;
        const isBehind = after === null || compareBytes(toUtf8(one), toUtf8(after)) > 0;
        expect(isIn(stored, keyScanRange(start, after))).toBe(begins && isBehind);
        expect(keyOfStateRow(stored)).toBe(one);
      }),
    );
  });

  it('a scan never meets accounts or the supply', () => {
    for (const stateKey of [accountStateKey(alice.address), supplyStateKey]) {
      const stored = rows.state.key(stateKey);
      expect(isIn(stored, keyScanRange('', null))).toBe(false);
      expect(keyOfStateRow(stored)).toBeNull();
    }
  });

  it('headers from a height hold that height and those above', () => {
    const at = (height: number) => rows.headerByHeight.key({ height, hash: new Uint8Array(32).fill(0xff) });
    expect([4, 5, 6, 2 ** 53 - 1].map(height => isIn(at(height), headersFrom(5)))).toEqual([false, true, true, true]);
  });
});

function isIn(key: Uint8Array, range: KeyRange): boolean {
  return compareBytes(key, range.from) >= 0 && compareBytes(key, range.to) < 0;
}
