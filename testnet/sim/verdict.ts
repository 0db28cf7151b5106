/**
 * What must hold when a story has ended: every disk holds the same chain, its state is the fold of that chain (A-I3), and of each
 * submission exactly one transaction is in it, once (A-I7). It reads the disks as a node that starts would.
 */
import type { Block } from '../../chain/block.ts';
import { toHex } from '../../chain/bytes.ts';
import type { Genesis } from '../../chain/genesis.ts';
import { allOf, rows } from '../../chain/layout.ts';
import { withAllRules } from '../../chain/rules.ts';
import { ChainStore, expectRow } from '../../daemon/chain-store.ts';
import type { Store } from '../../daemon/ports.ts';
import type { Submission } from './checks.ts';
import { type Replayed, replay } from './replay.ts';

export interface Verdict {
  readonly height: number;
  readonly headHex: string;
  readonly rootHex: string;
  readonly transactions: number;
}

const rowsMax = 1_000_000;

/** Throws an Error with the first thing that does not hold. Transactions `ofAttackers` may be in it. */
export async function judge(
  genesis: Genesis,
  stores: ReadonlyMap<string, Store>,
  submissions: readonly Submission[],
  ofAttackers: ReadonlySet<string> = new Set(),
): Promise<Verdict> {
  let found: { readonly blocks: readonly Block[]; readonly replayed: Replayed; readonly headHex: string } | null = null;
  for (const [name, store] of stores) {
    const blocks = await chainOf(store);
    const headHex = blocks.at(-1)?.hashHex ?? '';
    found ??= { blocks, replayed: withAllRules(() => replay(genesis, blocks)), headHex };
    if (headHex !== found.headHex) throw new Error(`A-I5: ${name} ends at ${headHex}, another at ${found.headHex}`);
    await compareState(name, store, found.replayed);
  }
  if (found === null) throw new Error('there is no disk to judge');
  checkInclusion(found.blocks, submissions, ofAttackers);
  const { blocks, replayed, headHex } = found;
  const transactions = blocks.reduce((sum, block) => sum + block.transactions.length, 0);
  return { height: blocks.length, headHex, rootHex: toHex(replayed.root), transactions };
}

/** Blocks 1 to the tip, as the store has them; `elsewhere` may give those whose bodies it does not keep. */
export async function chainOf(
  store: Store,
  elsewhere: (hash: Uint8Array) => Promise<Block | null> = async () => null,
): Promise<readonly Block[]> {
  const chain = new ChainStore(store);
  const tip = expectRow(await chain.tip(), 'tip');
  const blocks: Block[] = [];
  for (let height = 1; height <= tip.height; height++) {
    const hash = expectRow(await chain.canonicalHash(height), `canonical block ${height}`);
    blocks.push(expectRow((await chain.block(hash)) ?? (await elsewhere(hash)), `block ${height}`));
  }
  return blocks;
}

/** Compares every record of the state with the replayed one. Throws an Error that says what differs. */
export async function compareState(name: string, store: Store, { records }: Replayed): Promise<void> {
  const stored = await store.range({ ...allOf(rows.state), limit: rowsMax, order: 'ascending' });
  const held = new Map(
    stored.map(row => [toHex(rows.state.placeOf(row.key)), toHex(rows.state.decode(row.value))] as const),
  );
  for (const [stateKey, record] of records) {
    if (held.get(stateKey) !== record) throw new Error(`A-I3: ${name} holds another record of state key ${stateKey}`);
  }
  if (held.size !== records.size) throw new Error(`A-I3: ${name} holds ${held.size} records, not ${records.size}`);
}

function checkInclusion(
  blocks: readonly Block[],
  submissions: readonly Submission[],
  ofAttackers: ReadonlySet<string>,
): void {
  const included = new Map<string, number>();
  for (const { idHex } of blocks.flatMap(({ transactions }) => transactions)) {
    included.set(idHex, (included.get(idHex) ?? 0) + 1);
  }
  for (const { idHexes } of submissions) {
    const times = idHexes.reduce((sum, idHex) => sum + (included.get(idHex) ?? 0), 0);
    if (times !== 1) throw new Error(`A-I7: of the transactions ${idHexes.join(', ')} ${times} are included, not one`);
  }
  const submitted = new Set(submissions.flatMap(({ idHexes }) => idHexes));
  const stranger = [...included.keys()].find(idHex => !submitted.has(idHex) && !ofAttackers.has(idHex));
  if (stranger !== undefined) throw new Error(`A-I7: nobody sent transaction ${stranger}, which is included`);
}
