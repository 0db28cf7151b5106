import { describe, expect, it } from 'vitest';
import { atOneHead } from './at-one-head.ts';
import { Branch, openLedger, storeBlocks } from './chain-fixture.suite.ts';
import { quiet } from './manual-clock.suite.ts';

/** A ledger that is told to take one more block whenever `step` is called. */
async function growingLedger() {
  const branch = new Branch();
  branch.extend(10);
  const { chain, writer } = await openLedger();
  await storeBlocks(chain, branch.blocks);
  const orders = branch.hashes.map((hash, index) => {
    const ancestor = branch.blocks[index - 1]?.hash ?? new Branch().tip.hash;
    return { ancestor, undo: [], apply: [hash] };
  });
  const moved: Promise<unknown>[] = [];
  const step = () => {
    const order = orders.shift();
    if (order) moved.push(writer.switchTo(order));
  };
  return { writer, step, moved };
}

describe('a read at one head', () => {
  it('ends though the head moves under every try: at last the ledger waits for it', async () => {
    const { writer, step, moved } = await growingLedger();
    const tries: string[] = [];
    const height = () => writer.head.header.height;
    const read = async () => {
      const before = height();
      step();
      await quiet();
      tries.push(`${before} to ${height()}`);
      return tries.length;
    };
    expect(await atOneHead(writer, read)).toBe(4);
    expect(tries).toEqual(['0 to 1', '1 to 2', '2 to 3', '3 to 3']);
    await Promise.all(moved);
    expect(height()).toBe(4);
  });

  it('that fails while the ledger waits for it is told, and the ledger goes on', async () => {
    const { writer, step, moved } = await growingLedger();
    const read = async () => {
      step();
      await quiet();
      throw new Error(`at ${writer.head.header.height}`);
    };
    await expect(atOneHead(writer, read)).rejects.toThrow('at 3');
    await Promise.all(moved);
    expect(writer.head.header.height).toBe(4);
  });
});
