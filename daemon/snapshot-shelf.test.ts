import { describe, expect, it } from 'vitest';
import { toHex, toUtf8 } from '../chain/bytes.ts';
import { chainIdOf } from '../chain/genesis.ts';
import { rows } from '../chain/layout.ts';
import { alice, put } from '../chain/ledger-fixture.suite.ts';
import type { Operation } from '../chain/operation.ts';
import { checkPart, childPrefix, type SnapshotLeaf, type SnapshotPart } from '../chain/snapshot.ts';
import { keyStateKey, pathOf } from '../chain/state.ts';
import { signTransaction } from '../chain/transaction.ts';
import { Branch, openLedger, rival, storeBlocks, switchBetween } from './chain-fixture.suite.ts';
import { grownBranch, snapshotGenesis } from './snapshot-fixture.suite.ts';
import { SnapshotShelf, snapshotDepth, snapshotInterval, snapshotLimits } from './snapshot-shelf.ts';
import { decodeOffers, decodeParts, snapshotWireLimits } from './snapshot-wire.ts';

/** A ledger whose head is put on the shelf after each block, if it is time for it. `stateSize`: what its tree says to hold, if not the truth. */
async function shelved(stateSize?: number) {
  const { chain, writer } = await openLedger(undefined, snapshotGenesis);
  const tree = stateSize === undefined ? writer : { stateSize, subtrees: (depth: number) => writer.subtrees(depth) };
  const faults: unknown[] = [];
  const shelf = new SnapshotShelf({
    genesis: snapshotGenesis,
    chain,
    tree,
    onFault: error => faults.push(error),
  });
  let at = new Branch(snapshotGenesis);
  const follow = async (branch: Branch, common = at.blocks.length) => {
    await storeBlocks(chain, branch.blocks.slice(common));
    let from = at;
    for (let height = common + 1; height <= branch.blocks.length; height++) {
      const to = branch.fork(height);
      await writer.switchTo(switchBetween(from, to, Math.min(common, from.blocks.length, height - 1)));
      shelf.onHead(writer.head);
      from = to;
      common = height;
    }
    at = branch;
  };
  const offers = async () => {
    const answer = decodeOffers(await shelf.answer({ type: 'getSnapshots' }));
    if (!answer.ok) throw new Error(answer.error.detail);
    return answer.value;
  };
  const state = async (block: Uint8Array, prefixes: readonly string[]) => {
    const answer = decodeParts(await shelf.answer({ type: 'getState', block, prefixes }));
    if (!answer.ok) throw new Error(answer.error.detail);
    return answer.value;
  };
  return { shelf, chain, follow, offers, state, faults, writer };
}

type Shelved = Awaited<ReturnType<typeof shelved>>;

/** All leaves of a state, part by part, each checked. */
async function walk({ state }: Shelved, { hash, header }: Branch['tip']): Promise<readonly SnapshotLeaf[]> {
  const leaves: SnapshotLeaf[] = [];
  const wanted = [{ prefix: '', hash: header.stateRoot }];
  for (let next = wanted.pop(); next !== undefined; next = wanted.pop()) {
    const [part] = await state(hash, [next.prefix]);
    if (part === undefined) throw new Error('there is one part');
    const checked = checkPart(part, next.prefix, next.hash);
    if (!checked.ok) throw new Error(checked.error.detail);
    if (checked.value.type === 'leaves') leaves.push(...checked.value.leaves);
    else {
      for (const [place, child] of checked.value.children.entries()) {
        if (child !== null) wanted.push({ prefix: childPrefix(next.prefix, place), hash: child.hash });
      }
    }
  }
  return leaves;
}

function branchWith(perBlock: readonly (readonly Operation[])[]): Branch {
  const branch = new Branch(snapshotGenesis);
  const chainId = chainIdOf(snapshotGenesis);
  for (const [nonce, operations] of perBlock.entries()) {
    const body = { chainId, nonce, fee: 0n, expiresAt: null, memo: new Uint8Array(0), operations };
    branch.grow([signTransaction(body, alice.secret)]);
  }
  return branch;
}

const { params } = snapshotGenesis.schedule[0] ?? { params: null };
if (params === null) throw new Error('a genesis has parameters');
const interval = snapshotInterval(params);

describe('snapshots', () => {
  it('are taken at the same heights by all nodes, and the oldest go', async () => {
    const at = await shelved();
    const branch = new Branch(snapshotGenesis);
    branch.extend(interval * (snapshotLimits.kept + 2) + 1);
    await at.follow(branch);
    const heights = (await at.offers()).map(({ height }) => height);
    expect(heights).toEqual([8, 7, 6, 5, 4, 3].map(place => place * interval));
    const gone = branch.blocks[interval - 1]?.hash ?? new Uint8Array(32);
    await expect(at.state(gone, [''])).rejects.toMatchObject({ code: 'HEIGHT_UNAVAILABLE' });
    expect(at.faults).toEqual([]);
  });

  it('are settled deeper than any reorg that a node carries out, or 128 blocks', () => {
    expect(snapshotDepth({ ...params, undoBlocksMax: 10_000, safeConfirmations: 6 })).toBe(128);
    expect(snapshotDepth({ ...params, undoBlocksMax: 10_000, safeConfirmations: 500 })).toBe(500);
    expect(snapshotDepth({ ...params, undoBlocksMax: 30, safeConfirmations: 6 })).toBe(30);
    expect(snapshotInterval({ ...params, undoBlocksMax: 1, safeConfirmations: 1 })).toBe(1);
  });

  it('stay as they were while the ledger goes on, also on another branch', async () => {
    const at = await shelved();
    const branch = grownBranch();
    const first = branch.fork(6);
    await at.follow(first);
    const before = await walk(at, first.tip);
    const side = branch.fork(4);
    side.extend(5, { producer: rival });
    await at.follow(side, 4);
    const after = await at.state(first.tip.hash, ['']).catch((error: unknown) => error);
    // Block 6 of the side branch took the place of that of the first.
    expect(after).toMatchObject({ code: 'HEIGHT_UNAVAILABLE' });
    const kept = branch.fork(3);
    const values = (await walk(at, kept.tip)).map(({ value }) => value && toHex(value));
    expect(values).toContain(toHex(toUtf8('value 3')));
    expect(values).not.toContain(toHex(toUtf8('value 4')));
    expect(before.length).toBeGreaterThan(40);
  });

  it('come in one part as long as that is small, and in more when the values are large or the leaves many', async () => {
    const large = (index: number): Operation => ({
      type: 'put',
      key: `large/${index}`,
      value: new Uint8Array(60_000).fill(index),
      contentType: '',
      expectedVersion: null,
    });
    const many = Array.from({ length: 1_000 }, (_, index) => put(`many/${index}`, 'v'));
    const others = Array.from({ length: 200 }, (_, index) => put(`others/${index}`, 'v'));
    const some = Array.from({ length: 20 }, (_, index) => large(index));
    const branch = branchWith([[put('a', 'b')], ...some.map(one => [one]), many, others, [put('last', 'one')]]);
    while (branch.blocks.length % interval !== 0) branch.grow();
    const at = await shelved();
    await at.follow(branch);
    const [root] = await at.state(branch.tip.hash, ['']);
    expect(root?.type).toBe('split');
    const leaves = await walk(at, branch.tip);
    expect(leaves).toHaveLength(at.writer.stateSize);
    expect(leaves.filter(({ value }) => value?.length === 60_000)).toHaveLength(20);
    // A state of few entries that are small is whole in its first part.
    const little = await shelved();
    await little.follow(branchWith([[put('a', 'b')], [], []]));
    const [block] = await little.offers();
    const [whole] = await little.state(block?.hash ?? new Uint8Array(32), ['']);
    expect(whole?.type).toBe('leaves');
  });

  it('are computed from the rows where more leaves share a prefix than its length lets expect', async () => {
    const many = (from: number) => Array.from({ length: 700 }, (_, index) => put(`many/${from + index}`, 'v'));
    const branch = branchWith([many(0), many(700), [put('last', 'one')]]);
    // No hash but the root's is kept, as if all these had been chosen to stand under one prefix.
    const at = await shelved(1);
    await at.follow(branch);
    const [root] = await at.state(branch.tip.hash, ['']);
    expect(root?.type).toBe('split');
    expect(await walk(at, branch.tip)).toHaveLength(at.writer.stateSize);
  });

  it('are not given by a database that lacks a row of them', async () => {
    const at = await shelved();
    const branch = branchWith([[put('a', 'b')], [], []]);
    await at.follow(branch.fork(2));
    await at.chain.write([rows.stateKey.remove(pathOf(keyStateKey('a')))], 'lazy', 'ledger-step');
    await at.follow(branch, 2);
    await expect(at.state(branch.tip.hash, [''])).rejects.toMatchObject({ code: 'HEIGHT_UNAVAILABLE' });
  });

  it('P10: are answered in bounded parts: the list ends early, after at least one', async () => {
    const large = Array.from({ length: 30 }, (_, index): readonly Operation[] => [
      { type: 'put', key: `large/${index}`, value: new Uint8Array(60_000), contentType: '', expectedVersion: null },
    ]);
    const branch = branchWith(large);
    const at = await shelved();
    await at.follow(branch);
    const prefixes = Array.from({ length: snapshotWireLimits.prefixesMax }, (_, place) => (place % 16).toString(16));
    const parts: readonly SnapshotPart[] = await at.state(branch.tip.hash, prefixes);
    expect(parts.length).toBeGreaterThan(0);
    expect(parts.length).toBeLessThan(prefixes.length);
    const bytes = await at.shelf.answer({ type: 'getState', block: branch.tip.hash, prefixes });
    expect(bytes.length).toBeLessThanOrEqual(snapshotWireLimits.answerBytesMax);
    expect(await at.state(branch.tip.hash, [])).toEqual([]);
  });

  it('are let go when the node stops', async () => {
    const at = await shelved();
    const branch = new Branch(snapshotGenesis);
    branch.extend(interval);
    await at.follow(branch);
    await at.shelf.stop();
    expect(await at.offers()).toEqual([]);
    await expect(at.state(branch.tip.hash, [''])).rejects.toMatchObject({ code: 'HEIGHT_UNAVAILABLE' });
  });
});
