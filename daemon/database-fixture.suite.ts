/** What the tests of the database's tools share: a chain with puts in it, stored as a node stores it, and the check of the whole. */

import { makeGenesisBlock } from '../chain/genesis-block.ts';
import { rows } from '../chain/layout.ts';
import { alice, put } from '../chain/ledger-fixture.suite.ts';
import { createEngine } from '../consensus/registry.ts';
import type { AuditParts, Finding } from './chain-audit.ts';
import { Branch, chainId, genesis, signed, storeBlocks } from './chain-fixture.suite.ts';
import { ChainStore } from './chain-store.ts';
import { InlineVerifier } from './crypto/inline-verifier.ts';
import { createChain } from './genesis-store.ts';
import { ManualClock } from './manual-clock.suite.ts';
import type { Store } from './ports.ts';
import { type Rebuilt, rebuildChain } from './rebuild.ts';
import { MemoryStore } from './store/memory-store.ts';
import { compareWithRebuilt } from './verify-rows.ts';

const found = createEngine('pow');
if (!found.ok) throw new Error('the engine pow is there');
const engine = found.value;
const verifier = new InlineVerifier();

/** A chain in which block h writes the key `key h`, and the key `shared` for the h-th time. */
export function writtenChain(height: number): Branch {
  const branch = new Branch();
  for (let at = 1; at <= height; at++) {
    branch.grow([signed(alice, [put(`key ${at}`, `value ${at}`), put('shared', `value ${at}`)], { nonce: at - 1 })]);
  }
  return branch;
}

function partsOver(store: Store): AuditParts {
  return { genesis, chainId, engine, verifier, chain: new ChainStore(store) };
}

/** Builds what is stored in `source` anew in `target`. */
function rebuild(source: Store, target: Store): Promise<Rebuilt> {
  const clock = new ManualClock(genesis.time);
  return rebuildChain({ ...partsOver(source), target: new ChainStore(target), clock, onProgress: () => {} });
}

/** Writes the branch into an empty database, as a node that followed it. */
export async function writeChain(branch: Branch, target: Store): Promise<void> {
  const received = new MemoryStore();
  const chain = new ChainStore(received);
  await createChain(chain, genesis, makeGenesisBlock(genesis));
  await storeBlocks(chain, branch.blocks);
  await received.write([rows.tip.put('only', { hash: branch.tip.hash, height: branch.tip.header.height })], 'durable');
  const { finding } = await rebuild(received, target);
  if (finding !== null) throw new Error(`${finding.code}: ${finding.detail}`);
}

/** Everything that a verification finds. */
export async function findAll(source: Store): Promise<readonly Finding[]> {
  const target = new MemoryStore();
  const { head, finding } = await rebuild(source, target);
  if (finding !== null) return [finding];
  const findings: Finding[] = [];
  const tipHeight = head.header.height;
  const order = { ...partsOver(source), source, rebuilt: target, tipHeight, onKind: () => {} };
  for await (const each of compareWithRebuilt(order)) findings.push(each);
  return findings;
}

/** All rows of a database in another one. */
export async function copyOf(store: Store): Promise<MemoryStore> {
  const copy = new MemoryStore();
  const range = { from: Uint8Array.of(1), to: Uint8Array.of(255), limit: 1_000_000, order: 'ascending' } as const;
  await copy.write(await store.range(range), 'durable');
  return copy;
}
