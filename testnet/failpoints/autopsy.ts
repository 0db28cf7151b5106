/**
 * What a killed daemon left on its disk, looked at in a copy, so that the daemon finds it as it was: the state must equal a replay of
 * the blocks from the genesis, and no acknowledged put may be missing.
 */
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Block } from '../../chain/block.ts';
import { equalBytes, toUtf8 } from '../../chain/bytes.ts';
import type { Genesis } from '../../chain/genesis.ts';
import { ChainStore } from '../../daemon/chain-store.ts';
import { openLevelStore } from '../../daemon/store/level-store.ts';
import { replay } from '../sim/replay.ts';
import { chainOf, compareState } from '../sim/verdict.ts';

export interface Remains {
  readonly dataDir: string;
  readonly genesis: Genesis;
  /** Keys, each put once, and their values. */
  readonly acknowledged: ReadonlyMap<string, string>;
  /** Blocks whose bodies were pruned, from someone who keeps all; null when there is none. */
  readonly prunedBlock: (hash: Uint8Array) => Promise<Block | null>;
}

/**
 * Gives the acknowledged keys that are lost: neither in the state with their value, nor, after a reorg undid them, among the
 * transactions that the store owes to the mempool. Throws an Error when the state is not what the blocks give.
 */
export async function findLost({ dataDir, genesis, acknowledged, prunedBlock }: Remains): Promise<readonly string[]> {
  const copy = join(dataDir, 'autopsy');
  await rm(copy, { recursive: true, force: true });
  await cp(join(dataDir, 'chain'), copy, { recursive: true });
  const store = await openLevelStore({ folder: copy, chainIdHex: null });
  try {
    const chain = new ChainStore(store);
    if ((await chain.tip()) === null) return [...acknowledged.keys()];
    await compareState(dataDir, store, replay(genesis, await chainOf(store, prunedBlock)));
    const owed = await owedPuts(chain);
    const lost: string[] = [];
    for (const [key, value] of acknowledged) {
      const isThere = (await isStored(chain, key, value)) || owed.has(key);
      if (!isThere) lost.push(key);
    }
    return lost;
  } finally {
    await store.close();
    await rm(copy, { recursive: true });
  }
}

async function isStored(chain: ChainStore, key: string, value: string): Promise<boolean> {
  const record = await chain.keyRecord(key);
  const entry = record && (await chain.version(key, record.version));
  return entry !== null && entry.value !== null && equalBytes(entry.value, toUtf8(value));
}

/** Keys that transactions of undone blocks, or of the stored mempool, put. */
async function owedPuts(chain: ChainStore): Promise<ReadonlySet<string>> {
  const { transactions } = await chain.journal();
  const operations = transactions.flatMap(({ body }) => body.operations);
  return new Set(operations.flatMap(operation => (operation.type === 'put' ? [operation.key] : [])));
}
