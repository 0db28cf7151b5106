/**
 * Recovery: the tree from the stored blocks, the tip from the ledger. There are no records: proof of work promises nothing to anybody,
 * so whatever prefix of the blocks survived a crash is a state from which the engine may go on.
 */
import type { SealedHeader } from '../../chain/block.ts';
import { BlockTree, type Derived } from '../../chain/block-tree.ts';
import { toHex } from '../../chain/bytes.ts';
import { KvchainError } from '../../chain/errors.ts';
import { paramsAt } from '../../chain/genesis.ts';
import type { EngineContext, Recovery, TreeRow } from '../engine.ts';
import { Random } from '../random.ts';
import { findBest } from './fork-choice.ts';
import { Deferred } from './future.ts';
import { checkContext } from './header-rules.ts';
import { pointOf } from './headers.ts';
import { Orphans } from './orphans.ts';
import { Presync } from './presync.ts';
import { RelayCounts } from './relay-counts.ts';
import type { PowState } from './state.ts';
import { decodeTreeRecord } from './tree-record.ts';

/**
 * The engine's state over stored blocks and the applied tip. Rows that do not connect to the tip's branch, or no longer follow the
 * rules, are dropped. Throws DATABASE_DAMAGED when the applied tip itself is not among the blocks.
 */
export function recover(context: EngineContext, recovery: Recovery<never>): PowState {
  const rows = new Map<string, TreeRow>();
  for (const row of recovery.tree) rows.set(row.sealed.hashHex, row);
  const root = findRoot(context, rows, recovery.applied);
  const tree = new BlockTree(root.sealed, root.derived);
  for (const row of rows.values()) insertRow(context, tree, row);
  const head = tree.get(toHex(recovery.applied));
  if (head === null) throw damaged(recovery.applied);
  const random = new Random(context.seed);
  const state: PowState = {
    genesis: context.genesis,
    params: paramsAt(context.genesis, 0),
    tree,
    orphans: new Orphans(random),
    deferred: new Deferred(),
    presync: new Presync(),
    relayCounts: new RelayCounts(),
    random,
    floor: recovery.floor,
    head,
    bestHeader: head,
    candidate: head,
    switchingTo: null,
    wanted: new Set(),
    paused: new Set(),
    askedAt: new Map(),
    miningOn: null,
    final: null,
    awaited: null,
    pursued: [],
    heavierTold: null,
    isHalted: false,
  };
  findBest(state);
  return state;
}

/** The lowest stored block under the applied tip; the genesis when the rows reach down to it. */
function findRoot(context: EngineContext, rows: ReadonlyMap<string, TreeRow>, applied: Uint8Array) {
  const genesis = context.genesisHeader;
  let key = toHex(applied);
  let lowest: TreeRow | null = null;
  for (let row = rows.get(key); row !== undefined && key !== genesis.hashHex; row = rows.get(key)) {
    lowest = row;
    key = toHex(row.sealed.header.parent);
  }
  if (key === genesis.hashHex) return { sealed: genesis, derived: { work: 0n, steps: 0 } };
  if (lowest === null) throw damaged(applied);
  return { sealed: lowest.sealed, derived: decodeFloor(lowest) };
}

function decodeFloor({ sealed, record }: TreeRow): Derived {
  const derived = decodeTreeRecord(record);
  if (derived.ok) return derived.value;
  throw new KvchainError('DATABASE_DAMAGED', `tree record of block ${sealed.hashHex}: ${derived.error.detail}`);
}

function insertRow(context: EngineContext, tree: BlockTree, row: TreeRow): void {
  const { sealed } = row;
  const parent = tree.get(toHex(sealed.header.parent));
  if (parent === null || tree.get(sealed.hashHex) !== null) return;
  const rules = {
    params: paramsAt(context.genesis, 0),
    driftMs: paramsAt(context.genesis, sealed.header.height).maxDriftMs,
  };
  const derived = checkContext(sealed, pointOf(parent), rules);
  if (!derived.ok) return;
  const entry = tree.insert(sealed, derived.value);
  tree.addBody(entry);
  if (row.isInvalid) tree.markInvalid(entry);
}

function damaged(applied: Uint8Array): KvchainError {
  return new KvchainError('DATABASE_DAMAGED', `the applied tip ${toHex(applied)} is not among the stored blocks`);
}

/** The sealed header of a key, for those who ask by hash. */
export function sealedAt(state: PowState, hash: Uint8Array): SealedHeader | null {
  return state.tree.get(toHex(hash))?.sealed ?? null;
}
