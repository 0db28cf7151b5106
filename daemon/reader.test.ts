import { describe, expect, it } from 'vitest';
import { fromUtf8, toHex } from '../chain/bytes.ts';
import { encode } from '../chain/codec.ts';
import { sha256 } from '../chain/hash.ts';
import { rows } from '../chain/layout.ts';
import { actor, alice, bob, put } from '../chain/ledger-fixture.suite.ts';
import type { RemovalReason } from '../chain/mempool-queues.ts';
import type { Operation } from '../chain/operation.ts';
import { keyRecordCodec, keyStateKey, pathOf } from '../chain/state.ts';
import { verifyStateProof } from '../chain/state-tree-proof.ts';
import { Branch, rival, signed, storeBlocks, switchBetween, WatchedStore } from './chain-fixture.suite.ts';
import { proofDepthMax } from './ledger-writer.ts';
import { quiet, settle } from './manual-clock.suite.ts';
import type { ReadMode, ScanReading } from './node-api.ts';
import { openNode, peerWith } from './node-fixture.suite.ts';
import { NodeService } from './node-service.ts';

const local: ReadMode = { kind: 'local' };

/** A node that follows a branch of the given operations, one block each (null: an empty block), and then `more` empty ones. */
async function nodeWith(history: readonly (Operation | null)[], more = 0) {
  const branch = new Branch();
  let nonce = 0;
  for (const operation of history) {
    if (operation === null) branch.grow();
    else branch.grow([signed(alice, [operation], { nonce: nonce++ })]);
  }
  branch.extend(more);
  const opened = await openNode();
  await follow(opened, branch);
  return { ...opened, branch };
}

/** Lets the node take a branch from a peer. */
async function follow({ node, network }: Awaited<ReturnType<typeof openNode>>, branch: Branch): Promise<void> {
  network.connect(`peer ${branch.tip.hashHex}`, 1_000_000n, peerWith(branch.blocks));
  await settle('the head', () => node.ledger.head.hashHex === branch.tip.hashHex);
}

const remove: Operation = { type: 'delete', key: 'k' };
const handOver: Operation = { type: 'transferKey', key: 'k', to: bob.address };

describe('a key', () => {
  it('is read as it stood at each height, through puts, hand-overs and deletes', async () => {
    const { node } = await nodeWith([null, put('k', 'one'), put('k', 'two'), null, handOver]);
    const at = async (height: number | null) => {
      const reading = await node.reader.readKey('k', { at: height, read: local });
      if (!reading.ok) return reading.error.code;
      const { record, value } = reading.value;
      const owner = record && (toHex(record.owner) === toHex(bob.address) ? 'bob' : 'alice');
      return [record?.version ?? null, value && fromUtf8(value), owner];
    };
    expect(await at(0)).toEqual([null, null, null]);
    expect(await at(1)).toEqual([null, null, null]);
    expect(await at(2)).toEqual([1, 'one', 'alice']);
    expect(await at(3)).toEqual([2, 'two', 'alice']);
    expect(await at(4)).toEqual([2, 'two', 'alice']);
    expect(await at(5)).toEqual([3, 'two', 'bob']);
    expect(await at(null)).toEqual([3, 'two', 'bob']);
    expect(await at(6)).toBe('HEIGHT_UNAVAILABLE');
  });

  it('that was deleted has a record without a value, also in the past', async () => {
    const { node } = await nodeWith([put('k', 'one'), remove, put('k', 'again')]);
    const deleted = await node.reader.readKey('k', { at: 2, read: local });
    expect(deleted).toMatchObject({ ok: true, value: { value: null, record: { version: 2, valueHash: null } } });
    const again = await node.reader.readKey('k', { at: null, read: local });
    expect(again).toMatchObject({ ok: true, value: { record: { version: 3 } } });
  });

  it('is read at a height far back in a long history', async () => {
    const writes = Array.from({ length: 150 }, (_, index) => put('k', `value ${index}`));
    const { node } = await nodeWith(writes);
    for (const at of [1, 2, 3, 75, 148, 149, 150]) {
      const reading = await node.reader.readKey('k', { at, read: local });
      expect(reading.ok && fromUtf8(reading.value.value ?? new Uint8Array(0))).toBe(`value ${at - 1}`);
    }
  });

  it('counts the confirmations of the block that wrote it, the head as 1, and is safe from 6 on', async () => {
    const { node } = await nodeWith([put('safe', 'x'), put('young', 'x')], 4);
    const certainty = async (key: string) => {
      const reading = await node.reader.readKey(key, { at: null, read: local });
      return reading.ok && [reading.value.confirmations, reading.value.finality];
    };
    expect(await certainty('safe')).toEqual([6, 'safe']);
    expect(await certainty('young')).toEqual([5, 'included']);
    expect(await certainty('absent')).toEqual([0, 'pending']);
  });

  it('is read where it has as many confirmations as the reader wants', async () => {
    const { node } = await nodeWith([put('k', 'old'), put('k', 'new')]);
    const read = async (confirmations: number) => {
      const reading = await node.reader.readKey('k', { at: null, read: { kind: 'confirmed', confirmations } });
      return reading.ok && reading.value.value && fromUtf8(reading.value.value);
    };
    expect(await read(1)).toBe('new');
    expect(await read(2)).toBe('old');
    expect(await read(3)).toBeNull();
    expect(await read(50)).toBeNull();
  });

  it.each(['final', 'linearizable'] as const)(
    'cannot be read %s with proof of work, and that is said at once',
    async kind => {
      const { node } = await nodeWith([put('k', 'v')]);
      const reading = await node.reader.readKey('k', { at: null, read: { kind } });
      expect(reading).toMatchObject({ ok: false, error: { code: 'FINALITY_UNAVAILABLE' } });
    },
  );
});

describe('a scan', () => {
  it('gives the keys with values in their order and passes over the deleted ones, whatever the page', async () => {
    const names = ['a/1', 'a/2', 'a/3', 'a/4', 'a/5', 'b/1'];
    const gone: Operation[] = ['a/1', 'a/3', 'a/4'].map(key => ({ type: 'delete', key }));
    const { node } = await nodeWith([...names.map(name => put(name, name)), ...gone]);
    const scan = async (after: string | null, limit: number) =>
      (await node.reader.scan('a/', { after, limit })).rows.map(({ key }) => key);
    expect(await scan(null, 10)).toEqual(['a/2', 'a/5']);
    expect(await scan(null, 1)).toEqual(['a/2']);
    expect(await scan('a/2', 1)).toEqual(['a/5']);
    expect(await scan('a/5', 10)).toEqual([]);
    expect(await scan('b', 10)).toEqual([]);
  });

  it('looks at a limited number of deleted keys for one answer, and says where to go on', async () => {
    const store = new WatchedStore();
    const { node } = await openNode(store);
    const deleted = 3_000;
    const names = Array.from({ length: deleted }, (_, index) => `k${String(index).padStart(4, '0')}`);
    const record = { version: 2, owner: alice.address, contentType: '', height: 0, valueVersion: 0, valueHash: null };
    const tombstone = encode(keyRecordCodec, record);
    await store.write(
      names.map(name => rows.state.put(keyStateKey(name), tombstone)),
      'durable',
    );
    const ends: (string | null)[] = [];
    for (let after: string | null = null; ; ) {
      const { rows: found, next }: ScanReading = await node.reader.scan('', { after, limit: 10 });
      expect(found).toEqual([]);
      ends.push(next);
      if (next === null) break;
      after = next;
    }
    expect(ends).toEqual(['k1023', 'k2047', null]);
  });
});

describe('a transaction', () => {
  it('that waits is told of without a look at the disk', async () => {
    const store = new WatchedStore();
    const { node } = await openNode(store);
    const write = signed(alice, [put('k', 'v')]);
    await node.pipeline.submitted([write], 'rpc:test');
    store.beforeReadSync = () => {
      throw new Error('the disk was read');
    };
    expect(await node.reader.standing(write.id)).toMatchObject({ value: { status: 'pending' } });
    await expect(node.reader.standing(signed(bob, [put('k', 'v')]).id)).rejects.toThrow('the disk was read');
  });

  it('is pending in the mempool, included with its receipt, and unknown otherwise', async () => {
    const opened = await openNode();
    const write = signed(alice, [put('k', 'v')]);
    expect(await opened.node.reader.transaction(write.id)).toMatchObject({ error: { code: 'NOT_FOUND' } });
    await opened.node.pipeline.submitted([write], 'rpc:test');
    expect(await opened.node.reader.transaction(write.id)).toMatchObject({
      value: { status: 'pending', height: null },
    });
    const branch = new Branch();
    branch.grow([write]);
    branch.grow();
    await follow(opened, branch);
    expect(await opened.node.reader.transaction(write.id)).toMatchObject({
      value: {
        status: 'included',
        height: 1,
        index: 0,
        confirmations: 2,
        finality: 'included',
        receipt: { status: 'applied' },
      },
    });
  });

  it('is read with one decoding of its block for all who ask, and with none for who only waits', async () => {
    const store = new WatchedStore();
    const opened = await openNode(store);
    const { reader } = opened.node;
    const writes = ['a', 'b', 'c'].map(name => signed(actor(name), [put(name, 'v')]));
    const branch = new Branch();
    branch.grow(writes);
    await follow(opened, branch);
    const reads: string[] = [];
    store.beforeRead = async key => void reads.push(toHex(key));
    const ids = Array.from({ length: 5 }, () => writes.map(({ id }) => id)).flat();
    const standings = await Promise.all(ids.map(id => reader.standing(id)));
    expect(standings.map(standing => standing.ok && standing.value.index)).toEqual(ids.map((_, at) => at % 3));
    const bodyReads = () => reads.filter(key => key === toHex(rows.body.key(branch.tip.hash))).length;
    const receiptReads = () => reads.filter(key => key === toHex(rows.receipts.key(branch.tip.hash))).length;
    expect([bodyReads(), receiptReads()]).toEqual([0, 1]);
    for (const id of ids)
      expect(await reader.transaction(id)).toMatchObject({ value: { status: 'included', transaction: { id } } });
    await Promise.all(ids.map(id => reader.transaction(id)));
    expect([bodyReads(), receiptReads()]).toEqual([1, 1]);
  });

  it('that failed is told with its code', async () => {
    const { node } = await nodeWith([put('k', 'v', 5)]);
    const block = await node.reader.blockByHeight(1);
    const id = (block.ok && block.value.block.transactions[0]?.id) || new Uint8Array(32);
    expect(await node.reader.transaction(id)).toMatchObject({
      value: { status: 'failed', code: 'VERSION_CONFLICT', height: 1 },
    });
  });

  it('of a block that left the chain is in the mempool again', async () => {
    const write = signed(alice, [put('k', 'v')]);
    const opened = await openNode();
    const branch = new Branch();
    branch.grow([write]);
    await follow(opened, branch);
    const heavier = new Branch();
    heavier.extend(2, { producer: rival });
    await follow(opened, heavier);
    expect(await opened.node.reader.transaction(write.id)).toMatchObject({
      value: { status: 'pending', confirmations: 0 },
    });
    const left = await opened.node.reader.blockByHash(branch.tip.hash);
    expect(left).toMatchObject({ value: { isCanonical: false, confirmations: 0, finality: 'pending', receipts: [] } });
    expect(await opened.node.reader.headerByHash(branch.tip.hash)).toMatchObject({ isCanonical: false });
  });
});

describe('a transaction that the mempool dropped', () => {
  it.each<[RemovalReason, string]>([
    ['superseded', 'TRANSACTION_DROPPED'],
    ['expired', 'EXPIRED'],
    ['gap', 'BAD_NONCE'],
    ['unpayable', 'FEE_UNPAYABLE'],
    ['evicted', 'POOL_FULL'],
  ])('because it was %s is told as dropped, with %s', async (reason, code) => {
    const { node } = await openNode();
    const write = signed(alice, [put('k', 'v')]);
    node.keeper.displaced([write], reason);
    expect(await node.reader.transaction(write.id)).toMatchObject({
      value: { status: 'dropped', code, confirmations: 0 },
    });
    await node.pipeline.submitted([write], 'rpc:test');
    expect(await node.reader.transaction(write.id)).toMatchObject({ value: { status: 'pending', code: null } });
  });

  it('is refused for what is wrong with it when it is sent again', async () => {
    const { node } = await nodeWith([put('k', 'v')]);
    const service = new NodeService(node, async () => {});
    const late = signed(alice, [put('late', 'v')]);
    node.keeper.displaced([late], 'superseded');
    expect(await service.submit([late], 'rpc:test')).toMatchObject([{ ok: false, error: { code: 'BAD_NONCE' } }]);
  });
});

/** A node on a branch of two writes of one key, and a heavier branch with one, which is stored and not yet taken. */
async function beforeReorg() {
  const store = new WatchedStore();
  const { node } = await openNode(store);
  const first = new Branch();
  const writes = ['old 1', 'old 2'].map((value, nonce) => signed(alice, [put('k', value)], { nonce }));
  for (const write of writes) first.grow([write]);
  const second = new Branch();
  second.grow([signed(alice, [put('k', 'new')])], { producer: rival });
  second.extend(2, { producer: rival });
  await storeBlocks(node.chain, [...first.blocks, ...second.blocks]);
  await node.ledger.switchTo(switchBetween(new Branch(), first, 0));
  const reorg = () => node.ledger.switchTo(switchBetween(first, second, 0));
  return { store, node, reorg, second, id: writes[1]?.id ?? new Uint8Array(32) };
}

describe('a reading', () => {
  type Scene = Awaited<ReturnType<typeof beforeReorg>>;
  const newest = rows.history.key({ key: 'k', version: 2 });
  const oldest = rows.history.key({ key: 'k', version: 1 });
  const of = (reading: { readonly value: Uint8Array | null } | undefined) =>
    reading?.value ? fromUtf8(reading.value) : null;
  const key = async ({ node }: Scene, at: number | null) => {
    const reading = await node.reader.readKey('k', { at, read: local });
    if (!reading.ok) return reading.error.code;
    const { at: height, record, value } = reading.value;
    expect(value && sha256(value), 'the record is of that value').toEqual(record?.valueHash);
    return [height, record?.version, of(reading.value)];
  };

  it.each<[string, Uint8Array | null, (scene: Scene) => Promise<unknown>, unknown]>([
    ['of a key in the past', oldest, scene => key(scene, 1), [1, 1, 'new']],
    [
      'of a scan',
      newest,
      async ({ node }) => (await node.reader.scan('k', { after: null, limit: 5 })).rows.map(row => [row.at, of(row)]),
      [[3, 'new']],
    ],
    [
      'of a transaction',
      null, // Any row that is not read while the thread waits.
      async ({ node, id }) => {
        const status = await node.reader.transaction(id);
        return status.ok && status.value.status;
      },
      'pending',
    ],
  ])('%s is of one branch, also when the ledger leaves it in between', async (_, row, read, expected) => {
    const scene = await beforeReorg();
    let reorgs = 0;
    scene.store.beforeRead = async place => {
      if ((row === null || toHex(place) === toHex(row)) && reorgs++ === 0) await scene.reorg();
    };
    expect(await read(scene)).toEqual(expected);
    expect(reorgs).toBeGreaterThan(0);
  });

  it('of a key at the head is over before a step that begins meanwhile', async () => {
    const scene = await beforeReorg();
    let moved: Promise<unknown> | null = null;
    scene.store.beforeReadSync = () => {
      moved ??= scene.reorg();
    };
    expect(await key(scene, null)).toEqual([2, 2, 'old 2']);
    await moved;
    expect(await key(scene, null)).toEqual([3, 1, 'new']);
  });

  it('of a proof holds up the step that would leave its branch in between', async () => {
    const { store, node, reorg } = await beforeReorg();
    let moved: Promise<unknown> | null = null;
    store.beforeRead = async place => {
      if (toHex(place) === toHex(newest)) moved ??= reorg();
      await quiet();
    };
    const proven = await node.reader.prove('k', null);
    expect(proven.ok && [proven.value.sealed.header.height, of(proven.value)]).toEqual([2, 'old 2']);
    await moved;
    expect(node.ledger.head.header.height).toBe(3);
  });

  it.each<[string, (scene: Scene) => Promise<unknown>, unknown]>([
    ['of a key', scene => key(scene, null), [3, 1, 'new']],
    ['of a history', async ({ node }) => (await node.reader.history('k', { before: null, limit: 9 })).map(of), ['new']],
    ['of an account', async ({ node }) => (await node.reader.account(alice.address)).nonce, 1],
    ['of the supply', async ({ node }) => (await node.reader.supply()) > 0n, true],
  ])('%s waits for a batch that can be read already and is not yet on stable storage', async (_, read, expected) => {
    const scene = await beforeReorg();
    let release: (() => void) | null = null;
    scene.store.afterWrite = () =>
      new Promise(resolve => {
        release = resolve;
      });
    const moved = scene.reorg();
    await settle('the batch can be read', () => release !== null);
    let isAnswered = false;
    const reading = read(scene).finally(() => {
      isAnswered = true;
    });
    await quiet();
    expect(isAnswered).toBe(false);
    expect(scene.node.ledger.head.header.height).toBe(2);
    (release ?? (() => {}))();
    await moved;
    expect(await reading).toEqual(expected);
  });

  it('that fails while the ledger stands still is told', async () => {
    const scene = await beforeReorg();
    await scene.store.inner.write([rows.history.remove({ key: 'k', version: 2 })], 'durable');
    await expect(key(scene, null)).rejects.toMatchObject({ code: 'DATABASE_DAMAGED' });
  });
});

describe('a proof', () => {
  it('of an absent key verifies against the header that it names', async () => {
    const { node, branch } = await nodeWith([put('k', 'v')]);
    const proven = await node.reader.prove('absent', null);
    if (!proven.ok) throw new Error('there is a proof');
    const { sealed, record, value, proof } = proven.value;
    expect([sealed.hashHex, record, value]).toEqual([branch.tip.hashHex, null, null]);
    const claim = { root: sealed.header.stateRoot, path: pathOf(keyStateKey('absent')), payloadHash: null, proof };
    expect(verifyStateProof(claim)).toBe(true);
  });

  it('of a past value brings that value', async () => {
    const { node } = await nodeWith([put('k', 'old'), put('k', 'new')]);
    const proven = await node.reader.prove('k', 1);
    expect(proven.ok && proven.value.value && fromUtf8(proven.value.value)).toBe('old');
  });

  it(`is unavailable above the head and more than ${proofDepthMax} blocks below it`, async () => {
    const { node } = await nodeWith([put('k', 'v')], proofDepthMax);
    const unavailable = { ok: false, error: { code: 'HEIGHT_UNAVAILABLE' } };
    expect(await node.reader.prove('k', 0)).toMatchObject(unavailable);
    expect(await node.reader.prove('k', proofDepthMax + 2)).toMatchObject(unavailable);
    expect(await node.reader.prove('k', 1)).toMatchObject({ ok: true });
  });
});
