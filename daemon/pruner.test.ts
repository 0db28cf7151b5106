import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toHex } from '../chain/bytes.ts';
import { chainIdOf } from '../chain/genesis.ts';
import { allOf, rows } from '../chain/layout.ts';
import { alice, bob, genesisWith, paramsWith, put } from '../chain/ledger-fixture.suite.ts';
import type { Operation } from '../chain/operation.ts';
import { signTransaction } from '../chain/transaction.ts';
import { Branch, openLedger, rival, storeBlocks, switchBetween, WatchedStore } from './chain-fixture.suite.ts';
import { ChainStore } from './chain-store.ts';
import { settle } from './manual-clock.suite.ts';
import { type OpenedNode, openNode, peerWith } from './node-fixture.suite.ts';
import { Pruner, type Pruning } from './pruner.ts';
import { MemoryStore } from './store/memory-store.ts';
import { serve } from './sync-server.ts';
import { decodeBodies, decodeStatus, encodeRequest } from './wire.ts';

const depth = 5;
const genesis = genesisWith(paramsWith({ undoBlocksMax: depth, safeConfirmations: 2 }), [
  [alice, 1_000n],
  [bob, 500n],
]);
const chainId = chainIdOf(genesis);
const everything = { from: new Uint8Array(0), to: Uint8Array.of(0xff), limit: 1_000_000, order: 'ascending' } as const;
const withHistory: Pruning = { depth, takesHistory: true };
const withoutHistory: Pruning = { depth, takesHistory: false };

/** A branch with a block for each list of operations, all of them alice's. */
function branchOf(blocks: readonly (readonly Operation[])[]): Branch {
  const branch = new Branch(genesis);
  let nonce = 0;
  for (const operations of blocks) {
    const body = { chainId, nonce, fee: 0n, expiresAt: null, memo: new Uint8Array(0), operations };
    branch.grow(operations.length === 0 ? [] : [signTransaction(body, alice.secret)]);
    if (operations.length > 0) nonce += 1;
  }
  return branch;
}

/** Twenty blocks: `k` is written anew in each, `once` in block 2 only, and `gone` is deleted in block 4. */
function twenty(): Branch {
  const remove: Operation = { type: 'delete', key: 'gone' };
  return branchOf(
    Array.from({ length: 20 }, (_, index) => {
      const more = index === 1 ? [put('once', 'for all'), put('gone', 'soon')] : index === 3 ? [remove] : [];
      return [put('k', `value ${index + 1}`), ...more];
    }),
  );
}

async function nodeWith(branch: Branch, pruning: Pruning | null, store = new MemoryStore()): Promise<OpenedNode> {
  const opened = await openNode(store, genesis, pruning);
  opened.network.connect('peer', 1_000_000n, peerWith(branch.blocks));
  await settle('the head', () => opened.node.ledger.head.hashHex === branch.tip.hashHex);
  // What the last step left to be done is found by the next head, or by a start.
  await opened.node.pruner.idle();
  opened.node.pruner.onHead(branch.tip.header.height);
  await opened.node.pruner.idle();
  return opened;
}

async function bytesOf(store: MemoryStore): Promise<number> {
  const all = await store.range(everything);
  return all.reduce((sum, { key, value }) => sum + key.length + value.length, 0);
}

async function allRows(store: MemoryStore): Promise<readonly string[]> {
  return (await store.range(everything)).map(({ key, value }) => `${toHex(key)} ${toHex(value)}`);
}

const local = { kind: 'local' } as const;

/** What every key reads as at a height, or the code of the refusal. */
async function readAll({ node }: OpenedNode, keys: readonly string[], at: number | null) {
  return Promise.all(
    keys.map(async key => {
      const reading = await node.reader.readKey(key, { at, read: local });
      return reading.ok ? { record: reading.value.record, value: reading.value.value } : reading.error.code;
    }),
  );
}

describe('pruning', () => {
  it('takes bodies and receipts below the depth away, and leaves headers, values, proofs and the window', async () => {
    const branch = twenty();
    const [fullStore, prunedStore] = [new MemoryStore(), new MemoryStore()];
    const full = await nodeWith(branch, null, fullStore);
    const pruned = await nodeWith(branch, withoutHistory, prunedStore);
    expect(await bytesOf(prunedStore)).toBeLessThan(0.85 * (await bytesOf(fullStore)));
    expect(await prunedStore.range({ ...everything, ...allOf(rows.body) })).toHaveLength(depth + 1);
    expect(pruned.node.pruner).toMatchObject({ blocksFrom: 16, versionsFrom: 0 });
    expect(await pruned.node.reader.headersFrom(0, 100)).toEqual(await full.node.reader.headersFrom(0, 100));
    for (const key of ['k', 'once', 'gone', 'never']) {
      expect(await pruned.node.reader.prove(key, null)).toEqual(await full.node.reader.prove(key, null));
      expect(await pruned.node.reader.history(key, { before: null, limit: 100 })).toEqual(
        await full.node.reader.history(key, { before: null, limit: 100 }),
      );
    }
    for (let height = 16; height <= 20; height++) {
      expect(await pruned.node.reader.blockByHeight(height)).toEqual(await full.node.reader.blockByHeight(height));
    }
  });

  it('says HEIGHT_UNAVAILABLE for a block and a transaction that are gone, NOT_FOUND for what never was', async () => {
    const branch = twenty();
    const { reader } = (await nodeWith(branch, withoutHistory)).node;
    const gone = branch.blocks[14];
    const refusal = { ok: false, error: { code: 'HEIGHT_UNAVAILABLE', detail: expect.stringContaining('from 16 on') } };
    expect(await reader.blockByHeight(15)).toMatchObject(refusal);
    expect(await reader.blockByHash(gone?.hash ?? new Uint8Array(32))).toMatchObject(refusal);
    expect(await reader.transaction(gone?.transactions[0]?.id ?? new Uint8Array(32))).toMatchObject(refusal);
    expect(await reader.blockByHeight(0)).toMatchObject({ ok: true });
    expect(await reader.blockByHeight(21)).toMatchObject({ ok: false, error: { code: 'NOT_FOUND' } });
    expect(await reader.blockByHash(new Uint8Array(32))).toMatchObject({ ok: false, error: { code: 'NOT_FOUND' } });
  });

  it('serves null for bodies that are gone, and says in the handshake from where on it holds them', async () => {
    const branch = twenty();
    const { node, network } = await nodeWith(branch, withoutHistory);
    const hashes = [15, 16].map(height => branch.hashes[height - 1] ?? new Uint8Array(32));
    const answer = decodeBodies(await serve(node.chain, { type: 'getBodies', hashes }));
    expect(answer.ok && answer.value.map(body => body !== null)).toEqual([false, true]);
    expect(decodeStatus(network.handlers.localStatus())).toMatchObject({ value: { blocksFrom: 16 } });
  });

  it('leaves a node from which a new one syncs with the help of a full one, and not alone', async () => {
    const branch = twenty();
    const [pruned, full] = [await nodeWith(branch, withHistory), await nodeWith(branch, null)];
    const fresh = await openNode(new MemoryStore(), genesis, null);
    const connect = (name: string, { node }: OpenedNode) =>
      fresh.network.connect(name, 1_000_000n, asked => node.sync.answer(encodeRequest(asked)), node.pruner.blocksFrom);
    connect('pruned', pruned);
    await settle('the word', () => fresh.node.sync.unserved === 1);
    expect(fresh.node.engine.view().bestHeader.height).toBe(20);
    connect('full', full);
    await settle('the head', () => fresh.node.ledger.head.hashHex === branch.tip.hashHex);
    expect(fresh.network.penalties).toEqual([]);
  });

  it('with the history, keeps of each key what can be read from the depth up, and refuses what lies below', async () => {
    const branch = twenty();
    const opened = await nodeWith(branch, withHistory);
    const full = await nodeWith(branch, null);
    const keys = ['k', 'once', 'gone'];
    for (let height = 15; height <= 20; height++) {
      expect(await readAll(opened, keys, height)).toEqual(await readAll(full, keys, height));
    }
    expect(await readAll(opened, keys, 14)).toEqual(keys.map(() => 'HEIGHT_UNAVAILABLE'));
    const versions = async (key: string) =>
      (await opened.node.reader.history(key, { before: null, limit: 100 })).map(({ version }) => version);
    expect(await versions('k')).toEqual([20, 19, 18, 17, 16, 15]);
    expect(await versions('once')).toEqual([1]);
    expect(await versions('gone')).toEqual([2]);
    for (const { node } of [opened, full]) {
      expect(await node.reader.prove('k', 14)).toMatchObject({ error: { code: 'HEIGHT_UNAVAILABLE' } });
    }
    expect(await opened.node.reader.prove('k', 15)).toEqual(await full.node.reader.prove('k', 15));
  });

  it('leaves any history readable from the depth up, and keeps at most two versions of a key from below', async () => {
    const keys = ['a', 'b', 'c'];
    const change = fc.record({ key: fc.constantFrom(...keys), act: fc.constantFrom('put', 'delete', 'hand over') });
    const blocks = fc.array(fc.array(change, { maxLength: 4 }), { minLength: depth + 1, maxLength: 14 });
    await fc.assert(
      fc.asyncProperty(blocks, async changes => {
        const branch = branchOf(changes.map(block => block.flatMap(operationsOf)));
        const pruned = await nodeWith(branch, withHistory);
        const full = await nodeWith(branch, null);
        const floor = branch.blocks.length - depth;
        for (let height = floor; height <= branch.blocks.length; height++) {
          expect(await readAll(pruned, keys, height)).toEqual(await readAll(full, keys, height));
        }
        for (const key of keys) {
          const versions = await pruned.node.reader.history(key, { before: null, limit: 1_000 });
          expect(versions.filter(({ height }) => height <= floor).length).toBeLessThanOrEqual(2);
        }
      }),
      { numRuns: 10 },
    );
  });

  it('leaves a reorg of the whole undo window possible', async () => {
    const { store, chain, writer } = await openLedger(new MemoryStore(), genesis);
    const branch = twenty();
    await storeBlocks(chain, branch.blocks);
    await writer.switchTo(switchBetween(new Branch(genesis), branch, 0));
    const pruner = await Pruner.open({ genesis, chain, pruning: withHistory, onFault: failed });
    pruner.onHead(20);
    await pruner.idle();
    const other = branch.fork(20 - depth);
    other.extend(depth + 1, { producer: rival });
    await storeBlocks(chain, other.blocks.slice(20 - depth));
    const outcome = await writer.switchTo(switchBetween(branch, other, 20 - depth));
    expect(outcome).toMatchObject({ tip: other.tip.hash, invalid: null });
    expect(await new ChainStore(store).version('k', 15)).not.toBeNull();
  });

  it('takes the bodies of other branches away too', async () => {
    const { chain, writer } = await openLedger(new MemoryStore(), genesis);
    const branch = twenty();
    const fork = branch.fork(3).grow([], { producer: rival });
    await storeBlocks(chain, [...branch.blocks, fork]);
    await writer.switchTo(switchBetween(new Branch(genesis), branch, 0));
    const pruner = await Pruner.open({ genesis, chain, pruning: withoutHistory, onFault: failed });
    pruner.onHead(20);
    await pruner.idle();
    expect(await chain.bodyBytes(fork.hash)).toBeNull();
    expect(await chain.header(fork.hash)).not.toBeNull();
  });

  it('killed before any of its writes, goes on from there and leaves the same database', async () => {
    // Versions enough for several batches.
    const often = Array.from({ length: 500 }, (_, index) => put('often', `${index}`));
    const branch = branchOf([...Array.from({ length: 3 }, () => [put('k', 'v'), ...often]), ...Array(depth).fill([])]);
    const grown = await openLedger(new MemoryStore(), genesis);
    await storeBlocks(grown.chain, branch.blocks);
    await grown.writer.switchTo(switchBetween(new Branch(genesis), branch, 0));
    const before = await grown.store.range(everything);
    const prune = async (store: WatchedStore) => {
      const faults: unknown[] = [];
      const chain = new ChainStore(store);
      const onFault = (error: unknown) => faults.push(error);
      const pruner = await Pruner.open({ genesis, chain, pruning: withHistory, onFault });
      pruner.onHead(3 + depth);
      await pruner.idle();
      return faults.length;
    };
    const copyOf = async () => {
      const store = new WatchedStore();
      await store.inner.write(before, 'durable');
      return store;
    };
    const whole = await copyOf();
    expect(await prune(whole)).toBe(0);
    const expected = await allRows(whole.inner);
    const writes = whole.writes;
    expect(writes).toBeGreaterThan(2);
    for (let killed = 1; killed <= writes; killed++) {
      const store = await copyOf();
      store.beforeWrite = async () => {
        if (store.writes >= killed) throw new Error('killed');
      };
      expect(await prune(store)).toBe(1);
      store.beforeWrite = async () => {};
      expect(await prune(store)).toBe(0);
      expect(await allRows(store.inner)).toEqual(expected);
    }
  });

  it('gives back the space after a long run, not after a short one, and stops in between', async () => {
    const run = async (blocks: number, partsMax: number) => {
      let parts = 0;
      const compact = async () => {
        parts += 1;
        if (parts === partsMax) void pruner.stop(); // it ends with the part under way, which waits for this answer
      };
      const chain = new ChainStore(Object.assign(new MemoryStore(), { compact }));
      const pruner = await Pruner.open({ genesis, chain, pruning: withHistory, onFault: failed });
      pruner.onHead(blocks + depth);
      await pruner.idle();
      return parts;
    };
    expect(await run(999, 100)).toBe(0);
    expect(await run(1_000, 100)).toBe(48);
    expect(await run(1_000, 20)).toBe(20);
  });

  it('refuses a depth within the undo window', async () => {
    const opening = openNode(new MemoryStore(), genesis, { depth: depth - 1, takesHistory: false });
    await expect(opening).rejects.toMatchObject({ code: 'BAD_CONFIG', message: expect.stringContaining('at least 5') });
  });
});

function failed(error: unknown): never {
  throw error;
}

/** A delete or a transferKey of a key that has no value would fail with all of its transaction, so a put comes before. */
function operationsOf({ key, act }: { readonly key: string; readonly act: string }): readonly Operation[] {
  const first = put(key, act);
  if (act === 'put') return [first];
  return [first, act === 'delete' ? { type: 'delete', key } : { type: 'transferKey', key, to: alice.address }];
}
