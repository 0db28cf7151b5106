import { describe, expect, it } from 'vitest';
import { toHex } from '../chain/bytes.ts';
import { rows } from '../chain/layout.ts';
import { alice, genesisWith, paramsWith, put } from '../chain/ledger-fixture.suite.ts';
import type { Operation } from '../chain/operation.ts';
import { Branch, openLedger, rival, signed, storeBlocks, switchBetween, WatchedStore } from './chain-fixture.suite.ts';
import { LedgerEvents } from './ledger-events.ts';
import type { MovedBlock } from './ledger-step.ts';
import type { LedgerEvent } from './node-api.ts';

/** A ledger on the first of two branches that fork behind block 1, and its events. */
async function forked() {
  const first = new Branch();
  first.grow([signed(alice, [put('common', 'c')])]);
  const second = first.fork(1);
  const twice: Operation[] = [put('a', '1'), put('b', '1'), put('a', '2')];
  first.grow([signed(alice, twice, { nonce: 1 })]);
  first.grow([signed(alice, [{ type: 'delete', key: 'b' }], { nonce: 2 })]);
  second.extend(3, { producer: rival });
  const watched = new WatchedStore();
  const ledger = await openLedger(watched);
  await storeBlocks(ledger.chain, [...first.blocks, ...second.blocks]);
  await ledger.writer.switchTo(switchBetween(new Branch(), first, 0));
  return { ...ledger, watched, first, second, events: new LedgerEvents(ledger.chain) };
}

function summary(event: LedgerEvent): string {
  switch (event.type) {
    case 'applied':
      return `applied ${event.height} ${event.changes.map(({ key, version }) => `${key}:${version}`).join(' ')}`;
    case 'undone':
      return `undone ${event.height} ${event.keys.join(' ')}`;
    case 'final':
      return `final ${event.height}`;
    case 'finality_conflict':
      return `conflict ${event.evidence.kind}`;
    default:
      return `head ${event.height} undone ${event.undone}`;
  }
}

describe('the events of the ledger', () => {
  it('tell each block of a step once and in order, and then the head', async () => {
    const { chain, first, events } = await forked();
    const heard: string[] = [];
    const stop = events.subscribe(event => heard.push(summary(event)));
    const [, block] = first.blocks;
    const undo = await chain.undo(2);
    if (block === undefined || undo === null) throw new Error('block 2 stands');
    const moved: MovedBlock[] = [
      { type: 'undone', block, undo },
      { type: 'applied', block, applied: { receipts: [], changes: [], history: [], receiptsRoot: block.hash } },
    ];
    events.publish(moved, 2, block.hash);
    stop();
    events.publish(moved, 2, block.hash);
    expect(heard).toEqual(['undone 2 a b', 'applied 2 ', 'head 2 undone 1']);
  });

  it('can be had again for a canonical block: the versions that it made, in their order', async () => {
    const { events, writer } = await forked();
    const applied = async (height: number) => {
      const event = await events.applied(writer, height);
      return event && summary(event);
    };
    expect(await applied(1)).toBe('applied 1 common:1');
    expect(await applied(2)).toBe('applied 2 a:1 b:1 a:2');
    expect(await applied(3)).toBe('applied 3 b:2');
    expect(await applied(4)).toBeNull();
  });

  it('are of one branch, also when the ledger leaves it while they are read', async () => {
    const { events, writer, watched, first, second } = await forked();
    const middle = toHex(rows.history.key({ key: 'b', version: 1 }));
    let reorgs = 0;
    watched.beforeRead = async key => {
      if (toHex(key) === middle && reorgs++ === 0) await writer.switchTo(switchBetween(first, second, 1));
    };
    const event = await events.applied(writer, 2);
    expect(reorgs).toBe(1);
    expect(event && summary(event)).toBe('applied 2 ');
  });

  it('are not had again for a block that left the undo window', async () => {
    const branch = new Branch(genesisWith(paramsWith({ undoBlocksMax: 3, safeConfirmations: 1 })));
    branch.extend(6);
    const { chain, writer } = await openLedger(undefined, branch.genesis);
    await storeBlocks(chain, branch.blocks);
    await writer.switchTo({ ancestor: new Branch(branch.genesis).tip.hash, undo: [], apply: branch.hashes });
    const events = new LedgerEvents(chain);
    const isThere = await Promise.all(
      [1, 2, 3, 4, 5, 6].map(async height => (await events.applied(writer, height)) !== null),
    );
    expect(isThere).toEqual([false, false, false, true, true, true]);
    const since = async (height: number) => {
      const hash = height === 0 ? new Branch(branch.genesis).tip.hash : branch.blocks[height - 1]?.hash;
      return events.undoneSince(writer, height, hash ?? new Uint8Array(32));
    };
    expect(await since(3)).toEqual([]);
    expect(await since(2)).toBeNull();
    expect(await since(0)).toBeNull();
  });
});

describe('who comes back', () => {
  it('has missed no undone block when its block is canonical', async () => {
    const { events, writer, first } = await forked();
    for (const { header, hash } of first.blocks)
      expect(await events.undoneSince(writer, header.height, hash)).toEqual([]);
  });

  it('hears of the blocks that left the chain, newest first, down to one that is canonical', async () => {
    const { events, writer, first, second } = await forked();
    await writer.switchTo(switchBetween(first, second, 1));
    const [, middle] = first.blocks;
    if (middle === undefined) throw new Error('there is a second block');
    const undone = await events.undoneSince(writer, 3, first.tip.hash);
    expect(undone?.map(summary)).toEqual(['undone 3 b', 'undone 2 a b']);
    expect((await events.undoneSince(writer, 2, middle.hash))?.map(summary)).toEqual(['undone 2 a b']);
    expect(await events.undoneSince(writer, 4, second.tip.hash)).toEqual([]);
  });

  it('is too old when its block is unknown, or stands at another height than it says', async () => {
    const { events, writer, first, second } = await forked();
    expect(await events.undoneSince(writer, 3, new Uint8Array(32))).toBeNull();
    expect(await events.undoneSince(writer, 2, first.tip.hash)).toBeNull();
    await writer.switchTo(switchBetween(first, second, 1));
    expect(await events.undoneSince(writer, 2, first.tip.hash)).toBeNull();
  });

  it('is too old when a body on its way down is gone', async () => {
    const { events, writer, chain, first, second } = await forked();
    await writer.switchTo(switchBetween(first, second, 1));
    await chain.write([rows.body.remove(first.blocks[1]?.hash ?? new Uint8Array(32))], 'durable', 'ledger-step');
    expect(await events.undoneSince(writer, 3, first.tip.hash)).toBeNull();
  });
});
