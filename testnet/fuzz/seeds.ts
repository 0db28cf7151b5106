/** The inputs that a target begins with: the protocol's vectors, good and refused, from docs/protocol/vectors. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { toUtf8 } from '../../chain/bytes.ts';
import { vectorFolder } from '../vectors.ts';

/** Every text at `property` in the vectors called `name`, from hexadecimal; `where` picks by the object that it stands in. */
export function hexSeeds(
  name: string,
  property = 'hex',
  where: (holder: Readonly<Record<string, unknown>>) => boolean = () => true,
): readonly Uint8Array[] {
  const found: Uint8Array[] = [];
  walk(readVectors(name), holder => {
    const value = holder[property];
    if (typeof value === 'string' && where(holder)) found.push(Uint8Array.from(Buffer.from(value, 'hex')));
  });
  return found;
}

/** As `hexSeeds`, of what is text, or JSON to be written as text. */
export function textSeeds(name: string, property: string): readonly Uint8Array[] {
  const found: Uint8Array[] = [];
  walk(readVectors(name), holder => {
    const value = holder[property];
    if (value !== undefined) found.push(toUtf8(typeof value === 'string' ? value : JSON.stringify(value)));
  });
  return found;
}

function readVectors(name: string): unknown {
  return JSON.parse(readFileSync(join(vectorFolder(), `${name}.json`), 'utf8'));
}

function walk(json: unknown, visit: (holder: Readonly<Record<string, unknown>>) => void): void {
  if (typeof json !== 'object' || json === null) return;
  if (!Array.isArray(json)) visit({ ...json });
  for (const value of Object.values(json)) walk(value, visit);
}
