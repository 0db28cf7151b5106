/** Reads JSON from outside: strict UTF-8 without a byte order mark, and its nesting bounded before anything recurses over it. */
import { fromUtf8 } from '../../chain/bytes.ts';
import { accept, type Result, reject } from '../../chain/errors.ts';

const jsonDepthMax = 64;
/** Characters of what the parser says of the place, which may quote the text around it. */
const whereTextMax = 200;

const quote = 0x22;
const backslash = 0x5c;

/** The value of a JSON text. Error: PARSE_ERROR with what is wrong. */
export function parseJson(text: string): Result<unknown> {
  if (isDeeperThan(text, jsonDepthMax)) return reject('PARSE_ERROR', `JSON nests deeper than ${jsonDepthMax}`);
  try {
    const value: unknown = JSON.parse(text);
    return accept(value);
  } catch (cause) {
    const where = cause instanceof Error ? cause.message.slice(0, whereTextMax) : '';
    return reject('PARSE_ERROR', `the body is not valid JSON: ${where}`);
  }
}

/** The value of JSON in UTF-8 bytes. Error: PARSE_ERROR. */
export function parseJsonBytes(bytes: Uint8Array): Result<unknown> {
  const text = fromUtf8(bytes);
  if (text === null) return reject('PARSE_ERROR', 'the body is not valid UTF-8');
  return parseJson(text);
}

/** True of what a JSON text writes in braces. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** True when arrays and objects nest deeper than `depthMax`. One pass, no recursion; on what is not JSON any answer will do. */
function isDeeperThan(text: string, depthMax: number): boolean {
  let depth = 0;
  let isInString = false;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (isInString) {
      if (unit === backslash) index++;
      else if (unit === quote) isInString = false;
    } else if (unit === quote) isInString = true;
    else if (unit === 0x5b || unit === 0x7b) {
      depth++;
      if (depth > depthMax) return true;
    } else if (unit === 0x5d || unit === 0x7d) depth--;
  }
  return false;
}
