/**
 * Builds the chain of one database anew in another, empty one: every stored block is checked as a peer's would be, executed by the
 * ledger's only writer, and its rows are written. What is found in the other database then follows from the genesis and the blocks
 * alone; so it is the repair of the first, or what the first is compared with.
 */
import type { SealedHeader } from '../chain/block.ts';
import { toHex } from '../chain/bytes.ts';
import { errorRow, KvchainError } from '../chain/errors.ts';
import { makeGenesisBlock } from '../chain/genesis-block.ts';
import {
  type AuditedBlock,
  type AuditParts,
  type AuditPoint,
  auditBlocks,
  type Finding,
  findingOf,
  readable,
} from './chain-audit.ts';
import type { ChainStore } from './chain-store.ts';
import { createChain } from './genesis-store.ts';
import { stepLimits } from './ledger-step.ts';
import { LedgerWriter } from './ledger-writer.ts';
import type { Clock } from './ports.ts';

export interface RebuildOrder extends AuditParts {
  /** An empty database. */
  readonly target: ChainStore;
  readonly clock: Clock;
  /** Told after every few blocks: the height reached, and the height of the stored tip, where it can be read. */
  readonly onProgress: (height: number, of: number | null) => void;
}

export interface Rebuilt {
  /** Where the new database stands. */
  readonly head: SealedHeader;
  /** Height of the old database's tip, or null when it cannot be read. */
  readonly tipHeight: number | null;
  /** Why it does not go further, or null when all stored blocks are good. */
  readonly finding: Finding | null;
}

/** Goes up to the stored tip, or to the last good block. Errors: BAD_GENESIS, DISK_FAILED, HEIGHT_UNAVAILABLE (a pruned database). */
export async function rebuildChain(order: RebuildOrder): Promise<Rebuilt> {
  const { genesis, chain, target, clock } = order;
  const genesisHeader = makeGenesisBlock(genesis);
  await createChain(target, genesis, genesisHeader);
  const ledger = await LedgerWriter.open({
    genesis,
    chain: target,
    clock,
    durability: 'durable',
    onStep: async () => {},
  });
  const pruned = (await readable(chain.pruned()))?.blocks ?? 0;
  if (pruned > 0) {
    const advice = 'restore a backup, or move the folder away and fetch the chain again';
    throw new KvchainError(
      'HEIGHT_UNAVAILABLE',
      `the bodies up to height ${pruned} were pruned, so nothing can be executed anew; ${advice}`,
    );
  }
  const tipHeight = (await readable(chain.tip()))?.height ?? null;
  let point: AuditPoint = { block: genesisHeader, derived: { work: 0n, steps: 0 } };
  for (;;) {
    const { height } = ledger.head.header;
    order.onProgress(height, tipHeight);
    const limit = Math.min(stepLimits.blocks, (tipHeight ?? Number.MAX_SAFE_INTEGER) - height);
    const { blocks, finding } = await auditBlocks(order, point, limit);
    const refused = await append(ledger, target, blocks);
    const last = blocks.at(-1);
    const found = refused ?? finding ?? (last === undefined ? endOf(height, tipHeight) : null);
    if (found !== null || last === undefined) return { head: ledger.head, tipHeight, finding: found };
    point = last;
  }
}

/** Stores the blocks and makes them canonical. The finding is that of a block which executing showed to be invalid. */
async function append(
  ledger: LedgerWriter,
  target: ChainStore,
  blocks: readonly AuditedBlock[],
): Promise<Finding | null> {
  for (const { block, record } of blocks)
    await target.putBlock(block, record, { name: 'peer-block', durability: 'lazy' });
  const { invalid } = await ledger.switchTo({
    ancestor: ledger.head.hash,
    undo: [],
    apply: blocks.map(({ block }) => block.hash),
  });
  if (invalid === null) return null;
  const block = blocks.find(candidate => candidate.block.hashHex === toHex(invalid.hash))?.block;
  if (block === undefined) throw new KvchainError('INTERNAL', `block ${toHex(invalid.hash)} is none of those to apply`);
  return findingOf(block, invalid.code, errorRow(invalid.code).meaning);
}

/** No block is stored above `height`: right at the tip, and nowhere else. */
function endOf(height: number, tipHeight: number | null): Finding | null {
  if (tipHeight === null || height >= tipHeight) return null;
  const detail = `no block of height ${height + 1} is stored, and the tip is at ${tipHeight}`;
  return { height: height + 1, row: 'canonical', key: '', code: 'DATABASE_DAMAGED', detail };
}
