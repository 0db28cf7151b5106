/** What a person types into a console: a command's name and its arguments, as the assignment writes them or with spaces. */

import { toUtf8 } from '../../chain/bytes.ts';
import type { Operation } from '../../chain/operation.ts';
import { CommandError } from '../failure.ts';

export interface TypedLine {
  /** As it was typed. */
  readonly name: string;
  /** What stands behind the name, or between the parentheses, without spaces around it. */
  readonly rest: string;
}

/** Null for an empty line and for a comment (#). */
export function readLine(line: string): TypedLine | null {
  const text = line.trim();
  if (text === '' || text.startsWith('#')) return null;
  const [, name = '', rest = ''] = /^([A-Za-z]+)(.*)$/s.exec(text) ?? ['', text];
  const inside = /^\s*\((.*)\)\s*;?$/s.exec(rest)?.[1] ?? rest;
  return { name, rest: inside.trim() };
}

/** Arguments between commas or spaces. */
export function wordsOf(rest: string): readonly string[] {
  return rest.split(/[\s,]+/).filter(word => word !== '');
}

const usage = 'Type Operation(put, KEY, VALUE) or Operation(get, KEY).';

/** put, key, value, in that order: the value is all behind the second comma, byte for byte. Error thrown: USAGE. */
export function readOperation(rest: string): Operation {
  const [, op = '', behind = ''] = /^([^,]*),?(.*)$/s.exec(rest) ?? [];
  const type = op.trim().toLowerCase();
  if (type !== 'put' && type !== 'get')
    throw new CommandError('USAGE', `no operation ${JSON.stringify(op.trim())}`, usage);
  const comma = behind.indexOf(',');
  const key = (comma < 0 ? behind : behind.slice(0, comma)).trim();
  if (key === '') throw new CommandError('USAGE', `${type} without a key`, usage);
  if (type === 'get' && comma >= 0) throw new CommandError('USAGE', 'a get takes no value', usage);
  if (type === 'get') return { type, key };
  if (comma < 0) throw new CommandError('USAGE', 'a put without a value', usage);
  return { type, key, value: toUtf8(behind.slice(comma + 1).trim()), contentType: '', expectedVersion: null };
}
