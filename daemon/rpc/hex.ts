/** Hexadecimal that a schema has let through already. */
import { fromHex } from '../../chain/bytes.ts';
import { assert } from '../../chain/errors.ts';

/** The bytes of a hex text that was checked. */
export function checkedHex(text: string): Uint8Array {
  const bytes = fromHex(text);
  assert(bytes !== null, 'a schema lets through hexadecimal only');
  return bytes;
}
