/**
 * Writes the protocol's test vectors, docs/protocol/vectors/*.json: `node dist/testnet/vectors.js`. A test compares the files with what
 * this program would write, so a change of the format never goes unseen.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { blockVectors, headerVectors } from './vectors/blocks.ts';
import { cborVectors, merkleVectors, targetVectors } from './vectors/encoding.ts';
import { genesisVectors } from './vectors/genesis.ts';
import { networkVectors } from './vectors/network.ts';
import type { Json } from './vectors/show.ts';
import { errorVectors, proofVectors, stateVectors } from './vectors/state.ts';
import { keyVectors, operationVectors, receiptVectors, transactionVectors } from './vectors/transactions.ts';

/** What each file holds, by its name without `.json`. */
const vectorFiles: { readonly [name: string]: () => Json } = {
  cbor: cborVectors,
  target: targetVectors,
  merkle: merkleVectors,
  keys: keyVectors,
  operation: operationVectors,
  transaction: transactionVectors,
  receipt: receiptVectors,
  header: headerVectors,
  block: blockVectors,
  genesis: genesisVectors,
  state: stateVectors,
  proof: proofVectors,
  errors: errorVectors,
  network: networkVectors,
};

export const vectorNames: readonly string[] = Object.keys(vectorFiles);

/** The text of one file: JSON with two spaces of indentation. */
export function vectorText(name: string): string {
  const build = vectorFiles[name];
  if (build === undefined) throw new Error(`assertion failed: no vectors are called ${name}`);
  return `${JSON.stringify(build(), null, 2)}\n`;
}

/** The folder of the files, seen from the build as well as from the sources. */
export function vectorFolder(): string {
  const here = dirname(fileURLToPath(import.meta.url));
  const root = here.endsWith(join('dist', 'testnet')) ? resolve(here, '..', '..') : resolve(here, '..');
  return join(root, 'docs', 'protocol', 'vectors');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  mkdirSync(vectorFolder(), { recursive: true });
  for (const name of vectorNames) writeFileSync(join(vectorFolder(), `${name}.json`), vectorText(name));
}
