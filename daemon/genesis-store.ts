/** The first batch of an empty database: block 0, and the state that the genesis gives. */
import { genesisWrites } from '../chain/batches.ts';
import type { SealedHeader } from '../chain/block.ts';
import type { Genesis } from '../chain/genesis.ts';
import { genesisChanges } from '../chain/genesis-block.ts';
import { merkleRoot } from '../chain/merkle.ts';
import type { ChainStore } from './chain-store.ts';

/** Block 0 is derived from the genesis by every node, so the engine need not keep a record of it. */
const noTreeRecord = new Uint8Array(0);

export async function createChain(chain: ChainStore, genesis: Genesis, sealed: SealedHeader): Promise<void> {
  const applied = { receipts: [], changes: genesisChanges(genesis), history: [], receiptsRoot: merkleRoot([]) };
  await chain.write(genesisWrites({ ...sealed, transactions: [] }, applied, noTreeRecord), 'durable', 'genesis');
}
