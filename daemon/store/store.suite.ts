/** What every Store must do, LevelDB's and the memory's alike. Each test file of a store calls it with a way to open a fresh one. */
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { compareBytes, toHex, toUtf8 } from '../../chain/bytes.ts';
import type { Store, StoreRange, StoreWrite } from '../ports.ts';

export interface StoreSuite {
  readonly name: string;
  /** A store with nothing in it. */
  open(): Promise<Store>;
}

const all: Omit<StoreRange, 'limit'> = { from: Uint8Array.of(1), to: new Uint8Array(40).fill(255), order: 'ascending' };

export function put(key: string, value: string): StoreWrite {
  return { key: toUtf8(key), value: toUtf8(value) };
}

function remove(key: string): StoreWrite {
  return { key: toUtf8(key), value: null };
}

/** The rows between two keys as "key=value", for comparison. */
export async function list(store: Store, range: Partial<StoreRange> = {}): Promise<string[]> {
  const rows = await store.range({ ...all, limit: 1_000, ...range });
  return rows.map(({ key, value }) => `${Buffer.from(key).toString()}=${Buffer.from(value).toString()}`);
}

export function describeStore({ name, open }: StoreSuite): void {
  describe(`the ${name} store`, () => {
    const opened: Store[] = [];
    const fresh = async () => {
      const store = await open();
      opened.push(store);
      return store;
    };
    afterEach(async () => {
      for (const store of opened.splice(0)) await store.close();
    });

    it('gives null for a key that was never written, and bytes for one that was', async () => {
      const store = await fresh();
      await store.write([put('a', '1'), put('empty', '')], 'durable', 'ledger-step');
      expect(await store.get(toUtf8('a'))).toEqual(toUtf8('1'));
      expect(await store.get(toUtf8('empty'))).toEqual(new Uint8Array());
      expect(await store.get(toUtf8('b'))).toBeNull();
    });

    it('reads at once what was written, as a read that takes its time does', async () => {
      const store = await fresh();
      await store.write([put('a', '1'), put('b', '2')], 'durable', 'ledger-step');
      await store.write([put('a', '3'), remove('b')], 'lazy', 'ledger-step');
      expect(store.getSync(toUtf8('a'))).toEqual(toUtf8('3'));
      expect(store.getSync(toUtf8('b'))).toBeNull();
      expect(() => store.getSync(new Uint8Array(0))).toThrow('a store key is empty');
    });

    it('answers many keys in their order, with repetitions and absences', async () => {
      const store = await fresh();
      await store.write([put('a', '1'), put('b', '2')], 'lazy', 'ledger-step');
      const found = await store.getMany(['b', 'x', 'a', 'b'].map(toUtf8));
      expect(found).toEqual([toUtf8('2'), null, toUtf8('1'), toUtf8('2')]);
      expect(await store.getMany([])).toEqual([]);
    });

    it('keeps what it froze as it was, until that is released', async () => {
      const store = await fresh();
      await store.write([put('a', '1'), put('b', '1')], 'lazy', 'ledger-step');
      const frozen = store.freeze();
      await store.write([put('a', '2'), remove('b'), put('c', '2')], 'durable', 'ledger-step');
      const later = store.freeze();
      await store.write([remove('a')], 'durable', 'ledger-step');
      const [a, b, c] = ['a', 'b', 'c'].map(toUtf8);
      if (a === undefined || b === undefined || c === undefined) throw new Error('there are three keys');
      expect(await frozen.getMany([a, b, c])).toEqual([toUtf8('1'), toUtf8('1'), null]);
      expect(await later.getMany([a, b, c])).toEqual([toUtf8('2'), null, toUtf8('2')]);
      const found = await frozen.range({ ...all, limit: 1_000 });
      expect(found.map(({ key }) => Buffer.from(key).toString())).toEqual(['a', 'b']);
      await frozen.release();
      await expect(frozen.getMany([a])).rejects.toThrow();
      expect(await later.getMany([a])).toEqual([toUtf8('2')]);
      await later.release();
      expect(await list(store)).toEqual(['c=2']);
    });

    it('applies the changes of a batch in order, so that the last one of a key stands', async () => {
      const store = await fresh();
      await store.write(
        [put('a', '1'), remove('a'), put('a', '2'), put('b', '1'), remove('b')],
        'durable',
        'ledger-step',
      );
      expect(await list(store)).toEqual(['a=2']);
    });

    it('keeps the order of writes that were not waited for', async () => {
      const store = await fresh();
      const writes = Array.from({ length: 200 }, (_, index) =>
        store.write([put('a', `${index}`), put(`k${index}`, '')], index % 7 === 0 ? 'durable' : 'lazy', 'ledger-step'),
      );
      await Promise.all(writes);
      expect(await store.get(toUtf8('a'))).toEqual(toUtf8('199'));
      expect(await list(store, { from: toUtf8('k'), to: toUtf8('l') })).toHaveLength(200);
    });

    it('accepts an empty batch and the deletion of what is not there', async () => {
      const store = await fresh();
      await store.write([], 'durable', 'ledger-step');
      await store.write([], 'lazy', 'ledger-step');
      await store.write([remove('nothing')], 'durable', 'ledger-step');
      expect(await list(store)).toEqual([]);
    });

    it('lists from the first key inclusive to the last exclusive, both ways, page by page', async () => {
      const store = await fresh();
      await store.write(
        ['a', 'b', 'c', 'd', 'e'].map(key => put(key, '')),
        'lazy',
        'ledger-step',
      );
      const bounds = { from: toUtf8('b'), to: toUtf8('e') };
      expect(await list(store, bounds)).toEqual(['b=', 'c=', 'd=']);
      expect(await list(store, { ...bounds, limit: 2 })).toEqual(['b=', 'c=']);
      expect(await list(store, { ...bounds, order: 'descending' })).toEqual(['d=', 'c=', 'b=']);
      expect(await list(store, { ...bounds, order: 'descending', limit: 1 })).toEqual(['d=']);
      expect(await list(store, { ...bounds, limit: 0 })).toEqual([]);
      expect(await list(store, { from: toUtf8('e'), to: toUtf8('b') })).toEqual([]);
      expect(await list(store, { from: new Uint8Array(), limit: 1 })).toEqual(['a=']);
    });

    it('hands out bytes that the caller may change, and keeps none of the bytes that it was given', async () => {
      const store = await fresh();
      const value = toUtf8('before');
      const written = store.write([{ key: toUtf8('a'), value }], 'lazy', 'ledger-step');
      await written;
      value.fill(0);
      (await store.get(toUtf8('a')))?.fill(0);
      const [row] = await store.range({ ...all, limit: 1 });
      row?.value.fill(0);
      row?.key.fill(0);
      const slice = (await store.get(toUtf8('a')))?.slice(0, 1);
      slice?.fill(0);
      expect(await list(store)).toEqual(['a=before']);
    });

    it('refuses keys that are empty or in its own range', async () => {
      const store = await fresh();
      await expect(store.get(new Uint8Array())).rejects.toThrow('assertion failed');
      await expect(store.get(Uint8Array.of(0, 1))).rejects.toThrow('assertion failed');
      expect(await list(store, { from: new Uint8Array() })).toEqual([]);
    });

    it('refuses work after it was closed', async () => {
      const store = await open();
      await store.close();
      await expect(store.get(toUtf8('a'))).rejects.toMatchObject({ code: 'STOPPING' });
      await expect(store.write([put('a', '1')], 'lazy', 'ledger-step')).rejects.toMatchObject({ code: 'STOPPING' });
    });

    it('agrees with a sorted map on any sequence of writes', async () => {
      const store = await fresh();
      const model = new Map<string, Uint8Array>();
      const keys = fc
        .uint8Array({ minLength: 1, maxLength: 3 })
        .map(bytes => Uint8Array.from([1 + ((bytes[0] ?? 0) % 3), ...bytes]));
      const change = fc.record({ key: keys, value: fc.option(fc.uint8Array({ maxLength: 40 })) });
      const batches = fc.array(fc.tuple(fc.array(change, { maxLength: 20 }), fc.constantFrom('durable', 'lazy')), {
        maxLength: 5,
      });
      await fc.assert(
        fc.asyncProperty(batches, fc.constantFrom('ascending', 'descending'), async (sequence, order) => {
          for (const [batch, durability] of sequence) {
            await store.write(batch, durability, 'ledger-step');
            for (const { key, value } of batch) {
              if (value === null) model.delete(toHex(key));
              else model.set(toHex(key), value);
            }
          }
          const rows = await store.range({ ...all, order, limit: 1_000 });
          const expected = [...model].map(([hex, value]) => ({ key: Uint8Array.from(Buffer.from(hex, 'hex')), value }));
          expected.sort((a, b) => compareBytes(a.key, b.key) * (order === 'ascending' ? 1 : -1));
          expect(rows).toEqual(expected);
        }),
        { numRuns: 50 },
      );
    });
  });
}
