/** Reads a Debian package index (what `apt-cache dumpavail` prints): stanzas of `Field: value` lines, apart by empty lines. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';

/** A package: its name is the key, this JSON text the value. */
export interface PackageRow {
  readonly name: string;
  readonly value: string;
}

/** The packages of the file, each name once (its first version counts); stanzas without the three fields are passed over. */
export async function readPackages(file: string): Promise<readonly PackageRow[]> {
  const rows = new Map<string, string>();
  let fields = new Map<string, string>();
  const close = () => {
    const name = fields.get('Package');
    const version = fields.get('Version');
    const size = Number(fields.get('Size'));
    const sha256 = fields.get('SHA256');
    const isWhole = name !== undefined && version !== undefined && sha256 !== undefined && Number.isSafeInteger(size);
    if (isWhole && !rows.has(name)) rows.set(name, JSON.stringify({ version, size, sha256 }));
    fields = new Map();
  };
  for await (const line of createInterface({ input: createReadStream(file, 'utf8'), crlfDelay: Infinity })) {
    if (line.trim() === '') close();
    const colon = line.indexOf(': ');
    // A line that begins with a space goes on with the field before it; none of the four fields does.
    if (colon > 0 && !line.startsWith(' ')) fields.set(line.slice(0, colon), line.slice(colon + 2).trim());
  }
  close();
  return [...rows].map(([name, value]) => ({ name, value }));
}
