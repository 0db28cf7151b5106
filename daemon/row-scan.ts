/** Whole kinds of rows, one by one and in the order of their keys: of one database, or of two side by side. */
import { compareBytes, concat } from '../chain/bytes.ts';
import { allOf } from '../chain/layout.ts';
import type { Store, StoreRow } from './ports.ts';

const pageRows = 1_000;
const zero = Uint8Array.of(0);

/** All rows of a kind. */
export async function* scanRows(store: Store, kind: { readonly prefix: string }): AsyncGenerator<StoreRow> {
  const { from: start, to } = allOf(kind);
  for (let from = start; ; ) {
    const page = await store.range({ from, to, limit: pageRows, order: 'ascending' });
    yield* page;
    const last = page.at(-1);
    if (last === undefined) return;
    from = concat(last.key, zero);
  }
}

/** A key at which two databases differ; null where one has no row. */
export interface RowDifference {
  readonly key: Uint8Array;
  readonly first: Uint8Array | null;
  readonly second: Uint8Array | null;
}

/** The rows of a kind in which two databases differ. */
export async function* diffRows(
  first: Store,
  second: Store,
  kind: { readonly prefix: string },
): AsyncGenerator<RowDifference> {
  const [left, right] = [scanRows(first, kind), scanRows(second, kind)];
  let [a, b] = [await next(left), await next(right)];
  while (a !== null || b !== null) {
    const order = a === null ? 1 : b === null ? -1 : compareBytes(a.key, b.key);
    if (order < 0 && a !== null) yield { key: a.key, first: a.value, second: null };
    if (order > 0 && b !== null) yield { key: b.key, first: null, second: b.value };
    if (order === 0 && a !== null && b !== null && compareBytes(a.value, b.value) !== 0) {
      yield { key: a.key, first: a.value, second: b.value };
    }
    if (order <= 0) a = await next(left);
    if (order >= 0) b = await next(right);
  }
}

async function next(rows: AsyncGenerator<StoreRow>): Promise<StoreRow | null> {
  const { value, done } = await rows.next();
  return done === true ? null : value;
}
