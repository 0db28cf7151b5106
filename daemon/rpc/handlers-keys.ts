/** What kv_ methods do. */
import { isWellFormed, utf8Length } from '../../chain/bytes.ts';
import { accept, type Result, reject } from '../../chain/errors.ts';
import { formatAddress } from '../../chain/keys.ts';
import { contentTypeBytesMax, keyBytesMax, valueBytesMax } from '../../chain/operation.ts';
import { formatValue, makeProofFile, parseValue } from '../../chain/proof.ts';
import type { HistoryEntry } from '../../chain/state.ts';
import type { KeyReading, ReadMode } from '../node-api.ts';
import type { keyMethods } from './api-keys.ts';
import type { CallContext, Handlers } from './context.ts';
import { decodeHistoryCursor, decodeScanCursor, encodeCursor } from './cursor.ts';
import { take } from './result.ts';
import type { HistoryJson, KeyState } from './schemas.ts';
import { historyJson } from './views.ts';
import { write } from './write.ts';

/** A page ends early once its rows have this many bytes as JSON, so that no answer meets the limit of responses. */
const pageBytesMax = 2_097_152;
/** So many rows are asked of the node at a time. */
const rowsPerRead = 32;

export const keyHandlers: Handlers<keyof typeof keyMethods> = {
  kv_put: (params, context) => {
    const { key = '', value = '', encoding = 'utf8', contentType = '', expectedVersion = null } = params;
    return write(params, context, {
      keys: { type: 'put', key: params.key },
      build: () => {
        const bytes = parseValue({ value, encoding });
        if (bytes === null) return reject('BAD_VALUE', `the value is not ${encoding}`);
        if (bytes.length > valueBytesMax) {
          return reject('BAD_VALUE', `value too large: ${bytes.length} bytes, at most ${valueBytesMax}`);
        }
        const typeBytes = utf8Length(contentType);
        if (typeBytes > contentTypeBytesMax || !isWellFormed(contentType)) {
          return reject('BAD_VALUE', `contentType of ${typeBytes} bytes, at most ${contentTypeBytesMax} of UTF-8`);
        }
        const checked = checkKey(key);
        return checked.ok ? accept({ type: 'put', key, value: bytes, contentType, expectedVersion }) : checked;
      },
    });
  },

  kv_delete: (params, context) => {
    const { key = '' } = params;
    return write(params, context, {
      keys: { type: 'delete', key: params.key },
      build: () => {
        const checked = checkKey(key);
        return checked.ok ? accept({ type: 'delete', key }) : checked;
      },
    });
  },

  kv_get: async ({ key, at = null, read }, context) => {
    const checked = checkKey(key);
    if (!checked.ok) return checked;
    const mode = parseReadMode(read);
    const state = keyStateJson(take(await context.host.node.readKey(key, { at, read: mode })), prefixOf(context));
    if (state !== null) return accept({ ...state, read });
    const young = at === null && mode.kind === 'confirmed' ? await localState(key, context) : null;
    if (young === null) return reject('NO_KEY', `no value at key ${JSON.stringify(key)}`);
    const detail = `the value at key ${JSON.stringify(key)} has ${young.confirmations} confirmations, asked for ${read}`;
    return reject('NOT_CONFIRMED', detail);
  },

  kv_history: async ({ key, limit, cursor }, context) => {
    const checked = checkKey(key);
    if (!checked.ok) return checked;
    const before = decodeHistoryCursor(cursor);
    if (!before.ok) return before;
    const page = await collectPage<HistoryEntry, HistoryJson, number>({
      limit,
      after: before.value,
      read: async (after, limit) => {
        const rows = await context.host.node.history(key, { before: after, limit });
        return { rows, next: rows.length < limit ? null : (rows.at(-1)?.version ?? null) };
      },
      placeOf: entry => entry.version,
      show: entry => historyJson(entry, prefixOf(context)),
    });
    return accept({
      entries: page.rows,
      cursor: page.next === null ? null : encodeCursor('history', page.next),
      completeFrom: context.host.node.status().versionsFrom,
    });
  },

  kv_scan: async ({ prefix, limit, cursor }, context) => {
    if (!isWellFormed(prefix) || utf8Length(prefix) > keyBytesMax) {
      return reject('BAD_KEY', `the prefix is not at most ${keyBytesMax} bytes of UTF-8`);
    }
    const after = decodeScanCursor(cursor);
    if (!after.ok) return after;
    const page = await collectPage<KeyReading, KeyState, string>({
      limit,
      after: after.value,
      read: (last, rows) => context.host.node.scan(prefix, { after: last, limit: rows }),
      placeOf: reading => reading.key,
      show: reading => keyStateJson(reading, prefixOf(context)),
    });
    return accept({
      items: page.rows,
      cursor: page.next === null ? null : encodeCursor('scan', page.next),
    });
  },

  kv_proof: async ({ key, height = null }, context) => {
    const checked = checkKey(key);
    if (!checked.ok) return checked;
    const { node } = context.host;
    const { sealed, record, value, proof } = take(await node.prove(key, height));
    const file = makeProofFile({ chainId: node.chainId, key, record, value, sealed, proof, certificate: null });
    return accept({ ...file, claim: { ...file.claim } });
  },

  kv_watch: (params, context) =>
    context.session?.watch(params) ?? reject('INVALID_REQUEST', 'kv_watch needs a WebSocket: connect to /v1/ws'),

  kv_unwatch: ({ subscription }, context) =>
    context.session === null
      ? reject('INVALID_REQUEST', 'kv_unwatch needs a WebSocket: connect to /v1/ws')
      : accept({ ended: context.session.unwatch(subscription) }),
};

/** Error: BAD_KEY. */
function checkKey(key: string): Result<null> {
  const bytes = utf8Length(key);
  if (bytes >= 1 && bytes <= keyBytesMax && isWellFormed(key)) return accept(null);
  return reject('BAD_KEY', `key of ${bytes} bytes, expected 1 to ${keyBytesMax} of well-formed UTF-8`);
}

/** Reads a text that the schema `readMode` has checked. */
function parseReadMode(text: string): ReadMode {
  if (text === 'local' || text === 'final' || text === 'linearizable') return { kind: text };
  return { kind: 'confirmed', confirmations: Number(text.slice('confirmed:'.length)) };
}

/** What the key holds at the head, whose block may be too young for who asked. */
async function localState(key: string, context: CallContext): Promise<KeyState | null> {
  const reading = take(await context.host.node.readKey(key, { at: null, read: { kind: 'local' } }));
  return keyStateJson(reading, prefixOf(context));
}

function prefixOf(context: CallContext): string {
  return context.host.node.params().addressPrefix;
}

/** Null for a key without a value. */
function keyStateJson(reading: KeyReading, prefix: string): KeyState | null {
  const { key, record, value, confirmations, finality } = reading;
  if (record === null || value === null) return null;
  return {
    key,
    ...formatValue(value),
    contentType: record.contentType,
    version: record.version,
    owner: formatAddress(record.owner, prefix),
    height: record.height,
    confirmations,
    finality,
  };
}

interface PageSource<Row, Shown, Place> {
  readonly limit: number;
  readonly after: Place | null;
  /** At most `rows`; `next` is where it goes on, null at the end. */
  read(after: Place | null, rows: number): Promise<{ readonly rows: readonly Row[]; readonly next: Place | null }>;
  placeOf(row: Row): Place;
  /** Null for a row that is passed over. */
  show(row: Row): Shown | null;
}

/** Rows until the limit of rows or of bytes; `next` is where the next page begins, null when the source was exhausted. */
async function collectPage<Row, Shown, Place>(
  source: PageSource<Row, Shown, Place>,
): Promise<{ readonly rows: Shown[]; readonly next: Place | null }> {
  const rows: Shown[] = [];
  let place = source.after;
  let taken = 0;
  let bytes = 0;
  for (;;) {
    const wanted = Math.min(rowsPerRead, source.limit - taken);
    const read = await source.read(place, wanted);
    for (const row of read.rows) {
      const shown = source.show(row);
      if (shown !== null) rows.push(shown);
      // Bytes of the JSON, which has six for a control character of one.
      bytes += Buffer.byteLength(JSON.stringify(shown));
      taken++;
      if (bytes >= pageBytesMax) return { rows, next: source.placeOf(row) };
    }
    place = read.next;
    // Few rows and yet not the end: the node has looked at as many as one answer may cost.
    if (place === null || read.rows.length < wanted || taken >= source.limit) return { rows, next: place };
  }
}
