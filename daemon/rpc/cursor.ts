/** Cursors of scan and history: opaque to callers, versioned for us. base64url of JSON {v, kind, after}. */
import { base64urlnopad } from '@scure/base';
import { fromUtf8, toUtf8 } from '../../chain/bytes.ts';
import { accept, type Result, reject } from '../../chain/errors.ts';
import { z } from '../zod.ts';
import { parseJson } from './json.ts';

const cursorVersion = 1;

const shapes = {
  scan: z.strictObject({ v: z.literal(cursorVersion), kind: z.literal('scan'), after: z.string() }),
  history: z.strictObject({ v: z.literal(cursorVersion), kind: z.literal('history'), after: z.int().min(0) }),
};

type Kinds = { scan: string; history: number };

export function encodeCursor<K extends keyof Kinds>(kind: K, after: Kinds[K]): string {
  return base64urlnopad.encode(toUtf8(JSON.stringify({ v: cursorVersion, kind, after })));
}

/** What `encodeCursor` was given, or null without a cursor. Error: INVALID_PARAMS for anything else. */
export function decodeScanCursor(cursor: string | undefined): Result<string | null> {
  if (cursor === undefined) return accept(null);
  const parsed = shapes.scan.safeParse(readCursor(cursor));
  return parsed.success ? accept(parsed.data.after) : badCursor();
}

/** As `decodeScanCursor`, for a history. */
export function decodeHistoryCursor(cursor: string | undefined): Result<number | null> {
  if (cursor === undefined) return accept(null);
  const parsed = shapes.history.safeParse(readCursor(cursor));
  return parsed.success ? accept(parsed.data.after) : badCursor();
}

function readCursor(cursor: string): unknown {
  if (!/^[0-9A-Za-z_-]+$/.test(cursor)) return null;
  try {
    const text = fromUtf8(base64urlnopad.decode(cursor));
    const parsed = text === null ? null : parseJson(text);
    return parsed?.ok ? parsed.value : null;
  } catch {
    return null;
  }
}

function badCursor(): ReturnType<typeof reject> {
  return reject('INVALID_PARAMS', 'cursor: not one that this method gave');
}
