/** Reads the protocol's vectors, docs/protocol/vectors/*.json, for the tests. testnet/vectors.ts writes them. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { fromHex } from './bytes.ts';
import type { Result } from './errors.ts';

/** The vectors called `name`; the caller says what they look like. */
export function readVectors<T>(name: string): T {
  // From dist/chain/ to the root of the repository.
  const path = fileURLToPath(new URL(`../../docs/protocol/vectors/${name}.json`, import.meta.url));
  return JSON.parse(readFileSync(path, 'utf8')) as T;
}

/** Bytes that are refused, and the code of it. */
export interface RefusedVector {
  readonly name: string;
  readonly hex: string;
  readonly code: string;
}

export function bytesOf(hex: string): Uint8Array {
  const bytes = fromHex(hex);
  if (bytes === null) throw new Error(`not hexadecimal: ${hex.slice(0, 80)}`);
  return bytes;
}

/** The value of a result that must be one. */
export function accepted<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.error.code}: ${result.error.detail}`);
  return result.value;
}

/** Expects a refusal with `code`. */
export function expectCode(result: Result<unknown>, code: string): void {
  expect(result.ok ? 'accepted' : result.error.code, result.ok ? '' : result.error.detail).toBe(code);
}
