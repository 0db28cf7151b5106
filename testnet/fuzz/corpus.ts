/**
 * The committed corpus: a file for each target, one input a line in hexadecimal. Beside it stand the inputs that once broke a promise,
 * which are fed for ever.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fromHex, toHex } from '../../chain/bytes.ts';
import { type Finding, judge } from './fuzzer.ts';
import type { Target } from './target.ts';

/** Seen from the build: dist/testnet/fuzz/. */
const folder = join(resolve(dirname(fileURLToPath(import.meta.url)), '..', '..', '..'), 'testnet', 'fuzz', 'corpus');

/** Longer inputs are left out of the committed corpus. */
const keptBytesMax = 1_024;
/** Inputs of one target in the committed corpus. */
const keptMax = 60;
/** Tries to make one input shorter. */
const triesMax = 120;

/** The inputs that are kept for a target: those that broke a promise first. */
export function readCorpus(target: string): readonly Uint8Array[] {
  return [...readLines(findingsFile(target)), ...readLines(corpusFile(target))];
}

/** Keeps the bytes of a finding. */
export function keepFinding({ target, hex }: Finding): string {
  const file = findingsFile(target);
  mkdirSync(dirname(file), { recursive: true });
  if (!readLines(file).some(bytes => toHex(bytes) === hex)) appendFileSync(file, `${hex}\n`);
  return file;
}

/** Writes the corpus of a target: the shortest form of each discovery that its seeds do not reach. */
export async function writeCorpus(target: Target, discoveries: readonly Uint8Array[]): Promise<number> {
  const known = new Set<string>();
  for (const seed of target.seeds) known.add((await judge(target, seed)).trait);
  const kept: string[] = [];
  for (const bytes of discoveries) {
    const { trait, broken } = await judge(target, bytes);
    if (known.has(trait) || broken !== null || kept.length >= keptMax) continue;
    const shortest = await shorten(target, bytes, trait);
    if (shortest.length > keptBytesMax) continue;
    known.add(trait);
    kept.push(toHex(shortest));
  }
  const lines = kept.sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
  mkdirSync(folder, { recursive: true });
  writeFileSync(corpusFile(target.name), lines.map(hex => `${hex}\n`).join(''));
  return lines.length;
}

/** Leaves out what can be left out, in ever smaller pieces, while the trait stays and tries are left. */
async function shorten(target: Target, bytes: Uint8Array, trait: string): Promise<Uint8Array> {
  let shortest = bytes;
  let tries = triesMax;
  for (let piece = shortest.length >> 1; piece > 0; piece >>= 1) {
    for (let start = 0; start < shortest.length && tries > 0; tries--) {
      const shorter = Uint8Array.from([...shortest.subarray(0, start), ...shortest.subarray(start + piece)]);
      const judged = await judge(target, shorter);
      if (judged.trait === trait && judged.broken === null) shortest = shorter;
      else start += piece;
    }
  }
  return shortest;
}

function corpusFile(target: string): string {
  return join(folder, `${target}.hex`);
}

function findingsFile(target: string): string {
  return join(folder, 'findings', `${target}.hex`);
}

function readLines(file: string): readonly Uint8Array[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
  return lines.map((line, index) => fromHex(line) ?? notHex(file, index));
}

function notHex(file: string, index: number): never {
  throw new Error(`${file}: line ${index + 1} is not hexadecimal`);
}
